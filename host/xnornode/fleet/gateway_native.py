"""Nodes that speak MQTT themselves, for the extras of a gateway with `native`."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TYPE_CHECKING

from xnornode.fleet.payloads import PayloadError, State, from_payload
from xnornode.link.messages import Answer, Samples, Unknown
from xnornode.link.mqtt_topics import LONGEST_PAYLOAD, OFFLINE
from xnornode.link.parsing import parse
from xnornode.link.schema import read_json

if TYPE_CHECKING:
    from xnornode.fleet.gateway import Gateway


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
            if address and address.name not in gateway.ports:
                gateway.reactor.call(lambda: take(address.name, payload))

        return handle

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
            if len(payload) > LONGEST_PAYLOAD:
                raise PayloadError("oversize", "")
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
