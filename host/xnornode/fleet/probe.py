"""Whether a broker lets its user publish on a topic."""

from __future__ import annotations

from typing import Any

from xnornode.link.deadline import Deadline
from xnornode.link.mqtt_broker import Broker
from xnornode.link.mqtt_settings import BrokerSettings

CUTS = 2
"""Connections that end at the message, until that is the answer: one may be chance."""
SETTLED = 2.0
"""Seconds that the connection outlasts the confirmation: Mosquitto confirms, and then cuts."""
SECONDS = 20.0
"""Seconds for an answer; without one, the topic counts as allowed."""


class Probe:
    """Asks a broker by a connection of its own, in the background.

    Mosquitto 2.0 cuts the connection of a client that publishes where its access list does not let
    it. A gateway that goes on would be cut at each message, and get little else through.

    Parameters
    ----------
    settings : BrokerSettings
        Which broker, and as whom.
    topic : str
        Where an empty message is published, which is not retained.
    """

    def __init__(self, settings: BrokerSettings, topic: str) -> None:
        self._cuts = 0
        self._took: Deadline | None = None
        self._wait = Deadline(SECONDS)
        self._broker = Broker(settings)
        self._broker.on_connected.append(lambda: self._broker.publish(topic, b""))
        self._broker.on_lost.append(self._lost)
        self._broker.client.on_publish = self._published
        self._broker.start()

    @property
    def answer(self) -> bool | None:
        """Whether it may; None while that is not known."""
        if self._cuts >= CUTS:
            return False
        took = self._took
        return True if self._wait.passed or (took and took.passed) else None

    def close(self) -> None:
        """Ask no more."""
        self._broker.close(0)

    def _published(self, client: Any, data: Any, mid: int, reason: Any, more: Any) -> None:
        self._took = Deadline(SETTLED)

    def _lost(self) -> None:
        self._cuts, self._took = self._cuts + 1, None
