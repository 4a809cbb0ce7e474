"""What a node has found, as it arrived on the PC."""

from dataclasses import dataclass
from typing import Self

from xnornode.link import messages


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
    confidence : float or None, default None
        Of the answer, 0 to 1, in steps of 0.001. None where the node's model has no answers.
    answer : str or None, default None
        The class by the last windows, or `unknown`. None where the node's model has no answers.
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
    confidence: float | None = None
    answer: str | None = None

    @property
    def microseconds(self) -> int:
        """The same as `us`: the name that it has on the node."""
        return self.us


@dataclass(frozen=True)
class Detected:
    """The answer of a node's model has become another class.

    Parameters
    ----------
    time : float
        When it came, in seconds since 1970.
    seq : int
        Number of its prediction, which came before it.
    ms : int
        Milliseconds since the start of the node's program.
    label : str
        The class.
    confidence : float
        Of the answer, 0 to 1.
    model : str or None
        Name of the node's model, where it is known.
    revision : int or None
        Revision of the node's model, where it is known.
    """

    time: float
    seq: int
    ms: int
    label: str
    confidence: float
    model: str | None
    revision: int | None


@dataclass(frozen=True)
class Drift:
    """How far a node's windows are from those that its model was trained on.

    Parameters
    ----------
    time : float
        When it came, in seconds since 1970.
    seq : int
        Number of the prediction before it.
    ms : int
        Milliseconds since the start of the node's program.
    drift : float
        0 to 2; at 1 the node is flagged.
    flagged : bool
        Whether it is; from a drift of 1 on, until it is below a half.
    features : tuple of str
        At most three that have moved the most, the first one the most: "accel x (g) mean".
    moved : tuple of float
        By how many of the training's deviations each of them has moved, -3 to 3.
    model : str or None
        Name of the node's model, where it is known.
    revision : int or None
        Revision of the node's model, where it is known.
    """

    time: float
    seq: int
    ms: int
    drift: float
    flagged: bool
    features: tuple[str, ...]
    moved: tuple[float, ...]
    model: str | None
    revision: int | None

    @classmethod
    def of(
        cls, event: messages.Drift, time: float, model: str | None, revision: int | None
    ) -> Self:
        """What an event says, which came at this time, of this model."""
        moved = tuple(amount / 100 for amount in event.moved)
        said = (event.seq, event.ms, event.drift / 1000, event.flagged, event.features, moved)
        return cls(time, *said, model, revision)

    def __str__(self) -> str:
        pairs = zip(self.features, self.moved, strict=True)
        moved = ", ".join(f"{name} {amount:+.1f}" for name, amount in pairs)
        state = "FLAGGED, drift" if self.flagged else "drift"
        return f"{state} {self.drift:.2f}" + (f": {moved} deviations" if moved else "")
