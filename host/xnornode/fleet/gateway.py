"""A gateway: carries nodes on serial ports and TCP to an MQTT broker (docs/reference/mqtt.md)."""

from __future__ import annotations

import json
import threading
import time
from collections import Counter, deque
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress

import serial

from xnornode.errors import LinkError
from xnornode.fleet.gateway_clients import Clients
from xnornode.fleet.gateway_config import GatewaySettings
from xnornode.fleet.gateway_extra import Extra
from xnornode.fleet.gateway_mishaps import Mishaps, unheard
from xnornode.fleet.gateway_node import Node
from xnornode.fleet.gateway_own import Own, client_name, own_topic
from xnornode.fleet.gateway_port import NodePort
from xnornode.fleet.gateway_roster import Roster
from xnornode.fleet.outbox import Outbox
from xnornode.fleet.payloads import to_payload
from xnornode.fleet.queue import Message, Queue
from xnornode.link.line_feed import Line
from xnornode.link.messages import Event, Prediction
from xnornode.link.mqtt_broker import Broker
from xnornode.link.mqtt_topics import LONGEST_PAYLOAD, OFFLINE, ONLINE, Topics
from xnornode.link.ports import AtOnce, open_port
from xnornode.link.reactor import Reactor

STEP = 1.0
"""Seconds between two looks at what is due."""
OPENERS = 32
"""Threads that open and close ports."""
OUTSTANDING = 5000
"""Answers to clients that the broker has not confirmed; further ones are dropped."""
CLOSE_SECONDS = 5.0
"""Seconds for the broker to confirm the last messages."""
PORTS_SECONDS = 10.0
"""Seconds for ports to be let go of; some may just be opened, in vain."""


class Gateway:
    """Carries nodes. Its work is done in one thread, that of `reactor`.

    Parameters
    ----------
    settings : GatewaySettings
        What it does.
    say : callable, optional
        Gets a line where nodes and the broker come and go.

    Attributes
    ----------
    broker : Broker
        The connection.
    topics : Topics
        Below which prefix it publishes.
    name : str
        Its name.
    extras : list of Extra
        What else its process does with nodes. Add to it before `start`.
    refused : Counter
        Messages that were refused, by the reason.

    Raises
    ------
    XnorNodeError
        If paho-mqtt is missing.
    LinkError
        If the queue's file cannot be used, or a certificate cannot be read.
    """

    def __init__(
        self, settings: GatewaySettings, say: Callable[[str], None] = lambda text: None
    ) -> None:
        self.settings, self.say = settings, (say := unheard(say))
        self.name, self.allow, self.starts = settings.name, settings.allow, settings.start
        self.key = settings.secret if settings.require_signed else b""
        self.topics = Topics(settings.broker.prefix)
        self.reactor = Reactor(lambda error: self.mishaps.take(error))
        self.extras: list[Extra] = []
        self._given: deque[Message] = deque()
        self.refused: Counter[str] = Counter()
        self.mishaps = Mishaps(say, self.refused)
        self.nodes: dict[str, Node] = {}
        self.ports: dict[str, NodePort] = {}
        """By the name of the node that is there."""
        self.closing = False
        will = (own_topic(self.topics, self.name, "availability"), OFFLINE)
        client = client_name(settings.broker.prefix, self.name)
        self.broker = Broker(settings.broker, client, will, say)
        self.broker.mistakes.take = self.mishaps.take
        queue = Queue(settings.queue_file, settings.queue_bytes)
        if queue.moved:
            say(f"the queue's file was damaged: it is {queue.moved} now, and a new one is begun")
        self.outbox = Outbox(self.broker, queue, self.reactor, say)
        self.clients = Clients(self)
        self.roster = Roster(self)
        self.own = Own(self)
        self.watchers: list[Callable[[Node, Event, int], None]] = []
        """Called for each event of a carried node, in the gateway's thread: metrics."""
        self.ticks = 0
        """Steps that were made: a sign of life."""
        self.started = time.time_ns() // 1_000_000
        self._pool = ThreadPoolExecutor(OPENERS, thread_name_prefix="ports")

    # Its life

    def start(self) -> None:
        """Begin to connect, and to open ports. Does not wait."""
        self.broker.subscribe(self.topics.node("+", "command/+"), self.clients.came)
        self.own.start()
        self.broker.on_connected.append(lambda: self.reactor.call(self._connected))
        self.reactor.start()
        self.broker.start()
        self.reactor.call(self.roster.start)
        self.reactor.call(self._step)

    def close(self) -> int:
        """End: nodes are offline, and what the broker has not is kept on disk.

        Returns
        -------
        int
            Messages that wait on disk.
        """
        self.closing = True
        self.reactor.do(self._let_all_go, CLOSE_SECONDS)
        for extra in self.extras:  # nothing comes any more
            try:
                extra.close()
            except Exception as error:
                self.mishaps.take(error)
        # First of all what must not be lost: a service manager does not wait for long
        self.reactor.do(self.outbox.save, CLOSE_SECONDS)
        ends = threading.Thread(target=self._pool.shutdown, name="ends", daemon=True)
        ends.start()
        ends.join(PORTS_SECONDS)
        self.reactor.close()
        left = self.outbox.close(CLOSE_SECONDS)
        self.broker.close(0.5)
        return left

    def _let_all_go(self) -> None:
        for each in (self.clients, self.roster, self.own):
            each.close()

    def _connected(self) -> None:
        """The broker is there, and may have forgotten what was retained."""
        self.own.connected()
        for name, node in self.nodes.items():
            if node.there:
                self._available(name, ONLINE)
                self._tell(node)
        self.each(lambda extra: extra.connected())

    def _step(self) -> None:
        if self.closing:
            return
        self.reactor.later(STEP, self._step)
        self.ticks += 1
        now = time.monotonic()
        for node in self.nodes.values():
            if node.there and node.is_due(now):
                self._tell(node)
        self.clients.step()
        self.roster.step()
        self.each(lambda extra: extra.step())
        self.own.step(now)

    def each(self, call: Callable[[Extra], object]) -> None:
        """Tell each extra; what one raises is said, and stops nothing."""
        for extra in self.extras:
            try:
                call(extra)
            except Exception as error:
                self.mishaps.take(error)

    # What others use

    def publish(self, topic: str, payload: bytes, retain: bool) -> None:
        """Publish at QoS 1, by way of the queue, in the order of calls. From any thread."""
        self._given.append(Message(topic, payload, retain))
        self.reactor.run(self._take_given)

    def _take_given(self) -> None:
        while self._given:  # also what other threads gave before
            self.outbox.publish(self._given.popleft())

    def reply(self, topic: str, payload: bytes) -> None:
        """Publish an answer to a client now, or never: late ones are of no use. From any thread."""
        if self.broker.connected and len(self.broker.client._out_messages) < OUTSTANDING:
            self.broker.publish(topic, payload)

    def warn(self, node: str, kind: str, text: str) -> None:
        """Publish an event `warning` about a node."""
        fields: dict[str, object] = {"event": "warning", "warning": text, "kind": kind}
        known = self.nodes.get(node)
        session = known.session_word if known else None
        fields |= {"session": session, "time": time.time_ns() // 1_000_000}
        self.publish(self.topics.node(node, "event"), json.dumps(fields).encode(), False)
        self.say(f"{node}: {text}")

    def port_of(self, node: str) -> NodePort | None:
        """The port of a node that this gateway carries, and that is there."""
        return self.ports.get(node)

    def open_node(self, node: str) -> serial.SerialBase:
        """A node's port, as a further member; from any thread, which may wait.

        Parameters
        ----------
        node : str
            Its name.

        Returns
        -------
        serial.SerialBase
            An open port, to be closed soon.

        Raises
        ------
        LinkError
            If the node is not there.
        """
        port = self.ports.get(node)
        if port is None:
            raise LinkError(f"the gateway does not carry {node} now")
        return open_port(AtOnce(port.url), self.reactor)

    # What its ports tell it

    def in_thread(self, job: Callable[[], object]) -> None:
        """Have something done that may wait."""
        with suppress(RuntimeError):  # it is closing
            self._pool.submit(job)

    def claim(self, port: NodePort, name: str, device: str) -> Node | str:
        """The node of a name, which is on this port now; or why not."""
        other = self.ports.get(name)
        if other is not None and other is not port:
            return (
                f"two nodes are called {name}: {other.url} (device {other.device or 'unknown'}) is "
                f"carried, {port.url} (device {device or 'unknown'}) is left alone; call one "
                "something else by `xnornode name`"
            )
        node = self.nodes.get(name)
        if node is None:
            node = self.nodes[name] = Node(name, self.name)
        node.arrives(str(port.url), device)
        self.ports[name] = port
        self._available(name, ONLINE)
        self.say(f"{name} is there, on {port.url}")
        return node

    def let_go(self, port: NodePort, why: str) -> None:
        """A port's node is there no longer."""
        node, port.node = port.node, None
        if node is None:
            return
        node.there = False
        self.ports.pop(node.name, None)
        self.clients.let_go(node.name)
        self._available(node.name, OFFLINE)
        if not self.closing:
            self.say(f"{node.name} is gone: {why}")
        self.each(lambda extra: extra.gone(node.name))

    def _available(self, name: str, what: bytes) -> None:
        message = Message(self.topics.node(name, "availability"), what, True, name)
        self.outbox.publish(message)

    def _tell(self, node: Node) -> None:
        node.dropped = self.outbox.dropped(node.name)
        state = node.state(time.monotonic())
        message = Message(self.topics.node(node.name, "state"), to_payload(state), True, node.name)
        self.outbox.publish(message)
        self.each(lambda extra: extra.state(node.name, state))

    def heard(self, port: NodePort, line: Line, now: int) -> None:
        """A port's node has said something that is no answer."""
        node, event = port.node, line.event
        if node is None:
            return
        if problem := node.heard(event, now):
            self.say(f"{node.name}: {problem}")
        payload = node.payload(line, now)
        kind = "prediction" if isinstance(event, Prediction) else "event"
        if len(payload) > LONGEST_PAYLOAD:
            self.refused["oversize"] += 1
            return
        self.outbox.publish(Message(self.topics.node(node.name, kind), payload, node=node.name))
        for watcher in self.watchers:
            watcher(node, event, now)
        self.each(lambda extra: extra.event(node.name, event, now, node.session_word))
