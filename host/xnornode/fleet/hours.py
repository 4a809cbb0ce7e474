"""What nodes saw, hour by hour: the gateway's retained topic `hour` (docs/reference/mqtt.md)."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field

from xnornode.fleet.extra_host import ExtraHost
from xnornode.fleet.hour_items import Hour, Past, add_up, hours_payload, item, read_hours
from xnornode.fleet.payloads import PayloadError, State
from xnornode.link.messages import Drift, Event, Prediction

EVERY = 300.0
"""Seconds between two messages about a node, unless an hour ends."""
READ_BACK = 10.0
"""Seconds, from the broker's connection on, in which what is retained there comes back."""
HOUR = 3_600_000
"""Milliseconds."""
COUNTERS = ("lost", "restarts")
"""Of a node's state; an hour has how much they grew."""


@dataclass
class _Node:
    """What is known of a node. `past` is None until the broker was asked for it."""

    items: Past = field(default_factory=dict)
    model: str = ""
    session: str | None = None
    counters: tuple[int, ...] | None = None
    merged: bool = False
    asked: float | None = None
    changed: bool = False
    published: float = 0.0
    hour: int = 0


class Hours:
    """Counts what nodes see, and publishes it: an Extra of the gateway.

    What the broker has of a node, from before this gateway began, is read back once and added. So
    hours outlast a restart of the gateway, and a node that moves to another one.

    Parameters
    ----------
    gateway : ExtraHost
        Publishes.
    clock : callable, default time.time
        Seconds since 1970, for the hours.
    monotonic : callable, default time.monotonic
        Seconds, for waits: the clock of a computer may be set once the network is there.

    Examples
    --------
    >>> gateway.extras.append(Hours(gateway))  # doctest: +SKIP
    """

    def __init__(
        self,
        gateway: ExtraHost,
        clock: Callable[[], float] = time.time,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._gateway, self._clock, self._monotonic = gateway, clock, monotonic
        self._nodes: dict[str, _Node] = {}
        self._came: list[tuple[str, bytes]] = []
        """From the connection's thread; `step` takes them."""
        self.refused = 0
        """Retained messages that could not be read."""

    def connected(self) -> None:
        """Ask for what the broker has of nodes that nothing came back of yet."""
        for node, known in self._nodes.items():
            if not known.merged:
                self._ask(node, known)

    def state(self, node: str, state: State) -> None:
        """Take the model and what was lost from a node's state."""
        known = self._node(node)
        if state.model:
            known.model = state.model.sha256
        counters = tuple(getattr(state, name) for name in COUNTERS)
        grown = _growth(known.counters, counters)
        if state.gateway is None and known.session not in (None, state.session):
            grown["restarts"] = max(grown["restarts"], 1)  # a node cannot count its own
        known.counters, known.session = counters, state.session
        if any(grown.values()):
            hour = self._hour(known, int(self._clock() * 1000))
            hour.lost += grown["lost"]
            hour.restarts += grown["restarts"]

    def event(self, node: str, event: Event, time: int, session: str | None) -> None:
        """Count a prediction, or take a node's drift."""
        if isinstance(event, Prediction):
            label = event.label if event.answer is None else event.answer
            self._hour(self._node(node), time).prediction(label, event.confidence)
        elif isinstance(event, Drift):
            hour = self._hour(self._node(node), time)
            hour.drift = max(event.drift, hour.drift or 0)

    def gone(self, node: str) -> None:
        """Publish what is known: nothing more may come."""
        if known := self._nodes.get(node):
            self._publish(node, known)

    def step(self) -> None:
        """Take what came back from the broker, and publish where it is time."""
        while self._came:
            self._take(*self._came.pop(0))
        now, connected = self._monotonic(), self._gateway.broker.connected
        for node, known in self._nodes.items():
            if not known.merged:
                if not connected or known.asked is None or now < known.asked + READ_BACK:
                    continue
                self._merged(node, known)  # the broker has nothing of it
            if known.hour != self._this_hour or now >= known.published + EVERY:
                self._publish(node, known)

    def close(self) -> None:
        """Publish what was not published yet."""
        for node, known in self._nodes.items():
            self._publish(node, known)

    # What is retained at the broker

    def _ask(self, node: str, known: _Node) -> None:
        first, known.asked = known.asked is None, self._monotonic()
        if first:  # it is kept over breaks of the connection
            self._gateway.broker.subscribe(
                self._gateway.topics.node(node, "hour"),
                lambda topic, payload, retained: self._came.append((node, payload)),
            )

    def _take(self, node: str, payload: bytes) -> None:
        known = self._nodes.get(node)
        if not known or known.merged:
            return
        if payload:
            try:
                add_up(known.items, read_hours(payload))
            except PayloadError:
                self.refused += 1
        self._merged(node, known)

    def _merged(self, node: str, known: _Node) -> None:
        known.merged = True
        self._gateway.broker.unsubscribe(self._gateway.topics.node(node, "hour"))

    # What is counted

    def _node(self, node: str) -> _Node:
        known = self._nodes.get(node)
        if known is None:
            now = self._monotonic()
            known = self._nodes[node] = _Node(published=now, hour=self._this_hour)
            if self._gateway.broker.connected:
                self._ask(node, known)
        return known

    @staticmethod
    def _hour(known: _Node, time: int) -> Hour:
        """The item that something of this time belongs to."""
        known.changed = True
        return item(known.items, time // HOUR * HOUR, known.model)

    @property
    def _this_hour(self) -> int:
        return int(self._clock() * 1000) // HOUR

    def _publish(self, node: str, known: _Node) -> None:
        """Only after the merge, or what the broker has would be lost."""
        known.hour = self._this_hour
        if known.changed and known.merged:
            known.changed, known.published = False, self._monotonic()
            topic = self._gateway.topics.node(node, "hour")
            self._gateway.publish(topic, hours_payload(known.items), True)


def _growth(before: tuple[int, ...] | None, now: tuple[int, ...]) -> dict[str, int]:
    """How much each counter grew; one that is smaller began again."""
    if before is None:
        return dict.fromkeys(COUNTERS, 0)
    return {
        name: new - old if new >= old else new
        for name, old, new in zip(COUNTERS, before, now, strict=True)
    }
