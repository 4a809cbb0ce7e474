"""MQTT clients that command nodes through a gateway (docs/reference/mqtt.md, "Commands")."""

from __future__ import annotations

import json
import re
import threading
import time
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from typing import Any, Protocol

from xnornode.errors import LinkError
from xnornode.fleet.gateway_command import Refused, checked
from xnornode.fleet.gateway_open import WRITE_SECONDS
from xnornode.fleet.gateway_port import NodePort
from xnornode.link.guard import LONGEST_LINE
from xnornode.link.lines import PORT_ERRORS
from xnornode.link.mqtt_topics import LONGEST_PAYLOAD, Address, Topics
from xnornode.link.ports import AtOnce, open_port
from xnornode.link.reactor import Reactor

PLACES = 16
"""Clients of a node at once."""
GONE_SECONDS = 60.0
"""Seconds without a command after which a client has gone."""
IDLE_SECONDS = 10.0
"""Seconds after which another client may have its place: who pushes or records sends more often."""
RATE, BURST = 1000, 1000
"""Commands a second of all clients of a node, and at once; those beyond are dropped."""
WAITING = 256
"""Commands for one node that the gateway has not looked at; those beyond are dropped."""
WARN_SECONDS = 60.0
"""Seconds between two warnings of one kind about a node."""
_ERRORS: tuple[type[Exception], ...] = (LinkError, *PORT_ERRORS)
_ANSWER = re.compile(rb'\{"event": ?"(reply|hello|ack|samples|button)"')


class Host(Protocol):
    """The gateway, as far as clients know it."""

    topics: Topics
    reactor: Reactor
    allow: tuple[str, ...]
    key: bytes
    refused: Counter[str]

    def port_of(self, node: str) -> NodePort | None:
        """The port of a node that is there."""

    def reply(self, topic: str, payload: bytes) -> None:
        """Publish an answer now, or never. From any thread."""

    def warn(self, node: str, kind: str, text: str) -> None:
        """Publish an event `warning` about a node."""


class Clients:
    """All clients of all nodes.

    Parameters
    ----------
    host : Host
        The gateway.
    """

    def __init__(self, host: Host) -> None:
        self._host = host
        self._clients: dict[tuple[str, str], _Client] = {}
        self._places: Counter[str] = Counter()
        self._waiting: Counter[str] = Counter()
        self._lock = threading.Lock()  # of `_waiting`
        self._budgets: dict[str, tuple[float, float]] = {}  # by node: what is left, and when
        self._warned: dict[tuple[str, str], float] = {}

    def came(self, topic: str, payload: bytes, retained: bool) -> None:
        """A message has come to `P/+/command/+`. In the connection's thread: nothing may wait."""
        address = self._host.topics.read(topic)
        if address is None or address.kind != "command" or (retained and not payload):
            return
        name = address.name
        with self._lock:
            if self._waiting[name] >= WAITING:
                self._host.refused["flood"] += 1
                return
            self._waiting[name] += 1
        data = payload if len(payload) <= LONGEST_PAYLOAD else None
        self._host.reactor.call(lambda: self._take(address, data, len(payload), retained))

    # In the reactor's thread

    def _take(self, address: Address, data: bytes | None, size: int, retained: bool) -> None:
        with self._lock:
            self._waiting[address.name] -= 1
        host, name = self._host, address.name
        port = host.port_of(name)
        if port is None:
            return  # somebody else's, or away: then nobody answers, as on a cable
        if retained:
            self._refuse(name, "retained", "a retained command was dropped: publish it without")
        elif data is None:
            self._refuse(name, "oversize", f"a command of {size:,} bytes was dropped")
        elif not data:  # a goodbye
            self._forget((name, address.client))
        elif not self._may(name):
            host.refused["flood"] += 1
        else:
            try:
                line = checked(data, host.allow, host.key)
                self._client(port, address, line).send(line)
            except Refused as why:
                host.refused[why.error] += 1
                host.reply(host.topics.node(name, "reply", address.client), why.line())

    def _may(self, name: str) -> bool:
        """Whether a node's clients have not sent too much in the last second."""
        now = time.monotonic()
        left, then = self._budgets.get(name, (BURST, now))
        left = min(BURST, left + RATE * (now - then)) - 1
        self._budgets[name] = (max(0.0, left), now)
        return left >= 0

    def _refuse(self, name: str, kind: str, text: str) -> None:
        self._host.refused[kind] += 1
        now = time.monotonic()
        if now >= self._warned.get((name, kind), 0.0):
            self._warned[name, kind] = now + WARN_SECONDS
            self._host.warn(name, kind, text)

    def _client(self, port: NodePort, address: Address, line: bytes) -> _Client:
        """Who sends a line: with a place, if there is one. Raises Refused."""
        key = (address.name, address.client)
        client = self._clients.get(key)
        if client and not client.gone:
            return client
        if client:
            self._forget(key)
        if self._places[address.name] >= PLACES and not self._made_room(address.name):
            text = f"{PLACES} clients are there already: try again in {IDLE_SECONDS:g} s"
            raise Refused("busy", text, _number(line))
        topic = self._host.topics.node(address.name, "reply", address.client)
        made = _Client(port, self._host.reactor, lambda data: self._host.reply(topic, data))
        self._clients[key] = made
        self._places[address.name] += 1
        return made

    def _made_room(self, node: str) -> bool:
        """Whether the client that was silent the longest could go."""
        keys = [key for key in self._clients if key[0] == node]
        oldest = min(keys, key=lambda key: self._clients[key].heard)
        if time.monotonic() - self._clients[oldest].heard <= IDLE_SECONDS:
            return False
        self._forget(oldest)
        return True

    def _forget(self, key: tuple[str, str]) -> None:
        if client := self._clients.pop(key, None):
            self._places[key[0]] -= 1
            client.close()

    def step(self) -> None:
        """Let clients go that have sent nothing for long, or whose node is away."""
        now = time.monotonic()
        for key, client in [*self._clients.items()]:
            if client.gone or now - client.heard > GONE_SECONDS:
                self._forget(key)

    def let_go(self, node: str) -> None:
        """A node is away."""
        for key in [key for key in self._clients if key[0] == node]:
            self._forget(key)

    def close(self) -> None:
        """Let all go."""
        for key in [*self._clients]:
            self._forget(key)

    def __len__(self) -> int:
        return len(self._clients)


class _Client:
    """One client: a member of the port of its own."""

    def __init__(self, port: NodePort, reactor: Reactor, answer: Callable[[bytes], None]) -> None:
        self._node, self._reactor, self._answer = port, reactor, answer
        self._port: Any = None
        self._rest = b""
        self.heard = time.monotonic()
        self.gone = self._closed = False

    def send(self, line: bytes) -> None:
        """Have the node get a line. Raises Refused where too many wait."""
        self.heard = time.monotonic()
        if not self._node.writer.put(lambda: self._write(line)):
            raise Refused("busy", "the node's port is slow: try again", _number(line))

    def _write(self, line: bytes) -> None:
        """In the thread of the node's writer."""
        if self._closed:
            return
        try:
            if self._port is None:
                self._port = open_port(AtOnce(self._node.url), self._reactor)
                self._port.listen(self._came, self._ended, answers_only=True)
            self._port.write_timeout = WRITE_SECONDS
            self._port.write(line)
        except _ERRORS as error:
            self._answer(Refused("busy", str(error).splitlines()[0], _number(line)).line())
            self._ended("")

    def _came(self, data: bytes) -> None:
        """In the thread that reads the port."""
        *lines, self._rest = (self._rest + data).split(b"\n")
        if len(self._rest) > LONGEST_LINE:
            self._rest = b""
        for line in lines:
            line = line.strip()
            if _ANSWER.match(line) and len(line) <= LONGEST_PAYLOAD:
                self._answer(line)

    def _ended(self, why: str) -> None:
        self.gone = True

    def close(self) -> None:
        """Leave the port; in a thread, as that may tell the node to stop a stream."""
        self._closed = self.gone = True
        if not self._node.writer.put(self._leave):
            threading.Thread(target=self._leave, daemon=True).start()

    def _leave(self) -> None:
        if self._port:
            with suppress(*PORT_ERRORS):
                self._port.close()


def _number(line: bytes) -> int | None:
    """The `id` of a command of the gateway's own writing."""
    try:
        number = json.loads(line).get("id")
    except ValueError:  # a chunk
        return None
    return number if isinstance(number, int) else None
