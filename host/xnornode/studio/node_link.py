"""The node that the studio watches: what it says goes to the pages, its samples to who listens."""

from __future__ import annotations

import threading
import time
from base64 import b64encode
from collections.abc import Callable
from contextlib import suppress
from dataclasses import asdict
from typing import Any

from xnornode._typing import Int16
from xnornode.errors import LinkError
from xnornode.link.addresses import Port
from xnornode.link.messages import Button, Caution, Error, Event, Hello, Ready, Streaming
from xnornode.link.monitor import Monitor
from xnornode.link.predictions import Detected, Prediction
from xnornode.link.recording import Block, streaming
from xnornode.studio.bus import Bus

GLANCE = 0.2
"""Seconds after which each thread looks whether it is to end."""
RETRY = 2.0
"""Seconds from one try to reach a node to the next."""
LINES = 200
"""Texts of a node that are kept for pages that are opened later."""

Listener = Callable[[Streaming, Block | None], None]
"""Gets each block of samples, and None once the stream has broken off or ended."""
Heard = Callable[[Event], None]
"""Gets what a node says in between, such as that its button was pressed."""


class NodeLink:
    """Follows one node at a time, in threads of its own.

    Parameters
    ----------
    bus : Bus
        Gets the topics `node`, `prediction`, `event`, `text`, `signal` and `button`.
    """

    def __init__(self, bus: Bus) -> None:
        self._bus = bus
        self.port: Port | None = None
        self._lock = threading.RLock()
        self._choosing = threading.Lock()
        self._follower: _Follower | None = None
        self._sampler: _Sampler | None = None
        self._listeners: list[tuple[Listener, Heard | None]] = []
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
                    self._follower = _Follower(port, self._heard, self._changes_of(port))
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
        with self._lock:
            self._listeners.append(entry)
            if self._sampler is None and self.port is not None:
                self._sample(self.port)

        def end() -> None:
            with self._lock:
                if entry in self._listeners:
                    self._listeners.remove(entry)
                sampler = self._sampler
                if self._listeners or sampler is None:
                    return
                self._sampler = None
            sampler.end()

        return end

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
        self._sampler = _Sampler(port, self._pass_on, self._heard_between, changed)

    def _signal_wanted(self, wanted: bool) -> None:
        if wanted:
            self._stop_signal = self.listen(self._show)
        else:
            threading.Thread(
                target=self._stop_signal, daemon=True
            ).start()  # it may wait for a port

    def _show(self, info: Streaming, block: Block | None) -> None:
        if block is None:
            self._bus.publish("signal", {"ended": True})
            return
        self._bus.publish(
            "signal",
            {
                "sensor": info.sensor,
                "channels": info.channels,
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
        if before != self._state:
            self._tell()

    def _tell(self) -> None:
        self._bus.publish("node", {"state": self.state()}, keep=True)

    def _heard(self, what: Event | Prediction | Detected | str) -> None:
        match what:
            case str():
                self._bus.publish("text", {"text": what[:2000]})
            case Prediction():
                self._bus.publish("prediction", {"prediction": asdict(what)})
            case Detected():
                self._bus.publish("event", {"event": asdict(what)})
            case Hello():
                self._changed(hello=_plain(what), problem="")
            case Ready():
                self._changed(ready=_plain(what), problem="")
            case Error():
                self._bus.publish("event", {"event": {"error": what.error}})
            case Caution():
                self._bus.publish("event", {"event": {"warning": what.warning}})


def encoded(samples: Int16) -> str:
    """Samples as pages take them: little-endian int16, row by row, in base64."""
    return b64encode(samples.astype("<i2").tobytes()).decode()


def _plain(event: Event) -> dict[str, Any]:
    return {name: value for name, value in asdict(event).items() if name != "id"}


class _Thread:
    """A thread that is told to end."""

    def __init__(self, name: str) -> None:
        self._ends = threading.Event()
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)
        self._thread.start()

    def _run(self) -> None:
        raise NotImplementedError

    def end(self) -> None:
        """End it, and wait for that for a while."""
        self._ends.set()
        if self._thread is not threading.current_thread():
            self._thread.join(10.0)


class _Follower(_Thread):
    """Reads what a node says."""

    def __init__(
        self, port: Port, heard: Callable[[Any], None], changed: Callable[..., None]
    ) -> None:
        self._port, self._heard, self._changed = port, heard, changed
        super().__init__(f"node {port}")

    def _run(self) -> None:
        while not self._ends.is_set():
            try:
                with Monitor(self._port, on_text=self._heard, say=self._heard) as monitor:
                    self._follow(monitor)
            except LinkError as error:
                self._changed(connected=False, problem=str(error))
                self._ends.wait(RETRY)
        self._changed(connected=False)

    def _follow(self, monitor: Monitor) -> None:
        told, came = 0.0, 0
        while not self._ends.is_set():
            event = monitor.event(GLANCE)
            if event is not None:
                self._heard(event)
                came += 1
            now = time.monotonic()
            if now - told > 1.0:
                told = now
                self._changed(
                    connected=monitor.connected,
                    problem="" if monitor.connected else f"{self._port} went away",
                    heard=came > 0,
                    predictions=monitor.predictions,
                    lost=monitor.lost,
                    damaged=monitor.damaged,
                    restarts=monitor.restarts,
                    reconnections=monitor.reconnections,
                )


class _Sampler(_Thread):
    """Reads a node's samples."""

    def __init__(
        self,
        port: Port,
        pass_on: Listener,
        heard: Heard,
        changed: Callable[..., None],
    ) -> None:
        self._port, self._pass_on, self._heard, self._changed = port, pass_on, heard, changed
        super().__init__(f"samples {port}")

    def _run(self) -> None:
        while not self._ends.is_set():
            info = None
            try:
                with (
                    suppress(KeyboardInterrupt),
                    streaming(self._port, on_event=self._heard) as stream,
                ):
                    info = stream.info
                    self._changed(sensor=_plain(info), stream_problem="")
                    while not self._ends.is_set():
                        if block := stream.read(GLANCE):
                            self._pass_on(info, block)
            except LinkError as error:
                self._changed(stream_problem=str(error))
            if info:
                self._pass_on(info, None)
            self._ends.wait(RETRY)
