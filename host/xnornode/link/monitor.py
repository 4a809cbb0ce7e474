"""Follow a node's predictions, and know what was lost (docs/reference/lines.md)."""

import math
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from types import TracebackType

from xnornode.errors import LinkError, LinkLost
from xnornode.link import messages
from xnornode.link.arrivals import Arrival, Arrivals
from xnornode.link.deadline import Deadline
from xnornode.link.framing import command
from xnornode.link.labels import LabelCheck
from xnornode.link.lost_lines import LossCounter
from xnornode.link.messages import Event
from xnornode.link.ports import RETRY, AtOnce, open_port, pace
from xnornode.link.predictions import Detected, Drift, Prediction
from xnornode.link.protocol import Session
from xnornode.link.schema import printable
from xnornode.link.share import PortLentError
from xnornode.link.stream import Stream
from xnornode.link.texts import Texts

CLOSING = 8.0
"""Seconds that the reading thread gets to end. After that it is left alone with its port."""
GLANCE = 0.5
"""Seconds after which the reading thread looks whether it is to end."""


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
        Gets a line of talk when a prediction does not agree with the labels of the node's model,
        each disagreement once, and when another program has the port for itself.
    on_text : callable, optional
        Gets what the node prints beside its lines, in their order and in the thread that asks for
        events: a line of text, or a whole traceback with line ends. What cannot be printed is
        shown by its number.

    Attributes
    ----------
    arrival : float
        When the last event came that was given, in seconds since 1970.
    damaged : int
        Lines that were not whole.
    unknown : int
        Whole lines that are not as docs/reference/lines.md has them.
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
        on_text: Callable[[str], None] | None = None,
    ) -> None:
        self.url = url
        self.damaged = self.reconnections = self.unknown = 0
        self.arrival = 0.0
        self.connected = True
        self._reconnect, self._say, self._on_text = reconnect, say, on_text
        self._counter, self._labels = LossCounter(), LabelCheck()
        self._arrivals = Arrivals()
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
    def dropped(self) -> int:
        """Predictions that came and were dropped, as the reader was too slow. Also in `lost`."""
        return self._arrivals.dropped

    @property
    def dropped_texts(self) -> int:
        """Texts that came and were not given to `on_text`, as the reader was too slow."""
        return self._arrivals.dropped_texts

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
        self._ends = True
        self._arrivals.end()
        self._thread.join(CLOSING)

    def __iter__(self) -> Iterator[Prediction]:
        while (event := self.event()) is not None:
            if isinstance(event, Prediction):
                yield event

    def event(self, seconds: float | None = None) -> Prediction | Detected | Drift | Event | None:
        """The next event of any kind.

        Parameters
        ----------
        seconds : float or None, default None
            How long to wait for it. None: as long as it takes.

        Returns
        -------
        Prediction, Detected, Drift, Event or None
            None if none came in time, or once the monitor is closed.

        Raises
        ------
        LinkError
            When the port went away and does not come back.
        """
        wait = Deadline(math.inf if seconds is None else seconds)
        while arrival := self._arrivals.get(None if seconds is None else wait.left):
            if isinstance(arrival.what, LinkError):
                raise arrival.what
            if isinstance(arrival.what, Event):
                return self._heard(arrival.what, arrival)
            if self._on_text:
                self._on_text(arrival.what)
            if wait.passed:
                return None
        return None

    def _heard(self, event: Event, arrival: Arrival) -> Prediction | Detected | Drift | Event:
        """Count an event, and give it what is known beside it."""
        self.arrival = arrival.time
        lost = self._counter.heard(event, arrival.connection, arrival.time)
        if problem := self._labels.heard(event):
            self._say(problem)
        self.unknown += isinstance(event, messages.Unknown)
        time, model, revision = arrival.time, self._counter.model, self._counter.revision
        match event:
            case messages.Prediction():
                return Prediction(
                    time=time,
                    seq=event.seq,
                    ms=event.ms,
                    label=event.label,
                    index=event.index,
                    scores=list(event.scores),
                    us=event.us,
                    model=model,
                    revision=revision,
                    lost=lost,
                    confidence=None if event.confidence is None else event.confidence / 1000,
                    answer=event.answer,
                )
            case messages.Detected(seq, ms, label, share):
                return Detected(time, seq, ms, label, share / 1000, model, revision)
            case messages.Drift():
                return Drift.of(event, time, model, revision)
        return event

    def _read(self) -> None:
        try:
            while not self._ends:
                opened = time.monotonic()
                with closing(Stream(self._port)) as stream:
                    self._follow(stream)
                self.connected = False
                pace(opened)
                self._open_again()
        except LinkError as error:
            self._arrivals.put(Arrival(error))
        except Exception as error:  # the reader is not to wait for a thread that is gone
            text = f"reading {self.url} failed: {type(error).__name__}: {error}"
            self._arrivals.put(Arrival(LinkError(printable(text))))

    def _follow(self, stream: Stream) -> None:
        """Take events and texts until the port goes away."""
        damaged, texts = self.damaged, Texts()
        session = Session(stream, on_text=lambda piece: self._print(texts.add(piece)))
        try:
            session.send(command("hello", 0))  # the answer says whether it is the same program
            while not self._ends:
                event = session.receive(GLANCE)
                self.damaged = damaged + session.damaged
                if event:
                    now = time.time()
                    self._arrivals.put(Arrival(event, now, self.reconnections, session.size))
                elif texts.is_open:
                    self._print(texts.end())
        except LinkLost:
            self._print(texts.end())

    def _print(self, texts: list[str]) -> None:
        if self._on_text:
            for text in texts:
                self._arrivals.put(Arrival(text, size=len(text)))

    def _open_again(self) -> None:
        wait, told = Deadline(math.inf if self._reconnect is None else self._reconnect), ""
        while not self._ends:
            try:
                self._port = open_port(AtOnce(self.url))
            except LinkError as error:
                if isinstance(error, PortLentError) and str(error) != told:
                    told = str(error)
                    self._say(told)
                if wait.passed:
                    raise
                wait.pause(RETRY)
            else:
                self.connected = True
                self.reconnections += 1
                return
