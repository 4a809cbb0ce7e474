"""What an updater says of each node's update, and when it has ended."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Iterator

from xnornode.fleet.payloads import Latest, State, Update, to_payload
from xnornode.fleet.updater_job import Job
from xnornode.link.mqtt_topics import Topics

GRACE = 10.0
"""Seconds after a push in which a node's state may still be one from before it."""


class Verdicts:
    """Collects what is to be published. The updater's lock is held at each call.

    Parameters
    ----------
    topics : Topics
        Its topics.
    grace : float
        Seconds after a push in which a node's state may still be one from before it.
    say : callable
        Gets a line of talk where an update ends.
    """

    def __init__(self, topics: Topics, grace: float, say: Callable[[str], None]) -> None:
        self._topics, self._grace, self._say = topics, grace, say
        self._said: deque[tuple[str, bytes]] = deque()

    def taken(self) -> Iterator[tuple[str, bytes]]:
        """Topics and payloads that are to be published, in their order; each once."""
        while self._said:
            yield self._said.popleft()

    def judge(self, node: str, job: Job, state: State | None) -> None:
        """What a node's state says of a model that it was given."""
        if not state or not state.model or not job.latest or job.verified is None:
            return
        if state.model.sha256 == job.latest.sha256:
            job.met = True
            if state.model.trial is None or state.running is False:
                self.updated(node, job)
            else:
                self.tell(node, job, "UPDATING")
        elif job.met or job.restarted or time.monotonic() - job.verified > self._grace:
            why = state.note or "it runs another model again"
            self.failed(node, job, "fell_back", why)

    def updated(self, node: str, job: Job) -> None:
        """It classifies with the model."""
        job.carried_out()
        self.tell(node, job, "UPDATED")
        if job.latest:
            self._say(f"{node}: updated to {job.latest.name}, revision {job.latest.revision}")

    def failed(self, node: str, job: Job, error: str, message: str) -> None:
        """It is not tried again."""
        job.carried_out()
        self.tell(node, job, "FAILED", error, message)
        self._say(f"{node}: not updated ({error}): {message}")

    def unreached(self, node: str, job: Job, why: str) -> None:
        """Some attempts have failed; it is tried on."""
        first = why.strip().partition("\n")[0]
        self.tell(node, job, "FAILED", "unreachable", first)
        self._say(f"{node}: not reached: {first}; trying again later")

    def overtaken(self, node: str, job: Job, latest: Latest) -> None:
        """It has taken a model that it should not have any more."""
        self._add(node, job.overtaken(latest, int(time.time() * 1000)))

    def tell(self, node: str, job: Job, state: str, error: str = "", message: str = "") -> None:
        """How far it is."""
        self._add(node, job.update(state, error, message, int(time.time() * 1000)))

    def _add(self, node: str, update: Update | None) -> None:
        if update:
            self._said.append((self._topics.node(node, "model/update"), to_payload(update)))
