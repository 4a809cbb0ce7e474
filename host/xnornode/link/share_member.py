"""Who has a shared port open, and what has come for each (docs/reference/sharing.md)."""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from queue import Empty, SimpleQueue

from xnornode.link.deadline import Deadline

KEPT = 1 << 20
"""Bytes that are kept for a member that does not read. Then whole lines are dropped."""
TAKEN = "has it for itself now"
"""How the reason ends for which a port is gone that another member has taken."""
LOOK = 0.002
"""Seconds between two looks whether a member has read."""


class Inbox:
    """Bytes that have come for a member, and why no more will. One thread at a time reads.

    A Ctrl-C amid a wait on a `Condition` of Python may leave its lock in a wrong state; the locks
    and the queue here are the interpreter's own.

    Attributes
    ----------
    gone : str or None
        Why the port is gone.
    room : int
        Bytes that are kept at most for who has the port alone: what a read waits for, if more.
    """

    def __init__(self) -> None:
        self._queue: SimpleQueue[bytes] = SimpleQueue()
        self._came, self._size, self._counting = bytearray(), 0, threading.Lock()
        self.gone: str | None = None
        self.room = KEPT

    def __len__(self) -> int:
        return self._size

    def put(self, data: bytes) -> None:
        """Add bytes."""
        with self._counting:
            self._size += len(data)
        self._queue.put(data)

    def read(self, size: int, wait: Deadline, enough: int = 1) -> bytes:
        """At most `size` bytes, once `enough` have come; those that came in time."""
        self.room = max(KEPT, enough)
        self._collect()
        while len(self._came) < enough and self.gone is None and not wait.passed:
            with suppress(Empty):
                self._came += self._queue.get(timeout=min(wait.left, 60.0))
            self._collect()
        if self.gone is not None:
            self._collect()  # what came before it went
        data = bytes(self._came[:size])
        del self._came[:size]
        with self._counting:
            self._size -= len(data)
        return data

    def _collect(self) -> None:
        with suppress(Empty):
            while True:
                self._came += self._queue.get_nowait()

    @property
    def full(self) -> bool:
        """Whether there is no room, and somebody who may make some."""
        return self._size >= self.room and self.gone is None

    def wait_for_room(self, seconds: float) -> None:
        """Wait until fewer bytes are kept."""
        wait = Deadline(seconds)
        while self.full and not wait.passed:
            wait.pause(LOOK)

    def clear(self) -> None:
        """Forget what has come."""
        self.read(self._size, Deadline(0))

    def end(self, why: str) -> None:
        """Say that the port is gone. What has come is still read."""
        if self.gone is None:
            self.gone = why
        self._queue.put(b"")  # wakes who waits


class Sink(Inbox):
    """In place of an inbox: what comes is given to a function at once, in the thread that reads.

    Parameters
    ----------
    came : callable
        Gets bytes. It may not wait, and may not use another port.
    ended : callable
        Gets once why the port is gone, in any thread.
    busy : callable, optional
        Whether the port is not to be read for now.
    """

    def __init__(
        self,
        came: Callable[[bytes], None],
        ended: Callable[[str], None],
        busy: Callable[[], bool] = lambda: False,
    ) -> None:
        super().__init__()
        self._gives, self._ended, self._busy = came, ended, busy

    @property
    def full(self) -> bool:
        """Whether it wants nothing for now."""
        return self.gone is None and self._busy()

    def put(self, data: bytes) -> None:
        """Hand on bytes."""
        self._gives(data)

    def end(self, why: str) -> None:
        """Say that the port is gone."""
        if self.gone is None:
            self.gone = why
            self._ended(why)


class Member:
    """A program, or a part of one, that has a port open together with others.

    Parameters
    ----------
    who : str
        In words.
    """

    def __init__(self, who: str) -> None:
        self.who = who
        self.inbox: Inbox = Inbox()
        self.answers_only = False
        """Whether it gets answers and samples of its own, and nothing that all get."""
        self.dropped = 0
        """Lines that it did not read in time."""
        self.odd: Counter[str] = Counter()
        """Lines of its own that were none of the protocol."""
        self.begun: dict[int, int] = {}
        """Its last `begin`s: the number that it gave, and the one that the node got."""
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
