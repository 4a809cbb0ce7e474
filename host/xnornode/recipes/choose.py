"""Which of a few candidates suits the data: cross-validation within the training part.

No clock decides. How much is trained is counted in estimated work, so that every computer takes the
same trainings; how long they take is shown and no more.
"""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial

import numpy as np
import numpy.typing as npt

from xnornode._typing import Float
from xnornode.cost.chips import RP2040
from xnornode.cost.cycles import measure
from xnornode.cost.estimate import Estimate, estimate
from xnornode.data.splits import Splits
from xnornode.errors import DataError, XnorNodeError
from xnornode.export.fold import fold
from xnornode.recipes.candidates import Candidate
from xnornode.recipes.folds import Indices
from xnornode.recipes.plan import SECONDS, Plan, plan_trials
from xnornode.training.config import TrainConfig
from xnornode.training.trained import Epoch
from xnornode.training.trainer import train

RULE = "the smallest within one standard error of the most accurate"
NOTHING_LEFT_OUT = "no data can be left out to compare by: each class has one group or recording"
Right = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class Tried:
    """A candidate, and what cross-validation says of it.

    Parameters
    ----------
    name : str
        The candidate's.
    config : TrainConfig
        Its settings.
    accuracy : float
        Share of the windows left out that the integer network gets right.
    error : float
        Standard error of `accuracy`, over what is left out together: groups, recordings, windows.
    behind, behind_error : float
        By how much the accuracy is below the highest one, and the standard error of that
        difference, which is far smaller than `error` where some groups are hard for all.
    bytes : int
        Of the model file, without a name and notes.
    microseconds : float
        Estimated time of one classification on an RP2040.
    seconds : float
        That its trainings took.
    """

    name: str
    config: TrainConfig
    accuracy: float
    error: float
    behind: float
    behind_error: float
    bytes: int
    microseconds: float
    seconds: float


@dataclass(frozen=True)
class Choice:
    """What was tried, and what is best.

    Parameters
    ----------
    tried : tuple of Tried
        In the order of the candidates. Those that cannot be trained on these data are missing, and
        those that would take too long.
    best : int
        Index into `tried`.
    why : str
        The rule and how it was applied, and what was left out, as one sentence.
    """

    tried: tuple[Tried, ...]
    best: int
    why: str

    @property
    def config(self) -> TrainConfig:
        """The settings of the best candidate."""
        return self.tried[self.best].config


@dataclass(frozen=True)
class Attempt:
    """How far a choice is.

    Parameters
    ----------
    number, of : int
        Which training it is, of all, from 1.
    name : str
        The candidate's.
    epoch : Epoch, optional
        That has ended.
    tried : Tried, optional
        What is known of the candidate when its trainings are done. It is behind the best so far.
    why : str, default ""
        Why the candidate is left out.
    """

    number: int
    of: int
    name: str
    epoch: Epoch | None = None
    tried: Tried | None = None
    why: str = ""


def choose(
    splits: Splits,
    candidates: Sequence[Candidate],
    *,
    folds: int = 4,
    seed: int = 0,
    progress: Callable[[Attempt], None] | None = None,
    seconds: float = SECONDS,
) -> Choice:
    """Choose among candidates by cross-validation within the training part.

    The smallest model is chosen whose accuracy is within one standard error of the best one's. The
    standard error is that of the difference between the two, over whole groups.

    Parameters
    ----------
    splits : Splits
        Only the training part is used.
    candidates : sequence of Candidate
        What to try; at least one.
    folds : int, default 4
        Parts of the training part, each left out once. Fewer where time is short.
    seed : int, default 0
        Of folds and trainings.
    progress : callable, optional
        Is given each `Attempt`.
    seconds : float, default 40
        About how long all trainings may take on a usual PC. It is counted in work, not by a clock.

    Returns
    -------
    Choice
        What was tried, and which is best.

    Raises
    ------
    DataError
        No data can be left out: each class has one group or recording. Or no candidate can be
        trained on the data.

    Examples
    --------
    >>> import numpy as np
    >>> from xnornode import from_windows, prepare
    >>> from xnornode.recipes.candidates import candidates
    >>> from xnornode.recipes.choose import choose
    >>> samples = np.random.default_rng(0).normal(0, 100, (80, 1, 4)).astype(np.int16)
    >>> samples[::2] += 150
    >>> splits = prepare(from_windows("demo", samples, ["high", "low"] * 40))
    >>> choice = choose(splits, candidates(splits)[:2], seconds=1)
    >>> choice.best in (0, 1)
    True
    """
    tell = progress or (lambda _: None)
    outcomes: list[_Outcome] = []
    fitting, planned, refused = plan_trials(splits, candidates, folds, seed, seconds)
    fault = refused[-1][1] if refused else None
    for one, why_not in refused:
        tell(Attempt(0, 0, one.name, why=str(why_not)))
    if fitting and not planned.count:
        raise DataError(NOTHING_LEFT_OUT)
    about = planned.describe()
    for i, long in planned.left_out:
        why = f"left out, as trying it would take some {long:.0f} s"
        about += f"; {why}: {fitting[i].name}"
        tell(Attempt(0, 0, fitting[i].name, why=why))
    fitting = [fitting[i] for i in planned.tried]
    for number, candidate in enumerate(fitting):

        def attempt(k: int, name: str = candidate.name, number: int = number) -> Attempt:
            return Attempt(number * planned.count + k + 1, len(fitting) * planned.count, name)

        def show(k: int, epoch: Epoch) -> None:
            tell(replace(attempt(k), epoch=epoch))

        try:
            outcomes.append(_validate(splits, planned, candidate, seed, show))
        except XnorNodeError as error:  # its training diverges
            fault = error
            tell(replace(attempt(0), why=str(error)))
        else:
            tell(replace(attempt(planned.count - 1), tried=_tried(outcomes, planned)[-1]))
    if not outcomes:
        assert fault
        raise fault
    tried = _tried(outcomes, planned)
    return Choice(tuple(tried), best_of(tried), f"{RULE} ({about})")


@dataclass(frozen=True, eq=False)
class _Outcome:
    """A candidate's out-of-fold answers, bool (n,), and the cost of its model of the last fold."""

    candidate: Candidate
    right: Right
    cost: Estimate
    seconds: float


def _validate(
    splits: Splits,
    planned: Plan,
    candidate: Candidate,
    seed: int,
    progress: Callable[[int, Epoch], None],
) -> _Outcome:
    """Train without each fold, and ask about it."""
    start = time.perf_counter()
    config = replace(candidate.config, epochs=planned.epochs_of(candidate.config), seed=seed)
    part, right = planned.part, np.zeros(len(planned.part), bool)
    for k in range(planned.count):
        out = planned.folds == k
        rest = replace(splits, train=part.select(~out), validation=None)
        trained = train(rest, config, progress=partial(progress, k))
        model, asked = fold(trained), part.select(out)
        right[out] = model.predict(asked.items) == asked.labels
    seconds = time.perf_counter() - start
    cost = estimate(model, (RP2040,), measure(model, planned.part.items, 1))
    return _Outcome(candidate, right[planned.folds >= 0], cost, seconds)


def _tried(outcomes: Sequence[_Outcome], planned: Plan) -> list[Tried]:
    """What is known of each, and by how much it is behind the most accurate one."""
    units = planned.units.of[planned.folds >= 0]
    first = max(outcomes, key=lambda o: (o.right.mean(), -o.cost.file_bytes))
    tried = []
    for o in outcomes:
        behind = first.right.astype(float) - o.right
        tried.append(
            Tried(
                o.candidate.name,
                o.candidate.config,
                float(o.right.mean()),
                standard_error(o.right.astype(float), units),
                float(behind.mean()),
                standard_error(behind, units),
                o.cost.file_bytes,
                o.cost.times[0].microseconds,
                o.seconds,
            )
        )
    return tried


def best_of(tried: Sequence[Tried]) -> int:
    """The index of the smallest that is within one standard error of the most accurate."""
    near = [i for i, t in enumerate(tried) if t.behind <= t.behind_error]
    return min(near, key=lambda i: (tried[i].bytes, -tried[i].accuracy))


def standard_error(values: Float, units: Indices) -> float:
    """Standard error of the mean of `values`, where those of one unit depend on each other.

    Parameters
    ----------
    values : ndarray of float, shape (n,)
        One per window.
    units : ndarray of int64, shape (n,)
        The group, recording or window that each is of.

    Returns
    -------
    float
        The error; 0 for a single unit.
    """
    sums = np.bincount(units, values - values.mean())
    count = len(np.unique(units))
    if count < 2:
        return 0.0
    return float(np.sqrt(np.square(sums).sum() * count / (count - 1)) / len(values))
