"""DTR and RTS: set and cleared so that a board that resets itself by them never does.

On such boards EN, the reset, is low while RTS is set and DTR is not. So DTR is set first and
cleared last, as mpremote does it.
"""

import os
from contextlib import suppress
from typing import Any
from weakref import WeakSet

from serial.tools import list_ports

from xnornode.link.addresses import BOTH, DTR, KEEP, RTS
from xnornode.link.deadline import Deadline

try:
    import termios

    PORT_ERRORS: tuple[type[Exception], ...] = (OSError, termios.error)
except ImportError:
    termios = None  # type: ignore[assignment]
    PORT_ERRORS = (OSError,)
"""What pyserial raises for a port that has gone away."""

WINDOWS = os.name == "nt"
SILICON_LABS = 0x10C4
"""USB vendor whose driver for Windows sets the lines at different times on opening."""

RESET_PULSE = 0.1
"""Seconds for which the reset line is held."""
STRAPS = 0.1
"""Seconds in which a chip has read which program to start, from pins that DTR may pull down."""

_kept: WeakSet[Any] = WeakSet()
"""Open ports whose lines stay as they are when they are closed."""


def wanted(lines: str) -> tuple[bool, bool]:
    """Whether DTR is set while the port is open, and RTS.

    Examples
    --------
    >>> wanted("both"), wanted("dtr")
    ((True, True), (True, False))
    """
    return lines in (BOTH, DTR, KEEP), lines in (BOTH, RTS, KEEP)


def open_lines(port: Any, lines: str) -> None:
    """Open a port that has its name and settings. Raises as its `open` does.

    Parameters
    ----------
    port : serial.SerialBase
        The port.
    lines : str
        One of `addresses.LINES`.
    """
    dtr, rts = wanted(lines)
    # A local port's system sets both lines on opening; what is cleared after is cleared in order
    late = not WINDOWS and "://" not in str(port.port)
    apart = WINDOWS and _vendor(str(port.port)) == SILICON_LABS
    if late:
        port.dtr = port.rts = True
    else:
        port.dtr, port.rts = (False, False) if apart else (dtr, rts)
    port.open()
    try:
        if apart:
            set_lines(port, lines)
        elif late and not (dtr and rts):
            with suppress(*PORT_ERRORS):  # a port without such lines
                port.rts = rts
                port.dtr = dtr
        if lines == KEEP:
            _kept.add(port)
            _no_hang_up(port)
    except BaseException:
        close_lines(port)
        raise


def pulse(port: Any, name: str, wait: Deadline) -> None:
    """Reset a board by its lines; then they are as they were. A port without lines stays as it is.

    Parameters
    ----------
    port : serial.SerialBase
        The open port.
    name : str
        Its name; a `Port` says which lines are set.
    wait : Deadline
        When to have ended.
    """
    with suppress(*PORT_ERRORS):
        port.dtr = False
        port.rts = True
        wait.pause(RESET_PULSE)
        port.rts = False
        wait.pause(STRAPS)
    set_lines(port, getattr(name, "lines", BOTH))


def set_lines(port: Any, lines: str) -> None:
    """Set what is wanted, where both lines are clear. A port without lines stays as it is."""
    with suppress(*PORT_ERRORS):
        for name, on in zip(("dtr", "rts"), wanted(lines), strict=True):
            if on:
                setattr(port, name, True)


def close_lines(port: Any) -> None:
    """Close a port, its lines cleared first, RTS before DTR; unless they are kept."""
    with suppress(*PORT_ERRORS):
        # Others may have a shared one open; its hub clears the lines
        if port.is_open and port not in _kept and not getattr(port, "shares", False):
            port.rts = False
            port.dtr = False
    with suppress(*PORT_ERRORS):
        port.close()


def _no_hang_up(port: Any) -> None:
    """Have the system leave the lines as they are when a port is closed; Windows cannot."""
    if termios is None or not isinstance(getattr(port, "fd", None), int):
        return
    with suppress(*PORT_ERRORS):
        settings = termios.tcgetattr(port.fd)
        settings[2] &= ~termios.HUPCL
        termios.tcsetattr(port.fd, termios.TCSANOW, settings)


def _vendor(name: str) -> int | None:
    return next((p.vid for p in list_ports.comports() if p.device == name), None)
