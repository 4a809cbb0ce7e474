"""Recordings in the node's flash as a sensor (docs/reference/recordings.md)."""

import json
import os
import time
from array import array

TYPE_CHECKING = False  # there is no `typing` on the node
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from io import BufferedReader
    from typing import Any

FORMAT = "xnornode-recording-1"
ROWS = 32  # samples read from flash at a time
IDLE_US = 1000  # asleep between two calls of `idle`


class Replay:
    """Iterate over the samples of recordings, one array('h') per sample, None before each file.

    path: a recording, or a folder of them, in the order of their names. realtime: at the
    recording's sample rate, or else as fast as they can be read. idle: called again and again while
    a sample is waited for, with the microseconds that are left. Attribute `name`: of the recording.
    The array is the same each time. Raises OSError when there is no such file, ValueError when it
    is no recording.
    """

    def __init__(
        self, path: str, realtime: bool = True, idle: "Callable[[int], None] | None" = None
    ) -> None:
        self._realtime = realtime
        self._idle = idle
        self.name = ""
        try:
            self._files = [path + "/" + name for name in sorted(os.listdir(path))]
        except OSError:
            self._files = [path]

    def __iter__(self) -> "Iterator[array[int] | None]":
        for path in self._files:
            with open(path, "rb") as f:
                header = self._header(path, f.readline())
                self.name = header["name"]
                yield None
                yield from self._samples(f, len(header["channels"]), header["rate_mhz"])

    def _header(self, path: str, line: bytes) -> "dict[str, Any]":
        try:
            header = json.loads(line)
            if header["format"] != FORMAT:
                raise ValueError
            return header
        except (ValueError, KeyError, TypeError):
            raise ValueError(path + " is not a recording") from None

    def _samples(self, f: "BufferedReader", channels: int, rate_mhz: int) -> "Iterator[array[int]]":
        rows = array("h", bytes(2 * channels * ROWS))
        view = memoryview(rows)
        sample = array("h", bytes(2 * channels))
        sample_view = memoryview(sample)
        due = time.ticks_us()
        period = 1_000_000_000 // rate_mhz
        while True:
            got = f.readinto(rows) // (2 * channels)
            for row in range(got):
                if self._realtime:
                    due = time.ticks_add(due, period)
                    self._wait(due)
                sample_view[:] = view[row * channels : (row + 1) * channels]
                yield sample
            if got < ROWS:
                return

    def _wait(self, due: int) -> None:
        while True:
            left = time.ticks_diff(due, time.ticks_us())
            if left <= 0:
                return
            if self._idle and left > IDLE_US:
                self._idle(left - IDLE_US)
                left = min(time.ticks_diff(due, time.ticks_us()), IDLE_US)
            time.sleep_us(max(0, left))
