"""Carries lines between PCs and a node's port, through a guard (docs/guides/security.md)."""

import os
import select
import socket
import threading
import time
from collections.abc import Iterable
from functools import partial
from pathlib import Path
from typing import Protocol

import serial

from xnornode.errors import LinkError, LinkLost
from xnornode.link.guard import LONGEST_LINE, Filter, to_host, to_node
from xnornode.link.lines import PORT_ERRORS, close_lines
from xnornode.link.ports import RETRY, AtOnce, open_port
from xnornode.link.share_port import SharedPort

READ_BYTES = 4096
"""Bytes that are read at a time."""
ROOM = 4096
"""Bytes that may wait for a PC. Beyond that the node waits, as on any serial line."""
PATIENCE = 1.0
"""Seconds after which a PC that reads nothing does not hold up the node: lines are dropped."""
GLANCE = 0.2
"""Seconds after which each side looks whether the other one has ended."""
POLL = 0.01
"""Seconds between two looks at a port that `select` does not take."""


class Side(Protocol):
    """Where PCs connect. `name` is what they open."""

    name: str
    turned_away: int

    def receive(self, seconds: float) -> bytes | None:
        """What has come, b"" where nothing has in this time. None: whoever was there has gone."""

    def send(self, data: bytes) -> int:
        """Write without waiting; how many bytes were taken. Without a PC, all are."""

    def close(self) -> None:
        """Send the PC away, and take no other one."""


class TcpSide:
    """A TCP port for one PC at a time; a second one is turned away.

    Parameters
    ----------
    host : str
        Address of this computer on which to listen.
    port : int
        0 takes a free one.

    Raises
    ------
    LinkError
        If it cannot listen there.
    """

    def __init__(self, host: str, port: int) -> None:
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        try:
            self._listener = socket.create_server((host, port), family=family)
        except (OSError, OverflowError) as error:
            raise LinkError(f"cannot listen on {host}:{port}: {error}") from error
        shown = f"[{host}]" if ":" in host else host
        self.name = f"socket://{shown}:{self._listener.getsockname()[1]}"
        self.turned_away = 0
        self._client: socket.socket | None = None

    def receive(self, seconds: float) -> bytes | None:
        """What has come."""
        sources = [self._listener] + ([self._client] if self._client else [])
        ready = select.select(sources, [], [], seconds)[0]
        if self._client not in ready:
            if self._listener in ready:  # the one before may just have gone: then it is ready, too
                self._admit()
            return b""
        assert self._client
        try:
            data = self._client.recv(READ_BYTES)
        except OSError:
            data = b""
        if not data:
            client, self._client = self._client, None
            client.close()
        return data or None

    def _admit(self) -> None:
        client, _ = self._listener.accept()
        if self._client:
            client.close()
            self.turned_away += 1
            return
        client.setblocking(False)
        client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        client.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)  # one that vanished is noticed
        self._client = client

    def send(self, data: bytes) -> int:
        """Write without waiting."""
        try:
            return self._client.send(data) if self._client else len(data)
        except BlockingIOError:
            return 0
        except OSError:  # `receive` finds out that it has gone
            return len(data)

    def close(self) -> None:
        """Close both ends."""
        for end in filter(None, (self._client, self._listener)):
            end.close()


class PtySide:
    """A pseudo-terminal, which PCs open as a serial port. Not on Windows.

    Parameters
    ----------
    path : Path
        A symbolic link to it, which is made here and removed by `close`.

    Raises
    ------
    LinkError
        If there is something at `path`, or there are no pseudo-terminals.
    """

    turned_away = 0

    def __init__(self, path: Path) -> None:
        try:
            import tty

            self._master, self._slave = os.openpty()  # it stays open: a PC may come and go
        except (ImportError, AttributeError, OSError) as error:
            raise LinkError(f"no pseudo-terminal here ({error}): name HOST:PORT") from error
        tty.setraw(self._slave)
        os.set_blocking(self._master, False)
        self._path, self._target = path, os.ttyname(self._slave)
        try:
            path.symlink_to(self._target)
        except OSError as error:
            raise LinkError(f"cannot make {path}: {error.strerror}") from error
        self.name = str(path)

    def receive(self, seconds: float) -> bytes | None:
        """What has come. Who opens and closes it is not seen."""
        if not select.select([self._master], [], [], seconds)[0]:
            return b""
        try:
            return os.read(self._master, READ_BYTES)
        except OSError:
            return b""

    def send(self, data: bytes) -> int:
        """Write without waiting."""
        try:
            return os.write(self._master, data)
        except BlockingIOError:
            return 0

    def close(self) -> None:
        """Remove the link, if it is still the one that was made."""
        if self._path.is_symlink() and os.readlink(self._path) == self._target:
            self._path.unlink()
        os.close(self._master)
        os.close(self._slave)


class Relay:
    """Runs a guard between a side and a node's port. `turn` does some of it, again and again.

    Parameters
    ----------
    side : TcpSide or PtySide
        Where PCs connect.
    url : str
        Serial port or pyserial URL of the node.
    allow_stream : bool, default False
        Whether a PC may ask for raw samples.

    Attributes
    ----------
    commands, events : Filter
        What goes to the node, and what comes from it.
    unread : int
        Lines that were dropped because the PC does not read.

    Raises
    ------
    LinkError
        If the port cannot be opened.
    """

    def __init__(self, side: Side, url: str, allow_stream: bool = False) -> None:
        self.side, self.url = side, url
        self.commands = Filter(partial(to_node, allow_stream=allow_stream))
        self.events = Filter(to_host)
        self.unread = 0
        self._out, self._read = b"", time.monotonic()  # for the PC; when it last read
        self._lock = threading.Lock()  # of `_out`
        self._open(open_port(url))

    def _open(self, port: serial.SerialBase) -> None:
        port.timeout = 0
        self._port, self._lost, self._ends = port, False, False
        self._thread = threading.Thread(target=self._listen, args=(port,), daemon=True)
        self._thread.start()

    def turn(self) -> None:
        """Carry what comes within a moment.

        Raises
        ------
        LinkLost
            If the node's port has gone away. `reopen` waits for it.
        """
        data = self.side.receive(GLANCE)
        if data is None:
            self.commands.reset()
            with self._lock:  # no half line for the next one
                self._out = b""
            return
        try:
            for line in self.commands.feed(data):
                self._port.write(line)
        except PORT_ERRORS as error:
            raise LinkLost(f"{self.url} went away: {error}") from error
        if self._lost:
            raise LinkLost(f"{self.url} went away")

    def reopen(self) -> None:
        """Wait until the node's port is there again."""
        self.close()
        for lines in (self.commands, self.events):
            lines.reset()
        while True:
            try:
                return self._open(open_port(AtOnce(self.url)))
            except LinkError:
                time.sleep(RETRY)

    def close(self) -> None:
        """Close the node's port."""
        self._ends = True
        self._thread.join()

    def _listen(self, port: serial.SerialBase) -> None:
        """What the node says, until its port goes away. Runs in a thread."""
        try:
            while not self._ends:
                if len(self._out) < ROOM or time.monotonic() > self._read + PATIENCE:
                    lines = list(self.events.feed(self._heard(port)))
                else:
                    lines = []
                    time.sleep(POLL)
                with self._lock:
                    self._hand_on(lines)
        except PORT_ERRORS:
            pass  # `turn` says so
        finally:
            close_lines(port)
            self._lost = True

    def _hand_on(self, lines: Iterable[bytes]) -> None:
        """Give the PC lines that pass, as far as it reads."""
        for line in lines:
            if len(self._out) < ROOM + LONGEST_LINE:
                self._out += line
            else:
                self.unread += 1
        taken = self.side.send(self._out) if self._out else 0
        self._out = self._out[taken:]
        if taken or not self._out:
            self._read = time.monotonic()

    def _heard(self, port: serial.SerialBase) -> bytes:
        """What has come; after a moment b"" where nothing has. Raises PORT_ERRORS."""
        wait = POLL if self._out else GLANCE
        if isinstance(port, SharedPort):
            port.wait(wait)
        else:
            try:
                select.select([port.fileno()], [], [], wait)
            except (OSError, ValueError, AttributeError):  # Windows, rfc2217://
                time.sleep(POLL)
        data: bytes = port.read(READ_BYTES)
        return data
