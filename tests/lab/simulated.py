"""A node in this process: the node's own store and receiver, run by CPython, on a faulty line.

What needs MicroPython is put in by host code: models are loaded and tested by the Python reference.
"""

import hashlib
import importlib
import json
import sys
from collections.abc import Sequence
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

from tests.lab.faults import TO_HOST, TO_NODE, Fault, Kind, Stall, Way
from tools.firmware.sources import ROOT
from xnornode.errors import ModelError
from xnornode.link.framing import seal
from xnornode.link.messages import Hello
from xnornode.link.parsing import parse
from xnornode.link.protocol import Session
from xnornode.link.send_window import escape
from xnornode.link.timing import Timing
from xnornode.model.file_format import VERSION, from_bytes

NODE_CODE = ROOT / "device" / "xnornode"
SOON = Timing(
    hello=0.002, answer=0.002, answer_tries=4, ack=0.002, settle=0.001, tries=12, reconnect=1.0
)
"""For a line on which everything that comes has come at once."""


def node_module(name: str) -> ModuleType:
    """A module of the node's library, under another name than the host's package has."""
    library = sys.modules.setdefault("node_library", ModuleType("node_library"))
    library.__path__ = [str(NODE_CODE)]
    return importlib.import_module(f"node_library.{name}")


node_push = node_module("push")
# A node collects its garbage before each push; here that would be the whole test run's, 0.2 s.
vars(node_push)["gc"] = SimpleNamespace(collect=lambda: None)
receiver = node_module("receiver")
store = node_module("model_store")
signature = node_module("signature")


class SimulatedNode:
    """The models in a folder, and what device/xnornode/model_manager.py does with them.

    classified: whether each model that it starts with classifies a window. ram: bytes for models.
    """

    def __init__(self, folder: Path, key: bytes | None = None, ram: int = 1 << 20) -> None:
        self.store = store.Store(str(folder / "models"), str(folder / "model.bnn"))
        self.key, self.ram, self.running = key, ram, True
        self.format = VERSION
        self.frame, self.window = 700, 2
        self.session = "0"
        self.restarts = 0
        self.start()

    def start(self) -> None:
        """Give it power."""
        self.active: dict[str, Any] | None = None
        self.number = -1
        slots, self.note = self.store.start()
        for slot in slots[:1]:
            self.number = slot.number
            self.active = self.describe(slot)
        self.receiver = receiver.Receiver(self.store, self, 1000 * (1 + self.restarts))

    def restart(self) -> None:
        """Take its power and give it back."""
        self.receiver.let_go()
        self.restarts += 1
        self.start()

    def facts(self) -> dict[str, Any]:
        return {
            "protocol": 1,
            "session": self.session,
            "library": "",
            "bnn": "",
            "format": self.format,
            "firmware": "",
            "machine": "",
            "frame": self.frame,
            "window": self.window,
            "flash": 0,
            "ram": self.ram,
            "model": self.active,
            "channels": None,
            "running": self.running,
            "signed": False,
        }

    def describe(self, slot: Any) -> dict[str, Any]:
        return self._facts(store.read(slot.path), slot.starts)

    def admit(self, begin: dict[str, Any]) -> None:
        if self.key:
            signature.check(self.key, begin)

    def verify(self, data: bytearray) -> None:
        pass

    def load(self, data: bytearray, digest: str) -> bytes:
        if len(data) > self.ram:
            raise receiver.Refused("ram")
        try:
            model = from_bytes(bytes(data))
        except ModelError as error:
            raise receiver.Refused("model", f"({error.reason})") from None
        if not model.selftest():
            raise receiver.Refused("selftest")
        return bytes(data)

    def load_slot(self, slot: Any) -> bytes:
        data = store.read(slot.path)
        return self.load(data, store.sha256(data))

    def swap(self, loaded: bytes, number: int, starts: int | None) -> None:
        self.number = number
        self.active = self._facts(loaded, starts)

    def _facts(self, data: bytes, starts: int | None) -> dict[str, Any]:
        revision = int.from_bytes(data[12:16], "little")
        return {
            "name": "m",
            "revision": revision,
            "bytes": len(data),
            "sha256": store.sha256(data),
            "trial": starts,
        }

    def answers(self, line: bytes) -> bytes:
        """What it writes when it has read a line."""
        if len(line) > self.frame:
            answer = self.receiver.damaged()
        else:
            answer = self.receiver.line(memoryview(line))
        if not answer:
            return b""
        event, fields = answer
        text = json.dumps(fields, separators=(",", ":"))
        return seal(f'{{"event":"{event}",{text[1:-1]}'.encode())


def push_into(node: SimulatedNode, data: bytes) -> None:
    """Give a node a model, without a line."""
    begin: dict[str, object] = {
        "cmd": "begin",
        "id": 1,
        "protocol": 1,
        "length": len(data),
        "revision": 0,
    }
    begin["sha256"] = hashlib.sha256(data).hexdigest()
    answer = json.loads(node.answers(seal(json.dumps(begin)[:-1].encode())[:-1]))
    push = node.receiver.push
    push.take(0, memoryview(escape(data)))
    node.answers(seal(b'{"cmd":"end","id":2,"push":%d' % answer["push"])[:-1])


class SimulatedPort:
    """A serial port, as far as `Session` uses one, with a node and faults behind it."""

    name = "simulated"

    def __init__(
        self, node: SimulatedNode, faults: Sequence[Fault] = (), noise: float = 0.0, seed: int = 0
    ) -> None:
        self.node, self.timeout = node, 0.0
        self.up = Way([f for f in faults if f.way == TO_NODE], noise, 2 * seed)
        self.down = Way([f for f in faults if f.way == TO_HOST], noise, 2 * seed + 1)
        self.broken = False
        self._to_node = self._to_host = b""

    def write(self, data: bytes) -> None:
        if self.broken:
            raise OSError("the port is gone")
        for event in self.up.feed(data):
            self._happens(event)
            if isinstance(event, bytes):
                self._to_node += event
        *lines, self._to_node = self._to_node.replace(b"\r", b"\n").split(b"\n")
        for line in lines:
            for event in self.down.feed(self.node.answers(line)):
                self._happens(event)
                if isinstance(event, bytes):
                    self._to_host += event

    def read(self, size: int) -> bytes:
        if self.broken:
            raise OSError("the port is gone")
        data, self._to_host = self._to_host[:size], self._to_host[size:]
        if not data and self._to_node:
            # Nothing goes on: the node drops the unfinished line
            self._to_node = b""
            self._to_host += self.node.answers(b"{")
        return data

    def _happens(self, event: bytes | Stall | Kind) -> None:
        if event is Kind.RESTART:
            self.node.restart()
            self._to_node = self._to_host = b""
        elif event is Kind.DISCONNECT:
            self.broken = True
            self._to_node = self._to_host = b""

    def open_again(self) -> None:
        """Plug it in again."""
        self.broken = False

    def session(self) -> Session:
        """A session on it, which has heard the node's hello."""
        session = Session(self, SOON)  # type: ignore[arg-type]
        hello = parse({"event": "hello", "id": None, **self.node.facts()})
        assert isinstance(hello, Hello)
        session.hello = hello
        return session
