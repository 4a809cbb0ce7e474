"""Reads the lines that come to the node, without ever waiting for one."""

import select
import sys
import time

import micropython

TYPE_CHECKING = False  # there is no `typing` on the node
if TYPE_CHECKING:
    from typing import Any

UNFINISHED_MS = 500  # after which a line that does not go on is dropped
CTRL_C: int | None = 3  # None on a locked node (locked_main.py), which nobody interrupts


class LineReader:
    """Reads lines from a stream that can be polled.

    frame: bytes that a line may have, its end included. stream: has `readinto` and can be polled.
    Attribute `damaged`: whether the last `read` ended at a line too long, unfinished or cut
    by a Ctrl-C.
    """

    def __init__(self, frame: int, stream: "Any" = sys.stdin) -> None:
        self._line = bytearray(frame - 1)
        self._view = memoryview(self._line)
        self._at = 0  # bytes of the line so far; more than fit are counted, not kept
        self._one = bytearray(1)
        self._last = time.ticks_ms()
        self._readinto = stream.readinto
        self._poll = select.poll()
        self._poll.register(stream, select.POLLIN)
        self.damaged = False

    @micropython.native
    def read(self, until: int) -> "memoryview | None":
        """The next line without its end; None when it has not come, or was damaged.

        until: time.ticks_us() at which to give up. The memoryview holds until the next `read`.
        Raises KeyboardInterrupt for a Ctrl-C at the start of a line.
        """
        ipoll, readinto, one, line = self._poll.ipoll, self._readinto, self._one, self._line
        at, size = self._at, len(line)
        self.damaged = False
        while True:
            char = -1
            for _ in ipoll(0):
                if readinto(one):
                    char = one[0]
            if char > 13:
                if at < size:
                    line[at] = char
                at += 1
                if at & 31:
                    continue
            elif char == 10 or char == 13:
                self._at = 0
                if at > size:
                    self.damaged = True
                    return None
                if at:
                    self._last = time.ticks_ms()
                    return self._view[:at]
            elif char == CTRL_C:
                self._at = 0
                if not at:
                    raise KeyboardInterrupt
                self.damaged = True
                return None
            elif char >= 0:
                line[0] = 0  # no line has control characters: damaged
                at += 1
                if at & 31:
                    continue
            now = time.ticks_ms()
            if char >= 0:
                self._last = now
            elif at and time.ticks_diff(now, self._last) > UNFINISHED_MS:
                self._at = 0
                self.damaged = True
                return None
            self._at = at
            if char < 0 or time.ticks_diff(until, time.ticks_us()) < 0:
                return None
