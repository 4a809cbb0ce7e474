"""What goes wrong between a node and its broker: faults at chosen messages, within QoS 1.

A TCP proxy that understands packets. A sender of QoS 1 may send what is not confirmed again, in its
old order: so a message may come twice, and older ones behind newer ones.
"""

import contextlib
import random
import socket
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from enum import Enum

from tests.lab.faults import TO_HOST, TO_NODE

PUBLISH, PUBACK = 3, 4
DUP = 8
LAST = 6  # messages that may come again


class Kind(Enum):
    """The kinds of faults."""

    TWICE = "twice"  # the message comes again at once
    AGAIN = "again"  # the last `size` messages come again, the oldest one first
    UNCONFIRMED = "unconfirmed"  # its confirmation is lost, and soon after the connection
    CUT = "cut"  # the connection breaks before it
    HALF = "half"  # the connection breaks within it
    STALL = "stall"  # nothing comes through for `seconds`
    BROKER = "broker"  # the broker is killed, and starts again


@dataclass(frozen=True)
class MqttFault:
    """One fault, once. way: TO_NODE or TO_HOST. nth: the message of this way that it falls on."""

    kind: Kind
    way: str
    nth: int
    size: int = 1
    seconds: float = 0.0

    def __str__(self) -> str:
        more = {Kind.AGAIN: f" {self.size}", Kind.STALL: f" {self.seconds:g} s"}
        return f"{self.kind.value}{more.get(self.kind, '')} {self.way} at message {self.nth}"


class Proxy:
    """Listens for a node, and connects to a broker. A context manager.

    port: of the broker. restart: kills the broker and starts it. Attributes: `faults`, those to
    come, whose messages count from when they were set; `fired`, those that came.
    """

    def __init__(self, port: int, restart: Callable[[], None]) -> None:
        self._broker, self._restart = port, restart
        self._server = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._server.getsockname()[1]
        self._lock = threading.Lock()
        self._links: set[_Link] = set()
        self._faults: list[MqttFault] = []
        self._counts = {TO_NODE: 0, TO_HOST: 0}
        self.fired: list[MqttFault] = []

    def arm(self, faults: Sequence[MqttFault]) -> None:
        """Have these faults happen from now on, and no others."""
        with self._lock:
            self._faults, self.fired = list(faults), []
            self._counts = {TO_NODE: 0, TO_HOST: 0}

    def due(self, way: str) -> list[MqttFault]:
        """Count a message; the faults that fall on it."""
        with self._lock:
            self._counts[way] += 1
            found = [f for f in self._faults if f.way == way and f.nth == self._counts[way]]
            self._faults = [f for f in self._faults if f not in found]
            self.fired += found
            return found

    def restart_broker(self) -> None:
        """Kill the broker and start it again, at once and from another thread."""
        threading.Thread(target=self._restart, daemon=True).start()

    def __enter__(self) -> "Proxy":
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.close()
        for link in list(self._links):
            link.cut()

    def _accept(self) -> None:
        while True:
            try:
                node, _ = self._server.accept()
            except OSError:
                return
            try:
                broker = socket.create_connection(("127.0.0.1", self._broker), 5)
            except OSError:
                node.close()
                continue
            link = _Link(self, node, broker)
            self._links.add(link)
            link.start(self._links.discard)


class _Link:
    """One connection of the node."""

    def __init__(self, proxy: Proxy, node: socket.socket, broker: socket.socket) -> None:
        self._proxy, self._node, self._other = proxy, node, broker
        self._lost = {TO_NODE: 0, TO_HOST: 0}  # confirmations to come that are lost
        self._ends_in = -1  # messages, after a confirmation was lost
        for end in (node, broker):
            end.settimeout(None)
            end.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def start(self, ended: Callable[["_Link"], None]) -> None:
        for way in (TO_NODE, TO_HOST):
            threading.Thread(target=self._pump, args=(way, ended), daemon=True).start()

    def cut(self) -> None:
        """End it on both sides."""
        for end in (self._node, self._other):
            with contextlib.suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
            with contextlib.suppress(OSError):
                end.close()

    def _pump(self, way: str, ended: Callable[["_Link"], None]) -> None:
        source, sink = (self._other, self._node) if way == TO_NODE else (self._node, self._other)
        last: list[bytes] = []
        with contextlib.suppress(OSError):
            for packet in packets(source):
                if not self._carry(way, packet, sink, last):
                    break
        self.cut()
        ended(self)

    def _carry(self, way: str, packet: bytes, sink: socket.socket, last: list[bytes]) -> bool:
        """Send a packet on, and what its faults say; whether the connection goes on."""
        kind = packet[0] >> 4
        if kind == PUBACK and self._lost[way]:
            self._lost[way] -= 1
            self._ends_in = LAST
            return True
        again: list[bytes] = []
        if kind == PUBLISH:
            self._ends_in -= 1
            if not self._ends_in:
                return False
            marked = bytes([packet[0] | DUP]) + packet[1:] if packet[0] & 6 else packet
            del last[: max(0, len(last) + 1 - LAST)]
            last.append(marked)
            for fault in self._proxy.due(way):
                match fault.kind:
                    case Kind.TWICE:
                        again += last[-1:]
                    case Kind.AGAIN:
                        again += last[-fault.size :]
                    case Kind.UNCONFIRMED:
                        self._lost[TO_HOST if way == TO_NODE else TO_NODE] += 1
                    case Kind.STALL:
                        time.sleep(fault.seconds)
                    case Kind.HALF:
                        sink.sendall(packet[: len(packet) // 2])
                        return False
                    case Kind.CUT:
                        return False
                    case Kind.BROKER:
                        self._proxy.restart_broker()
        sink.sendall(b"".join([packet, *again]))
        return True


def packets(source: socket.socket) -> Iterator[bytes]:
    """The packets that come. Raises OSError."""
    came = bytearray()
    while data := source.recv(65536):
        came += data
        while (size := _size(came)) and size <= len(came):
            yield bytes(came[:size])
            del came[:size]


def _size(came: bytearray) -> int:
    """Bytes of the first packet; 0 if that has not come yet."""
    rest = 0
    for i, byte in enumerate(came[1:5]):
        rest |= (byte & 127) << (7 * i)
        if byte < 128:
            return rest + 2 + i
    return 0


def at_random(seed: int) -> list[MqttFault]:
    """A few faults in the first messages of a push, each way."""
    rng = random.Random(seed)
    kinds = [kind for kind in Kind if kind is not Kind.BROKER] + [Kind.AGAIN, Kind.TWICE]
    faults = []
    for _ in range(rng.choice((1, 2, 3, 5, 8))):
        kind, way = rng.choice(kinds), rng.choice((TO_NODE, TO_HOST))
        nth = rng.randrange(1, 16 if way == TO_NODE else 40)
        seconds = rng.choice((0.02, 0.1, 0.3, 0.7)) if kind is Kind.STALL else 0.0
        faults.append(MqttFault(kind, way, nth, rng.randrange(2, LAST), seconds))
    if rng.random() < 0.2:
        way = rng.choice((TO_NODE, TO_HOST))
        faults.append(MqttFault(Kind.BROKER, way, rng.randrange(1, 16)))
    return faults
