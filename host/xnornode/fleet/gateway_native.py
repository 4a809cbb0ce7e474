"""Nodes that speak MQTT themselves, for the extras of a gateway with `native`."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TYPE_CHECKING

from xnornode.fleet.gateway_open import BYTES, BYTES_AT_ONCE, LINES, LINES_AT_ONCE, Budget
from xnornode.fleet.payloads import PayloadError, State, from_payload
from xnornode.link.messages import Answer, Samples, Unknown
from xnornode.link.mqtt_topics import LONGEST_PAYLOAD, OFFLINE
from xnornode.link.parsing import parse
from xnornode.link.schema import read_json

if TYPE_CHECKING:
    from xnornode.fleet.gateway import Gateway

WAITING, OVERHEAD = 64 << 20, 500
"""Bytes of messages that the gateway has not looked at, and what each one has beside its payload;
further ones are dropped."""


class Native:
    """Reads what such nodes publish, and tells the extras.

    Parameters
    ----------
    gateway : Gateway
        Whose extras are told, in its thread.
    """

    def __init__(self, gateway: Gateway) -> None:
        self._gateway = gateway
        self._names: set[str] = set()
        self._away: dict[str, State | None] = {}
        """Nodes that are offline, and what they said last: a retained state tells of no life."""
        self._budgets: dict[str, tuple[Budget, Budget]] = {}  # lines and bytes, by node
        self._waiting = [0, 0]  # bytes that came in the connection's thread, and those looked at
        topics, broker = gateway.topics, gateway.broker
        for kind, take in (
            ("availability", self._available),
            ("state", self._state),
            ("prediction", self._event),
            ("event", self._event),
        ):
            broker.subscribe(topics.node("+", kind), self._handler(take))

    def _handler(self, take: Callable[[str, bytes], None]) -> Callable[[str, bytes, bool], None]:
        gateway = self._gateway

        def handle(topic: str, payload: bytes, retained: bool) -> None:
            address = gateway.topics.read(topic)
            # One's own come back, too
            if not address or address.name in gateway.ports:
                return
            if why := self._too_much(address.name, len(payload)):
                gateway.refused[why] += 1
                return
            size = OVERHEAD + len(payload)
            self._waiting[0] += size
            gateway.reactor.call(lambda: self._take(take, address.name, payload, size))

        return handle

    def _too_much(self, name: str, size: int) -> str:
        """Why a message is not taken; empty if it is. Before it waits: many may come at once."""
        if size > LONGEST_PAYLOAD:
            return "oversize"
        if self._waiting[0] - self._waiting[1] > WAITING:
            return "flood"
        if name not in self._budgets:
            self._budgets[name] = Budget(LINES, LINES_AT_ONCE), Budget(BYTES, BYTES_AT_ONCE)
        lines, data = self._budgets[name]
        if lines.spent or data.spent:
            return "flood"
        lines.spend(1)
        data.spend(size)
        return ""

    def _take(self, take: Callable[[str, bytes], None], name: str, data: bytes, size: int) -> None:
        self._waiting[1] += size
        take(name, data)

    def _refuse(self, error: PayloadError) -> None:
        self._gateway.refused[error.reason] += 1

    def _available(self, name: str, payload: bytes) -> None:
        if payload == OFFLINE:
            self._away.setdefault(name, None)
            if name in self._names:
                self._names.discard(name)
                self._gateway.each(lambda extra: extra.gone(name))
        elif name in self._away and (state := self._away.pop(name)):
            self._there(name, state)

    def _state(self, name: str, payload: bytes) -> None:
        if not payload:
            return
        try:
            state = from_payload(State, payload)
        except PayloadError as error:
            self._refuse(error)
            return
        if state.gateway is not None or state.node != name:
            self._names.discard(name)  # another gateway has it
            return
        if name in self._away:
            self._away[name] = state
        else:
            self._there(name, state)

    def _there(self, name: str, state: State) -> None:
        self._names.add(name)
        self._gateway.each(lambda extra: extra.state(name, state))

    def _event(self, name: str, payload: bytes) -> None:
        if name not in self._names:
            return
        try:
            fields = read_json(payload)
            if not isinstance(fields, dict) or not isinstance(fields.get("event"), str):
                raise PayloadError("schema", "")
        except PayloadError as error:
            self._refuse(error)
            return
        except ValueError:
            self._gateway.refused["json"] += 1
            return
        event = parse(fields)
        if isinstance(event, Answer | Samples | Unknown):
            return
        session = fields.get("session")
        word = session if isinstance(session, str) else None
        now = time.time_ns() // 1_000_000
        self._gateway.each(lambda extra: extra.event(name, event, now, word))
