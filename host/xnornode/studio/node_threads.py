"""The threads that read a node for the studio: what it says, and its samples."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import asdict
from typing import Any

from xnornode.errors import LinkError
from xnornode.link.addresses import Port
from xnornode.link.messages import Event, Streaming
from xnornode.link.monitor import Monitor
from xnornode.link.recording import Block, streaming

GLANCE = 0.2
"""Seconds after which each thread looks whether it is to end."""
RETRY = 2.0
"""Seconds from one try to reach a node to the next."""
TEXT = 2000
"""Letters of a node's text that pages get."""
NAME = 100
"""Letters of a name that pages get: of a class, of a channel."""
NAMES = 256
"""Names of a list that pages get."""

Listener = Callable[[Streaming, Block | None], None]
"""Gets each block of samples, and None once the stream has broken off or ended."""
Heard = Callable[[Event], None]
"""Gets what a node says in between, such as that its button was pressed."""


def plain(event: Event) -> dict[str, Any]:
    """What an event holds, as pages get it."""
    return {name: value for name, value in bounded(asdict(event)).items() if name != "id"}


def bounded(value: Any, most: int = TEXT) -> Any:
    """What a node has said, no longer than a page can show: a node may be hostile.

    value: as JSON has it; most: letters of a text.
    """
    match value:
        case str():
            return value if len(value) <= most else value[: most - 1] + "…"
        case list() | tuple():
            return [bounded(item, NAME) for item in value[:NAMES]]
        case dict():  # a label is as long as in the list of them
            return {
                name: bounded(item, NAME if name == "label" else TEXT)
                for name, item in value.items()
            }
    return value


class _Thread:
    """A thread that is told to end."""

    def __init__(self, name: str) -> None:
        self._ends = threading.Event()
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)
        self._thread.start()

    def _run(self) -> None:
        while not self._ends.is_set():
            for step in (self._work, self._after):
                try:
                    step()
                except LinkError as error:
                    self._failed(str(error))
                except Exception as error:  # of a library or a listener: the node is tried again
                    self._failed(f"{type(error).__name__}: {error}"[:TEXT])
            self._ends.wait(RETRY)

    def _work(self) -> None:
        """What it does until it is told to end."""
        raise NotImplementedError

    def _after(self) -> None:
        """What it does once that has ended or failed."""

    def _failed(self, problem: str) -> None:
        raise NotImplementedError

    def end(self) -> None:
        """End it, and wait for that for a while."""
        self._ends.set()
        if self._thread is not threading.current_thread():
            self._thread.join(10.0)


class Follower(_Thread):
    """Reads what a node says."""

    def __init__(
        self, port: Port, heard: Callable[[Any], None], changed: Callable[..., None]
    ) -> None:
        self._port, self._heard, self._changed = port, heard, changed
        super().__init__(f"node {port}")

    def _work(self) -> None:
        with Monitor(self._port, on_text=self._heard, say=self._heard) as monitor:
            self._follow(monitor)

    def _after(self) -> None:
        self._changed(connected=False)

    def _failed(self, problem: str) -> None:
        self._changed(connected=False, problem=problem)

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


class Sampler(_Thread):
    """Reads a node's samples."""

    def __init__(
        self,
        port: Port,
        pass_on: Listener,
        heard: Heard,
        changed: Callable[..., None],
    ) -> None:
        self._port, self._pass_on, self._heard, self._changed = port, pass_on, heard, changed
        self._info: Streaming | None = None
        super().__init__(f"samples {port}")

    def _work(self) -> None:
        with (
            suppress(KeyboardInterrupt),
            streaming(self._port, on_event=self._heard) as stream,
        ):
            self._info = stream.info
            self._changed(sensor=plain(stream.info), stream_problem="")
            while not self._ends.is_set():
                if block := stream.read(GLANCE):
                    self._pass_on(stream.info, block)

    def _after(self) -> None:
        info, self._info = self._info, None
        if info:
            self._pass_on(info, None)

    def _failed(self, problem: str) -> None:
        self._changed(stream_problem=problem)
