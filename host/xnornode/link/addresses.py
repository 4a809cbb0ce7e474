"""What names a port, and how it is opened: checked before any work is done."""

import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from urllib.parse import parse_qsl, urlsplit

import serial

from xnornode.errors import LinkError
from xnornode.link.mqtt_url import BROKER, MQTT, check_url

VARIABLE = "XNORNODE_PORT"
"""Environment variable that names the port."""
BAUD_VARIABLE = "XNORNODE_BAUD"
"""Environment variable with its bits per second."""
LINES_VARIABLE = "XNORNODE_LINES"
"""Environment variable with what becomes of its lines."""

BAUDRATE = 115200
"""Bits per second for boards with a UART bridge; USB ports ignore it."""
LOWEST_BAUD, HIGHEST_BAUD = 300, 12_000_000

BOTH, DTR, RTS, NONE, KEEP = LINES = ("both", "dtr", "rts", "none", "keep")
"""Which of DTR and RTS are set while the port is open; `keep`: both, and after it is closed too."""

SOCKET, RFC2217 = "socket://", "rfc2217://"
NETWORK = (SOCKET, RFC2217)
"""How the URLs of ports on a network begin."""
_OPTIONS = {
    SOCKET: {"logging"},
    RFC2217: {"logging", "ign_set_control", "poll_modem", "timeout"},
}
"""What may follow the `?` of a URL."""


_usual: list[str | None] = [None]
"""The lines of ports that name none; the last one counts."""


@contextmanager
def usual_lines(lines: str | None) -> Iterator[None]:
    """Have ports that name no lines be opened with these; a context manager.

    Parameters
    ----------
    lines : str or None
        One of LINES; None changes nothing.
    """
    _usual.append(lines or _usual[-1])
    try:
        yield
    finally:
        _usual.pop()


_NEARLY = re.compile(r"(?i:(socket:|rfc2217:)/*)?([\w.-]+:\d+)")
"""An address on a network without its `://`."""
_LEVELS = ("debug", "info", "warning", "error")


class PortNameError(LinkError):
    """A port's name or setting that cannot be one, whatever is plugged in."""


class Port(str):
    """A port's name, with how it is opened. It goes wherever the name alone goes.

    Parameters
    ----------
    name : str
        Serial port or pyserial URL.
    baud : int, optional
        Bits per second. Default: $XNORNODE_BAUD, or 115200.
    lines : {"both", "dtr", "rts", "none", "keep"}, optional
        Which of DTR and RTS are set while the port is open; "keep": both, also after it is closed.
        Default: $XNORNODE_LINES, or "both".

    Raises
    ------
    LinkError
        For a name, a rate or lines that cannot be.

    Examples
    --------
    >>> port = Port("/dev/ttyUSB0", baud=460800)
    >>> port.startswith("/dev"), port.baud, port.lines
    (True, 460800, 'both')
    """

    baud: int
    lines: str

    def __new__(cls, name: str, baud: int | None = None, lines: str | None = None) -> "Port":
        """The name, checked."""
        return super().__new__(cls, checked_name(name))

    def __init__(self, name: str, baud: int | None = None, lines: str | None = None) -> None:
        if isinstance(name, Port):  # what is not named now was named before
            baud, lines = baud or name.baud, lines or name.lines
        self.baud = checked_baud(str(baud)) if baud is not None else _from(BAUD_VARIABLE)
        self.lines = checked_lines(lines or _usual[-1] or os.environ.get(LINES_VARIABLE) or BOTH)


def _from(variable: str) -> int:
    text = os.environ.get(variable)
    return checked_baud(text) if text else BAUDRATE


def checked_baud(text: str) -> int:
    """Bits per second. Raises PortNameError.

    Examples
    --------
    >>> checked_baud("921600")
    921600
    """
    if text.isascii() and text.isdecimal() and LOWEST_BAUD <= int(text[:9]) <= HIGHEST_BAUD:
        return int(text)
    raise PortNameError(
        f"{text!r} is no baud rate: take a whole number from {LOWEST_BAUD} to {HIGHEST_BAUD}, "
        f"usually {BAUDRATE}"
    )


def checked_lines(text: str) -> str:
    """One of LINES. Raises PortNameError."""
    if text in LINES:
        return text
    raise PortNameError(f"{text!r} is none of {', '.join(LINES)}")


def checked_name(name: str) -> str:
    """A serial port's name, or a URL that has all that it needs. Raises PortNameError.

    Examples
    --------
    >>> checked_name("socket://node:5000")
    'socket://node:5000'
    >>> checked_name("socket://node")
    Traceback (most recent call last):
    ...
    xnornode.link.addresses.PortNameError: socket://node names no TCP port: socket://HOST:PORT
    """
    if not name:
        raise PortNameError("the port's name is empty")
    if not name.isprintable():  # such as a NUL, at which libraries fail each in its own way
        raise PortNameError(f"{name[:80]!r} is no port: its name cannot be printed")
    scheme, mark, _ = name.partition("://")
    kind = scheme.lower() + mark
    if not mark and (meant := _NEARLY.fullmatch(name)):
        raise PortNameError(f"{name} is no serial port: is {_kind(meant[1])}{meant[2]} meant?")
    if kind in NETWORK:
        _check_address(name, kind)
    elif kind in BROKER:
        try:
            check_url(name)
        except LinkError as error:
            raise PortNameError(str(error)) from error
    elif mark and not _is_known(scheme.lower()):
        raise PortNameError(
            f"{scheme}:// is no kind of port: take a serial port's name, {SOCKET}HOST:PORT, "
            f"{RFC2217}HOST:PORT or {MQTT}HOST/NODE"
        )
    return name


def _kind(scheme: str | None) -> str:
    return f"{scheme.lower()}//" if scheme else SOCKET


def _is_known(scheme: str) -> bool:
    """Whether pyserial has such URLs."""
    if not scheme.isidentifier():
        return False
    packages = serial.protocol_handler_packages
    return any(find_spec(f"{package}.protocol_{scheme}") for package in packages)


def _check_address(url: str, kind: str) -> None:
    form = f"{kind}HOST:PORT"
    try:
        parts = urlsplit(url)
        host, options = parts.hostname, parse_qsl(parts.query, keep_blank_values=True)
    except ValueError as error:
        raise PortNameError(f"{url} is no address: {form}, or {kind}[IPv6]:PORT") from error
    if not host:
        raise PortNameError(f"{url} names no host: {form}")
    try:
        port = parts.port
    except ValueError:
        port = 0
    if port is None:
        raise PortNameError(f"{url} names no TCP port: {form}")
    if port == 0:
        raise PortNameError(f"{url}: a TCP port is a number from 1 to 65535: {form}")
    for name, value in options:
        if name not in _OPTIONS[kind]:
            known = ", ".join(sorted(_OPTIONS[kind]))
            raise PortNameError(f"{url}: {name!r} is no option of such ports: {known}")
        if name == "timeout" and not re.fullmatch(r"\d{1,3}(\.\d*)?", value):
            raise PortNameError(f"{url}: timeout={value}: take seconds, such as 5")
        if name == "logging" and value not in _LEVELS:
            raise PortNameError(f"{url}: logging={value}: take one of {', '.join(_LEVELS)}")
