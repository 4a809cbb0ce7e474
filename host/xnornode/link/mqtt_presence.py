"""Whether a node is there, as the broker's retained messages say (docs/reference/mqtt.md)."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from threading import Condition

from xnornode.errors import LinkError
from xnornode.link.deadline import Deadline
from xnornode.link.messages import Count
from xnornode.link.mqtt_broker import Broker
from xnornode.link.mqtt_topics import (
    LONGEST_PAYLOAD,
    OFFLINE,
    ONLINE,
    PREFIX,
    VERSION,
    Topics,
    is_name,
)
from xnornode.link.schema import instance, read_json

LOOK_SECONDS = 3.0
"""Seconds for the retained messages of a node that is there."""
KNOWN_SECONDS = 1.0
"""Seconds to see which nodes there are, where the one that was named is none of them."""
SHOWN = 12
"""Names of nodes that a message has."""


@dataclass(frozen=True)
class Whereabouts:
    """What of a node's `state` says where it is: its gateway, and when it was heard."""

    gateway: str | None = None
    time: Count | None = None
    seen: Count | None = None


class Presence:
    """What the broker says of one node.

    Parameters
    ----------
    broker : Broker
        It is connected.
    topics : Topics
        Of its prefix.
    node : str
        The node's name.
    gone : callable
        Gets why, when the node is not there any more. In the connection's thread.
    """

    def __init__(
        self, broker: Broker, topics: Topics, node: str, gone: Callable[[str], None]
    ) -> None:
        self._broker, self._topics, self._node, self._gone = broker, topics, node, gone
        self._changed = Condition()
        self._availability: dict[str, bytes] = {}
        self._state = Whereabouts()
        self._gateway = ONLINE
        self._gateway_known = self._was_there = False

    def find(self) -> None:
        """Wait until it is known that the node is there.

        Raises
        ------
        LinkError
            If it is not, with what is known of it.
        """
        broker, topics, node = self._broker, self._topics, self._node
        broker.subscribe(topics.node(node, "state"), self._on_state)
        broker.subscribe(topics.node(node, "availability"), self._on_availability)
        wait = Deadline(LOOK_SECONDS)
        self._await(lambda: node in self._availability, wait)
        if node not in self._availability:
            raise LinkError(self._unknown(), "port")
        if self._availability[node] != ONLINE:
            raise LinkError(self._away(), "port")
        gateway = self._state.gateway
        if gateway and is_name(gateway):
            topic = topics.shared("_gateway/availability", gateway)
            broker.subscribe(topic, self._on_gateway)
            self._await(lambda: self._gateway_known, wait)
            if self._gateway != ONLINE:
                raise LinkError(
                    f"the gateway {gateway}, which carries the node {node}, is not there, says "
                    f"the broker {broker.settings.where}: start it again",
                    "port",
                )
        self._was_there = True

    def _await(self, there: Callable[[], bool], wait: Deadline) -> None:
        with self._changed:
            while not there() and self._broker.connected and not wait.passed:
                self._changed.wait(min(wait.left, 0.5))
        if not self._broker.connected:
            raise LinkError(f"the broker {self._broker.settings.where}: {self._broker.why}")

    def _unknown(self) -> str:
        """The message for a name that no node has."""
        broker, topics = self._broker, self._topics
        broker.unsubscribe(topics.node(self._node, "availability"))
        broker.subscribe(topics.node("+", "availability"), self._on_availability)
        Deadline(KNOWN_SECONDS).pause(KNOWN_SECONDS)
        with self._changed:
            names = sorted(self._availability)
        text = f"no node {self._node} is known to the broker {broker.settings.where}"
        if topics.prefix != PREFIX:
            text += f" below {topics.prefix}"
        if names:
            more = ", ..." if len(names) > SHOWN else ""
            return f"{text}: known are {', '.join(names[:SHOWN])}{more}"
        who = (
            f"the user {broker.settings.user}" if broker.settings.user else "a client with no user"
        )
        return (
            f"{text}, and no other node either: is this the right broker and prefix, and may {who} "
            f"read {topics.prefix}/#?"
        )

    def _away(self) -> str:
        """The message for a node that is offline."""
        seen = self._state.seen or self._state.time
        when = ""
        if seen:
            with suppress(ValueError, OverflowError, OSError):  # of a year that no clock has
                when = f" (since {datetime.fromtimestamp(seen / 1000):%Y-%m-%d %H:%M:%S})"
        gateway = self._state.gateway
        by = f"; the gateway {gateway} carried it" if gateway and is_name(gateway) else ""
        return (
            f"the node {self._node} is not there{when}, says the broker "
            f"{self._broker.settings.where}{by}: is it on, and connected?"
        )

    # Called in the connection's thread

    def _on_availability(self, topic: str, payload: bytes, retained: bool) -> None:
        address = self._topics.read(topic)
        if not address or payload not in (ONLINE, OFFLINE):
            return
        with self._changed:
            self._availability[address.name] = payload
            self._changed.notify_all()
        if self._was_there and address.name == self._node and payload == OFFLINE:
            self._gone("the node is not there any more, says the broker")

    def _on_gateway(self, topic: str, payload: bytes, retained: bool) -> None:
        if payload not in (ONLINE, OFFLINE):
            return
        with self._changed:
            self._gateway, self._gateway_known = payload, True
            self._changed.notify_all()
        if self._was_there and payload == OFFLINE:
            self._gone("the node's gateway is not there any more, says the broker")

    def _on_state(self, topic: str, payload: bytes, retained: bool) -> None:
        with suppress(ValueError):  # of another version, or nobody's: it is only for messages
            given = read_json(payload[:LONGEST_PAYLOAD])
            if isinstance(given, dict) and given.get("mqtt") == VERSION:
                self._state = instance(Whereabouts, given)
