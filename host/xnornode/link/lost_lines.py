"""Counts the predictions that did not arrive (docs/reference/lines.md). No port, no clock."""

from xnornode.link.messages import Event, Hello, Prediction, Ready


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
        self.predictions = self.lost = self.restarts = 0
        self.model: str | None = None
        self.revision: int | None = None
        self._next: int | None = None  # number of the prediction that is expected
        self._session: str | None = None  # of the node's program
        self._connection = 0  # on which the last prediction came
        self._jump = (0, 0)  # number of the first one on that connection; what was lost before it

    def heard(self, event: Event, connection: int = 0) -> int:
        """Take an event.

        Parameters
        ----------
        event : Event
            Of any kind.
        connection : int, default 0
            How often the port had been opened again when the event came.

        Returns
        -------
        int
            Predictions that were lost just before this one. 0 for other events.
        """
        match event:
            case Prediction():
                lost = self._expect(event.seq)
                if connection != self._connection:
                    self._connection, self._jump = connection, (event.seq, lost)
                self._next = event.seq + 1
                self.predictions += 1
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
                        self.lost += first - lost
                self.model, self.revision = model.name, model.revision
        return 0

    def _restarted(self, session: str) -> bool:
        """Whether this is another start of the node's program, which is counted."""
        restarted = self._session not in (None, session)
        self.restarts += restarted
        self._session = session
        return restarted

    def _expect(self, seq: int) -> int:
        """The next prediction has at least this number; how many before it are lost."""
        if self._next is None:
            self._next = seq
        elif seq < self._next:  # the node began again, and its `ready` was lost
            self.restarts += 1
            self._next = 0
        lost = seq - self._next
        self.lost += lost
        self._next = seq
        return lost
