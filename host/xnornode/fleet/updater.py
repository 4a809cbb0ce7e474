"""Puts the latest models on nodes: the part of a gateway that acts on `model/latest`."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Protocol

from xnornode.errors import NodeError
from xnornode.fleet.models import LARGEST, ModelMissing, Shelf, check_signature
from xnornode.fleet.payloads import Latest, PayloadError, State, Update, from_payload
from xnornode.fleet.updater_job import Job
from xnornode.fleet.updater_push import (
    ELSEWHERE,
    MENDABLE,
    Done,
    Open,
    Stopped,
    attempt,
    over_broker,
)
from xnornode.fleet.updater_verdicts import GRACE, Verdicts
from xnornode.link.messages import Event, Prediction, Ready
from xnornode.link.mqtt_broker import Broker
from xnornode.link.mqtt_topics import Topics
from xnornode.link.timing import USUAL, Timing

PUSHES = 4
"""Pushes at once."""
FIRST_PAUSE, LONGEST_PAUSE = 10.0, 600.0
"""Seconds between two attempts to reach a node: twice as long each time."""
EACH = 1.0
"""Seconds between two messages of how many bytes a node has."""
INSTALL = b"INSTALL"
"""The payload of `model/install`."""


class Host(Protocol):
    """What the updater needs of its gateway."""

    broker: Broker
    topics: Topics

    def publish(self, topic: str, payload: bytes, retain: bool) -> None:
        """Publish a message. Called in the gateway's thread, except for the last ones."""


class Updater:
    """An Extra of a gateway: puts `model/latest` on nodes, and says how far it is.

    Parameters
    ----------
    host : Host
        The gateway.
    open_node : callable
        Opens a port to a node that the gateway carries. Raises LinkError. Nodes that speak MQTT
        themselves are reached by the broker.
    pushes : int, default PUSHES
        Pushes at once.
    largest : int, default LARGEST
        Bytes of a model that is taken.
    pauses : tuple of float, default (FIRST_PAUSE, LONGEST_PAUSE)
        Seconds from an attempt that failed to the next one, at first and at most.
    timing : Timing, default USUAL
        How long a push waits for answers.
    grace : float, default GRACE
        Seconds after a push in which a node's state may still be one from before it.
    key : bytes, optional
        Models are put on nodes only if they are signed by it; the nodes need not have it. 32 bytes.
    say : callable, optional
        Gets a line of talk where an update ends.
    """

    def __init__(
        self,
        host: Host,
        open_node: Open,
        pushes: int = PUSHES,
        largest: int = LARGEST,
        pauses: tuple[float, float] = (FIRST_PAUSE, LONGEST_PAUSE),
        timing: Timing = USUAL,
        grace: float = GRACE,
        key: bytes = b"",
        say: Callable[[str], None] = lambda text: None,
    ) -> None:
        self._host, self._open, self._pushes = host, open_node, pushes
        self._key = key
        self._pauses, self._timing, self._say = pauses, timing, say
        self._open_native = over_broker(host.broker.settings)
        self._shelf = Shelf(host.broker, host.topics, largest)
        self._jobs: dict[str, Job] = {}
        self._lock = threading.RLock()
        self._told = Verdicts(host.topics, grace, say)
        self._threads: dict[str, threading.Thread] = {}
        self._closed = False
        self.refused = 0
        """Messages that were not as docs/reference/mqtt.md has them."""
        for kind, handler in (
            ("model/latest", self._on_latest),
            ("model/install", self._on_install),
            ("model/update", self._on_update),
        ):
            host.broker.subscribe(host.topics.node("+", kind), handler)

    # What the gateway calls, in its thread

    def connected(self) -> None:
        """The subscriptions outlast a break; retained messages come again, and say nothing new."""

    def state(self, node: str, state: State) -> None:
        """A node is there, and runs this."""
        with self._lock:
            job = self._job(node)
            job.seen(state, self._pauses[0])
            if job.verified is not None and job.latest and state.model:
                self._told.judge(node, job, state)
            self._begin(node, job)
        self._publish()

    def event(self, node: str, event: Event, time: int, session: str | None) -> None:
        """A node that classifies with the model is done, before its next state says so."""
        job = self._jobs.get(node)
        if job is None or (job.verified is None and node not in self._threads):
            return  # without a lock: it is called for each prediction of all nodes
        if isinstance(event, Prediction | Ready):
            with self._lock:
                if job.says(event) and job.verified is not None:
                    self._told.updated(node, job)
            self._publish()

    def gone(self, node: str) -> None:
        """A node is away: its push fails by itself."""
        with self._lock:
            self._job(node).there = False

    def step(self) -> None:
        """Begin what is due."""
        with self._lock:
            for node, job in self._jobs.items():
                self._begin(node, job)
        self._publish()

    def close(self) -> None:
        """End pushes as soon as they can; nodes keep what has come."""
        with self._lock:
            self._closed = True
            threads = list(self._threads.values())
        for thread in threads:
            thread.join(self._timing.answer)
        self._publish()

    # What comes from the broker, in its thread

    def _on_latest(self, topic: str, payload: bytes, retained: bool) -> None:
        with self._lock:
            node, job = self._named(topic)
            try:
                latest = from_payload(Latest, payload) if payload else None
            except PayloadError as error:
                self._refuse(f"{topic}: {error}")
                return
            if job.announce(latest, retained):
                self._told.judge(node, job, job.state if job.there else None)
                self._begin(node, job)

    def _on_install(self, topic: str, payload: bytes, retained: bool) -> None:
        node, job = self._named(topic)
        if retained or payload != INSTALL:
            if payload:
                self._refuse(f"{topic}: " + ("it is retained" if retained else "it is no INSTALL"))
            return
        with self._lock:
            if job.latest:
                job.install()
                self._begin(node, job)

    def _on_update(self, topic: str, payload: bytes, retained: bool) -> None:
        with self._lock:
            node, job = self._named(topic)
            try:
                job.hear(from_payload(Update, payload) if payload else None, retained)
            except PayloadError as error:
                self._refuse(f"{topic}: {error}")
            if retained:
                self._told.judge(node, job, job.state if job.there else None)

    def _refuse(self, why: str) -> None:
        self.refused += 1
        self._say(f"not taken: {why}")

    def _named(self, topic: str) -> tuple[str, Job]:
        address = self._host.topics.read(topic)
        node = address.name if address else ""
        return node, self._job(node)

    def _job(self, node: str) -> Job:
        with self._lock:
            return self._jobs.setdefault(node, Job())

    # What is done, under the lock

    def _begin(self, node: str, job: Job) -> None:
        """Begin a push if it is due; or say that the node has the model already."""
        latest = job.latest
        if self._closed or not latest or node in self._threads or not job.due(time.monotonic()):
            return
        if job.runs(latest.sha256):
            job.verified = time.monotonic()
            self._told.judge(node, job, job.state)
        elif len(self._threads) < self._pushes:
            job.begin()
            thread = threading.Thread(
                target=self._push, args=(node, job, latest), name=f"update {node}", daemon=True
            )
            self._threads[node] = thread
            thread.start()

    def _publish(self) -> None:
        """Publish what was said. From the gateway's thread alone, or it may overtake itself."""
        with self._lock:
            for topic, payload in self._told.taken():
                self._host.publish(topic, payload, True)

    # One push, in a thread of its own

    def _push(self, node: str, job: Job, latest: Latest) -> None:
        try:
            self._try(node, job, latest)
        except Stopped:
            pass
        except ModelMissing as error:
            with self._lock:
                # A broker that is slow, or has just started, may have its bytes a little later
                if error.error != "missing" or job.misses(*self._pauses):
                    self._told.failed(node, job, error.error, str(error))
        except NodeError as error:
            with self._lock:
                if error.name in ELSEWHERE:
                    job.later(*self._pauses)
                elif error.name in MENDABLE:
                    self._unreached(node, job, str(error))
                else:
                    self._told.failed(node, job, error.name, error.message or str(error))
        except Exception as error:  # whatever it is: without a pause it would come again at once
            with self._lock:
                self._unreached(node, job, str(error) or type(error).__name__)
        finally:
            with self._lock:
                del self._threads[node]
                waiting = list(self._jobs.items())
                for other, its in waiting:  # who has waited for this one's place
                    self._begin(other, its)

    def _unreached(self, node: str, job: Job, why: str) -> None:
        if job.lost(*self._pauses):
            self._told.unreached(node, job, why)

    def _try(self, node: str, job: Job, latest: Latest) -> None:
        data = self._shelf.fetch(latest)
        if self._key:
            check_signature(latest, self._key)

        def progress(at: int, total: int) -> None:
            with self._lock:
                if self._closed or job.latest != latest:
                    raise Stopped
                if job.reached(at, total, EACH):
                    self._told.tell(node, job, "DOWNLOADED" if at >= total else "DOWNLOADING")

        own = job.state is not None and job.state.gateway is not None
        open_node = self._open if own else self._open_native
        done: Done = attempt(node, data, latest.signature, open_node, progress, self._timing)
        with self._lock:
            if job.latest != latest:  # a roll-out that has halted looks for it
                self._told.overtaken(node, job, latest)
                return
            job.reached(len(data), len(data), 0.0)
            job.verify(done, data)
            self._told.tell(node, job, "VERIFIED")
            self._told.tell(node, job, "UPDATING")
            if done.active.trial is None or not done.running or job.classifies:
                self._told.updated(node, job)
            elif job.heard:  # its state may have come before the push was over
                self._told.judge(node, job, job.state)


__all__ = ["INSTALL", "Host", "Updater"]
