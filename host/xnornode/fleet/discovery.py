"""Home Assistant finds a gateway's nodes by itself: its discovery messages, an Extra."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

from xnornode.fleet.discovery_entities import node_entities, update_state
from xnornode.fleet.discovery_names import Entities, Names, compact, gateway_entities, origin_of
from xnornode.fleet.extra_host import ExtraHost
from xnornode.fleet.payloads import Latest, PayloadError, State, Update, from_payload
from xnornode.fleet.probe import Probe
from xnornode.link.messages import Event, Prediction
from xnornode.link.mqtt_topics import LONGEST_PAYLOAD, Topics

PREFIX = "homeassistant"
"""How discovery topics begin, unless Home Assistant is set otherwise."""
BIRTH = b"online"
"""What Home Assistant publishes on `homeassistant/status` when it has started."""
NODES_A_STEP = 20
"""Nodes of which messages are published in one second; Home Assistant takes them one by one."""
READ_BACK = 3
"""Steps after a connection in which what is retained comes back, and is not published again."""
MOST_NODES = 10_000
"""Nodes of which is kept what they should have."""
_OF_THE_MODEL = ("drift", "detected", "confidence")
"""How entities begin that stay while it is not known whether the node's model has them."""


@dataclass
class _Node:
    """What is known of a node.

    `published` is from a topic to the hash of what it has; `told` what the entities were made of.
    """

    state: State | None = None
    answers: bool | None = None
    told: tuple[Any, ...] | None = None
    published: dict[str, int] = field(default_factory=dict)


class Discovery:
    """Publishes what Home Assistant needs to know of each node: an Extra of the gateway.

    Messages of a node are taken back when its retained `state` is; those that this gateway has
    published before are known again by their origin.

    Parameters
    ----------
    gateway : ExtraHost
        Publishes.
    prefix : str, default PREFIX
        How discovery topics begin.
    on : bool, default True
        False: take back what this gateway has published before.
    say : callable, optional
        Gets a line where the broker does not let the gateway publish there.

    Raises
    ------
    LinkError
        If `prefix` can be none.

    Examples
    --------
    >>> gateway.extras.append(Discovery(gateway))  # doctest: +SKIP
    """

    def __init__(
        self,
        gateway: ExtraHost,
        prefix: str = PREFIX,
        on: bool = True,
        say: Callable[[str], None] = lambda text: None,
    ) -> None:
        self._gateway, self._on, self._say = gateway, on, say
        self._prefix = Topics(prefix).prefix
        self._names = Names(gateway.topics, gateway.name)
        self._origins = [self._names.origin(each)["name"] for each in (gateway.name, None)]
        self._nodes: dict[str, _Node] = {}
        """By identity, as in the topics; the gateway is one of them."""
        self._latest: dict[str, Latest] = {}
        self._updates: dict[str, Update] = {}
        self._changed: dict[str, bool] = {}
        """Names of nodes to publish, in this order; True: though nothing has changed."""
        self._came: deque[tuple[str, bytes]] = deque()
        """From the connection's thread; `step` takes them."""
        self._subscribed, self._wait = False, 0
        self._probe: Probe | None = None

    def connected(self) -> None:
        """Have what stands at the broker come back, and wait for it: a broker may forget."""
        self._wait = READ_BACK
        for known in self._nodes.values():
            known.published.clear()
            known.told = None
            if known.state:
                self._changed.setdefault(known.state.node, False)
        if self._subscribed:
            return
        self._subscribed = True
        topics, broker = self._gateway.topics, self._gateway.broker
        broker.subscribe(f"{self._prefix}/+/+/+/config", self._on_config)
        if not self._on:
            return
        if broker.settings:  # else it is a test's
            self._probe = Probe(broker.settings, f"{self._prefix}/sensor/{self._names.of_gateway}")
        broker.subscribe(f"{self._prefix}/status", self._on_message)
        broker.subscribe(topics.node("+", "state"), self._on_state)
        broker.subscribe(topics.node("+", "model/latest"), self._on_message)
        broker.subscribe(topics.node("+", "model/update"), self._on_message)

    def state(self, node: str, state: State) -> None:
        """Have the node published, at the next step."""
        if not self._on:
            return
        known = self._nodes.setdefault(self._names.node(node), _Node())
        if state.last and known.answers is None:
            known.answers = state.last.confidence is not None
        known.state = state
        self._changed.setdefault(node, False)

    def event(self, node: str, event: Event, time: int, session: str | None) -> None:
        """See whether a node's model gives answers."""
        if isinstance(event, Prediction):
            known = self._nodes.get(self._names.node(node))
            answers = event.confidence is not None
            if known and known.state and known.answers is not answers:
                known.answers = answers
                self._changed.setdefault(node, False)

    def gone(self, node: str) -> None:
        """Leave its entities; they are not available now."""
        if known := self._nodes.get(self._names.node(node)):
            known.state = None

    def step(self) -> None:
        """Take what came from the broker, and publish what has changed."""
        if self._probe and not self._may_publish(self._probe):
            return
        for _ in range(len(self._came)):
            self._take(*self._came.popleft())
        if self._wait:
            self._wait -= 1
            if not self._wait and self._on:
                self._publish_gateway()
        if self._wait:
            return
        left = NODES_A_STEP
        for node in list(self._changed):
            if not left:
                break
            left -= self._publish_node(node, self._changed.pop(node))

    def close(self) -> None:
        """The messages stay; so do the entities."""
        if self._probe:
            self._probe.close()

    def _may_publish(self, probe: Probe) -> bool:
        """Whether the broker is known to let the gateway publish. If it does not: no discovery."""
        answer = probe.answer
        if answer is not None:
            threading.Thread(target=probe.close, daemon=True).start()  # it may wait a second
            self._probe = None
        if answer is False:
            self._on = False
            self._gateway.broker.unsubscribe(f"{self._prefix}/+/+/+/config")
            self._changed.clear()
            self._came.clear()
            self._say(
                "Home Assistant is told of no nodes: the broker does not let this user publish "
                f"below {self._prefix}/; its access list needs `topic readwrite {self._prefix}/#`"
            )
        return bool(answer)

    # Called in the connection's thread

    def _on_message(self, topic: str, payload: bytes, retained: bool) -> None:
        self._came.append((topic, payload))

    def _on_state(self, topic: str, payload: bytes, retained: bool) -> None:
        if not payload:
            self._came.append((topic, payload))

    def _on_config(self, topic: str, payload: bytes, retained: bool) -> None:
        ours = topic.split("/")[-3].startswith(self._names.beginning)
        if ours and (self._on or retained):  # what another gateway says now is not taken back
            self._came.append((topic, payload))

    # What came

    def _take(self, topic: str, payload: bytes) -> None:
        if topic == f"{self._prefix}/status":
            if payload == BIRTH and not self._wait:
                self._publish_gateway(again=True)
                self._changed |= {k.state.node: True for k in self._nodes.values() if k.state}
            return
        if topic.endswith("/config"):
            self._take_config(topic, payload)
            return
        if address := self._gateway.topics.read(topic):
            node, kind = address.name, address.kind
            if kind == "state":
                self._forget(node)
            elif kind == "model/latest":
                self._take_object(self._latest, Latest, node, payload)
            else:
                self._take_object(self._updates, Update, node, payload)

    def _take_object(self, known: dict[str, Any], kind: type, node: str, payload: bytes) -> None:
        known.pop(node, None)
        if payload and len(known) < MOST_NODES:
            with suppress(PayloadError):  # the part that acts on it says so
                known[node] = from_payload(kind, payload)
        carried = self._nodes.get(self._names.node(node))
        if carried and carried.state:
            self._changed.setdefault(node, False)

    def _take_config(self, topic: str, payload: bytes) -> None:
        """A discovery message: this gateway's from before, its own of now, or another one's."""
        identity = topic.split("/")[-3]
        known = self._nodes.setdefault(identity, _Node())
        if known.published.pop(topic, None) != hash(payload):
            known.told = None
        if payload and len(payload) <= LONGEST_PAYLOAD and origin_of(payload) in self._origins:
            known.published[topic] = hash(payload)
            if not self._on:
                self._take_back(known)
            elif known.state:
                self._changed.setdefault(known.state.node, False)
        if not known.published and not known.state:
            del self._nodes[identity]

    # What is published

    def _topic(self, entity: tuple[str, str], identity: str) -> str:
        return f"{self._prefix}/{entity[0]}/{identity}/{entity[1]}/config"

    def _publish_gateway(self, again: bool = False) -> None:
        identity = self._names.of_gateway
        known = self._nodes.setdefault(identity, _Node())
        self._publish_all(known, identity, gateway_entities(self._names), again)

    def _publish_node(self, node: str, again: bool) -> bool:
        """Publish what has changed of a node. Returns whether its entities have."""
        identity = self._names.node(node)
        known = self._nodes.get(identity)
        if not known or not known.state:
            return False
        state = known.state
        shown = self._topic(("update", "model"), identity).removesuffix("config") + "state"
        said = update_state(state.model, self._latest.get(node), self._updates.get(node))
        facts = (state.library, state.firmware, state.machine, state.device, state.gateway)
        told = (*facts, state.labels, state.drift is None, known.answers)
        if known.told == told and not again:
            self._publish(known, shown, compact(said))
            return False
        known.told = told
        entities = node_entities(self._names, state, known.answers)
        entities["update", "model"]["state_topic"] = shown
        self._publish_all(known, identity, entities, again)
        self._publish(known, shown, compact(said), again)
        wanted = {shown, *(self._topic(each, identity) for each in entities)}
        unsure = ("drift",) if known.answers is not None and state.labels else _OF_THE_MODEL
        for topic in [t for t in known.published if t not in wanted]:
            if not topic.split("/")[-2].startswith(unsure):
                self._publish(known, topic, b"")
        return True

    def _publish_all(self, known: _Node, identity: str, entities: Entities, again: bool) -> None:
        for entity, message in entities.items():
            self._publish(known, self._topic(entity, identity), compact(message), again)

    def _publish(self, known: _Node, topic: str, payload: bytes, again: bool = False) -> None:
        """Only what the broker does not have, unless it is to be said again."""
        if again or known.published.get(topic) != hash(payload):
            if payload:
                known.published[topic] = hash(payload)
            else:
                known.published.pop(topic, None)
            self._gateway.publish(topic, payload, True)

    def _forget(self, node: str) -> None:
        """Its state was taken back: so are its entities, if they are this gateway's."""
        known = self._nodes.pop(self._names.node(node), None)
        self._changed.pop(node, None)
        if known:
            self._take_back(known)

    def _take_back(self, known: _Node) -> None:
        for topic in list(known.published):
            self._publish(known, topic, b"")
            if topic.endswith("/model/config"):  # what it shows does not come back by itself
                self._gateway.publish(topic.removesuffix("config") + "state", b"", True)
