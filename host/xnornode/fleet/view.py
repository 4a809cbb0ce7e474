"""What the broker says of all nodes, gateways and roll-outs, kept up to date."""

from __future__ import annotations

import secrets
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from fnmatch import fnmatchcase

from xnornode.errors import LinkError
from xnornode.fleet.hour_items import Past, read_hours
from xnornode.fleet.payloads import (
    GatewayState,
    Latest,
    PayloadError,
    State,
    Update,
    from_payload,
)
from xnornode.fleet.rollout import CANCELLED, Rollout, read_rollout
from xnornode.link.deadline import Deadline
from xnornode.link.mqtt_broker import CLOSES, Broker
from xnornode.link.mqtt_topics import OFFLINE, ONLINE, Address, Topics

QUIET = 0.5
"""Seconds without a further retained message, after which all have come."""
FIRST_SECONDS = 2.0
"""Seconds for the first one, at a broker that is far away."""
TOLD_SECONDS = 15.0
"""Seconds in which what was published comes back."""
SURE_SECONDS = 30.0
"""Seconds for all that is retained."""
MARK_SECONDS = 2.0
"""Seconds after which a message of one's own that has not come back is sent again."""
LOOK_SECONDS = 15.0
"""Seconds for them at most: some fleets talk all the time."""


@dataclass
class NodeView:
    """One node, as the broker has it.

    Attributes
    ----------
    name : str
        Its name.
    online : bool or None
        What `availability` says; None before it has said anything.
    state, latest, update : optional
        The last of each, if there was one.
    hours : dict
        What it saw, by hour and model; empty where it was not asked for.
    problems : dict
        Why something that was said of it was not taken, by the topic's kind.
    heard : int or None
        Milliseconds since 1970, by this computer's clock, when something of it came live.
    counted, began : int, int or None
        Predictions behind the first one that came live, and when that one came.
    """

    name: str
    online: bool | None = None
    state: State | None = None
    latest: Latest | None = None
    update: Update | None = None
    hours: Past = field(default_factory=dict)
    problems: dict[str, str] = field(default_factory=dict)
    heard: int | None = None
    counted: int = 0
    began: int | None = None

    @property
    def sha256(self) -> str:
        """Of the model that it runs; empty if that is not known."""
        return self.state.model.sha256 if self.state and self.state.model else ""


@dataclass
class GatewayView:
    """One gateway, as the broker has it."""

    name: str
    online: bool = False
    state: GatewayState | None = None


class FleetView:
    """Subscribes to the retained topics, and keeps the last of each.

    Parameters
    ----------
    broker : Broker
        The connection.
    topics : Topics
        Its topics.
    hours : bool, default False
        Whether to have what nodes saw, too.
    lines : bool, default False
        Whether to take note of when predictions and events come.

    Attributes
    ----------
    nodes, gateways : dict
        By their names.
    rollouts : dict
        By their IDs.
    problems : dict
        Why something that is about no known node was not taken, by its topic.
    cancelled : set of str
        IDs of roll-outs that were cancelled.
    changes : int
        How many messages came.
    """

    def __init__(
        self, broker: Broker, topics: Topics, hours: bool = False, lines: bool = False
    ) -> None:
        self.nodes: dict[str, NodeView] = {}
        self.gateways: dict[str, GatewayView] = {}
        self.rollouts: dict[str, Rollout] = {}
        self.problems: dict[str, str] = {}
        self.cancelled: set[str] = set()
        self.changes = 0
        self._broker, self._topics = broker, topics
        self._mark, self._back = "", threading.Event()
        self._came = threading.Event()
        self.lock = threading.RLock()
        kinds = ["availability", "state", "model/latest", "model/update"]
        patterns = [topics.node("+", kind) for kind in kinds + ["hour"] * hours]
        patterns += [topics.shared(f"_gateway/{kind}", "+") for kind in ("availability", "state")]
        for pattern in [*patterns, topics.shared("_rollout", "+")]:
            broker.subscribe(pattern, self._take)
        for kind in ("prediction", "event") if lines else ():
            broker.subscribe(topics.node("+", kind), self._hear, 0)

    def settle(self, quiet: float = QUIET, most: float = LOOK_SECONDS) -> None:
        """Wait until what is retained has probably come; a user who may only read can do that.

        Parameters
        ----------
        quiet : float, default QUIET
            Seconds without a further message that are enough.
        most : float, default LOOK_SECONDS
            Seconds at most.
        """
        wait = Deadline(most)
        self._came.wait(wait.within(FIRST_SECONDS).left)
        while not wait.passed and self._came.wait(wait.within(quiet).left):
            self._came.clear()

    def settle_surely(self, most: float = SURE_SECONDS) -> None:
        """Wait until all that is retained has come: what is published then comes behind it.

        Parameters
        ----------
        most : float, default SURE_SECONDS
            Seconds at most.

        Raises
        ------
        LinkError
            If what is published does not come back.
        """
        mark = secrets.token_hex(4)  # no roll-out of this ID was ever there: it is taken back
        topic, wait, again = self._topics.shared("_rollout", mark), Deadline(most), Deadline(0)
        self._mark, self._back = mark, threading.Event()
        lost = self._broker.lost
        while not self._back.wait(0.02):
            if wait.passed or self._broker.lost - lost >= CLOSES:
                raise LinkError(_not_told(topic, self._broker.settings.user))
            if again.passed and self._broker.connected:
                self._broker.publish(topic, b"")
                again = Deadline(MARK_SECONDS)  # one may be lost with the connection

    def await_told(self, told: Callable[[], bool], topic: str, user: str) -> None:
        """Wait until the broker has told others what this program has published.

        A broker confirms what a user may not write, and drops it.

        Parameters
        ----------
        told : callable
            Whether it has come back.
        topic : str
            The topic, for the message.
        user : str
            Who has published it.

        Raises
        ------
        LinkError
            If it does not come back.
        """
        wait = Deadline(TOLD_SECONDS)
        while not told():
            if wait.passed:
                raise LinkError(_not_told(topic, user))
            wait.pause(0.02)

    def named(self, patterns: Sequence[str]) -> list[NodeView]:
        """The nodes whose names match one of some patterns.

        Parameters
        ----------
        patterns : sequence of str
            Names, in which `*` stands for any characters and `?` for one.

        Returns
        -------
        list of NodeView
            By their names.
        """
        with self.lock:
            return [
                node
                for name, node in sorted(self.nodes.items())
                if any(fnmatchcase(name, pattern) for pattern in patterns)
            ]

    def there(self, node: NodeView) -> bool:
        """Whether a node is there: it, and who carries it."""
        if not node.online:
            return False
        gateway = node.state.gateway if node.state else None
        return gateway is None or self._online(gateway)

    def updated_by(self, node: NodeView) -> bool:
        """Whether a gateway is there that puts models on this node."""
        gateway = node.state.gateway if node.state else None
        if gateway is not None:
            return self._online(gateway)
        with self.lock:
            return any(
                each.online and each.state and each.state.native for each in self.gateways.values()
            )

    def _online(self, gateway: str) -> bool:
        found = self.gateways.get(gateway)
        return found is not None and found.online

    # Called in the connection's thread

    def _hear(self, topic: str, payload: bytes, retained: bool) -> None:
        address = self._topics.read(topic)
        if address and not retained and (node := self.nodes.get(address.name)):
            node.heard = now_ms()
            if address.kind == "prediction":
                node.counted += node.began is not None
                node.began = node.began or node.heard

    def _take(self, topic: str, payload: bytes, retained: bool) -> None:
        address = self._topics.read(topic)
        if not address:
            return
        with self.lock:
            self.changes += 1
            try:
                self._told(address, payload)
            except PayloadError as error:
                if address.name in self.nodes:
                    self.nodes[address.name].problems[address.kind] = str(error)
                else:
                    self.problems[topic] = str(error)
        self._came.set()

    def _told(self, address: Address, payload: bytes) -> None:
        name = address.name
        if address.kind == "_rollout":
            if name == self._mark:
                self._back.set()
            if payload:
                self.rollouts[name] = read_rollout(name, payload)
                if self.rollouts[name].state == CANCELLED:
                    self.cancelled.add(name)  # a runner may say something else behind it
            else:
                self.rollouts.pop(name, None)
            return
        if address.kind.startswith("_gateway"):
            gateway = self.gateways.setdefault(name, GatewayView(name))
            if address.kind == "_gateway/availability":
                gateway.online = payload == ONLINE
            else:
                gateway.state = from_payload(GatewayState, payload) if payload else None
            return
        if not payload and name not in self.nodes:
            return
        node = self.nodes.setdefault(name, NodeView(name))
        match address.kind:
            case "availability":
                node.online = {ONLINE: True, OFFLINE: False}.get(payload)
            case "state":
                node.state = _state_of(name, payload) if payload else None
            case "model/latest":
                node.latest = from_payload(Latest, payload) if payload else None
            case "model/update":
                node.update = from_payload(Update, payload) if payload else None
            case "hour":
                node.hours = read_hours(payload) if payload else {}
        node.problems.pop(address.kind, None)
        if node.online is None and not (node.state or node.latest or node.update or node.hours):
            del self.nodes[name]  # taken back


def _state_of(name: str, payload: bytes) -> State:
    """A node's state. Raises PayloadError: also where it is said to be another node's."""
    state = from_payload(State, payload)
    if state.node != name:
        raise PayloadError("schema", f"it is the state of another node than {name}")
    return state


def _not_told(topic: str, user: str) -> str:
    who = f"the user {user}" if user else "this program, without a user's name,"
    return (
        f"the broker does not pass on what was published at {topic}: may {who} write there? See "
        "its access list"
    )


def now_ms() -> int:
    """Milliseconds since 1970."""
    return int(time.time() * 1000)
