"""Runs a roll-out: stage after stage, as long as all goes well (docs/guides/rollouts.md)."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

from xnornode.fleet.payloads import to_payload
from xnornode.fleet.rollout import BEAT, DONE, HALTED, RUNNING, Rollout, without_mix
from xnornode.fleet.rollout_compared import compared
from xnornode.fleet.rollout_nodes import RolloutNodes
from xnornode.fleet.rollout_record import Record, TakenOver
from xnornode.fleet.rollout_start import names_of
from xnornode.fleet.rollout_watch import AWAY, ENOUGH, FAILED, UPDATED
from xnornode.fleet.view import FleetView, now_ms
from xnornode.link.mqtt_broker import Broker
from xnornode.link.mqtt_topics import Topics

STEP = 0.25
"""Seconds between two looks at all nodes."""
BASELINE = 60.0
"""Seconds at most in which the nodes of the first stage are watched before."""
AWAY_SECONDS = 3.0
"""Seconds that all nodes of a stage are away, before it is taken for so."""


@dataclass(frozen=True)
class Told:
    """What a runner says of its progress.

    Parameters
    ----------
    kind : str
        `node`, `stage`, `note`, or the roll-out's state at its end.
    node : str
        The node's name; empty if it is about all.
    text : str
        For people.
    """

    kind: str
    node: str
    text: str


class Runner:
    """Runs one roll-out, from its beginning or from where it stopped.

    Parameters
    ----------
    broker : Broker
        A connection, at which `view` is subscribed.
    topics : Topics
        Its topics.
    view : FleetView
        With hours.
    rollout : Rollout
        The record.
    tell : callable
        Gets a Told for each step.
    baseline : float, default BASELINE
        Seconds at most in which the nodes of the first stage are watched before.
    beat : float, default BEAT
        Seconds between two signs of life.
    """

    def __init__(
        self,
        broker: Broker,
        topics: Topics,
        view: FleetView,
        rollout: Rollout,
        tell: Callable[[Told], None],
        baseline: float = BASELINE,
        beat: float = BEAT,
    ) -> None:
        self._broker, self._topics, self._view, self._tell = broker, topics, view, tell
        self._baseline = baseline
        self._nodes = nodes = RolloutNodes(view, topics, rollout)
        self.watched = nodes.watched
        self._record = Record(broker, topics, view, rollout, nodes.put_back, beat)
        self._keep, self._live = self._record.keep, self._record.live
        self._moved = self._since = 0.0
        self._lost = broker.lost
        self._mark: object = None
        self._alone = False
        broker.subscribe(
            topics.node("+", "prediction"),
            lambda topic, payload, _: self._nodes.on_prediction(topic, payload, time.monotonic()),
            0,
        )

    @property
    def rollout(self) -> Rollout:
        """The record as it is now."""
        return self._record.rollout

    def run(self) -> Rollout:
        """Run it to its end.

        Returns
        -------
        Rollout
            Done or halted; the broker has it, too.

        Raises
        ------
        TakenOver
            If another program runs it now.
        LinkError
            If the broker does not take what is published.
        """
        try:
            self._record.begin()
            self._watch_before()
            if self.rollout.stage < len(self.rollout.stages):
                self._enter()
            while self.rollout.state == RUNNING:
                self._step()
                time.sleep(STEP)
        except BaseException as error:
            if not isinstance(error, TakenOver):
                self._record.release()
            raise
        finally:
            self._broker.unsubscribe(self._topics.node("+", "prediction"))
        return self.rollout

    # Before the first stage

    def _watch_before(self) -> None:
        """Have something to compare the first stage's mix of labels with."""
        if self.rollout.before or self.rollout.bounds.labels >= 100:
            return
        first = [n for n in self._nodes.views(self.rollout.stages[0]) if self._view.there(n)]
        first = [n for n in first if n.state and n.state.rate_mhz]
        end = time.monotonic() + min(self._baseline, max(self.rollout.wait, 1))
        said = False
        while time.monotonic() < end and any(self._nodes.known(n) < ENOUGH for n in first):
            if not said:
                said = True
                self._say(
                    "note", "", f"watching the first stage before, {self._baseline:.0f} s at most"
                )
            time.sleep(STEP)
            self._live()

    # Stage after stage

    def _enter(self) -> None:
        """Begin the stage that the record names; or go on with it."""
        rollout, names = self.rollout, self.rollout.stages[self.rollout.stage]
        before, latest = dict(rollout.before), list(rollout.latest)
        for node in self._nodes.views(names):
            if node.name not in before:
                before[node.name] = self._nodes.before(node, latest)
        # What was before is kept before anything changes
        self._keep(before=before, latest=tuple(latest), since=None)
        if left_out := without_mix(self.rollout):
            self._say(
                "note",
                "",
                f"the record has no room for the mix of labels of {left_out} nodes: a program that "
                "goes on with this roll-out does not compare theirs",
            )
        nodes, topics, payload = self._nodes, self._topics, to_payload(latest[0])
        wanted = [n for n in nodes.views(names) if not nodes.given(n) and not nodes.done(n)]
        told = [node.name for node in wanted]
        self._record.check_alone()
        nodes.told.update(told)
        self._record.publish([(topics.node(name, "model/latest"), payload) for name in told])
        if told:
            topic = topics.node(told[0], "model/latest")
            self._record.await_told(lambda: all(map(nodes.given, nodes.views(told))), topic)
        self._record.check_alone()  # it may have been cancelled meanwhile
        for name in names:
            self.watched[name].given = True
        self._moved = time.monotonic()
        self._say(
            "stage", "", f"stage {rollout.stage + 1} of {len(rollout.stages)}: {names_of(names)}"
        )

    def _step(self) -> None:
        self._live()
        now, rollout = time.monotonic(), self.rollout
        heard = self._broker.connected and self._broker.lost == self._lost
        self._lost = self._broker.lost
        if not heard:
            self._moved = now
        self._nodes.look(rollout, heard, now, lambda name, text: self._say("node", name, text))
        failed = {n: w.why for n, w in self.watched.items() if w.state == FAILED}
        if failed != rollout.failed:
            self._keep(failed=failed)
        bad = len(failed) - rollout.forgiven
        if bad > rollout.bounds.failures:
            name, why = list(failed.items())[-1]
            more = f", and {bad - 1} more" if bad > 1 else ""
            self._halt(f"{name}{more}: {why}")
        elif rollout.since is not None:
            if now >= self._since + rollout.wait:
                self._next()
        else:
            self._await_stage(now)

    def _await_stage(self, now: float) -> None:
        """Whether all nodes of the stage that are there have ended their update."""
        watched = [self.watched[name] for name in self.rollout.stages[self.rollout.stage]]
        mark = tuple((w.state, w.word, w.progress) for w in watched)
        if self._mark != mark:
            self._mark, self._moved = mark, now
        # Nodes that are away are not waited for. But further stages need a node that has tried it
        seen = any(w.state in (UPDATED, FAILED) for w in self.watched.values())
        last = self.rollout.stage + 1 == len(self.rollout.stages)
        alone = all(w.over for w in watched) and not seen and now - self._moved > AWAY_SECONDS
        if alone and last:
            self._next()
        elif alone and not self._alone:
            self._alone = True
            self._say(
                "note", "", "no node of this stage is there: waiting for one, --patience long"
            )
        elif all(w.over for w in watched) and seen:
            self._since = now
            self._keep(since=now_ms())
            done = sum(w.state == UPDATED for w in watched)
            away = sum(w.state == AWAY for w in watched)
            text = f"{done} of {len(watched)} nodes updated" + (f", {away} away" if away else "")
            self._say("stage", "", f"{text}; watching them for {self.rollout.wait} s")
        elif now - self._moved > self.rollout.bounds.patience / 1000:
            stuck = [w.name for w in watched if not w.over or w.state == AWAY]
            self._halt(
                f"no node of this stage went on for {self.rollout.bounds.patience / 1000:.0f} s "
                f"({', '.join(stuck[:5])}): is a gateway there that puts models on them?"
            )

    def _next(self) -> None:
        names = self.rollout.stages[self.rollout.stage]
        if text := compared([self.watched[n] for n in names], self.rollout):
            self._say("note", "", text)
        if self.rollout.stage + 1 < len(self.rollout.stages):
            self._keep(stage=self.rollout.stage + 1, since=None)
            self._enter()
            return
        self._keep(state=DONE)
        away = [n for n, w in self.watched.items() if w.state == AWAY]
        text = "done: " + self._counted()
        if away:
            text += f"; these get the model when they come back: {names_of(away)}"
        self._say(DONE, "", text)

    def _halt(self, why: str) -> None:
        """Stop here. Nodes that have not got the model yet do not get it any more."""
        self._record.publish(self._nodes.put_back(self.rollout))
        self._keep(state=HALTED, why=why)
        self._say(HALTED, "", f"halted: {why}")

    def _counted(self) -> str:
        states = [watch.state for watch in self.watched.values()]
        said = [
            f"{states.count(word)} {word}" for word in (UPDATED, FAILED, AWAY) if word in states
        ]
        return f"{', '.join(said)} of {len(states)} nodes"

    def _say(self, kind: str, node: str, text: str) -> None:
        self._tell(Told(kind, node, text))
