"""A node that listens on a TCP port: device/classify.py on the unix build, with a net.json."""

import json
import os
import threading
import time
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from tests.lab.bridge import Bridge
from tests.lab.faultlab import QUICK, Lab, lab_models
from tests.lab.livenode import DEVICE, prepare
from tests.lab.unixnode import UnixNode
from xnornode.model.file_format import to_bytes

PATIENCE = 60.0  # seconds for a node to listen, of which a busy computer needs one or two
LISTENS = "0A"  # a socket's state in /proc/net/tcp


class NetNode(UnixNode):
    """Its standard port is read and thrown away, but for the last pieces: `said`. Its `end` is the
    TCP port, another one after each start, or None where it does not listen."""

    said: deque[bytes]
    port: int | None = None

    def start(self) -> int:
        fd = super().start()
        self.said = deque(maxlen=200)
        self._reader = threading.Thread(target=self._read, args=(fd,), daemon=True)
        self._reader.start()
        self.port = self._find_port() if self._listens else None
        return fd

    _listens = True

    def _read(self, fd: int) -> None:
        with suppress(OSError):
            while data := os.read(fd, 4096):
                self.said.append(data)

    def _find_port(self) -> int:
        assert self._process
        end = time.monotonic() + PATIENCE
        while time.monotonic() < end and self.running:
            if found := listening(self._process.pid):
                return found
            time.sleep(0.02)
        raise AssertionError(f"the node does not listen: {b''.join(self.said)[-2000:]!r}")

    @property
    def end(self) -> tuple[str, int]:  # type: ignore[override]
        assert self.port
        return "127.0.0.1", self.port

    @property
    def url(self) -> str:
        """What a PC opens."""
        return "socket://{}:{}".format(*self.end)

    def stop(self) -> None:
        if self._process:
            self._process.kill()
            self._process.wait()
            self._reader.join()
        super().stop()

    def restart(self) -> tuple[str, int]:  # type: ignore[override]
        self.stop()
        self.start()
        return self.end


class CallingNode(NetNode):
    """One that connects out, and listens nowhere."""

    _listens = False


def listening(pid: int) -> int | None:
    """The TCP port on which a process listens."""
    inodes = set()
    for entry in Path(f"/proc/{pid}/fd").iterdir():
        with suppress(OSError):
            inodes.add(os.readlink(entry))
    for line in Path(f"/proc/{pid}/net/tcp").read_text().splitlines()[1:]:
        words = line.split()
        if words[3] == LISTENS and f"socket:[{words[9]}]" in inodes:
            return int(words[1].split(":")[1], 16)
    return None


def configure(folder: Path, program: Path, **config: object) -> None:
    """Give the program of `prepare` a net.json."""
    (folder / "net.json").write_text(json.dumps(config))
    text = program.read_text()
    assert '"/net.json"' in text
    program.write_text(text.replace('"/net.json"', f'"{folder}/net.json"'))


@contextmanager
def net_node(folder: Path, model: bytes | None, **config: object) -> Iterator[NetNode]:
    """A node with that net.json, and without a model if it is None."""
    program = prepare(folder, model or b"", realtime=True)
    if model is None:
        (folder / "models" / "1.bnn").unlink()
    configure(folder, program, **config)
    kind = CallingNode if "connect" in config else NetNode
    with kind([program], folder, [DEVICE]) as node:
        yield node


class NetLab(Lab):
    """A node that is reached over TCP alone, for pushes on which things go wrong."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        program = prepare(folder, to_bytes(lab_models()[0]), realtime=True)
        configure(folder, program, port=0, allow=["push"])
        super().__init__(NetNode([program], folder, [DEVICE]), QUICK)

    @contextmanager
    def two_hosts(self) -> Iterator[tuple[str, str]]:
        """Each has a connection of its own."""
        with Bridge(self.node.end) as first, Bridge(self.node.end) as second:
            yield first.url, second.url
