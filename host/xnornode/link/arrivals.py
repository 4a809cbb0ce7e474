"""What came from a node and was not read yet: a queue that is bounded, in lines and in bytes."""

import threading
from collections import deque
from dataclasses import dataclass

from xnornode.errors import LinkError
from xnornode.link import messages
from xnornode.link.messages import Event

QUEUE = 10_000
"""Events that are kept for a reader that is slower than the node; then the oldest are dropped."""
QUEUE_BYTES = 4 << 20
"""Bytes of lines whose events are kept at most."""
TEXT_BYTES = 256 << 10
"""Characters of texts that are kept at most. Texts beyond are dropped, and no event for them."""


@dataclass(frozen=True)
class Arrival:
    """An event, or a text of the node, or why nothing comes any more.

    Parameters
    ----------
    what : Event, str or LinkError
        What came.
    time : float, default 0.0
        When, in seconds since 1970.
    connection : int, default 0
        How often the port had been opened again.
    size : int, default 0
        Bytes of its line.
    """

    what: Event | str | LinkError
    time: float = 0.0
    connection: int = 0
    size: int = 0


class Arrivals:
    """A queue between the thread that reads a port and the one that reads events.

    Attributes
    ----------
    dropped : int
        Predictions that were dropped, as the reader was too slow.
    dropped_texts : int
        The same of texts.

    Examples
    --------
    >>> arrivals = Arrivals()
    >>> arrivals.put(Arrival("hello", size=5))
    >>> arrivals.get(1.0).what
    'hello'
    >>> arrivals.end()
    >>> arrivals.get(1.0) is None
    True
    """

    def __init__(self) -> None:
        self.dropped = self.dropped_texts = 0
        self._queue: deque[Arrival] = deque()
        self._events = self._bytes = self._text_bytes = 0  # in the queue
        self._changed = threading.Condition()
        self._ended = False

    def __len__(self) -> int:
        return len(self._queue)

    @property
    def bytes(self) -> int:
        """Of the lines of the events that are kept."""
        return self._bytes

    def put(self, arrival: Arrival) -> None:
        """Add what came. Where that is too much, the oldest events are dropped, or this text."""
        with self._changed:
            if isinstance(arrival.what, str):
                if self._text_bytes + arrival.size > TEXT_BYTES:
                    self.dropped_texts += 1
                    return
            else:
                while self._events and (
                    self._events >= QUEUE or self._bytes + arrival.size > QUEUE_BYTES
                ):
                    oldest = self._take()
                    self.dropped += isinstance(oldest.what, messages.Prediction)
                    self.dropped_texts += isinstance(oldest.what, str)
            self._queue.append(arrival)
            self._count(arrival, 1)
            self._changed.notify_all()

    def get(self, seconds: float | None) -> Arrival | None:
        """The oldest that is there, or comes in so many seconds (None: as long as it takes).

        Parameters
        ----------
        seconds : float or None
            How long to wait.

        Returns
        -------
        Arrival or None
            None if none came in time, or after `end`.
        """
        with self._changed:
            self._changed.wait_for(lambda: self._queue or self._ended, seconds)
            return self._take() if self._queue else None

    def end(self) -> None:
        """Let nobody wait any longer."""
        with self._changed:
            self._ended = True
            self._changed.notify_all()

    def _take(self) -> Arrival:
        arrival = self._queue.popleft()
        self._count(arrival, -1)
        return arrival

    def _count(self, arrival: Arrival, by: int) -> None:
        if isinstance(arrival.what, str):
            self._text_bytes += by * arrival.size
        else:
            self._events += by
            self._bytes += by * arrival.size
