"""Which ports a gateway carries: those that were named, and boards as they come and go."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterator
from typing import Protocol

from xnornode.fleet.gateway_config import GatewaySettings
from xnornode.fleet.gateway_port import NodePort, Owner
from xnornode.fleet.payloads import PayloadError, State, from_payload
from xnornode.link.addresses import Port
from xnornode.link.mqtt_broker import Broker
from xnornode.link.mqtt_topics import OFFLINE, Topics
from xnornode.link.plugged import serial_ports, sure_boards
from xnornode.link.share_place import key_of

LOOK = 2.0
"""Seconds between two looks at what is plugged in."""
SETTLE = 20.0
"""Seconds after which a node of before counts as gone that has not come back."""
FORGET = 300.0
"""Seconds after which something that others do is no trouble any more, if it is not seen again.
Who publishes a node publishes its state once a minute."""
SPREAD = 0.002
"""Seconds between two ports that are opened at the start."""


class Host(Owner, Protocol):
    """The gateway, as far as the roster knows it."""

    settings: GatewaySettings
    topics: Topics
    broker: Broker
    name: str
    refused: Counter[str]
    ports: dict[str, NodePort]

    def publish(self, topic: str, payload: bytes, retain: bool) -> None:
        """Publish a message."""


class Roster:
    """The ports of a gateway. All methods are for the reactor's thread.

    Parameters
    ----------
    host : Host
        The gateway.
    """

    def __init__(self, host: Host) -> None:
        self._host = host
        self._named: list[NodePort] = []
        self._found: dict[str, NodePort] = {}
        self._looks, self._looked = False, 0.0
        self._before: set[str] = set()  # nodes that the broker has as this gateway's
        self._others: dict[str, tuple[str, float]] = {}  # what others do, by whom it is about
        self._began = time.monotonic()
        self._settled = False

    def start(self) -> None:
        """Open what was named, and begin to look."""
        host = self._host
        host.broker.subscribe(host.topics.node("+", "state"), self._heard_state)
        for number, node in enumerate(host.settings.nodes):
            port = NodePort(host, node.where, node.name)
            self._named.append(port)
            host.reactor.later(SPREAD * number, port.begin)

    def close(self) -> None:
        """Let all go."""
        for port in [*self._named, *self._found.values()]:
            port.close()

    def troubles(self) -> Iterator[str]:
        """What needs a person."""
        for port in [*self._named, *self._found.values()]:
            if port.trouble:
                yield port.trouble
        now = time.monotonic()
        for name, (text, seen) in [*self._others.items()]:
            if now < seen + FORGET:
                yield text
            else:
                self._others.pop(name, None)

    def clash(self, name: str, text: str) -> None:
        """Somebody else does what this gateway does. From any thread; said once until it ends."""
        if self._others.get(name, ("", 0.0))[0] != text:
            self._host.say(text)
        self._others[name] = (text, time.monotonic())

    def step(self) -> None:
        """Look what is plugged in, and whether nodes of before have come back."""
        now = time.monotonic()
        if self._host.settings.usb and not self._looks and now >= self._looked + LOOK:
            self._looks, self._looked = True, now
            self._host.in_thread(self._look)
        if not self._settled and now >= self._began + SETTLE and self._host.broker.connected:
            self._settled = True
            for name in sorted(self._before - {*self._host.ports}):
                self._host.publish(self._host.topics.node(name, "availability"), OFFLINE, True)

    def _look(self) -> None:
        """In a thread that may wait."""
        found: list[tuple[str, str]] = []
        try:
            ports = serial_ports()
            sure = sure_boards(ports)
            found = [(p.device, p.serial_number or "") for p in ports if p.device in sure]
        finally:
            self._host.reactor.call(lambda: self._seen(found))

    def _seen(self, found: list[tuple[str, str]]) -> None:
        self._looks = False
        taken = {key_of(port.url) for port in self._named}
        there = {name: serial for name, serial in found if key_of(name) not in taken}
        for name in self._found.keys() - there.keys():
            self._found.pop(name).close()
        for name in there.keys() - self._found.keys():
            port = NodePort(self._host, Port(name), serial=there[name], named=False)
            self._found[name] = port
            port.begin()

    # In the connection's thread

    def _heard_state(self, topic: str, payload: bytes, retained: bool) -> None:
        """A node's state: of before this gateway began, or by another gateway."""
        host, address = self._host, self._host.topics.read(topic)
        own = b'"gateway":"%s"' % host.name.encode() in payload
        if not address or (own and (self._settled or not retained)):
            return
        try:
            state = from_payload(State, payload)
        except PayloadError:
            return
        name = address.name
        if state.node != name:  # who may write there speaks for this node alone
            host.refused["schema"] += 1
        elif state.gateway == host.name:
            self._before.add(name)
        elif not retained and name in host.ports:
            whom = f"the gateway {state.gateway}" if state.gateway else "the node itself"
            self.clash(
                name,
                f"{name} is published by {whom} as well: name its port for one of them, or "
                "call one node something else by `xnornode name`",
            )
