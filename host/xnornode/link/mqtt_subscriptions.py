"""What a client of a broker has subscribed to: kept over connections, changed by any thread."""

from __future__ import annotations

import threading
from collections.abc import Callable
from functools import partial
from typing import Any

from xnornode.link.mqtt_failures import Mistakes

Handler = Callable[[str, bytes, bool], None]
"""Gets a topic, the payload, and whether the message was retained. In the connection's thread."""


class Subscriptions:
    """Handlers by their filters.

    Parameters
    ----------
    client : paho.mqtt.client.Client
        Subscribes, and hands out messages.
    mistakes : Mistakes
        Gets what handlers raise.
    """

    def __init__(self, client: Any, mistakes: Mistakes) -> None:
        self._client, self._mistakes = client, mistakes
        self._handlers: dict[str, tuple[list[Handler], int]] = {}
        self._lock = threading.Lock()
        self.made = False
        """Whether this connection has them; one that comes later is subscribed to at once."""

    def add(self, pattern: str, handler: Handler, qos: int) -> None:
        """Have messages."""
        with self._lock:
            handlers = [*self._handlers.get(pattern, ([], qos))[0], handler]
            self._set(pattern, handlers, qos)
            made = self.made
        if made:
            self._client.subscribe(pattern, qos)

    def remove(self, pattern: str, handler: Handler | None) -> None:
        """Have messages no more: by one handler, or by none."""
        with self._lock:
            handlers, qos = self._handlers.get(pattern, ([], 0))
            if left := [each for each in handlers if handler not in (None, each)]:
                self._set(pattern, left, qos)
                return
            self._handlers.pop(pattern, None)
            self._client.message_callback_remove(pattern)
            made = self.made
        if made:
            self._client.unsubscribe(pattern)

    def make(self) -> None:
        """Subscribe to all: there is a connection."""
        with self._lock:
            patterns = [(pattern, qos) for pattern, (_, qos) in self._handlers.items()]
            self.made = True
        if patterns:
            self._client.subscribe(patterns)

    def _set(self, pattern: str, handlers: list[Handler], qos: int) -> None:
        self._handlers[pattern] = (handlers, qos)

        def handle(client: Any, data: Any, message: Any) -> None:
            given = message.topic, bytes(message.payload), bool(message.retain)
            for handler in handlers:
                self._mistakes.safely(partial(handler, *given))

        self._client.message_callback_add(pattern, handle)
