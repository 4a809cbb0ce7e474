"""A stream of samples that a test gives itself, in place of a node's."""

import queue
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np

from xnornode.errors import LinkLost
from xnornode.link.messages import Event, Streaming
from xnornode.link.recording import Block


def info(
    channels: int = 2, rate: float = 1000.0, names: tuple[str, ...] = (), **more: Any
) -> Streaming:
    """What a node says of a sensor that counts."""
    channels = len(names) or channels
    usual = tuple(f"ch{c} (g)" for c in range(channels)) if channels > 1 else ("sound (FS)",)
    fields = {"device": "e660", "at": 0, "port": None, "classifies": False, "limit": 32767}
    scales = tuple(122070 + c for c in range(channels))
    given = {"sensor": "counting", "channels": names or usual, "scales": scales, **fields, **more}
    return Streaming(None, rate_mhz=round(1000 * rate), **given)


class GivenStream:
    """Stands in for `streaming`: what `give`, `press` and `pull` say is what the node sends.

    Args:
        sensor: what it says of itself.
    """

    def __init__(self, sensor: Streaming) -> None:
        self.sensor = sensor
        self.at = 0
        self.opened = 0
        """How often somebody has begun to read."""
        self._items: queue.Queue[Block | Event | str] = queue.Queue()
        self._heard: Callable[[Event], None] | None = None

    def give(self, count: int, lost: int = 0, at: int | None = None) -> np.ndarray:
        """Send the next samples; `lost` ones are missing before them."""
        self.at = (self.at if at is None else at) + lost
        rows = np.arange(self.at, self.at + count)[:, None]
        samples = (7 * rows + 1000 * np.arange(len(self.sensor.channels))).astype(np.int16)
        self.at += count
        ms = int(1_000_000 * self.at / self.sensor.rate_mhz)
        self._items.put(Block(samples, lost > 0, lost, self.at, ms))
        return samples

    def say(self, event: Event) -> None:
        """Send something between samples."""
        self._items.put(event)

    def pull(self) -> None:
        """Pull the cable; it is in again at once."""
        self._items.put("port went away")

    @contextmanager
    def __call__(self, port: Any, on_event: Callable[[Event], None]) -> Iterator["GivenStream"]:
        self.opened += 1
        self._heard = on_event
        yield self

    @property
    def info(self) -> Streaming:
        """As a SampleStream's."""
        return self.sensor

    def read(self, seconds: float) -> Block | None:
        """As a SampleStream's."""
        try:
            item = self._items.get(timeout=seconds) if seconds else self._items.get_nowait()
        except queue.Empty:
            return None
        if isinstance(item, str):
            raise LinkLost(item)
        if isinstance(item, Event):
            assert self._heard
            self._heard(item)
            return None
        return item
