"""One thread that waits for many files, so that a thousand ports need no thousand threads."""

from __future__ import annotations

import heapq
import itertools
import selectors
import socket
import threading
import time
from collections import deque
from collections.abc import Callable
from contextlib import suppress

Call = Callable[[], object]
LONGEST_WAIT = 10.0
"""Seconds of one wait."""
TOGETHER = 0.005
"""Seconds from one look at files to the next: what comes meanwhile is handled together, which
halves the cost of a thousand lines a second. What comes after a pause is handled at once."""
CALLS = 1000
"""Calls of other threads that are carried out before files are looked at again."""


class Timer:
    """A call that is due later; `cancel` lets it not happen."""

    __slots__ = ("call",)

    def __init__(self, call: Call) -> None:
        self.call: Call | None = call

    def cancel(self) -> None:
        """Forget it."""
        self.call = None


class Reactor:
    """Calls functions in its thread: when a file can be read, after a time, or when asked to.

    Parameters
    ----------
    failed : callable
        Gets what a function raised. The reactor goes on.

    Examples
    --------
    >>> done = threading.Event()
    >>> reactor = Reactor(print)
    >>> reactor.start()
    >>> reactor.call(done.set)
    >>> done.wait(10)
    True
    >>> reactor.close()
    """

    def __init__(self, failed: Callable[[Exception], object]) -> None:
        self._failed = failed
        self._selector = selectors.DefaultSelector()
        self._calls: deque[Call] = deque()
        self._timers: list[tuple[float, int, Timer]] = []
        self._numbers = itertools.count()
        self._wake, self._waker = socket.socketpair()
        for end in (self._wake, self._waker):
            end.setblocking(False)
        self._selector.register(self._wake, selectors.EVENT_READ, self._woken)
        self._awake = False
        self._looked = 0.0  # when files were handled, where that was just now
        self._ends = False
        self._thread = threading.Thread(target=self._run, name="reactor", daemon=True)

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    @property
    def inside(self) -> bool:
        """Whether this is the reactor's own thread."""
        return threading.get_ident() == self._thread.ident

    @property
    def alive(self) -> bool:
        """Whether its thread runs."""
        return self._thread.is_alive()

    def call(self, function: Call) -> None:
        """Have a function called soon, in the order of calls."""
        self._calls.append(function)
        if not self._awake:
            self._awake = True
            with suppress(OSError):  # closed, or woken often enough
                self._waker.send(b"x")

    def run(self, function: Call) -> None:
        """Call a function now where this is the reactor's thread, else soon."""
        if self.inside:
            function()
        else:
            self.call(function)

    def do(self, function: Call, seconds: float = 2.0) -> bool:
        """Have a function called, and wait for that; whether it has been in time."""
        if self.inside:
            function()
            return True
        if not self._thread.is_alive():
            return False
        done = threading.Event()

        def both() -> None:
            try:
                function()
            finally:
                done.set()

        self.call(both)
        return done.wait(seconds)

    def later(self, seconds: float, function: Call) -> Timer:
        """Have a function called after so many seconds. From any thread."""
        timer = Timer(function)
        item = (time.monotonic() + seconds, next(self._numbers), timer)
        self.run(lambda: heapq.heappush(self._timers, item))
        return timer

    def watch(self, number: int, ready: Call) -> None:
        """Have a function called whenever a file can be read. From any thread."""

        def add() -> None:
            with suppress(KeyError):
                self._selector.unregister(number)  # one that was closed without a word
            self._selector.register(number, selectors.EVENT_READ, ready)

        self.run(add)

    def forget(self, number: int) -> None:
        """Look at a file no more; it may be closed behind this. From any thread."""

        def remove() -> None:
            with suppress(KeyError, ValueError, OSError):
                self._selector.unregister(number)

        self.do(remove)

    def close(self, seconds: float = 5.0) -> None:
        """End its thread, once what was asked for so far is done."""
        self.call(self._end)
        if self._thread.ident and not self.inside:
            self._thread.join(seconds)

    def _end(self) -> None:
        self._ends = True

    # Its thread

    def _run(self) -> None:
        try:
            while not self._ends:
                self._turn()
        finally:
            self._selector.close()
            for end in (self._wake, self._waker):
                end.close()

    def _turn(self) -> None:
        wait, now = LONGEST_WAIT, time.monotonic()
        if self._timers:
            wait = max(0.0, min(wait, self._timers[0][0] - now))
        if (rest := self._looked + TOGETHER - now) > 0 and not self._calls:
            time.sleep(min(rest, TOGETHER, wait))
        ready = self._selector.select(0.0 if self._calls else wait)
        self._looked = time.monotonic() if ready else 0.0
        for key, _ in ready:
            # One before it may have closed this file
            if self._selector.get_map().get(key.fd) is key:
                self._safely(key.data)
        for _ in range(min(len(self._calls), CALLS)):
            self._safely(self._calls.popleft())
        now = time.monotonic()
        while self._timers and self._timers[0][0] <= now:
            if call := heapq.heappop(self._timers)[2].call:
                self._safely(call)

    def _safely(self, call: Call) -> None:
        try:
            call()
        except Exception as error:
            with suppress(Exception):
                self._failed(error)

    def _woken(self) -> None:
        self._awake = False
        with suppress(BlockingIOError):
            while len(self._wake.recv(4096)) == 4096:
                pass
