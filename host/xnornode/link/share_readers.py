"""How a hub hears its port and who wants in: by threads of its own, or by a reactor's thread."""

from __future__ import annotations

import os
import select
import socket
import threading
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Protocol

from xnornode.link.lines import PORT_ERRORS
from xnornode.link.reactor import Reactor, Timer
from xnornode.link.ready import readable

if TYPE_CHECKING:
    from xnornode.link.share_member import Inbox
    from xnornode.link.share_place import Place

HALF_LINE = 0.3
"""Seconds without a byte after which part of a line is handed on as it is."""
POLL = 0.02
"""Seconds of one read of a port that has no file."""
ROOM_LOOK = 0.1
"""Seconds between two looks for who else is there, while the only program does not read."""
AT_ONCE = 65536
TURN = 16384
"""Bytes that are read of one port before others have their turn."""
GONE: tuple[type[Exception], ...] = (*PORT_ERRORS, ValueError, TypeError, AttributeError)
"""What pyserial raises for a port that goes away, or is closed, while it is read."""


class Hears(Protocol):
    """The hub, as far as its reader knows it."""

    name: str
    port: Any
    closed: bool

    @property
    def waits(self) -> bool:
        """Whether part of a line is held back."""

    def heard(self, data: bytes) -> None:
        """Hand on what has come; nothing: hand on what is held back."""

    def full(self) -> Inbox | None:
        """What is kept for the only one that gets bytes, where that is too much to read on."""

    def let_in(self, end: socket.socket) -> None:
        """Let another program in."""

    def close(self, why: str) -> None:
        """Close the port."""


class Reader(Protocol):
    """Gives a hub what comes, and connections."""

    def start(self) -> None:
        """Begin."""

    def stop(self) -> None:
        """End, before the port is closed."""


def number_of(port: Any) -> int | None:
    """The number of a port's file, where the system can wait for it; None on Windows, RFC 2217."""
    try:
        number = port.fileno()
    except (OSError, ValueError, AttributeError):
        return None
    return number if os.name != "nt" and isinstance(number, int) else None


class ThreadReader:
    """A thread that reads the port, and one that lets others in.

    Parameters
    ----------
    hub : Hears
        Whose port it is.
    place : Place or None
        Where others come.
    """

    def __init__(self, hub: Hears, place: Place | None) -> None:
        self._hub, self._place = hub, place
        self._wake, self._waker = socket.socketpair()
        self._thread = threading.Thread(target=self._read, name=f"hub {hub.name}", daemon=True)

    def start(self) -> None:
        """Begin."""
        self._thread.start()
        if self._place:
            name = f"share {self._hub.name}"
            threading.Thread(target=self._admit, name=name, daemon=True).start()

    def stop(self) -> None:
        """End. The thread that reads may itself have found that the port is gone."""
        with suppress(OSError):
            self._waker.send(b"x")
        if threading.current_thread() is not self._thread:
            self._thread.join(2.0)
            for end in (self._wake, self._waker):
                end.close()

    def _read(self) -> None:
        hub, number = self._hub, number_of(self._hub.port)
        try:
            while not hub.closed:
                if full := hub.full():  # looked at again soon: others may come, and wait for it
                    full.wait_for_room(ROOM_LOOK)
                    continue
                hub.heard(self._some(number))
        except GONE as error:
            hub.close(str(error) or type(error).__name__)

    def _some(self, number: int | None) -> bytes:
        """What comes; nothing after a moment in which nothing has."""
        port: Any = self._hub.port
        if number is None:
            port.timeout = POLL
            data: bytes = port.read(1)
            port.timeout = 0
            return data + port.read(AT_ONCE) if data else b""
        patience = HALF_LINE if self._hub.waits else 60.0
        sources: list[Any] = [number, self._wake]
        ready = select.select(sources, [], [], patience)[0]
        if self._hub.closed or number not in ready:
            return b""
        data = port.read(AT_ONCE)
        return data

    def _admit(self) -> None:
        while self._place and (end := self._place.accept()):
            self._hub.let_in(end)


class ReactorReader:
    """A reactor's thread reads the port together with many others.

    Parameters
    ----------
    hub, place
        As those of ThreadReader.
    reactor : Reactor
        Reads.
    number : int
        Of the port's file, which does not block.
    """

    def __init__(self, hub: Hears, place: Place | None, reactor: Reactor, number: int) -> None:
        self._hub, self._place, self._reactor, self._number = hub, place, reactor, number
        self._quiet: Timer | None = None  # set while part of a line is held back
        self._listener = place.number if place else None

    def start(self) -> None:
        """Begin."""
        self._reactor.watch(self._number, self._ready)
        self._listen()

    def stop(self) -> None:
        """End."""
        self._reactor.forget(self._number)
        if self._listener is not None:
            self._reactor.forget(self._listener)

    def _ready(self) -> None:
        hub = self._hub
        if hub.closed:
            return
        if hub.full():
            self._reactor.forget(self._number)
            self._reactor.later(POLL, self._look_for_room)
            return
        try:
            data = os.read(self._number, TURN)
        except BlockingIOError:
            return
        except OSError as error:
            self._gone(error.strerror or str(error))
            return
        if not data:
            self._gone("it was closed at the other end")
            return
        hub.heard(data)
        if self._quiet:
            self._quiet.cancel()
            self._quiet = None
        if hub.waits:
            self._quiet = self._reactor.later(HALF_LINE, lambda: hub.heard(b""))

    def _look_for_room(self) -> None:
        if self._hub.closed:
            return
        if self._hub.full():
            self._reactor.later(POLL, self._look_for_room)
        else:
            self._reactor.watch(self._number, self._ready)

    def _gone(self, why: str) -> None:
        """Close the port, which may take a while."""
        self._reactor.forget(self._number)
        threading.Thread(target=self._hub.close, args=(why,), daemon=True).start()

    def _visited(self) -> None:
        place = self._place
        if place and self._listener is not None and readable(self._listener, 0.0):
            if end := place.accept_now():
                self._hub.let_in(end)
            else:  # too many files are open, as may be: not at each turn
                self._reactor.forget(self._listener)
                self._reactor.later(ROOM_LOOK, self._listen)

    def _listen(self) -> None:
        if self._listener is not None and not self._hub.closed:
            self._reactor.watch(self._listener, self._visited)
