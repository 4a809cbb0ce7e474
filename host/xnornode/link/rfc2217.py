"""A serial port behind an RFC 2217 server: pyserial's, with what the link needs of a port."""

import math
import re
import select
import socket
import threading
import warnings
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import serial
from serial import rfc2217

from xnornode.link.deadline import Deadline
from xnornode.link.socket_port import LAST_WORDS

if TYPE_CHECKING:
    from _typeshed import ReadableBuffer

LONGEST_WAIT = 60.0
"""Seconds of one wait for the connection; a longer one is made of these."""
AT_ONCE = 16384
"""Bytes that are received at once."""
LONGEST_CLOSE = 7.0
"""Seconds for the reading thread to end: more than the socket waits for bytes."""
ROOM = 1 << 20
"""Bytes that are kept for a reader that is slow. Then the server has to wait."""
LONGEST_OPTION = 1024
"""Bytes of one message about the port, rather than from it."""

_PIECE = re.compile(
    rb"[^\xff]+"  # bytes from the port
    rb"|\xff\xff"  # one that is doubled
    rb"|\xff[\xfb-\xfe]."  # WILL, WONT, DO, DONT
    rb"|\xff\xfa(?:[^\xff]|\xff\xff)*\xff\xf0"  # an option's value
    rb"|\xff[^\xfa-\xff]",  # another command
    re.DOTALL,
)


class Rfc2217Port(rfc2217.Serial):
    """Time limits cost nothing, writes have one, and reads keep up with a fast node.

    pyserial's own class negotiates all settings again for each new `timeout` (0.1 s), knows no
    `write_timeout`, gives one byte a read where the timeout is 0, and takes what comes byte by
    byte: the answers that it waits for come too late behind what a fast node says.

    Parameters
    ----------
    port : str or None, default None
        URL, such as rfc2217://host:2217. It is opened at once where it is named.
    **settings
        As those of `serial.Serial`.

    Examples
    --------
    >>> port = Rfc2217Port(write_timeout=10)
    >>> port.write_timeout, port.is_open
    (10, False)
    """

    _write_lock: threading.Lock
    _socket: Any  # socket.socket, or None while closed
    _thread: threading.Thread | None
    _rfc2217_options: Any
    _dtr_state: bool
    _rts_state: bool
    _limit: float | None = None
    _cut = False  # whether a write was given up in its middle
    _ended = False  # whether the server has closed the connection
    _hurries = False  # whether an answer is waited for, and has to be found at once

    @property
    def timeout(self) -> float | None:
        """Seconds of a read at most. The server does not hear of it."""
        return self._timeout

    @timeout.setter
    def timeout(self, seconds: float | None) -> None:
        self._timeout = seconds

    @property
    def write_timeout(self) -> float | None:
        """Seconds of a write at most."""
        return self._limit

    @write_timeout.setter
    def write_timeout(self, seconds: float | None) -> None:
        self._limit = seconds

    def open(self) -> None:
        """Connect and negotiate. Raises SerialException, or ValueError for a refused setting."""
        self._came, self._changes = bytearray(), threading.Condition()
        self._cut = self._ended = False
        self._rfc2217_options = None
        self._hurries = True
        with warnings.catch_warnings():  # pyserial's way to name a thread is an old one
            warnings.simplefilter("ignore", DeprecationWarning)
            super().open()
        self._hurries = False

    def close(self) -> None:
        """Close the connection. Where opening has failed, or was ended, the lines are cleared."""
        if self._hurries and self.is_open:
            with suppress(OSError, TypeError):  # gone, or not as far as this
                if self._rfc2217_options["control"].value is not None:
                    for value in (rfc2217.SET_CONTROL_RTS_OFF, rfc2217.SET_CONTROL_DTR_OFF):
                        self.rfc2217_send_subnegotiation(rfc2217.SET_CONTROL, value)
        if self._socket and self._thread:  # which ends once the server has closed its end
            with suppress(OSError):
                self._socket.shutdown(socket.SHUT_WR)
            self._thread.join(LAST_WORDS)
        self.is_open = False
        if self._socket:
            with suppress(OSError):
                self._socket.shutdown(socket.SHUT_RDWR)
            if self._thread:  # it reads by the number of the socket, which the system gives away
                self._thread.join(LONGEST_CLOSE)
                self._thread = None  # else pyserial sleeps 0.3 s
            self._socket.close()
            self._socket = None
        super().close()

    @property
    def in_waiting(self) -> int:
        """Bytes that have come."""
        self._must_be_open()
        return len(self._came) or int(self._ended)

    def read(self, size: int = 1) -> bytes:
        """As many bytes, or those that came in time.

        Raises
        ------
        SerialException
            If the server has closed the connection.
        """
        self._must_be_open()
        wait = _wait(self._timeout)
        with self._changes:
            while len(self._came) < size and not self._ended and not wait.passed:
                self._changes.wait(min(wait.left, LONGEST_WAIT))
            if self._ended and not self._came:
                raise serial.SerialException("the server has closed the connection")
            data = bytes(self._came[:size])
            del self._came[:size]
            self._changes.notify_all()
        return data

    def write(self, data: "ReadableBuffer", /) -> int:
        """Write all of it; its length.

        Raises
        ------
        SerialTimeoutException
            If the server does not take it within `write_timeout`. The connection is of no use then.
        SerialException
            If the connection is gone.
        """
        self._must_be_open()
        data = bytes(data)
        rest = memoryview(data.replace(rfc2217.IAC, rfc2217.IAC_DOUBLED))
        wait = _wait(self._limit)
        with self._write_lock:
            while rest:
                if select.select([], [self._socket], [], min(wait.left, LONGEST_WAIT))[1]:
                    rest = rest[self._socket.send(rest) :]
                elif wait.passed:
                    self._cut = True
                    raise serial.SerialTimeoutException("the server takes no bytes")
        return len(data)

    def reset_input_buffer(self) -> None:
        """Forget what has come, here and at the server."""
        super().reset_input_buffer()
        with self._changes:
            self._came.clear()

    def rfc2217_set_control(self, value: bytes) -> None:
        """Change a line. Raises SerialException where the server does not confirm it."""
        self._must_be_open()
        before, self._hurries = self._hurries, True
        try:
            super().rfc2217_set_control(value)
        finally:
            self._hurries = before

    def _update_dtr_state(self) -> None:
        """On opening pyserial changes DTR, then RTS: both are cleared the other way round."""
        if self._hurries and not (self._dtr_state or self._rts_state):
            self._update_rts_state()  # type: ignore[attr-defined]
        super()._update_dtr_state()  # type: ignore[misc]

    def _must_be_open(self) -> None:
        if not self.is_open or self._cut:
            raise serial.SerialException("the connection is closed")

    def _telnet_read_loop(self) -> None:
        """What pyserial's thread runs: take what comes, until the connection ends."""
        rest, connection = b"", self._socket
        try:
            while self.is_open and len(rest) <= LONGEST_OPTION:
                with self._changes:
                    if len(self._came) >= ROOM and not self._hurries:
                        self._changes.wait(0.1)
                        continue
                try:
                    data = connection.recv(AT_ONCE)
                except TimeoutError:
                    continue
                if not data:
                    break
                rest = self._take(rest + data)
        except (OSError, ValueError, TypeError):
            pass  # gone, or no server of this kind; who reads or waits is told
        finally:
            with self._changes:
                self._ended = True
                self._changes.notify_all()

    def _take(self, data: bytes) -> bytes:
        """Take all that is whole; the rest."""
        at = 0
        while piece := _PIECE.match(data, at):
            at, text = piece.end(), piece.group()
            if text[:1] != rfc2217.IAC:
                self._add(text)
            elif text[1:2] == rfc2217.IAC:
                self._add(rfc2217.IAC)
            elif text[1:2] == rfc2217.SB:
                value = text[2:-2].replace(rfc2217.IAC_DOUBLED, rfc2217.IAC)
                self._telnet_process_subnegotiation(value)  # type: ignore[attr-defined]
            elif len(text) == 3:
                self._telnet_negotiate_option(text[1:2], text[2:])  # type: ignore[attr-defined]
        return data[at:]

    def _add(self, data: bytes) -> None:
        with self._changes:
            self._came += data
            self._changes.notify_all()


def _wait(seconds: float | None) -> Deadline:
    return Deadline(math.inf if seconds is None else seconds)
