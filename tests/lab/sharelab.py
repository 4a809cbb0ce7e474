"""Programs that share a port: a node's end in this process, and other processes that open it."""

import os
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import serial

from xnornode.link.addresses import Port
from xnornode.link.deadline import Deadline
from xnornode.link.share import _join
from xnornode.link.share_place import Place
from xnornode.link.share_port import SharedPort

SOON = 20.0
"""Seconds within which what has to happen does, on a busy computer."""


class FarEnd:
    """The node's end of a port: a TCP port that one program at a time should have open.

    `url` is the port; `opened` says how often it was opened, `most` by how many at once.
    """

    def __init__(self) -> None:
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"socket://127.0.0.1:{self._listener.getsockname()[1]}"
        self.heard = b""
        self.opened = self.most = 0
        self._ends: list[socket.socket] = []
        self._changed = threading.Condition()
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                end, _ = self._listener.accept()
                with self._changed:
                    self.opened += 1
                    self._ends.append(end)
                    self.most = max(self.most, len(self._ends))
                    self._changed.notify_all()
                threading.Thread(target=self._hear, args=(end,), daemon=True).start()

    def _hear(self, end: socket.socket) -> None:
        with suppress(OSError):
            while data := end.recv(65536):
                with self._changed:
                    self.heard += data
                    self._changed.notify_all()
        with self._changed:
            if end in self._ends:
                self._ends.remove(end)
            self._changed.notify_all()
        end.close()

    def until(self, holds: Callable[[], object]) -> bool:
        """Whether something comes to hold."""
        with self._changed:
            return bool(self._changed.wait_for(holds, SOON))

    def hears(self, data: bytes) -> bool:
        """Whether bytes come, which are forgotten then, and all before them."""
        if not self.until(lambda: data in self.heard):
            return False
        self.heard = self.heard[self.heard.index(data) + len(data) :]
        return True

    @property
    def is_open(self) -> bool:
        """Whether a program has the port open."""
        return bool(self._ends)

    def say(self, data: bytes) -> None:
        """Write to who has the port open."""
        assert self.until(lambda: self._ends), "nobody has the port open"
        self._ends[-1].sendall(data)

    def unplug(self) -> None:
        """Have the port go away; it can be opened again at once."""
        for end in [*self._ends]:
            end.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        """Have it never come back."""
        self._listener.close()
        self.unplug()


def guest(url: str) -> SharedPort:
    """The port as another program would have it, though the owner is this process."""
    name = Port(url)
    port = _join(name, Place(name), Deadline(SOON))
    assert port, "nobody serves it"
    port.timeout = port.write_timeout = SOON
    return port


@contextmanager
def program(code: str, url: str, **more: str) -> Iterator[subprocess.Popen[str]]:
    """Another process that has `url`, and `open_port` imported."""
    script = f"import sys, time\nfrom xnornode.link.ports import open_port\nurl = {url!r}\n{code}"
    process = subprocess.Popen(
        [sys.executable, "-c", script],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, **more},
    )
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


def read(port: serial.SerialBase, data: bytes) -> bytes:
    """As many bytes as `data` has."""
    port.timeout = SOON
    return port.read(len(data))


def meeting_files(folder: Path) -> set[str]:
    """What programs have left where they meet, but for locks."""
    return {path.name for path in folder.glob("xnornode/*") if path.suffix != ".lock"}
