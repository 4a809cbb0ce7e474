"""A port that a gateway keeps open: opened in a thread, and again when it went away."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import suppress
from typing import Any, Protocol

from xnornode.errors import LinkError
from xnornode.fleet.gateway_writer import Writer
from xnornode.link.addresses import NETWORK, Port
from xnornode.link.lines import PORT_ERRORS
from xnornode.link.ports import AtOnce, open_port
from xnornode.link.reactor import Reactor, Timer
from xnornode.link.schema import printable
from xnornode.link.share import PortLentError
from xnornode.link.share_port import SharedPort

PAUSES = (0.5, 1.0, 2.0, 4.0, 8.0, 15.0, 30.0)
"""Seconds between two attempts to open a port, or to say hello; then the last one again."""
PLUGGED = 2.0
"""The same at most for a serial port, which is soon found to be missing."""
LINES, LINES_AT_ONCE = 2000, 10_000
"""Lines that are taken of a node in a second, and at once. Then its port is not read for now."""
BYTES, BYTES_AT_ONCE = 1 << 20, 4 << 20
"""The same of bytes, whatever they are."""
WRITE_SECONDS = 10.0
"""Seconds for a port to take a line."""


class Budget:
    """So many a second, and so many at once."""

    def __init__(self, rate: float, most: float) -> None:
        self._rate, self._most, self._left, self._then = rate, most, most, 0.0

    def spend(self, count: int) -> bool:
        """Take some; whether they were there."""
        now = time.monotonic()
        self._left = min(self._most, self._left + self._rate * (now - self._then)) - count
        self._then = now
        return self._left >= 0

    @property
    def spent(self) -> bool:
        """Whether nothing is left now."""
        return self._left + self._rate * (time.monotonic() - self._then) < 0


class Host(Protocol):
    """The gateway, as far as opening ports needs it."""

    reactor: Reactor

    def in_thread(self, job: Callable[[], object]) -> None:
        """Have something done that may wait."""

    def say(self, text: str) -> None:
        """Tell people."""


class KeptOpen:
    """A port. All methods are for the reactor's thread.

    What is on it is for classes made of this: `_begins`, `_came` and `_ends`.

    Parameters
    ----------
    host : Host
        The gateway.
    url : Port
        The port, and how it is opened.

    Attributes
    ----------
    trouble : str
        What needs a person; empty if nothing does.
    writer : Writer
        Writes to it.
    """

    def __init__(self, host: Host, url: Port) -> None:
        self._host, self.url = host, url
        self.trouble = ""
        self.writer = Writer(f"write {url}")
        self._port: SharedPort | None = None
        self._turn = self._failures = 0
        self._opened = 0.0
        self._timer: Timer | None = None
        self._closed = False
        self._lines = Budget(LINES, LINES_AT_ONCE)
        self._bytes = Budget(BYTES, BYTES_AT_ONCE)

    def _begins(self) -> None:
        """The port is open."""

    def _came(self, data: bytes) -> None:
        """Bytes have come."""

    def _ends(self, why: str) -> None:
        """The port is not there any more."""

    def begin(self) -> None:
        """Open the port, and go on until `close`."""
        self._turn += 1
        turn = self._turn
        self._host.in_thread(lambda: self._open(turn))

    def close(self) -> None:
        """Let go of the port."""
        self._closed = True
        self._leave("the gateway lets go of it")

    def write(self, data: bytes) -> None:
        """Write to the node, without waiting."""
        port = self._port

        def job() -> None:
            with suppress(*PORT_ERRORS):  # `_gone` is told of it
                if port:
                    port.write_timeout = WRITE_SECONDS
                    port.write(data)

        self.writer.put(job)

    def _soon(self, seconds: float, function: Callable[[], object]) -> None:
        """The one thing that is due next."""
        if self._timer:
            self._timer.cancel()
        self._timer = None if self._closed else self._host.reactor.later(seconds, function)

    def _worry(self, text: str) -> None:
        """Say what is wrong, once."""
        text = printable(text.splitlines()[0]) if text else ""
        if text and text != self.trouble:
            self._host.say(text)
        self.trouble = text

    def _open(self, turn: int) -> None:
        """In a thread that may wait."""
        if self._closed or turn != self._turn:
            return
        reactor = self._host.reactor
        try:
            port: Any = open_port(AtOnce(self.url), reactor)
        except LinkError as error:
            why = error
            reactor.call(lambda: self._not_open(turn, why))
        else:
            reactor.call(lambda: self._is_open(turn, port))

    def _not_open(self, turn: int, error: LinkError) -> None:
        if turn != self._turn or self._closed:
            return
        pause = PAUSES[min(self._failures, len(PAUSES) - 1)]
        if isinstance(error, PortLentError):
            pause = 1.0
        elif not self.url.lower().startswith(NETWORK):
            pause = min(pause, PLUGGED)
        self._failures += 1
        self._worry(str(error))
        self._soon(pause, self.begin)

    def _is_open(self, turn: int, port: SharedPort) -> None:
        if turn != self._turn or self._closed:
            self._host.in_thread(port.close)
            return
        self._port, self._opened = port, time.monotonic()
        reactor = self._host.reactor

        def came(data: bytes) -> None:
            if reactor.inside:
                self._heard(turn, data)
            else:
                reactor.call(lambda: self._heard(turn, data))

        def gone(why: str) -> None:
            reactor.call(lambda: self._gone(turn, why))

        port.listen(came, gone, busy=self._busy)
        self._begins()

    def _heard(self, turn: int, data: bytes) -> None:
        if turn == self._turn:
            self._came(data)

    def _busy(self) -> bool:
        """Whether the node has said more than its share, and has to wait."""
        return self._lines.spent or self._bytes.spent

    def _leave(self, why: str) -> None:
        """Close the port, and forget who was there."""
        self._turn += 1
        port, self._port = self._port, None
        if self._timer:
            self._timer.cancel()
        self._ends(why)
        if port:
            self._host.in_thread(port.close)

    def _gone(self, turn: int, why: str) -> None:
        if turn != self._turn or self._closed:
            return
        brief = time.monotonic() - self._opened < 1.0
        self._failures = self._failures + 1 if brief else 0
        self._leave(why)
        self._worry(f"{self.url} went away: {why}")
        self._soon(PAUSES[min(self._failures, len(PAUSES) - 1)], self.begin)
