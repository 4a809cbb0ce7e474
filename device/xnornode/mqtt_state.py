"""The state of a node that speaks MQTT itself (docs/reference/mqtt.md, "State")."""

import json
import time

from xnornode.net import FRAME, WINDOW

TYPE_CHECKING = False  # there is no `typing` on the node
if TYPE_CHECKING:
    from typing import Any

    from xnornode.mqtt_client import Client

VERSION = 1
TROUBLE_MS = 3_600_000  # for which the last warning is shown
OF_HELLO = (
    "session library bnn format firmware machine flash ram channels running signed model device"
)


class State:
    """What is known of the node. Attributes: `due`, whether to publish it; `connection`, of the
    stream that publishes it, None before a program listens."""

    def __init__(self, client: "Client") -> None:
        self.due = True
        self.connection: Any = None
        self._client = client
        self._last: Any = b""  # lines
        self._trouble = ""
        self._troubled = 0
        self._predictions = self._before = 0
        self._since = time.ticks_ms()
        self._rate = 0
        self._drift: Any = b""

    def heard(self, data: "bytes | memoryview", kind: bytes) -> None:
        """Know of an event. data: its line. kind: its name, or the first 10 bytes of it."""
        if kind == b"prediction":
            self._predictions += 1
            self._last = data
        elif kind[:5] == b"ready":
            self.due = True
            self._drift = b""  # that of another model, or of before
        elif kind[:5] == b"drift":
            self._drift = data
        elif kind[:7] == b"warning" or kind[:5] == b"error":
            given = _read(data)
            text = given.get("warning") or given.get("error") or ""
            if text != self._trouble:
                self.due = True
            self._trouble, self._troubled = text, time.ticks_ms()

    def payload(self) -> bytes | None:
        """The state as it is now; None where no program listens."""
        if not self.connection:
            return None
        client = self._client
        now = time.ticks_ms()
        passed = time.ticks_diff(now, self._since)
        if not 0 <= passed < 50_000:
            self._rate = (self._predictions - self._before) * 1_000_000 // max(1, passed)
            self._before, self._since = self._predictions, now
        if not 0 <= time.ticks_diff(now, self._troubled) < TROUBLE_MS:
            self._trouble = ""
        facts = self.connection.models.facts()
        last = _read(self._last)
        given: dict[str, Any] = {"mqtt": VERSION, "node": client.name, "gateway": None}
        given["port"] = None
        for key in OF_HELLO.split():
            given[key] = facts[key]
        given["frame"], given["window"] = FRAME, WINDOW
        given["labels"], given["note"] = self.connection.models.answers()
        given["predictions"], given["rate_mhz"] = self._predictions, self._rate
        given["reconnections"] = client.connections - 1
        given["dropped"] = client.queue.dropped
        given["trouble"] = self._trouble
        given["time"] = given["seen"] = None
        if last:
            keys = ("seq", "label", "answer", "confidence")
            given["last"] = {key: last[key] for key in keys if key in last}
        drift = _read(self._drift)
        if drift:
            given["drift"], given["moved"] = drift["drift"], drift["features"]
        return json.dumps(given).encode()


def _read(line: "bytes | memoryview") -> "dict[str, Any]":
    try:
        found: dict[str, Any] = json.loads(bytes(line))
        return found
    except ValueError:
        return {}
