"""What a gateway knows of a node: counted from its lines, published as its state."""

from __future__ import annotations

import json
import time
from collections import deque
from typing import Any

from xnornode.fleet.payloads import Last, State
from xnornode.link.labels import LabelCheck
from xnornode.link.line_feed import Line, written
from xnornode.link.lost_lines import LossCounter
from xnornode.link.messages import (
    Caution,
    Drift,
    Error,
    Event,
    Hello,
    Models,
    NodeModel,
    Prediction,
    Ready,
)

MINUTE = 60.0
"""Seconds over which the rate is taken, and at most between two states."""
FIRST_PAUSE = 10.0
"""Seconds from a node's first state to the next one, which has a rate."""
TROUBLE_MS = 3_600_000
"""Milliseconds for which the last error is shown."""
TROUBLE_PAUSE = 10.0
"""Seconds at least between two states where only what is wrong has changed."""


class Node:
    """A node, by its name; it outlasts its port.

    Parameters
    ----------
    name : str
        Its name.
    gateway : str
        Who carries it.

    Attributes
    ----------
    damaged, unknown : int
        Lines with a wrong CRC; lines that are not as the documents have them.
    reconnections : int
        How often it came back.
    there : bool
        Whether it is on a port now.
    session : bytes
        The session as JSON, for payloads.
    """

    def __init__(self, name: str, gateway: str) -> None:
        self.name, self._gateway = name, gateway
        self.device, self.port = "", ""
        self.damaged = self.unknown = self.reconnections = self.dropped = 0
        self.there = False
        self.session = b"null"
        self.counter, self._labels = LossCounter(), LabelCheck()
        self.hello: Hello | None = None
        self._ready: Ready | None = None
        self._previous: tuple[NodeModel | None] | None = None
        self._session: str | None = None
        self._last: tuple[Prediction, int] | None = None
        self._trouble, self._trouble_at = "", 0
        self._seen: int | None = None
        self._drift: tuple[int, tuple[str, ...]] | None = None
        self._rates: deque[tuple[float, int]] = deque()  # when, and how many predictions by then
        self._told: object = None  # what the last published state has of the first group
        self._due, self._worried = 0.0, False

    def arrives(self, port: str, device: str) -> None:
        """It is on a port now."""
        self.reconnections += bool(self.port)
        self.port, self.device, self.there = port, device or self.device, True
        self._rates.clear()
        self._due = 0.0

    @property
    def session_word(self) -> str | None:
        """The random word of its program, where it is known."""
        return self._session

    def _in_session(self, session: str) -> None:
        if session != self._session:
            self._session, self.session = session, json.dumps(session).encode("ascii")

    def greeted(self, hello: Hello) -> None:
        """It has said what it is."""
        before = self.hello
        self.hello, self.device = hello, hello.device or self.device
        ready, model = self._ready, hello.model
        if before and _sha256(before) != _sha256(hello):
            self._drift = None  # that of another model
        if ready and model and (model.name, model.revision) != (ready.model, ready.revision):
            self._ready = None  # that of another model, whose own did not come
        self._in_session(hello.session)
        self.counter.heard(hello, self.reconnections, time.time())
        self._labels.heard(hello)

    def lists(self, models: Models) -> None:
        """It has said which model `rollback` goes back to."""
        self._previous = (models.previous,)

    def heard(self, event: Event, now: int) -> str:
        """Take an event that came at a time in milliseconds; a problem with it, told once."""
        self._seen = now
        self.counter.heard(event, self.reconnections, now / 1000)
        match event:
            case Prediction():
                self._last = (event, now)
            case Ready():
                self._ready, self._drift = event, None
                self._in_session(event.session)
            case Error(error=text) | Caution(warning=text):
                self._trouble, self._trouble_at = text, now
                self._worried = True
            case Drift(drift=drift, features=features):
                self._drift = (drift, features)
        return self._labels.heard(event)

    def payload(self, line: Line, now: int) -> bytes:
        """What is published of a line that came at a time in milliseconds."""
        if "session" in line.fields or "time" in line.fields:  # no key twice
            return written(line.fields, session=self._session, time=now) + b"}"
        return b'%s,"session":%s,"time":%d}' % (line.text, self.session, now)

    def _rate(self, now: float) -> int:
        """Predictions in 1000 s, over the last minute."""
        count = self.counter.predictions
        self._rates.append((now, count))
        while len(self._rates) > 1 and self._rates[1][0] <= now - MINUTE:
            self._rates.popleft()
        since, before = self._rates[0]
        return round(1000 * (count - before) / (now - since)) if now > since else 0

    def _first(self) -> object:
        """What a change of makes a new state at once."""
        return (self.hello, self._ready, self._previous, self.port, self.device, self.there)

    def is_due(self, now: float) -> bool:
        """Whether its state is to be published, at a time of `time.monotonic`."""
        if now >= self._due or self._first() != self._told:
            return True
        return self._worried and now >= self._due - MINUTE + TROUBLE_PAUSE

    def state(self, now: float) -> State:
        """Its state, which is published with this."""
        pause = MINUTE if self._rates else FIRST_PAUSE
        self._told, self._due, self._worried = self._first(), now + pause, False
        hello, ready, ms = self.hello, self._ready, time.time_ns() // 1_000_000
        facts: dict[str, Any] = {}
        if hello:
            facts = {name: getattr(hello, name) for name in _OF_HELLO}
        if ready:
            facts |= {"labels": ready.labels, "note": ready.note, "session": self._session}
            for name in ("bnn", "firmware", "machine"):
                facts.setdefault(name, getattr(ready, name))
        last = None
        if self._last:
            p, came = self._last
            last = Last(p.seq, p.label, p.answer, p.confidence, came)
        drift, moved = self._drift or (None, None)
        trouble = self._trouble if ms - self._trouble_at < TROUBLE_MS else ""
        return State(
            node=self.name,
            device=self.device,
            gateway=self._gateway,
            port=self.port,
            **facts,
            previous=self._previous[0] if self._previous else None,
            time=ms,
            seen=self._seen,
            predictions=self.counter.predictions,
            rate_mhz=self._rate(now),
            lost=self.counter.lost,
            damaged=self.damaged,
            restarts=self.counter.restarts,
            reconnections=self.reconnections,
            dropped=self.dropped,
            trouble=trouble,
            last=last,
            drift=drift,
            moved=moved,
        )


def _sha256(hello: Hello) -> str:
    return hello.model.sha256 if hello.model else ""


_OF_HELLO = (
    *("session", "library", "bnn", "format", "firmware", "machine", "frame", "window"),
    *("flash", "ram", "channels", "running", "signed", "model"),
)
