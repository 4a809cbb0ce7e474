"""Counts the predictions that did not arrive (docs/reference/lines.md). No port, no clock."""

from xnornode.link.messages import Event, Hello, Prediction, Ready

FASTEST = 100_000
"""Predictions a second of a node at most. Numbers that rise faster are not believed."""
BURST = 10_000
"""Predictions that may come at once, from what buffers on the way have kept."""
LATE = 10.0
"""Seconds that a line may take to come."""


class LossCounter:
    """Follows the numbers of a node's predictions over restarts and breaks of the connection.

    Call `heard` with each event in the order in which they came.

    Attributes
    ----------
    predictions : int
        That came.
    lost : int
        That the node made and that did not come.
    restarts : int
        How often the node's program began again.
    odd : int
        Predictions whose number no healthy node gives: it repeats, goes back, or rises faster than
        FASTEST. Nothing is counted as lost before them.
    model : str or None
        Name of the node's model, once it is known.
    revision : int or None
        Revision of the node's model, once it is known.

    Examples
    --------
    >>> counter = LossCounter()
    >>> for seq in (5, 6, 9):
    ...     lost = counter.heard(Prediction(seq, ms=0, label="walk", index=0, scores=(), us=900))
    >>> lost, counter.predictions, counter.lost
    (2, 3, 2)
    """

    def __init__(self) -> None:
        self.predictions = self.lost = self.restarts = self.odd = 0
        self.model: str | None = None
        self.revision: int | None = None
        self._next: int | None = None  # number of the prediction that is expected
        self._session: str | None = None  # of the node's program
        self._connection = 0  # on which the last prediction came
        self._jump = (0, 0)  # number of the first one on that connection; what was lost before it
        self._began: float | None = None  # when the first event came
        self._last, self._ms = 0.0, 0  # when the last prediction came, and its `ms`
        self._apart = -1  # what would come after the last number that was odd
        self._room = 0.0  # predictions that the node can have made, beyond those counted

    def heard(self, event: Event, connection: int = 0, now: float = 0.0) -> int:
        """Take an event.

        Parameters
        ----------
        event : Event
            Of any kind.
        connection : int, default 0
            How often the port had been opened again when the event came.
        now : float, default 0.0
            Seconds, on any clock, at which the event came.

        Returns
        -------
        int
            Predictions that were lost just before this one. 0 for other events.
        """
        self._began = now if self._began is None else self._began
        self._room = BURST + FASTEST * max(0.0, now - self._began) - self.predictions - self.lost
        match event:
            case Prediction():
                self.predictions += 1
                if self._is_odd(event, now):
                    self.odd += 1
                    follows, self._apart = event.seq == self._apart, event.seq + 1
                    if follows:  # two in a row: that is where the node counts
                        self._next = event.seq + 1
                    return 0
                lost = self._expect(event.seq)
                if connection != self._connection:
                    self._connection, self._jump = connection, (event.seq, lost)
                self._next, self._last, self._ms = event.seq + 1, now, event.ms
                return lost
            case Ready():
                if self._restarted(event.session):
                    self._next = 0
                self.model, self.revision = event.model, event.revision
                if self._next is not None:
                    self._expect(event.seq)
            case Hello(model=model) if model:  # asked for when the port is opened
                if self._restarted(event.session):
                    if connection != self._connection:  # no prediction has come since
                        self._next = 0
                    else:
                        # What seemed a jump in the old program's numbers was the new one's start
                        first, lost = self._jump
                        self._lose(first - lost)
                        self._jump = (0, 0)
                self.model, self.revision = model.name, model.revision
        return 0

    def _restarted(self, session: str) -> bool:
        """Whether this is another start of the node's program, which is counted."""
        restarted = self._session not in (None, session)
        self.restarts += restarted
        self._session = session
        return restarted

    def _is_odd(self, event: Prediction, now: float) -> bool:
        """Whether no healthy node gives this number next, not even after a restart."""
        if self._next is None or event.seq == self._next:
            return False
        if event.seq > self._next:
            return event.seq - self._next > self._room
        repeats = event.seq + 1 == self._next and event.ms == self._ms
        return repeats or event.ms / 1000 > max(0.0, now - self._last) + LATE

    def _expect(self, seq: int) -> int:
        """The next prediction has at least this number; how many before it are lost."""
        if self._next is None:
            self._next = seq
        elif seq < self._next:  # the node began again, and its `ready` was lost
            self.restarts += 1
            self._next, self._session = 0, None  # whose name is still to come, and counts no more
        lost = self._lose(seq - self._next)
        if seq - self._next == lost:
            self._next = seq
        return lost

    def _lose(self, count: int) -> int:
        """Count so many as lost; 0 where no node can have made them in this time."""
        if count > self._room:
            self.odd += 1
            return 0
        self.lost += count
        return count
