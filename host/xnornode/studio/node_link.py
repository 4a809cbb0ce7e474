"""The node that the studio watches: what it says goes to the pages, its samples to who listens."""

from __future__ import annotations

import threading
from base64 import b64encode
from collections.abc import Callable
from dataclasses import asdict
from typing import Any

from xnornode._typing import Int16
from xnornode.link.addresses import Port
from xnornode.link.messages import Button, Caution, Error, Event, Hello, Ready, Streaming
from xnornode.link.predictions import Detected, Drift, Prediction
from xnornode.link.recording import Block
from xnornode.studio.bus import Bus
from xnornode.studio.node_threads import TEXT, Follower, Heard, Listener, Sampler, bounded, plain

COUNTS = ("heard", "predictions", "lost", "damaged", "restarts", "reconnections")
"""What changes all the time in a state; pages get it without the rest."""
Entry = tuple[Listener, Heard | None]


class NodeLink:
    """Follows one node at a time, in threads of its own.

    Parameters
    ----------
    bus : Bus
        Gets the topics `node`, `node-counts`, `prediction`, `event`, `text`, `signal` and `button`.
    """

    def __init__(self, bus: Bus) -> None:
        self._bus = bus
        self.port: Port | None = None
        self._lock = threading.RLock()
        self._choosing = threading.Lock()
        self._follower: Follower | None = None
        self._sampler: Sampler | None = None
        self._listeners: list[Entry] = []
        self._shown: Entry = (self._show, None)  # while a page wants the signal
        self._state: dict[str, Any] = {"port": None, "connected": False, "problem": ""}
        bus.watch("signal", self._signal_wanted)
        self._tell()

    def choose(self, port: Port | None) -> None:
        """Follow the node on another port, or none."""
        with self._choosing:
            with self._lock:
                if port == self.port and (port is None or self._follower is not None):
                    return
            self._end()
            with self._lock:
                self.port = port
                self._state = {"port": port and str(port), "connected": False, "problem": ""}
                if port is not None:
                    self._follower = Follower(port, self._heard, self._changes_of(port))
                    if self._listeners:
                        self._sample(port)
            self._tell()

    def state(self) -> dict[str, Any]:
        """What is known of the node, as pages get it."""
        with self._lock:
            return dict(self._state)

    def listen(self, listener: Listener, heard: Heard | None = None) -> Callable[[], None]:
        """Have samples, and what comes between them, given to functions, in a thread.

        What is returned ends that.
        """
        entry = (listener, heard)
        self._add(entry)

        def end() -> None:
            if sampler := self._without(entry):
                sampler.end()

        return end

    def _add(self, entry: Entry) -> None:
        with self._lock:
            self._listeners.append(entry)
            if self._sampler is None and self.port is not None:
                self._sample(self.port)

    def _without(self, entry: Entry) -> Sampler | None:
        """Take a listener off. The thread that is to end now, as nobody listens any more."""
        with self._lock:
            self._listeners = [one for one in self._listeners if one is not entry]
            if self._listeners:
                return None
            sampler, self._sampler = self._sampler, None
            return sampler

    def close(self) -> None:
        """Let go of the node."""
        with self._lock:
            self._listeners.clear()
            self.port = None
        self._end()

    def _end(self) -> None:
        """End the threads; without the lock, which they may wait for."""
        with self._lock:
            threads = (self._sampler, self._follower)
            self._sampler = self._follower = None
        for thread in threads:
            if thread is not None:
                thread.end()

    def _sample(self, port: Port) -> None:
        self._state = {**self._state, "stream_problem": ""}
        changed = self._changes_of(port)
        self._sampler = Sampler(port, self._pass_on, self._heard_between, changed)

    def _signal_wanted(self, wanted: bool) -> None:
        """A page asks for the signal, or none any more. It may be told twice."""
        with self._lock:
            if wanted and not any(one is self._shown for one in self._listeners):
                self._add(self._shown)
            sampler = None if wanted else self._without(self._shown)
        if sampler:  # it may wait for a port
            threading.Thread(target=sampler.end, daemon=True).start()

    def _show(self, info: Streaming, block: Block | None) -> None:
        if block is None:
            self._bus.publish("signal", {"ended": True})
            return
        self._bus.publish(
            "signal",
            {
                "sensor": bounded(info.sensor),
                "channels": bounded(info.channels),
                "scales": info.scales,
                "rate": info.rate_mhz / 1000,
                "taken": block.taken,
                "ms": block.ms,
                "samples": encoded(block.samples),
                "lost": block.lost,
                "broken": block.broken,
            },
        )

    def _pass_on(self, info: Streaming, block: Block | None) -> None:
        with self._lock:
            listeners = [*self._listeners]
        for listener, _ in listeners:
            listener(info, block)

    def _heard_between(self, event: Event) -> None:
        if isinstance(event, Button):
            self._bus.publish("button", {"at": event.at, "ms": event.ms})
        with self._lock:
            listeners = [*self._listeners]
        for _, heard in listeners:
            if heard:
                heard(event)

    def _changes_of(self, port: Port) -> Callable[..., None]:
        """What takes the changes of a thread, until another port is chosen."""

        def changed(**fields: Any) -> None:
            if self.port is port:
                self._changed(**fields)

        return changed

    def _changed(self, **fields: Any) -> None:
        with self._lock:
            before, self._state = self._state, {**self._state, **fields}
            differ = {name for name, value in fields.items() if before.get(name, ...) != value}
        if differ - {*COUNTS}:
            self._tell()
        elif differ:
            self._tell_counts()

    def _tell(self) -> None:
        self._bus.publish("node", {"state": self.state()}, keep=True)
        self._tell_counts()

    def _tell_counts(self) -> None:
        state = self.state()
        counts = {name: state[name] for name in COUNTS if name in state}
        self._bus.publish("node-counts", {"counts": counts}, keep=True)

    def _heard(self, what: Event | Prediction | Detected | Drift | str) -> None:
        match what:
            case str():
                self._bus.publish("text", {"text": what[:TEXT]})
            case Prediction():
                self._bus.publish("prediction", {"prediction": bounded(asdict(what))})
            case Detected():
                self._bus.publish("event", {"event": bounded(asdict(what))})
            case Hello():
                self._changed(hello=plain(what), problem="")
            case Ready():
                self._changed(ready=plain(what), problem="")
            case Error():
                self._bus.publish("event", {"event": {"error": what.error[:TEXT]}})
            case Caution():
                self._bus.publish("event", {"event": {"warning": what.warning[:TEXT]}})


def encoded(samples: Int16) -> str:
    """Samples as pages take them: little-endian int16, row by row, in base64."""
    return b64encode(samples.astype("<i2").tobytes()).decode()
