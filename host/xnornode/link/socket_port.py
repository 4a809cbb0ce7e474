"""A port behind a plain TCP server: pyserial's, without its waits."""

import socket
from contextlib import suppress
from typing import Any

import serial
from serial.urlhandler import protocol_socket

from xnornode.link.deadline import Deadline

LAST_WORDS = 0.3
"""Seconds for the server to close its end, which it may need before it lets anybody in again."""
AT_ONCE = 65536


def end_connection(connection: socket.socket, wait: Deadline) -> None:
    """Close a connection, once the server has closed its end too or will not do so in time."""
    with suppress(OSError):
        connection.shutdown(socket.SHUT_WR)
        while not wait.passed:
            connection.settimeout(max(0.001, wait.left))
            if not connection.recv(AT_ONCE):
                break
    with suppress(OSError):
        connection.shutdown(socket.SHUT_RDWR)
    connection.close()


class SocketPort(protocol_socket.Serial):
    """A write is not held back, and a close is over as soon as the server knows of it.

    pyserial's own class leaves a short write with the system until the server has confirmed the
    one before (up to 0.04 s), and sleeps 0.3 s in each close.

    Parameters
    ----------
    port : str or None, default None
        URL, such as socket://host:5000. It is opened at once where it is named.
    **settings
        As those of `serial.Serial`.

    Examples
    --------
    >>> SocketPort(write_timeout=10).is_open
    False
    """

    _socket: Any  # socket.socket, or None while closed
    _opening = False

    def open(self) -> None:
        """Connect. Raises SerialException."""
        self._opening = True
        try:
            super().open()
        finally:
            self._opening = False
        with suppress(OSError):  # gone already: the next read says so
            self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def reset_input_buffer(self) -> None:
        """Forget what has come. Unlike pyserial's own, whatever the number of the file."""
        if self._opening:  # a node's first lines, and nothing from before
            return
        if not self.is_open:
            raise serial.PortNotOpenError()
        try:
            while self._socket.recv(AT_ONCE):
                pass
        except BlockingIOError:
            pass
        except OSError as error:
            raise serial.SerialException(f"connection failed ({error})") from error

    def close(self) -> None:
        """Close the connection."""
        connection, self._socket = getattr(self, "_socket", None), None
        self.is_open = False
        if connection:
            end_connection(connection, Deadline(LAST_WORDS))
