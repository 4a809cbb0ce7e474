"""The serial port of an ESP32 board on the network, by RFC 2217, with the chip behind it."""

from __future__ import annotations

import selectors
import socket
import threading
import time
from collections.abc import Iterable
from typing import Any

from serial import rfc2217

from tools.emulators.esp32.chip import Esp32
from tools.emulators.esp32.lines import Change, Lines

START_SECONDS = 0.15
"""From EN's rise until the chip looks at GPIO0. A board has milliseconds; over RFC 2217 each change
of a line takes 50 ms, and esptool sets DTR, by which EN rises, before it lets RTS go."""
BETWEEN_SECONDS = 2.0
"""The same while DTR and RTS are both asserted: esptool is at work, on a computer that is busy."""
ROOM = 1 << 16
"""Bytes that wait for a program that does not read; what comes then is lost, as in a UART."""
UNSENT = 1 << 22
"""Bytes that wait for a client that does not read; what the board says then is lost."""


class Port:
    """Serves one client after another in a thread of its own, from `start` to `close`."""

    def __init__(self, chip: Esp32) -> None:
        self.lines = Lines(self._changed)
        self._chip = chip
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._client: socket.socket | None = None
        self._manager: Any = None
        self._to_chip = bytearray()
        self._to_client = bytearray()
        self._due: float | None = 0.0  # when the chip starts
        self._strapping = False  # it will look at GPIO0 then
        self._download = False  # GPIO0 has been low since EN rose
        self._waker, self._wake = socket.socketpair()
        self._thread = threading.Thread(target=self._serve, name="esp32", daemon=True)

    @property
    def url(self) -> str:
        """The port, for pyserial."""
        return f"rfc2217://127.0.0.1:{self._listener.getsockname()[1]}"

    def start(self) -> None:
        """Give the board power."""
        self._thread.start()

    def close(self) -> None:
        """Take the power away."""
        self._wake.send(b"x")
        if self._thread.is_alive():
            self._thread.join()
        for each in (self._client, self._listener, self._waker, self._wake):
            if each:
                each.close()

    def write(self, data: bytes) -> None:
        """For `rfc2217.PortManager`, as its connection."""
        self._to_client += data

    def _changed(self, change: Change) -> None:
        lines = self.lines
        if change == Change("EN", False):
            self._chip.stop()
            self._to_chip.clear()
            self._due, self._strapping = None, False
            return
        if change == Change("EN", True):
            self._strapping, self._download = True, False
        if self._strapping:
            self._download |= lines.download
            wait = BETWEEN_SECONDS if lines.dtr and lines.rts else START_SECONDS
            self._due = time.monotonic() + wait

    def _serve(self) -> None:
        while True:
            timeout = None if self._due is None else max(0.0, self._due - time.monotonic())
            ready = self._wait(timeout)
            if self._waker.fileno() in ready:
                return
            if self._due is not None and time.monotonic() >= self._due:
                self._due, self._strapping = None, False
                self._say(self._chip.start(self._download))
                continue
            if not self._client and self._listener.fileno() in ready:
                self._accept()
            elif self._client and self._client.fileno() in ready:
                self._exchange()
            if self._chip.fd in ready:
                self._listen_to_chip()

    def _wait(self, timeout: float | None) -> set[int]:
        """The files on which something can be done."""
        wanted: dict[int, int] = {self._waker.fileno(): selectors.EVENT_READ}
        if self._client:
            wanted[self._client.fileno()] = _events(bool(self._to_client))
        else:
            wanted[self._listener.fileno()] = selectors.EVENT_READ
        if self._chip.fd >= 0:
            wanted[self._chip.fd] = _events(bool(self._to_chip))
        with selectors.DefaultSelector() as selector:
            for fd, events in wanted.items():
                selector.register(fd, events)
            return set(_numbers(selector.select(timeout)))

    def _accept(self) -> None:
        self._client, _ = self._listener.accept()
        self._client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._client.setblocking(False)
        self._to_client.clear()
        # It takes whatever has the attributes that it uses.
        self._manager = rfc2217.PortManager(self.lines, self)  # type: ignore[arg-type]

    def _exchange(self) -> None:
        """Take what the client sends, and send it what there is."""
        assert self._client
        try:
            if self._to_client:
                del self._to_client[: self._client.send(self._to_client)]
            data = self._client.recv(65536)
        except BlockingIOError:
            return
        except OSError:
            data = b""
        if not data:
            self._client.close()
            self._client = self._manager = None
            self.lines.set(False, False)  # as an operating system does on closing, both at once
            return
        for byte in self._manager.filter(data):
            if len(self._to_chip) < ROOM and self._chip.fd >= 0:
                self._to_chip += byte
        self._talk_to_chip()

    def _talk_to_chip(self) -> None:
        if self._to_chip and self._chip.fd >= 0:
            del self._to_chip[: self._chip.write(self._to_chip)]

    def _listen_to_chip(self) -> None:
        self._talk_to_chip()
        data = self._chip.read()
        if data:
            self._say(data)
        elif data is not None:  # the program has ended, as by machine.reset()
            self._chip.stop()
            self._download = False
            self._due = time.monotonic() + START_SECONDS

    def _say(self, data: bytes) -> None:
        if self._manager and len(self._to_client) < UNSENT:
            self._to_client += b"".join(self._manager.escape(data))


def _events(has_data: bool) -> int:
    return selectors.EVENT_READ | (selectors.EVENT_WRITE if has_data else 0)


def _numbers(found: Iterable[tuple[selectors.SelectorKey, int]]) -> Iterable[int]:
    return (key.fd for key, _ in found)
