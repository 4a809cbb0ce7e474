"""Follow a node's predictions, and know what was lost (docs/reference/lines.md)."""

import threading
import time
from collections import deque
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from types import TracebackType

from xnornode.errors import LinkError, LinkLost
from xnornode.link.connect import RETRY
from xnornode.link.ports import open_port
from xnornode.link.protocol import Event, Session, command

QUEUE = 10_000
"""Events that are kept for a reader that is slower than the node; then the oldest are dropped."""
GLANCE = 0.5
"""Seconds after which the reading thread looks whether it is to end."""


@dataclass(frozen=True)
class Prediction:
    """One line of a node.

    seq, ms, label, index, scores, us: as in docs/reference/lines.md. time: when it came, in
    seconds since 1970. model, revision: the node's, where they are known. lost: predictions that
    the node made between the one before and this one, and that did not arrive.
    """

    time: float
    seq: int
    ms: int
    label: str
    index: int
    scores: list[int]
    us: int
    model: str | None
    revision: int | None
    lost: int


class Monitor:
    """Iterate over the predictions of the node on a serial port or pyserial URL.

    A thread reads the port all the time, so that a slow reader does not hold up the node. When
    the port goes away it is opened again as soon as it is back. reconnect: seconds to wait for
    that, None for as long as it takes. Raises LinkError when the port cannot be opened at the
    start, or does not come back. Also a context manager; `close` ends it::

        with Monitor("/dev/ttyACM0") as node:
            for p in node:
                print(p.label, p.lost)
    """

    def __init__(self, url: str, reconnect: float | None = None) -> None:
        self.url = url
        self.predictions = 0
        """That came."""
        self.lost = 0
        """That the node made and that did not come, or were damaged, or dropped here."""
        self.damaged = 0
        """Lines that were not whole."""
        self.dropped = 0
        """Predictions that came and were dropped here, as the reader was too slow; also `lost`."""
        self.restarts = 0
        """How often the node's program began anew."""
        self.reconnections = 0
        """How often the port went away and came back."""
        self.connected = True
        """Whether the port is open."""
        self._reconnect = reconnect
        self._next: int | None = None
        self._node: str | None = None  # its session
        self._jump = (0, 0)  # the first number after the port came back, and what that lost
        self._model: str | None = None
        self._revision: int | None = None
        self._opened = 0  # how often the port had been opened when the last prediction came
        self._events: deque[Event | LinkError] = deque()
        self._changed = threading.Condition()
        self._ends = False
        self._port = open_port(url)
        self._thread = threading.Thread(target=self._read, name=f"monitor {url}", daemon=True)
        self._thread.start()

    def __enter__(self) -> "Monitor":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the port; iterating ends."""
        with self._changed:
            self._ends = True
            self._changed.notify_all()
        self._thread.join()

    def __iter__(self) -> Iterator[Prediction]:
        while (event := self.event()) is not None:
            if p := self.prediction(event):
                yield p

    def event(self, seconds: float | None = None) -> Event | None:
        """The next event of any kind; None after `seconds`, or once it is closed."""
        with self._changed:
            self._changed.wait_for(lambda: self._events or self._ends, seconds)
            if not self._events:
                return None
            event = self._events.popleft()
        if isinstance(event, LinkError):
            raise event
        if event["event"] == "ready":
            self._ready(event)
        elif event["event"] == "hello" and event.get("model"):
            self._hello(event)
        return event

    def _ready(self, event: Event) -> None:
        if self._node is not None and event.get("session") != self._node:
            self.restarts += 1
            self._next = 0
        self._node = event.get("session")
        self._model, self._revision = event["model"], event["revision"]
        if self._next is not None:
            self._count(event.get("seq", 0))

    def _hello(self, event: Event) -> None:
        """The answer to what is asked when the port is opened."""
        if self._node is not None and event["session"] != self._node:
            self.restarts += 1
            if event["opened"] != self._opened:  # no prediction has come since
                self._next = 0
            else:
                # What seemed a jump in the old program's numbers was the new one's beginning
                first, lost = self._jump
                self.lost += first - lost
        self._node = event["session"]
        self._model, self._revision = event["model"]["name"], event["model"]["revision"]

    def _count(self, seq: int) -> int:
        """The number that was expected is at least `seq`; how many are missing."""
        if self._next is None:
            self._next = seq
        elif seq < self._next:  # the node began anew, and its `ready` was lost
            self.restarts += 1
            self._next = 0
        lost = seq - self._next
        self.lost += lost
        self._next = seq
        return lost

    def prediction(self, event: Event) -> Prediction | None:
        """The prediction that an event is, which is counted; None for another event."""
        if event["event"] != "prediction":
            return None
        lost = self._count(event["seq"])
        if event["opened"] != self._opened:
            self._opened, self._jump = event["opened"], (event["seq"], lost)
        self._next = event["seq"] + 1
        self.predictions += 1
        fields = {k: event[k] for k in ("seq", "ms", "label", "index", "scores", "us", "time")}
        return Prediction(**fields, lost=lost, model=self._model, revision=self._revision)

    def _read(self) -> None:
        while not self._ends:
            with closing(self._port) as port:
                self._follow(Session(port))
            self.connected = False
            try:
                self._open_again()
            except LinkError as error:
                self._put(error)
                return

    def _follow(self, session: Session) -> None:
        """Take events until the port goes away."""
        damaged = self.damaged
        try:
            session.send(command("hello", 0))  # the answer says whether it is the same program
            while not self._ends:
                event = session.receive(GLANCE)
                self.damaged = damaged + session.damaged
                if event:
                    event["time"], event["opened"] = time.time(), self.reconnections
                    self._put(event)
        except LinkLost:
            pass

    def _put(self, event: Event | LinkError) -> None:
        with self._changed:
            if len(self._events) >= QUEUE:
                oldest = self._events.popleft()
                self.dropped += isinstance(oldest, dict) and oldest["event"] == "prediction"
            self._events.append(event)
            self._changed.notify_all()

    def _open_again(self) -> None:
        deadline = None if self._reconnect is None else time.monotonic() + self._reconnect
        while not self._ends:
            try:
                self._port = open_port(self.url)
            except LinkError:
                if deadline is not None and time.monotonic() > deadline:
                    raise
                time.sleep(RETRY)
            else:
                self.connected = True
                self.reconnections += 1
                return
