"""Where trainings of a search are carried out: the interface, and this process alone."""

from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

from xnornode.errors import XnorNodeError
from xnornode.model_search.journal import Outcome
from xnornode.model_search.one_training import Lesson, Training, outcome_of
from xnornode.training.trained import Epoch

TRIES = 4
"""How often a training begins at most, where its worker dies; as often as by a Dask scheduler."""
DIED = "workers died while they trained it: is there memory enough?"
"""How the error of a training ends that was given up for that."""


class WorkersLost(XnorNodeError):
    """Nobody is left who could train."""


@dataclass(frozen=True)
class News:
    """What has happened to a training.

    Parameters
    ----------
    training : Training
        Which.
    epoch : Epoch, optional
        That has ended. Some may be left out.
    outcome : Outcome, optional
        What came of it; then it is done.
    lost : bool, default False
        The outcome says nothing of the candidate: its workers died.
    said : str, default ""
        What a person should know, such as that it begins again.
    """

    training: Training
    epoch: Epoch | None = None
    outcome: Outcome | None = None
    lost: bool = False
    said: str = ""


Tell = Callable[[News], None]


class Pool(Protocol):
    """Carries out trainings, several at once."""

    def size(self) -> int:
        """How many at once, now; at least 1."""

    def start(self, training: Training) -> None:
        """Begin one. No more than `size` may be under way."""

    def wait(self, tell: Tell) -> None:
        """Wait until something has happened, or a moment; tell of it.

        Raises what a training raised, and WorkersLost where none can go on.
        """

    def close(self) -> None:
        """End all that is under way, soon."""


class Here:
    """This process: one training at a time."""

    def __init__(self, lessons: Sequence[Lesson]) -> None:
        self._lessons, self._waiting = lessons, deque[Training]()

    def size(self) -> int:
        """One."""
        return 1

    def start(self, training: Training) -> None:
        """Keep it until `wait`."""
        self._waiting.append(training)

    def wait(self, tell: Tell) -> None:
        """Train."""
        training = self._waiting.popleft()

        def progress(epoch: Epoch) -> None:
            tell(News(training, epoch))

        lesson = self._lessons[training.fold]
        tell(News(training, outcome=outcome_of(lesson, training.config, progress)))

    def close(self) -> None:
        """Nothing is under way."""


def given_up(training: Training, died: int) -> News:
    """Of a training whose workers died, so many."""
    return News(training, outcome=Outcome(0.0, error=f"{died} {DIED}"), lost=True)
