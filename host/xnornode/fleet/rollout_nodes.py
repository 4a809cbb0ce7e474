"""The nodes of a roll-out: what the broker says of them, and what is watched of each."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable
from dataclasses import replace

from xnornode.fleet.payloads import Latest, to_payload
from xnornode.fleet.rollout import Before, Rollout, kind_of
from xnornode.fleet.rollout_watch import AWAY, FAILED, UPDATED, WAITING, NodeWatch, mix_before
from xnornode.fleet.view import FleetView, NodeView
from xnornode.link.deadline import Deadline
from xnornode.link.mqtt_topics import Topics
from xnornode.link.schema import read_json
from xnornode.link.timing import USUAL

SETTLE_SECONDS = USUAL.stall + USUAL.reconnect
"""Seconds in which a push that is not wanted any more has ended, well or not."""
CARRIED_OUT = ("UPDATED", "FAILED")


class RolloutNodes:
    """What is watched of each node of a roll-out.

    Parameters
    ----------
    view : FleetView
        Kept up to date.
    topics : Topics
        Its topics.
    rollout : Rollout
        The record.
    """

    def __init__(self, view: FleetView, topics: Topics, rollout: Rollout) -> None:
        self._view, self._topics = view, topics
        self._id, self._sha256, self._time = rollout.id, rollout.sha256, rollout.latest[0].time
        self.watched = {name: NodeWatch(name) for name in rollout.nodes}
        for name, why in rollout.failed.items():
            if name in self.watched:
                self.watched[name].failed(why)
        self.told: set[str] = set()
        """Names of nodes that this program has given the model; the broker may not say so yet."""
        self._lock = threading.Lock()

    def views(self, names: Iterable[str]) -> list[NodeView]:
        """What the broker says of some nodes."""
        with self._view.lock:
            return [self._view.nodes.get(name) or NodeView(name) for name in names]

    def known(self, node: NodeView) -> int:
        """Predictions of before that the new model's can be compared with."""
        with self._lock:
            return sum(mix_before(node, self.watched[node.name].seen).values())

    def before(self, node: NodeView, latest: list[Latest]) -> Before:
        """What a node has before its update; `latest` gets what it should have had."""
        at = None
        if told := node.latest:
            update = node.update
            if update and (update.sha256, update.latest) == (told.sha256, told.time):
                # What was carried out is not to be carried out again when it is put back
                told = replace(told, install=told.install and update.state not in CARRIED_OUT)
            if told not in latest:
                latest.append(told)
            at = latest.index(told)
        with self._lock:
            watch = self.watched[node.name]
            labels, rate = mix_before(node, watch.seen), watch.rate_mhz
        said, kind = (node.state.rate_mhz, kind_of(node.state.labels)) if node.state else (0, "")
        return Before(node.sha256, rate or said, kind, at, labels)

    def given(self, node: NodeView) -> bool:
        """Whether the broker has this roll-out's `latest` for it."""
        return bool(node.latest and node.latest.rollout == self._id)

    def done(self, node: NodeView) -> bool:
        """Whether it runs the model, and has classified with it."""
        model = node.state.model if node.state else None
        return bool(model and model.sha256 == self._sha256 and model.trial is None)

    def under_way(self, rollout: Rollout) -> list[str]:
        """Nodes on which this model may be put just now, although it is not wanted any more."""
        return [
            node.name
            for node in self.views(rollout.begun)
            if node.update
            and (node.update.rollout, node.update.latest) == (self._id, self._time)
            and node.update.state not in CARRIED_OUT
            and node.sha256 != self._sha256
        ]

    def await_settled(self, rollout: Rollout, seconds: float = SETTLE_SECONDS) -> list[str]:
        """Wait for pushes that were under way at the end of a roll-out.

        Parameters
        ----------
        rollout : Rollout
            The record.
        seconds : float, default SETTLE_SECONDS
            How long at most: a gateway says nothing of a push that it has given up.

        Returns
        -------
        list of str
            Nodes of begun stages that run the model, or may still get it.
        """
        wait = Deadline(seconds)
        while self.under_way(rollout) and not wait.passed:
            wait.pause(0.1)
        may = self.under_way(rollout)
        return [
            n.name for n in self.views(rollout.begun) if n.sha256 == self._sha256 or n.name in may
        ]

    def put_back(self, rollout: Rollout) -> list[tuple[str, bytes]]:
        """Topics and payloads that have nodes which wait for the model not get it any more."""
        told = []
        for node in self.views(rollout.nodes):
            at = rollout.before.get(node.name, Before()).latest
            had = None if at is None else rollout.latest[at]
            on_its_way = node.name in self.told and _same(node.latest, had)
            if (self.given(node) or on_its_way) and not self.done(node):
                payload = b"" if at is None else to_payload(rollout.latest[at])
                told.append((self._topics.node(node.name, "model/latest"), payload))
        return told

    def look(
        self, rollout: Rollout, heard: bool, now: float, say: Callable[[str, str], None]
    ) -> None:
        """Look at all nodes that have their turn, or had it.

        Parameters
        ----------
        rollout : Rollout
            The record.
        heard : bool
            Whether the broker is there.
        now : float
            In seconds.
        say : callable
            Gets a node's name and what is new of it.
        """
        with self._view.lock, self._lock:
            for name in rollout.begun:
                watch, node = self.watched[name], self._view.nodes.get(name)
                if not node or watch.state == FAILED:
                    continue
                was = watch.said
                if not heard or not self._view.updated_by(node):
                    watch.excuse(now)
                if watch.state == UPDATED:
                    watch.look(node, self._sha256)
                    watch.judge(rollout.before.get(name, Before()), rollout.bounds, now)
                else:
                    self._await(watch, node, now)
                if watch.said != was:
                    say(name, watch.said)

    def _await(self, watch: NodeWatch, node: NodeView, now: float) -> None:
        """A node that waits for its update."""
        update = node.update
        if update and update.rollout == self._id and update.latest in (None, self._time):
            watch.word, watch.progress = update.state, update.progress
        else:
            update = None
        there = self._view.there(node)
        if (update is None and self.done(node)) or (
            update and update.state == "UPDATED" and node.sha256 == self._sha256
        ):
            watch.updated(node, now)
        elif update and update.state == "FAILED" and update.error != "unreachable":
            said = f": {update.message}" if update.message else ""
            watch.failed(f"{update.error}{said}")
        elif update and update.state == "FAILED" and there:
            watch.failed(f"it is not reached: {update.message}")
        else:
            watch.state = WAITING if there else AWAY

    def on_prediction(self, topic: str, payload: bytes, now: float) -> None:
        """A prediction of any node has come; called in the connection's thread."""
        address = self._topics.read(topic)
        watch = self.watched.get(address.name) if address else None
        if not watch:
            return
        try:
            given = read_json(payload)
        except ValueError:
            return
        if not isinstance(given, dict):
            return
        label, session = given.get("answer", given.get("label")), given.get("session")
        if isinstance(label, str):
            with self._lock:
                watch.prediction(label, session if isinstance(session, str) else None, now)


def _same(one: Latest | None, other: Latest | None) -> bool:
    """Whether they are of one announcement, also if it was carried out since."""
    if one is None or other is None:
        return one is other
    return (one.sha256, one.time) == (other.sha256, other.time)
