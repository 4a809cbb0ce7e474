"""Which pieces of a model are sent when (docs/reference/protocol.md). No port, no clock."""

import re

from xnornode.errors import LinkLost, NodeError
from xnornode.link.protocol import Event, seal

AROUND = len('{"push":,"at":,"data":"","crc":"89abcdef"}\n')
ESCAPE = b"="
ESCAPED = bytes([*range(14), 0x11, 0x13, *ESCAPE])
"""Bytes that do not stand for themselves: those that ports, terminals and REPLs take notice of."""
SMALLEST = 32
"""Bytes of a model in a piece, however noisy the line."""
GROW_AFTER = 3
"""Pieces that arrive in a row before they grow."""


_ESCAPES = re.compile(b"[" + re.escape(ESCAPED) + b"]")


def escape(data: bytes) -> bytes:
    """Bytes as they stand in a piece: 7 % more of them, where they are random."""
    return _ESCAPES.sub(lambda found: ESCAPE + bytes([found[0][0] ^ 0x40]), data)


class Sender:
    """Sends `data` from `at` on as push number `push`.

    frame, window: what the node announced. tries: silences or damaged pieces in a row without a
    byte of progress after which it gives up. Call `lines` for what to send now, `heard` with each
    event, and `silence` when nothing was heard for the time of `waits_settle` or of an ack.
    """

    def __init__(
        self, data: bytes, push: int, at: int, frame: int, window: int, tries: int
    ) -> None:
        self.data, self.push, self.at = data, push, at
        self.retries = 0
        """Pieces that had to be sent again."""
        around = AROUND + len(str(push)) + len(str(len(data)))
        self._largest = max(SMALLEST, frame - around)
        self._most, self._tries = window, tries
        self._size, self._window = self._largest, window
        self._next = at
        self._ends: list[int] = []  # where the pieces that are under way end
        self._draining = False
        self._failed = self._arrived = 0

    @property
    def done(self) -> bool:
        """Whether the node has all bytes."""
        return self.at >= len(self.data)

    @property
    def drains(self) -> bool:
        """Whether it only waits for what is under way to settle."""
        return self._draining

    def lines(self) -> list[bytes]:
        """The lines to send now."""
        out: list[bytes] = []
        while not self._draining and len(self._ends) < self._window and self._next < len(self.data):
            piece = self.data[self._next : self._next + self._size]
            text = escape(piece)
            while len(text) > self._largest:
                piece = piece[: len(piece) * self._largest // len(text)]
                text = escape(piece)
            head = f'{{"push":{self.push},"at":{self._next},"data":"'
            out.append(seal(head.encode() + text + b'"'))
            self._next += len(piece)
            self._ends.append(self._next)
        return out

    def heard(self, event: Event) -> None:
        """Take an event. Raises NodeError when the push is over, LinkLost when it gives up."""
        if event["event"] != "ack" or event.get("push") != self.push:
            return
        error = event.get("error")
        if error not in (None, "damaged", "offset"):
            raise NodeError(event)
        at = event["at"]
        if not 0 <= at <= len(self.data):
            return
        if self._draining:
            self.at = max(self.at, at)
            self._ends = self._ends[1:]
            if not self._ends:
                self._go_back()
        elif error:
            self._progress(at)
            self._shrink()
            self._ends = self._ends[1:]
            if self._ends:
                self._draining = True
            else:
                self._go_back()
        elif at > self.at:
            self._progress(at)
            self._ends = [end for end in self._ends if end > at]
            self._next = max(self._next, at)
            self._arrived += 1
            if self._arrived >= GROW_AFTER:
                self._arrived = 0
                if self._size >= self._largest:
                    self._window = self._most
                self._size = min(self._largest, 2 * self._size)

    def silence(self) -> None:
        """Nothing was heard in time. Raises LinkLost when it gives up."""
        if not self._draining:
            self._shrink()
        self._go_back()

    def _progress(self, at: int) -> None:
        if at > self.at:
            self.at = at
            self._failed = 0

    def _shrink(self) -> None:
        self.retries += 1
        self._failed += 1
        self._arrived = 0
        self._window = 1
        self._size = max(SMALLEST, self._size // 2)
        if self._failed >= self._tries:
            raise LinkLost(
                f"no piece arrived in {self._tries} tries; the node keeps {self.at:,} of "
                f"{len(self.data):,} bytes"
            )

    def _go_back(self) -> None:
        self._draining = False
        self._ends = []
        self._next = self.at
