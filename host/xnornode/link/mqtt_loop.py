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
from collections.abc import Callable
from contextlib import suppress
from typing import Any

LOOK = 1.0
"""Seconds between two looks whether the broker is still there."""
TOGETHER = 0.005
"""Seconds from one write to the next: what comes meanwhile goes with it. A thousand messages a
second cost half as much so; a message that comes after a pause goes at once."""


class Loop:
    """Connects, reads and writes, and connects again with growing pauses.

    Parameters
    ----------
    client : paho.mqtt.client.Client
        The client, which knows where to connect (`connect_async`).
    first, longest : float
        Seconds between two attempts: at first, doubled each time, and at most.
    failed : callable
        Gets why an attempt has failed, in the loop's thread.
    """

    def __init__(
        self, client: Any, first: float, longest: float, failed: Callable[[Exception], object]
    ) -> None:
        self._client, self._first, self._longest, self._failed = client, first, longest, failed
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
        pause = self._first
        while not self._ends.is_set():
            try:
                self._client.reconnect()
            except (OSError, UnicodeError) as error:  # a host's name may be none, too
                self._failed(error)
            else:
                if self._serve():
                    pause = self._first
            self._ends.wait(pause)
            pause = min(2 * pause, self._longest)
        if self._client.socket():
            self._client.disconnect()
            self._client.loop_write()

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
                if client.want_write() and client.loop_write():
                    break
                met = met or client.is_connected()
                if client.loop_misc():
                    break
        return met

    def _is_over(self) -> bool:
        """Whether it ends now."""
        return self._ends.is_set() and (
            not self._client.want_write() or time.monotonic() >= self._until
        )
