"""Writes lines to standard output, and does not wait again and again for one who does not read."""

import sys
import time

TYPE_CHECKING = False  # there is no `typing` on the node
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

STALL_MS = 400  # that a line takes at least where it waited in vain: USB gives up after 500


class LineWriter:
    """Writes lines, as long as somebody takes them.

    A port that is open, and that nobody reads, lets each line wait. After one such line the next
    ones are dropped at once, until the port takes some again. stream: has `write`, and may be
    polled. Attribute `dropped`: lines so far.
    """

    def __init__(self, stream: "Any" = sys.stdout) -> None:
        self._write = stream.write
        self._stalled = False
        self.dropped = 0
        self._poll: Any = None
        try:
            import select
        except ImportError:  # on some ports
            return
        self._poll = select.poll()
        self._poll.register(stream, select.POLLOUT)

    def write(self, line: "str | bytes") -> None:
        """Write a line, its end included, or a piece of one."""
        if self._stalled and self._full():
            self.dropped += 1
            return
        start = time.ticks_ms()
        self._write(line)
        self._stalled = time.ticks_diff(time.ticks_ms(), start) >= STALL_MS

    def _full(self) -> bool:
        if self._poll:
            for _ in self._poll.ipoll(0):
                return False
        return self._poll is not None


write = LineWriter().write
others: "Callable[[str], None] | None" = None  # writes to the links beside standard output


def write_to_all(line: str) -> None:
    """Write a line, its end included, to every link."""
    write(line)
    if others:
        others(line)
