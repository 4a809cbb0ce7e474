"""The gateway as its extras know it."""

from __future__ import annotations

from typing import Protocol

from xnornode.link.mqtt_broker import Broker
from xnornode.link.mqtt_topics import Topics


class ExtraHost(Protocol):
    """What hours and discovery need of a gateway."""

    @property
    def name(self) -> str:
        """Its name."""

    @property
    def broker(self) -> Broker:
        """Its connection."""

    @property
    def topics(self) -> Topics:
        """Below which prefix it publishes."""

    def publish(self, topic: str, payload: bytes, retain: bool) -> None:
        """Publish by way of its queue."""
