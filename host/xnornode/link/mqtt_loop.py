"""Runs a client of paho-mqtt in a thread, whatever the numbers of its files.

paho's own thread waits by `select.select`, which takes no file above number 1023: a gateway with
some hundred nodes would never find its broker again. It also wakes up for each message that is
published; this one wakes up once for all that wait.
"""

from __future__ import annotations

import selectors
import socket
import threading
import time
from contextlib import suppress
from typing import Any, Protocol

LOOK = 1.0
"""Seconds between two looks whether the broker is still there."""
TOGETHER = 0.005
"""Seconds from one write to the next: what comes meanwhile goes with it. A thousand messages a
second cost half as much so; a message that comes after a pause goes at once."""
LASTING = 60.0
"""Seconds after which a connection counts as good."""
BRIEF, BRIEF_PAUSE = 10, 8.0
"""Brief connections in a row after which pauses grow, and seconds of the longest such pause. Two
clients of one name throw each other out, and a broker may cut a client off at what it publishes."""


class Told(Protocol):
    """Who hears of the connection, in the loop's thread. Nothing of it may raise."""

    def failed(self, error: Exception) -> None:
        """An attempt has failed."""

    def let_in(self) -> None:
        """The broker has let the client in; what paho does about that is done."""

    def broke(self, error: Exception) -> None:
        """Something was raised within the connection, which is given up."""


class Loop:
    """Connects, reads and writes, and connects again with growing pauses.

    Parameters
    ----------
    client : paho.mqtt.client.Client
        The client, which knows where to connect (`connect_async`).
    first, longest : float
        Seconds between two attempts: at first, doubled each time, and at most.
    told : Told
        Hears of it.
    """

    def __init__(self, client: Any, first: float, longest: float, told: Told) -> None:
        self._client, self._first, self._longest, self._told = client, first, longest, told
        self._wake, self._waker = socket.socketpair()
        for end in (self._wake, self._waker):
            end.setblocking(False)
        self._ends = threading.Event()
        self._until = 0.0  # when it ends, whatever is still to be written
        self._thread = threading.Thread(target=self._run, name="mqtt", daemon=True)
        client.on_socket_register_write = self._to_write

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    @property
    def alive(self) -> bool:
        """Whether its thread runs."""
        return self._thread.is_alive()

    def stop(self, seconds: float = 2.0) -> None:
        """End, once what waits is written or the time is over."""
        self._until = time.monotonic() + seconds
        self._ends.set()
        with suppress(OSError):
            self._waker.send(b"x")
        if self._thread.ident and self._thread is not threading.current_thread():
            self._thread.join(seconds + LOOK)
        if not self._thread.is_alive():
            for end in (self._wake, self._waker):
                end.close()

    def _to_write(self, client: Any, data: Any, connection: Any) -> None:
        """Something is to be written, for the first time since all was. Called by paho."""
        if self._thread is not threading.current_thread():
            with suppress(OSError):  # closed, or woken often enough
                self._waker.send(b"x")

    # Its thread

    def _run(self) -> None:
        pause, brief = self._first, 0
        while not self._ends.is_set():
            try:
                self._client.reconnect()
            except Exception as error:  # whatever it is: there is a next attempt
                self._told.failed(error)
            else:
                began = time.monotonic()
                met = self._serve_safely()
                brief = 0 if time.monotonic() - began >= LASTING else brief + met
                if met:
                    pause = self._first if brief <= BRIEF else min(pause, BRIEF_PAUSE)
            self._ends.wait(pause)
            pause = min(2 * pause, self._longest)
        with suppress(Exception):
            if self._client.socket():
                self._client.disconnect()
                self._client.loop_write()

    def _serve_safely(self) -> bool:
        """The same as `_serve`, whatever is raised in it."""
        try:
            return self._serve()
        except Exception as error:
            with suppress(Exception):
                self._client._sock_close()
            self._told.broke(error)
            return True

    def _serve(self) -> bool:
        """Read and write until the connection is gone; whether the broker has let it in."""
        client, met, writes, written = self._client, False, False, 0.0
        connection = client.socket()
        if connection is None:
            return False
        with selectors.DefaultSelector() as selector:
            selector.register(self._wake, selectors.EVENT_READ)
            selector.register(connection, selectors.EVENT_READ)
            while client.socket() is connection and not self._is_over():
                if writes != client.want_write():
                    writes = not writes
                    events = selectors.EVENT_WRITE if writes else 0
                    selector.modify(connection, selectors.EVENT_READ | events)
                held = getattr(connection, "pending", int)()  # read already, by TLS
                ready = {key.fileobj for key, _ in selector.select(0.0 if held else LOOK)}
                if self._wake in ready:
                    with suppress(BlockingIOError):
                        self._wake.recv(4096)
                    time.sleep(max(0.0, min(TOGETHER, written + TOGETHER - time.monotonic())))
                    written = time.monotonic()
                if (held or connection in ready) and client.loop_read():
                    break
                if not met and client.is_connected():
                    met = True
                    self._told.let_in()
                if client.want_write() and client.loop_write():
                    break
                if client.loop_misc():
                    break
        return met

    def _is_over(self) -> bool:
        """Whether it ends now."""
        return self._ends.is_set() and (
            not self._client.want_write() or time.monotonic() >= self._until
        )
