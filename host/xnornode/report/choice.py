"""What was tried before the training, and why one of it was taken: figures and rows of a table."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from xnornode.nn.layer_spec import format_layers
from xnornode.report.units import time
from xnornode.training.config import TrainConfig

HEADS = ("tried", "accuracy", "behind", "bytes", "time", "training")


class TriedLike(Protocol):
    """Settings that were tried by cross-validation in the training part."""

    @property
    def name(self) -> str:
        """What they are called."""

    @property
    def config(self) -> TrainConfig:
        """The settings."""

    @property
    def accuracy(self) -> float:
        """Mean over the folds, 0 to 1."""

    @property
    def error(self) -> float:
        """Its standard error over the folds."""

    @property
    def behind(self) -> float:
        """By how much it is below the highest accuracy."""

    @property
    def behind_error(self) -> float:
        """The standard error of that difference, which decides."""

    @property
    def bytes(self) -> int:
        """Of the model."""

    @property
    def microseconds(self) -> float:
        """Of a classification, estimated."""

    @property
    def seconds(self) -> float:
        """That the trial took."""


class ChoiceLike(Protocol):
    """What was tried, and what was taken."""

    @property
    def tried(self) -> Sequence[TriedLike]:
        """All that was tried."""

    @property
    def best(self) -> int:
        """The index of what was taken."""

    @property
    def why(self) -> str:
        """The rule, in words."""


@dataclass(frozen=True)
class TriedFigures:
    """Settings that were tried.

    Parameters
    ----------
    name, features, layers : str
        What they are called; what they are, in words.
    accuracy, error : float
        The mean accuracy of the folds, and its standard error.
    behind, behind_error : float
        By how much it is below the highest accuracy, and the standard error of that difference.
    bytes : int
        Size of the model.
    microseconds : float
        Time of a classification, estimated.
    seconds : float
        What the trial took.
    """

    name: str
    features: str
    layers: str
    accuracy: float
    error: float
    behind: float
    behind_error: float
    bytes: int
    microseconds: float
    seconds: float


@dataclass(frozen=True)
class ChoiceFigures:
    """What was tried, and what was taken.

    Parameters
    ----------
    tried : tuple of TriedFigures
        All that was tried.
    best : int
        The index of what was taken.
    why : str
        The rule, in words.
    """

    tried: tuple[TriedFigures, ...]
    best: int
    why: str


def choice_figures(choice: ChoiceLike | None) -> ChoiceFigures | None:
    """What a report keeps of a choice.

    Parameters
    ----------
    choice : ChoiceLike or None
        What was tried, with its settings.

    Returns
    -------
    ChoiceFigures or None
        None if nothing was tried.
    """
    if choice is None:
        return None
    tried = tuple(
        TriedFigures(
            name=t.name,
            features=t.config.features.describe(),
            layers=format_layers(t.config.layers, t.config.global_average_pooling),
            accuracy=float(t.accuracy),
            error=float(t.error),
            behind=float(t.behind),
            behind_error=float(t.behind_error),
            bytes=int(t.bytes),
            microseconds=float(t.microseconds),
            seconds=float(t.seconds),
        )
        for t in choice.tried
    )
    return ChoiceFigures(tried, int(choice.best), choice.why)


def choice_rows(choice: ChoiceFigures) -> list[tuple[str, ...]]:
    """A row for each of what was tried, cells as in `HEADS`; * marks what was taken.

    Examples
    --------
    >>> tried = TriedFigures("statistics", "", "dense 64", 0.912, 0.013, 0, 0, 4321, 820.0, 6.2)
    >>> choice_rows(ChoiceFigures((tried,), 0, "it is alone"))
    [('* statistics', '91.2% ± 1.3', '', '4,321', '820 us', '6 s')]
    """
    return [
        (
            f"{'*' if at == choice.best else ' '} {t.name}",
            f"{t.accuracy:.1%} ± {100 * t.error:.1f}",
            f"{100 * t.behind:.1f} ± {100 * t.behind_error:.1f}" if t.behind else "",
            f"{t.bytes:,}",
            time(t.microseconds),
            f"{t.seconds:.0f} s",
        )
        for at, t in enumerate(choice.tried)
    ]
