"""Which serial port: the one that was named, or the only board that is plugged in."""

import os
from collections.abc import Iterable
from urllib.parse import urlsplit

import serial
from serial.tools import list_ports

from xnornode.errors import LinkError
from xnornode.link.deadline import Deadline
from xnornode.link.rfc2217 import Rfc2217Port

RASPBERRY_PI = 0x2E8A
"""USB vendor id; MicroPython on a Pico is one of its serial ports."""
VENDORS = {
    RASPBERRY_PI: "Raspberry Pi",
    0x303A: "Espressif",
    0xF055: "MicroPython",
    0x10C4: "Silicon Labs CP210x",
    0x1A86: "WCH CH340",
    0x0403: "FTDI",
}
"""USB vendors of boards with MicroPython, and of the serial chips on them."""
VARIABLE = "XNORNODE_PORT"
"""Environment variable that names the port."""


def boards(vendors: Iterable[int] = VENDORS) -> list[str]:
    """The serial ports of USB devices by certain vendors.

    Parameters
    ----------
    vendors : iterable of int, default VENDORS
        USB vendor ids.

    Returns
    -------
    list of str
        Their names, sorted.

    Examples
    --------
    >>> boards(vendors=[])
    []
    """
    return sorted(p.device for p in list_ports.comports() if p.vid in vendors)


def find_port(named: str | None) -> str:
    """The port that was named, or $XNORNODE_PORT, or the only board's.

    Parameters
    ----------
    named : str or None
        Serial port or pyserial URL, if the user named one.

    Returns
    -------
    str
        Serial port or pyserial URL.

    Raises
    ------
    LinkError
        If none is named and not exactly one board is plugged in.

    Examples
    --------
    >>> find_port("socket://127.0.0.1:5000")
    'socket://127.0.0.1:5000'
    """
    port = named or os.environ.get(VARIABLE)
    if port:
        return port
    found = boards()
    if len(found) > 1:
        raise LinkError(
            f"{len(found)} boards found: choose one with --port {' or '.join(found)}, or with the "
            f"environment variable {VARIABLE}"
        )
    if not found:
        raise LinkError(
            f"no board found: plug one in, or name its port with --port or the environment "
            f"variable {VARIABLE}"
        )
    return found[0]


BAUDRATE = 115200
"""Bits per second for boards with a UART bridge; USB ports ignore it."""

SOCKET, RFC2217 = "socket://", "rfc2217://"
NETWORK = (SOCKET, RFC2217)
"""How the URLs of ports on a network begin."""

RETRY = 0.2
"""Seconds between two looks for a port that went away."""

ANSWER_TIMEOUT = 10.0
"""Seconds without a byte from a board that owes an answer before it counts as silent."""

try:
    import termios

    PORT_ERRORS: tuple[type[Exception], ...] = (OSError, termios.error)
except ImportError:
    PORT_ERRORS = (OSError,)
"""What pyserial raises for a port that has gone away."""


def open_port(url: str) -> serial.SerialBase:
    """Open a serial port, or what a pyserial URL names.

    Parameters
    ----------
    url : str
        Serial port or pyserial URL.

    Returns
    -------
    serial.SerialBase
        The port. A read or write that makes no progress ends after ANSWER_TIMEOUT.

    Raises
    ------
    LinkError
        If it cannot be opened; the message says what to do.
    """
    try:
        port = _named(url, BAUDRATE)
        port.timeout = port.write_timeout = ANSWER_TIMEOUT
        if "://" not in url:
            port.exclusive = True
        port.open()
    except PORT_ERRORS as error:
        raise LinkError(_why_not_open(url, error)) from error
    except ValueError as error:  # no such kind of URL
        raise LinkError(f"cannot open {url}: {error}") from error
    return port


def _named(url: str, baud: int) -> serial.Serial | Rfc2217Port:
    """The port of that name, not open yet. Raises ValueError for an unknown kind of URL."""
    if url.lower().startswith(RFC2217):
        port = Rfc2217Port(baudrate=baud)
        port.port = url
        return port
    return serial.serial_for_url(url, baudrate=baud, do_not_open=True)


def open_again(url: str, seconds: float) -> serial.SerialBase:
    """A port that went away, once it can be opened again.

    Parameters
    ----------
    url : str
        Serial port or pyserial URL.
    seconds : float
        How long to try.

    Returns
    -------
    serial.SerialBase
        The open port.

    Raises
    ------
    LinkError
        If it cannot be opened in this time.
    """
    wait = Deadline(seconds)
    while True:
        try:
            return open_port(url)
        except LinkError:
            if wait.passed:
                raise
            wait.pause(RETRY)


def _why_not_open(url: str, error: Exception) -> str:
    text = str(error)
    # Windows words its errors in the user's language: there the class and the number tell.
    if any(sign in text for sign in ("exclusively lock", "busy", "PermissionError")):
        return f"{url} is busy: close the program that has it open (a terminal, Thonny, mpremote)"
    if "Permission denied" in text:
        return f"{url}: permission denied: add yourself to the group dialout and log in again"
    if any(sign in text for sign in ("No such file", "FileNotFoundError", "refused", "10061")):
        return f"{url} is not there: plug the board in, or name its port with --port"
    if any(sign in text for sign in ("Inappropriate ioctl", "Is a directory", "symbolic links")):
        return f"{url} is no serial port: name one, such as /dev/ttyACM0"
    if not _has_port(url):
        return f"cannot open {url}: an address on a network is {NETWORK[0]}HOST:PORT"
    return f"cannot open {url}: {text}"


def _has_port(url: str) -> bool:
    """Whether a URL of a network has what it needs; any other one does not need it."""
    if not url.lower().startswith(NETWORK):
        return True
    try:
        return urlsplit(url).port is not None
    except ValueError:
        return False
