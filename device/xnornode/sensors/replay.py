"""Recordings in the node's flash as a sensor (docs/reference/recordings.md)."""

import json
import os
import time
from array import array

from xnornode.sensors.counts import copy
from xnornode.sensors.sensor import Sensor

TYPE_CHECKING = False  # there is no `typing` on the node
if TYPE_CHECKING:
    from io import BufferedReader
    from typing import Any

FORMAT = "xnornode-recording-1"
VALUES = 256  # that are read from flash at a time, at least one sample
MOST = 4096  # samples of one `read_into`: their fractions of a microsecond fit a small int


class Replay(Sensor):
    """Plays recordings. Each one begins with a gap, and sets `name`, `channels` and rate anew.

    path: a recording, or a folder of them, in the order of their names. realtime: at the
    recording's sample rate, or else as fast as they can be read. repeat: without end.
    No sample is lost: who reads late gets more of them at once.
    Raises OSError when there is no such file, ValueError when it is no recording.
    """

    def __init__(
        self, path: str = "/recordings", realtime: bool = True, repeat: bool = False
    ) -> None:
        try:
            self._files = [path + "/" + name for name in sorted(os.listdir(path))]
        except OSError:
            self._files = [path]
        if not self._files:
            raise OSError(2, "no recording in " + path)
        self.realtime = realtime
        self._repeat = repeat
        self._number = 0  # of the recording that is played
        self.overruns = 0
        self.gaps = 0
        self.ended = False
        self._open(self._files[0])

    def _open(self, path: str) -> None:
        f = open(path, "rb")  # noqa: SIM115 (closed by `_next` and `close`)
        try:
            header = self._header(path, f.readline())
        except ValueError:
            f.close()
            raise
        self._file: BufferedReader | None = f
        self.gaps += 1
        self.name = header["name"]
        self.channels = tuple(header["channels"])
        self.scales = tuple(header["scales"])
        self.rate_mhz = rate = header["rate_mhz"]
        self._width = width = len(self.channels)
        self._rows = array("h", bytes(2 * width * max(1, VALUES // width)))
        self._row = self._held = 0  # next sample in _rows, and how many there are
        self._period = max(1, 1_000_000_000 // rate)  # microseconds, and their 65,536th parts
        self._fraction = (1_000_000_000 % rate << 16) // rate
        self._rest = 0
        self._due = time.ticks_add(time.ticks_us(), self._period)

    def _header(self, path: str, line: bytes) -> "dict[str, Any]":
        try:
            header = json.loads(line)
            if header["format"] != FORMAT or not header["channels"]:
                raise ValueError
            return header
        except (ValueError, KeyError, TypeError):
            raise ValueError(path + " is not a recording") from None

    def read_into(self, block: "array[int] | memoryview") -> int:
        """As of Sensor; only the start of a recording allocates."""
        if self.ended:
            return 0
        if self._file is None:
            self._open(self._files[self._number])
        width = self._width
        wanted = min(len(block) // width, MOST)
        if self.realtime:
            late = time.ticks_diff(time.ticks_us(), self._due)
            wanted = min(wanted, late // self._period + 1) if late >= 0 else 0
        done = 0
        while done < wanted:
            if self._row == self._held and not self._fill():
                self._next()
                break
            count = min(wanted - done, self._held - self._row)
            copy(block, done * width, self._rows, self._row * width, count * width)
            self._row += count
            done += count
        if self.realtime:
            self._rest += done * self._fraction
            self._due = time.ticks_add(self._due, done * self._period + (self._rest >> 16))
            self._rest &= 0xFFFF
        return done

    def _fill(self) -> bool:
        """Read the next samples from flash; whether there are any."""
        assert self._file
        self._row = 0
        self._held = self._file.readinto(self._rows) // (2 * self._width)
        return self._held > 0

    def _next(self) -> None:
        self.close()
        self._number += 1
        if self._number == len(self._files):
            self._number = 0
            self.ended = not self._repeat

    def close(self) -> None:
        """Close the recording."""
        if self._file:
            self._file.close()
            self._file = None
