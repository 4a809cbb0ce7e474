"""Who has a shared port open, and what has come for each (docs/reference/sharing.md)."""

from __future__ import annotations

import threading
import time
from collections import Counter

from xnornode.link.deadline import Deadline

KEPT = 1 << 20
"""Bytes that are kept for a member that does not read. Then whole lines are dropped."""


class Inbox:
    """Bytes that have come for a member, and why no more will.

    Attributes
    ----------
    gone : str or None
        Why the port is gone.
    slow : str
        Why something that was written has not been taken.
    """

    def __init__(self) -> None:
        self._came, self._changed = bytearray(), threading.Condition()
        self.gone: str | None = None
        self.slow = ""

    def __len__(self) -> int:
        return len(self._came)

    def put(self, data: bytes) -> None:
        """Add bytes."""
        with self._changed:
            self._came += data
            self._changed.notify_all()

    def read(self, size: int, wait: Deadline, enough: int = 1) -> bytes:
        """At most `size` bytes, once `enough` have come; those that came in time."""
        with self._changed:
            while len(self._came) < enough and self.gone is None and not wait.passed:
                self._changed.wait(min(wait.left, 60.0))
            data = bytes(self._came[:size])
            del self._came[:size]
            self._changed.notify_all()
            return data

    def wait_for_room(self, most: int, seconds: float) -> None:
        """Wait until fewer bytes are kept."""
        with self._changed:
            self._changed.wait_for(lambda: len(self._came) < most or self.gone, seconds)

    def clear(self) -> None:
        """Forget what has come."""
        with self._changed:
            self._came.clear()
            self._changed.notify_all()

    def end(self, why: str) -> None:
        """Say that the port is gone. What has come is still read."""
        with self._changed:
            if self.gone is None:
                self.gone = why
            self._changed.notify_all()


class Member:
    """A program, or a part of one, that has a port open together with others.

    Parameters
    ----------
    who : str
        In words.
    """

    def __init__(self, who: str) -> None:
        self.who, self.inbox = who, Inbox()
        self.dropped = 0
        """Lines that it did not read in time."""
        self.odd: Counter[str] = Counter()
        """Lines of its own that were none of the protocol."""
        self.samples_until = 0.0
        self.rest = bytearray()

    @property
    def streams(self) -> bool:
        """Whether it gets samples."""
        return self.samples_until > time.monotonic()

    def give(self, line: bytes) -> None:
        """Have it get a whole line, unless it is too far behind."""
        if len(self.inbox) + len(line) > KEPT:
            self.dropped += 1
        else:
            self.inbox.put(line)
