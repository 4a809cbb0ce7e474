"""Which serial port: the one that was named, or the only board that is plugged in."""

import os
import re
import socket
import time
from collections.abc import Iterable

import serial
from serial.tools import list_ports

from xnornode.errors import LinkError, XnorNodeError
from xnornode.link.addresses import (
    BAUDRATE,
    NETWORK,
    RFC2217,
    SOCKET,
    VARIABLE,
    Port,
    PortNameError,
)
from xnornode.link.deadline import Deadline
from xnornode.link.lines import PORT_ERRORS, open_lines
from xnornode.link.mqtt_url import BROKER
from xnornode.link.reactor import Reactor
from xnornode.link.rfc2217 import Rfc2217Port
from xnornode.link.share import LENT_SECONDS, open_shared
from xnornode.link.socket_port import SocketPort

__all__ = [
    "ANSWER_TIMEOUT",
    "BAUDRATE",
    "BOARDS",
    "PORT_ERRORS",
    "RASPBERRY_PI",
    "RETRY",
    "VARIABLE",
    "VENDORS",
    "AtOnce",
    "Port",
    "boards",
    "find_port",
    "open_again",
    "open_port",
]

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
BOARDS = (RASPBERRY_PI, 0x303A, 0xF055)
"""Those whose devices are boards. The others' chips are in printers and meters as well."""


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


def find_port(named: str | None, baud: int | None = None, lines: str | None = None) -> Port:
    """The port that was named, or $XNORNODE_PORT, or the only board's.

    Parameters
    ----------
    named : str or None
        Serial port or pyserial URL, if the user named one.
    baud, lines : optional
        As those of `Port`.

    Returns
    -------
    Port
        Its name, and how it is opened.

    Raises
    ------
    LinkError
        If none is named and not exactly one board is plugged in, or it can be no port.

    Examples
    --------
    >>> find_port("socket://127.0.0.1:5000")
    'socket://127.0.0.1:5000'
    """
    port = named or os.environ.get(VARIABLE)
    if port:
        return Port(port, baud, lines)
    found = boards()
    if len(found) > 1:
        raise LinkError(
            f"{len(found)} boards found: choose one with --port {' or '.join(found)}, or with the "
            f"environment variable {VARIABLE}",
            "port",
        )
    if not found:
        raise LinkError(
            f"no board found: plug one in, or name its port with --port or the environment "
            f"variable {VARIABLE}",
            "port",
        )
    return Port(found[0], baud, lines)


class AtOnce(Port):
    """A port that is not waited for where another program has it for itself."""


RETRY = 0.2
"""Seconds between two looks for a port that went away."""

ANSWER_TIMEOUT = 10.0
"""Seconds without a byte from a board that owes an answer before it counts as silent."""


def open_port(url: str, reactor: Reactor | None = None) -> serial.SerialBase:
    """Open a serial port, or what a pyserial URL names, together with who has it open already.

    Parameters
    ----------
    url : str
        Serial port or pyserial URL; a `Port` says how it is opened. `AtOnce` does not wait where
        another program has the port for itself.
    reactor : Reactor, optional
        Reads the port in its thread, together with many others; `SharedPort.listen` has what
        comes.

    Returns
    -------
    serial.SerialBase
        The port. A read or write that makes no progress ends after ANSWER_TIMEOUT.

    Raises
    ------
    LinkError
        If it cannot be opened; the message says what to do.
    """
    name = url if isinstance(url, Port) else Port(url)
    patience = 0.0 if isinstance(url, AtOnce) else LENT_SECONDS
    port = open_shared(name, _open_alone, patience, reactor)
    port.timeout = port.write_timeout = ANSWER_TIMEOUT
    return port


def _open_alone(name: Port) -> serial.SerialBase:
    """Open the real port. Raises LinkError."""
    try:
        port = _named(name)
        port.timeout = port.write_timeout = ANSWER_TIMEOUT
        if "://" not in name:
            port.exclusive = True
        open_lines(port, name.lines)
    except XnorNodeError:  # which says what is wrong already
        raise
    except PORT_ERRORS as error:
        raise LinkError(_why_not_open(name, error), "port") from error
    except re.error as error:  # of hwgrep://
        raise LinkError(f"cannot open {name}: it holds no regular expression: {error}") from error
    except (LookupError, TypeError, AttributeError) as error:  # an option that it does not know
        raise LinkError(f"cannot open {name}: check what follows its ://, {error}") from error
    except (ValueError, NotImplementedError) as error:  # a setting that it does not take
        raise LinkError(f"cannot open {name} with {name.baud} baud: {error}") from error
    return port


def _named(name: Port) -> serial.SerialBase:
    """The port of that name, not open yet."""
    if name.lower().startswith(BROKER):
        from xnornode.link.mqtt_port import MqttPort

        broker_port = MqttPort(patience=ANSWER_TIMEOUT)
        broker_port.port = str(name)
        return broker_port
    for kind, its_class in ((RFC2217, Rfc2217Port), (SOCKET, SocketPort)):
        if name.lower().startswith(kind):
            port: serial.SerialBase = its_class(baudrate=name.baud)
            port.port = str(name)
            return port
    return serial.serial_for_url(str(name), baudrate=name.baud, do_not_open=True)


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
    wait, url = Deadline(seconds), AtOnce(url)
    while True:
        try:
            return open_port(url)
        except PortNameError:
            raise
        except LinkError:
            if wait.passed:
                raise
            wait.pause(RETRY)


def pace(opened: float) -> None:
    """Wait until a port is RETRY seconds old: one that went away at once may do so again.

    Parameters
    ----------
    opened : float
        When it was opened, by `time.monotonic`.
    """
    time.sleep(max(0.0, opened + RETRY - time.monotonic()))


def _why_not_open(url: str, error: Exception) -> str:
    if url.lower().startswith(NETWORK):
        return _why_not_reached(url, error)
    text = str(error)
    # Windows words its errors in the user's language: there the class and the number tell.
    if any(sign in text for sign in ("exclusively lock", "busy", "PermissionError")):
        return f"{url} is busy: close the program that has it open (a terminal, Thonny, mpremote)"
    if "Permission denied" in text:
        return f"{url}: permission denied: add yourself to the group dialout and log in again"
    if any(sign in text for sign in ("No such file", "FileNotFoundError")):
        return f"{url} is not there: plug the board in, or name its port with --port"
    if any(sign in text for sign in ("Inappropriate ioctl", "Is a directory", "symbolic links")):
        return f"{url} is no serial port: name one, such as /dev/ttyACM0"
    return f"cannot open {url}: {text}"


def _why_not_reached(url: str, error: Exception) -> str:
    text, cause = str(error), error.__context__
    if isinstance(cause, socket.gaierror | UnicodeError):
        return f"{url}: no host of this name is found: check it, or take the host's IP address"
    if isinstance(cause, ConnectionRefusedError) or "10061" in text:
        return (
            f"{url} is not there: the host answers, but nothing listens on this TCP port; start "
            "the node's program or the server of its serial port, or name another one with --port"
        )
    if isinstance(cause, TimeoutError):
        return f"{url}: the host does not answer: is it on, and in this network?"
    if "RFC2217" in text or "waiting for option" in text:
        return (
            f"{url}: what listens there does not speak RFC 2217: take {SOCKET}HOST:PORT for a "
            "plain TCP port; a server with one client may be in use by another program"
        )
    return f"cannot open {url}: {cause if isinstance(cause, OSError) else text}"
