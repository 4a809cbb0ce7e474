"""A gateway as a service: told when it is ready, and that it is alive (systemd's protocol)."""

from __future__ import annotations

import os
import socket
from contextlib import suppress

SOCKET_VARIABLE, WATCHDOG_VARIABLE = "NOTIFY_SOCKET", "WATCHDOG_USEC"


def notify(state: str) -> bool:
    """Tell the service manager, if there is one.

    Parameters
    ----------
    state : str
        Such as "READY=1".

    Returns
    -------
    bool
        Whether there is one.

    Examples
    --------
    >>> notify("READY=1")  # not started by one
    False
    """
    path = os.environ.get(SOCKET_VARIABLE, "")
    if not path or not hasattr(socket, "AF_UNIX"):
        return False
    with suppress(OSError), socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as end:
        end.connect("\0" + path[1:] if path.startswith("@") else path)
        end.sendall(state.encode())
    return True


def watchdog_seconds() -> float | None:
    """How often the service manager wants to hear that this program is alive; None: never."""
    text = os.environ.get(WATCHDOG_VARIABLE, "")
    return int(text) / 2e6 if text.isascii() and text.isdecimal() and int(text) else None


PORT_FILES = 8
"""Files that a port takes at most: a serial one with pyserial's four, and those of its sharing."""
OWN_FILES = 100
"""Files of everything else: the queue, the broker, ports that are just being opened."""


def raise_file_limit() -> int | None:
    """Let this process have as many files open as the system allows.

    Returns
    -------
    int or None
        How many that are; None where nobody limits them.
    """
    try:
        import resource
    except ImportError:  # Windows
        return None
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    with suppress(OSError, ValueError):
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    now, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return None if now == resource.RLIM_INFINITY else now


def too_few_files(ports: int, most: int | None) -> str:
    """What is wrong with a limit of open files, for people; empty if nothing is.

    Parameters
    ----------
    ports : int
        Ports that are to be carried.
    most : int or None
        Files that this process may have open; None: any number.

    Examples
    --------
    >>> too_few_files(1000, 20_000)
    ''
    >>> too_few_files(1000, 1024).partition(":")[0]
    '1,000 ports may take 8,100 open files, and this process may have 1,024'
    """
    needed = PORT_FILES * ports + OWN_FILES
    if most is None or most >= needed:
        return ""
    return (
        f"{ports:,} ports may take {needed:,} open files, and this process may have {most:,}: "
        f"raise it by `ulimit -n {needed}`, or by LimitNOFILE={needed} in the service's unit"
    )
