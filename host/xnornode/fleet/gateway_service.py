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


def raise_file_limit() -> None:
    """Let this process have as many files open as the system allows: a port takes some ten."""
    try:
        import resource
    except ImportError:  # Windows
        return
    with suppress(OSError, ValueError):
        _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
