"""Which chunks of a model are sent when (docs/reference/protocol.md). No port, no clock."""

import re

from xnornode.errors import LinkLost, NodeError
from xnornode.link.framing import seal
from xnornode.link.messages import Ack
from xnornode.link.parsing import outdated

AROUND = len('{"push":,"at":,"data":"","crc":"89abcdef"}\n')
"""Bytes of a chunk's line beside its two numbers and its data."""
ESCAPE = b"="
"""Stands before a byte that is written XOR 0x40."""
ESCAPED = bytes([*range(0x20), 0x7F, *b'"', *ESCAPE])
"""Bytes that do not stand for themselves: a REPL would edit its line by them, or end its text."""
SMALLEST = 32
"""Bytes of a model in a chunk at least, however noisy the line."""
GROW_AFTER = 3
"""Chunks that arrive in a row before they grow."""

_ESCAPES = re.compile(b"[" + re.escape(ESCAPED) + b"]")


def escape(data: bytes) -> bytes:
    """Bytes as they stand in a chunk: 14 % more of them, where they are random.

    Parameters
    ----------
    data : bytes
        Of a model.

    Returns
    -------
    bytes
        Without control characters and `"`, and with `=` only where an escape begins.

    Examples
    --------
    >>> escape(b"a=\\x03")
    b'a=}=C'
    """
    return _ESCAPES.sub(lambda found: ESCAPE + bytes([found[0][0] ^ 0x40]), data)


class Sender:
    """Sends a model. Call `lines` for what to send now, `heard` with each ack, and `silence`.

    Parameters
    ----------
    data : bytes
        The model.
    push : int
        Number of the push.
    at : int
        Bytes that the node has.
    frame : int
        Bytes of a line to the node at most.
    window : int
        Lines that may be under way at once.
    tries : int
        Silences or damaged chunks in a row, without a byte of progress, after which it gives up.

    Attributes
    ----------
    at : int
        Bytes that the node has.
    retries : int
        Chunks that had to be sent again.

    Examples
    --------
    >>> sender = Sender(b"model", push=7, at=0, frame=256, window=1, tries=10)
    >>> sender.lines()
    [b'{"push":7,"at":0,"data":"model","crc":"03019333"}\\n']
    >>> sender.heard(Ack(push=7, at=5)), sender.done
    (True, True)
    """

    def __init__(
        self, data: bytes, push: int, at: int, frame: int, window: int, tries: int
    ) -> None:
        self.data, self.push, self.at = data, push, at
        self.retries = 0
        around = AROUND + len(str(push)) + len(str(len(data)))
        self._largest = max(SMALLEST, frame - around)
        self._most, self._tries = window, tries
        self._size, self._window = self._largest, window
        self._next = at
        self._ends: list[int] = []  # where the chunks that are under way end
        self._draining = False
        self._failed = self._arrived = self._odd = 0
        self._all_ends = {at}  # where a chunk has ever ended

    @property
    def done(self) -> bool:
        """Whether the node has all bytes."""
        return self.at >= len(self.data)

    @property
    def drains(self) -> bool:
        """Whether it only waits for what is under way to settle."""
        return self._draining

    def lines(self) -> list[bytes]:
        """The lines to send now.

        Returns
        -------
        list of bytes
            With their ends; empty where acks are to be waited for.
        """
        out: list[bytes] = []
        while not self._draining and len(self._ends) < self._window and self._next < len(self.data):
            chunk = self.data[self._next : self._next + self._size]
            text = escape(chunk)
            while len(text) > self._largest:
                chunk = chunk[: len(chunk) * self._largest // len(text)]
                text = escape(chunk)
            head = f'{{"push":{self.push},"at":{self._next},"data":"'
            out.append(seal(head.encode() + text + b'"'))
            self._next += len(chunk)
            self._ends.append(self._next)
            self._all_ends.add(self._next)
        return out

    def heard(self, ack: Ack) -> bool:
        """Take an ack.

        Parameters
        ----------
        ack : Ack
            Of this push or another one.

        Returns
        -------
        bool
            Whether it says something new: the node has more bytes, or has not taken a chunk.

        Raises
        ------
        NodeError
            When the push is over.
        LinkLost
            When it gives up.
        LinkError
            When acks come again and again for offsets at which no chunk has ended.
        """
        at, error = ack.at, ack.error
        if ack.push != self.push:
            return False
        if error not in (None, "damaged", "offset"):
            raise NodeError(error, ack.message)
        if at > len(self.data) or (not error and at not in self._all_ends):
            self._count_odd(at)
            return False
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
        else:
            return False
        return True

    def _count_odd(self, at: int) -> None:
        """One may be of a connection before."""
        self._odd += 1
        if self._odd >= self._tries:
            raise outdated(f"it acknowledges {at:,} bytes, where no chunk has ended")

    def silence(self) -> None:
        """Nothing was heard in time: `Timing.settle` where it `drains`, the time for an ack else.

        Raises
        ------
        LinkLost
            When it gives up.
        """
        if not self._draining:
            self._shrink()
        self._go_back()

    def _progress(self, at: int) -> None:
        if at > self.at:
            self.at = at
            self._failed = self._odd = 0

    def _shrink(self) -> None:
        self.retries += 1
        self._failed += 1
        self._arrived = 0
        self._window = 1
        self._size = max(SMALLEST, self._size // 2)
        if self._failed >= self._tries:
            raise LinkLost(
                f"no chunk arrived in {self._tries} tries; the node keeps {self.at:,} of "
                f"{len(self.data):,} bytes"
            )

    def _go_back(self) -> None:
        self._draining = False
        self._ends = []
        self._next = self.at
