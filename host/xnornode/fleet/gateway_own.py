"""What a gateway says of itself: that it is there, and its state (docs/reference/mqtt.md)."""

from __future__ import annotations

import time
from collections import Counter
from typing import Protocol

from xnornode._version import __version__
from xnornode.fleet.gateway_config import GatewaySettings
from xnornode.fleet.gateway_node import MINUTE
from xnornode.fleet.gateway_port import NodePort
from xnornode.fleet.gateway_roster import Roster
from xnornode.fleet.outbox import Outbox
from xnornode.fleet.payloads import GatewayState, PayloadError, read_object, to_payload
from xnornode.link.mqtt_broker import Broker
from xnornode.link.mqtt_topics import OFFLINE, ONLINE, Topics
from xnornode.link.reactor import Reactor
from xnornode.link.schema import LONGEST_LIST, LONGEST_TEXT

PASSES = 10.0
"""Seconds for the broker to pass on that a gateway is there."""
CUTS = 3
"""Connections that were lost meanwhile: Mosquitto 2.0 cuts who publishes what it may not."""
FEW = 100
"""Messages that wait on disk, and may do so where the broker refuses some again and again."""


def own_topic(topics: Topics, name: str, kind: str) -> str:
    """A topic of a gateway.

    Examples
    --------
    >>> own_topic(Topics(), "attic", "state")
    'xnornode/_gateway/attic/state'
    """
    return topics.shared(f"_gateway/{kind}", name)


def client_name(prefix: str, name: str) -> str:
    """A gateway's name at the broker: a new connection takes its old one's place.

    Examples
    --------
    >>> client_name("home/nodes", "attic")
    'home-nodes-_gateway-attic'
    """
    return f"{prefix.replace('/', '-')}-_gateway-{name}"


class Host(Protocol):
    """The gateway, as far as this knows it."""

    settings: GatewaySettings
    topics: Topics
    broker: Broker
    reactor: Reactor
    outbox: Outbox
    roster: Roster
    name: str
    started: int
    closing: bool
    ports: dict[str, NodePort]
    refused: Counter[str]

    def publish(self, topic: str, payload: bytes, retain: bool) -> None:
        """Publish a message."""

    def say(self, text: str) -> None:
        """Say a line to the user."""


class Own:
    """A gateway's availability and state. Its methods are for the reactor's thread.

    Parameters
    ----------
    gateway : Host
        Whose.
    """

    def __init__(self, gateway: Host) -> None:
        self._gateway = gateway
        self._told: object = None
        self._told_at = 0.0
        self._seen = False  # the broker has had a state of this one
        self._asked = 0.0  # by `time.monotonic`, when it has said that it is there
        self._heeded = True  # whether the broker has passed that on
        self._lost = 0  # connections that were lost before

    def _publish(self, kind: str, payload: bytes) -> None:
        gateway = self._gateway
        gateway.publish(own_topic(gateway.topics, gateway.name, kind), payload, True)

    def start(self) -> None:
        """Look what the broker says of this gateway."""
        topics, name = self._gateway.topics, self._gateway.name
        for kind, heard in (("availability", self._heard), ("state", self._heard_state)):
            self._gateway.broker.subscribe(own_topic(topics, name, kind), heard)
        self._gateway.broker.subscribe(topics.node("+", "availability"), self._heard_node)

    def connected(self) -> None:
        """The broker is there, and may have forgotten what was retained."""
        self._publish("availability", ONLINE)
        self._told = None
        if self._heeded:  # else it is waited for since an earlier connection
            self._asked, self._heeded = time.monotonic(), False
            self._lost = self._gateway.broker.lost

    def close(self) -> None:
        """It ends."""
        self._publish("availability", OFFLINE)

    def step(self, now: float) -> None:
        """Publish its state where it is due, at a time of `time.monotonic`."""
        if not self._heeded and now >= self._asked + PASSES:
            self._say_unheeded()
        state, refused = self.state(), self._gateway.refused
        facts = (state.nodes, state.count, state.trouble, state.dropped, refused.total())
        if facts != self._told or now >= self._told_at + MINUTE:
            self._told, self._told_at = facts, now
            self._publish("state", to_payload(state, refused=dict(refused)))

    def _say_unheeded(self) -> None:
        """Mosquitto confirms also what its access list does not let a client publish."""
        gateway = self._gateway
        cut = gateway.broker.lost >= self._lost + CUTS
        if gateway.outbox.waiting > FEW or not (cut or gateway.broker.connected):
            return  # it may stand behind what waits
        self._heeded = True
        user = gateway.broker.settings.user
        who = f"the user {user}" if user else "a client without a user's name"
        topic = own_topic(gateway.topics, gateway.name, "availability")
        gateway.say(
            f"the broker does not pass on what is published at {topic}: may {who} write and read "
            "there? See the broker's access list. What it does not let through is lost"
        )

    def state(self) -> GatewayState:
        """What it says of itself, but for what it has refused."""
        gateway = self._gateway
        names = sorted(gateway.ports)
        troubles = sorted({text[:LONGEST_TEXT] for text in gateway.roster.troubles()})
        return GatewayState(
            gateway=gateway.name,
            library=__version__,
            native=gateway.settings.native,
            nodes=tuple(names[:LONGEST_LIST]),
            count=len(names),
            published=gateway.outbox.published,
            queued=gateway.outbox.waiting,
            dropped=gateway.outbox.all_dropped,
            trouble=tuple(troubles[:LONGEST_LIST]),
            started=gateway.started,
            time=time.time_ns() // 1_000_000,
        )

    # In the connection's thread

    def _heard(self, topic: str, payload: bytes, retained: bool) -> None:
        """What the broker says: the will of a connection of before may have come late."""
        self._heeded = self._heeded or not retained
        if payload == OFFLINE and not self._gateway.closing:
            self._gateway.reactor.call(self._still_there)

    def _still_there(self) -> None:
        if not self._gateway.closing and self._gateway.broker.connected:
            self._publish("availability", ONLINE)

    def _heard_node(self, topic: str, payload: bytes, retained: bool) -> None:
        """Another gateway, which carried the same node, may have ended."""
        gateway = self._gateway
        address = gateway.topics.read(topic)
        if payload == OFFLINE and address and address.name in gateway.ports:
            gateway.reactor.call(lambda: self._node_still_there(address.name))

    def _node_still_there(self, name: str) -> None:
        gateway = self._gateway
        if name in gateway.ports and not gateway.closing:
            gateway.publish(gateway.topics.node(name, "availability"), ONLINE, True)

    def _heard_state(self, topic: str, payload: bytes, retained: bool) -> None:
        """A state of this gateway, or of one that has its name."""
        try:
            started = read_object(payload).get("started")
        except PayloadError:
            return
        name = self._gateway.name
        if started == self._gateway.started:
            self._seen = True
        elif self._seen or not retained:  # else it is of this one, before it was started
            self._gateway.roster.clash(
                name, f"another gateway is called {name}, too: give it another `name`"
            )
