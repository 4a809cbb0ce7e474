"""Where the programs of one user meet that want one port (docs/reference/sharing.md)."""

from __future__ import annotations

import hashlib
import json
import os
import secrets
import socket
import stat
import struct
import tempfile
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

from xnornode.errors import LinkError
from xnornode.link.addresses import NETWORK
from xnornode.link.share_frames import LONGEST_GREETING, about_this, who

try:
    import fcntl
except ImportError:
    fcntl = None  # type: ignore[assignment]

UNIX = hasattr(socket, "AF_UNIX") and hasattr(os, "getuid")
"""Whether there are Unix sockets; else programs meet at a TCP port of this computer."""
BACKLOG = 16
"""Programs that may wait to be let in."""
CONNECT_SECONDS = 1.0
"""Seconds for a connection to an owner, which may be stopped."""
LOOK = 0.5
"""Seconds between two looks whether the place was left."""
LOCAL = "127.0.0.1"


class NoPlaceError(LinkError):
    """There is no folder in which programs can meet safely; the text says why."""


def is_shared(name: str) -> bool:
    """Whether ports of this name are shared.

    Examples
    --------
    >>> is_shared("/dev/ttyACM0"), is_shared("socket://node:5000"), is_shared("loop://")
    (True, True, False)
    """
    return "://" not in name or name.lower().startswith(NETWORK)


def key_of(name: str) -> str:
    """What all names of a port have in common.

    Examples
    --------
    >>> key_of("socket://Node:5000") == key_of("socket://node:5000?logging=debug")
    True
    """
    real = name.partition("?")[0].lower() if "://" in name else os.path.realpath(name)
    return hashlib.sha256(real.encode(errors="surrogateescape")).hexdigest()[:16]


def folder() -> Path:
    """The user's own folder, which is made where it is not there.

    Raises
    ------
    NoPlaceError
        If it belongs to somebody else, or others can enter it.
    """
    if not UNIX:
        place = Path(os.environ.get("LOCALAPPDATA") or tempfile.gettempdir()) / "xnornode"
    else:
        place = _unix_folder()
    try:
        place.mkdir(mode=0o700, exist_ok=True)
        found = place.lstat()
    except OSError as error:
        raise NoPlaceError(f"cannot make the folder {place}: {error.strerror}") from error
    if not stat.S_ISDIR(found.st_mode):
        raise NoPlaceError(f"{place} is no folder: remove it")
    if UNIX and found.st_uid != os.getuid():
        raise NoPlaceError(f"{place} belongs to another user: remove it")
    if UNIX and found.st_mode & 0o077:
        raise NoPlaceError(f"others can enter the folder {place}: chmod 700 {place}")
    return place


def _unix_folder() -> Path:
    run = os.environ.get("XDG_RUNTIME_DIR") or f"/run/user/{os.getuid()}"
    if os.path.isdir(run) and os.access(run, os.W_OK):
        return Path(run, "xnornode")
    return Path(tempfile.gettempdir(), f"xnornode-{os.getuid()}")


class Place:
    """Where the programs meet that want one port.

    Parameters
    ----------
    name : str
        The port.

    Raises
    ------
    NoPlaceError
        If there is no safe folder.
    """

    def __init__(self, name: str) -> None:
        self._base = folder() / key_of(name)
        self._lock: int | None = None
        self._listener: socket.socket | None = None
        self._token = secrets.token_hex(16)

    def _path(self, ending: str) -> str:
        return f"{self._base}.{ending}"

    def claim(self) -> bool:
        """Become the owner, and listen; False where another program is."""
        lock = os.open(self._path("lock"), os.O_RDWR | os.O_CREAT | _CLOSED, 0o600)
        if not _try_lock(lock):
            os.close(lock)
            return False
        self._lock = lock
        with suppress(OSError):  # for `owner` alone
            os.ftruncate(lock, 0)
            os.write(lock, json.dumps(about_this()).encode())
        try:
            self._listener = self._listen()
            self._listener.settimeout(LOOK)
        except OSError as error:
            self.leave()
            raise NoPlaceError(f"cannot listen in {self._base.parent}: {error}") from error
        return True

    def owner(self) -> str:
        """The program that has claimed the place, in words, also where it does not answer."""
        try:
            with open(self._path("lock"), "rb") as file:
                said = json.loads(file.read(LONGEST_GREETING))
        except (OSError, ValueError, RecursionError):  # as on Windows, while it is locked
            said = None
        return who(said if isinstance(said, dict) else {})

    def _listen(self) -> socket.socket:
        self._remove()  # that of an owner which was killed: the lock says that it is gone
        if UNIX:
            listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
            listener.bind(self._path("sock"))
            listener.listen(BACKLOG)
            return listener
        listener = socket.create_server((LOCAL, 0), backlog=BACKLOG)
        about = {"port": listener.getsockname()[1], "token": self._token}
        new = self._path("new")
        with open(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
            file.write(json.dumps(about).encode())
        os.replace(new, self._path("tcp"))
        return listener

    def accept(self) -> socket.socket | None:
        """The next program that wants in; None once the place is left."""
        while listener := self._listener:
            try:
                end, _ = listener.accept()
            except TimeoutError:  # not every system wakes who waits at a socket that is closed
                continue
            except OSError:
                time.sleep(LOOK)  # closed, or too many files are open just now
                continue
            if self._listener and _is_own(end):
                return end
            end.close()
        return None

    @property
    def number(self) -> int | None:
        """Of the file on which programs come in."""
        return self._listener.fileno() if self._listener else None

    def accept_now(self) -> socket.socket | None:
        """The program that waits to be let in; None where it has gone again."""
        try:
            end, _ = self._listener.accept() if self._listener else (None, None)
        except OSError:
            return None
        if end and not _is_own(end):
            end.close()
            return None
        return end

    def admits(self, said: dict[str, Any]) -> bool:
        """Whether what a program said of itself lets it in."""
        return UNIX or secrets.compare_digest(str(said.get("token")), self._token)

    def leave(self) -> None:
        """Listen no longer, and be the owner no longer."""
        listener, self._listener = self._listener, None
        if listener:
            with suppress(OSError):
                listener.shutdown(socket.SHUT_RDWR)  # ends an `accept` that waits
            listener.close()
            self._remove()
        lock, self._lock = self._lock, None
        if lock is not None:
            if fcntl:  # a process that was forked meanwhile has the file open, too
                with suppress(OSError):
                    fcntl.flock(lock, fcntl.LOCK_UN)
            os.close(lock)

    def _remove(self) -> None:
        for ending in ("sock", "tcp"):
            with suppress(OSError):
                os.unlink(self._path(ending))

    def connect(self) -> tuple[socket.socket, dict[str, Any]] | None:
        """A connection to the owner, and what to say there beside; None where nobody listens."""
        more: dict[str, Any] = {}
        try:
            if UNIX:
                end = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
                try:
                    # An owner that is stopped lets nobody in, and its queue may be full
                    end.settimeout(CONNECT_SECONDS)
                    end.connect(self._path("sock"))
                    end.settimeout(None)
                except BaseException:
                    end.close()
                    raise
            else:
                about = json.loads(Path(self._path("tcp")).read_text(encoding="utf-8"))
                end = socket.create_connection((LOCAL, int(about["port"])), CONNECT_SECONDS)
                end.settimeout(None)
                end.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                more = {"token": str(about["token"])}
        except (OSError, ValueError, KeyError, TypeError):
            return None
        if not _is_own(end):
            end.close()
            return None
        return end, more


_CLOSED = getattr(os, "O_CLOEXEC", 0)


def _try_lock(file: int) -> bool:
    """Lock an open file unless another program has; the lock ends with the process."""
    try:
        if fcntl:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        else:
            import msvcrt

            msvcrt.locking(file, msvcrt.LK_NBLCK, 1)  # type: ignore[attr-defined]
    except OSError:
        return False
    return True


def _is_own(end: socket.socket) -> bool:
    """Whether the process at the other end is one of this user, as far as the system says it."""
    if not (UNIX and hasattr(socket, "SO_PEERCRED")):
        return True
    size = struct.calcsize("3i")
    try:
        peer = struct.unpack("3i", end.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, size))
    except OSError:
        return False
    return bool(peer[1] in (os.getuid(), 0))
