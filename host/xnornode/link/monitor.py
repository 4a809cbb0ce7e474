"""Follow a node's predictions, and know what was lost (docs/reference/lines.md)."""

import math
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from types import TracebackType

from xnornode.errors import LinkError, LinkLost
from xnornode.link import messages
from xnornode.link.deadline import Deadline
from xnornode.link.framing import command
from xnornode.link.labels import LabelCheck
from xnornode.link.lost_lines import LossCounter
from xnornode.link.messages import Event
from xnornode.link.ports import RETRY, open_port
from xnornode.link.protocol import Session
from xnornode.link.schema import printable
from xnornode.link.stream import Stream

QUEUE = 10_000
"""Events that are kept for a reader that is slower than the node; then the oldest are dropped."""
QUEUE_BYTES = 4 << 20
"""Bytes of lines whose events are kept at most."""
CLOSING = 2.0
"""Seconds that the reading thread gets to end. After that it is left alone with its port."""
GLANCE = 0.5
"""Seconds after which the reading thread looks whether it is to end."""


@dataclass(frozen=True)
class Prediction:
    """A prediction of a node, as it arrived.

    Parameters
    ----------
    time : float
        When it came, in seconds since 1970.
    seq : int
        Its number since the start of the node's program.
    ms : int
        Milliseconds since the start of the node's program.
    label : str
        The class.
    index : int
        Number of the class.
    scores : list of int
        One per class.
    us : int
        Microseconds that the classification took.
    model : str or None
        Name of the node's model, where it is known.
    revision : int or None
        Revision of the node's model, where it is known.
    lost : int
        Predictions that the node made between the one before and this one, and that did not
        arrive.
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


@dataclass(frozen=True)
class _Arrival:
    """An event, when it came (seconds since 1970), on which connection, and its line's bytes."""

    event: Event | LinkError
    time: float = 0.0
    connection: int = 0
    size: int = 0


class Monitor:
    """Iterate over the predictions of a node.

    A thread reads the port all the time, so that a slow reader does not hold up the node. When
    the port goes away it is opened again as soon as it is back. Also a context manager; `close`
    ends it.

    Parameters
    ----------
    url : str
        Serial port or pyserial URL.
    reconnect : float or None, default None
        Seconds to wait for a port that went away. None: as long as it takes.
    say : callable, optional
        Gets a line of talk when a prediction does not agree with the labels of the node's model.
        Each disagreement is said once.

    Attributes
    ----------
    damaged : int
        Lines that were not whole.
    unknown : int
        Whole lines that are not as docs/reference/lines.md has them.
    dropped : int
        Predictions that came and were dropped here, as the reader was too slow. Also in `lost`.
    reconnections : int
        How often the port went away and came back.
    connected : bool
        Whether the port is open.

    Raises
    ------
    LinkError
        When the port cannot be opened at the start; from `event` and iteration, when it does not
        come back.

    Examples
    --------
    >>> with Monitor("/dev/ttyACM0") as node:  # doctest: +SKIP
    ...     for p in node:
    ...         print(p.label, p.lost)
    """

    def __init__(
        self,
        url: str,
        reconnect: float | None = None,
        say: Callable[[str], None] = lambda text: None,
    ) -> None:
        self.url = url
        self.damaged = self.dropped = self.reconnections = self.unknown = 0
        self.connected = True
        self._reconnect, self._say = reconnect, say
        self._counter, self._labels = LossCounter(), LabelCheck()
        self._events: deque[_Arrival] = deque()
        self._bytes = 0  # of the lines in it
        self._changed = threading.Condition()
        self._ends = False
        self._port = open_port(url)
        self._thread = threading.Thread(target=self._read, name=f"monitor {url}", daemon=True)
        self._thread.start()

    @property
    def predictions(self) -> int:
        """Predictions that came and were read here."""
        return self._counter.predictions

    @property
    def lost(self) -> int:
        """Predictions that the node made and that did not come, or were damaged, or dropped."""
        return self._counter.lost

    @property
    def restarts(self) -> int:
        """How often the node's program began again."""
        return self._counter.restarts

    @property
    def odd(self) -> int:
        """Predictions whose number no healthy node gives. What was lost there is not known."""
        return self._counter.odd

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
        self._thread.join(CLOSING)

    def __iter__(self) -> Iterator[Prediction]:
        while (event := self.event()) is not None:
            if isinstance(event, Prediction):
                yield event

    def event(self, seconds: float | None = None) -> Prediction | Event | None:
        """The next event of any kind.

        Parameters
        ----------
        seconds : float or None, default None
            How long to wait for it. None: as long as it takes.

        Returns
        -------
        Prediction, Event or None
            None if none came in time, or once the monitor is closed.

        Raises
        ------
        LinkError
            When the port went away and does not come back.
        """
        with self._changed:
            self._changed.wait_for(lambda: self._events or self._ends, seconds)
            if not self._events:
                return None
            arrival = self._take()
        event = arrival.event
        if isinstance(event, LinkError):
            raise event
        lost = self._counter.heard(event, arrival.connection, arrival.time)
        if problem := self._labels.heard(event):
            self._say(problem)
        self.unknown += isinstance(event, messages.Unknown)
        if not isinstance(event, messages.Prediction):
            return event
        return Prediction(
            time=arrival.time,
            seq=event.seq,
            ms=event.ms,
            label=event.label,
            index=event.index,
            scores=list(event.scores),
            us=event.us,
            model=self._counter.model,
            revision=self._counter.revision,
            lost=lost,
        )

    def _read(self) -> None:
        try:
            while not self._ends:
                with closing(Stream(self._port)) as stream:
                    self._follow(Session(stream))
                self.connected = False
                self._open_again()
        except LinkError as error:
            self._put(_Arrival(error))
        except Exception as error:  # the reader is not to wait for a thread that is gone
            text = f"reading {self.url} failed: {type(error).__name__}: {error}"
            self._put(_Arrival(LinkError(printable(text))))

    def _follow(self, session: Session) -> None:
        """Take events until the port goes away."""
        damaged = self.damaged
        try:
            session.send(command("hello", 0))  # the answer says whether it is the same program
            while not self._ends:
                event = session.receive(GLANCE)
                self.damaged = damaged + session.damaged
                if event:
                    now = time.time()
                    self._put(_Arrival(event, now, self.reconnections, session.size))
        except LinkLost:
            pass

    def _put(self, arrival: _Arrival) -> None:
        with self._changed:
            while self._events and (
                len(self._events) >= QUEUE or self._bytes + arrival.size > QUEUE_BYTES
            ):
                self.dropped += isinstance(self._take().event, messages.Prediction)
            self._events.append(arrival)
            self._bytes += arrival.size
            self._changed.notify_all()

    def _take(self) -> _Arrival:
        """The oldest event, out of the queue."""
        arrival = self._events.popleft()
        self._bytes -= arrival.size
        return arrival

    def _open_again(self) -> None:
        wait = Deadline(math.inf if self._reconnect is None else self._reconnect)
        while not self._ends:
            try:
                self._port = open_port(self.url)
            except LinkError:
                if wait.passed:
                    raise
                wait.pause(RETRY)
            else:
                self.connected = True
                self.reconnections += 1
                return
