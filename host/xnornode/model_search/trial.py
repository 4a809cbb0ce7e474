"""What was tried: candidates with their accuracies, which of them go on, and which is chosen."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import islice

from xnornode.model_search.budget import Candidate, Cost
from xnornode.training.trained import Epoch

Counts = tuple[tuple[str, int, int], ...]
"""Per group that was left out: its name, its windows that are right, and its windows."""


@dataclass(frozen=True)
class Trial:
    """A candidate, and how accurate its integer network is on data that it has not learned from.

    Parameters
    ----------
    candidate : Candidate
        What was tried.
    epochs : int
        Of its last trainings.
    accuracy : float
        Share of the windows left out that are right, over all folds of the round.
    seconds : float
        That its last trainings took together.
    round : int, default 1
        Which round those belong to, from 1.
    counts : tuple of (str, int, int), default ()
        Per group left out its name, the windows that are right, and its windows.
    """

    candidate: Candidate
    epochs: int
    accuracy: float
    seconds: float
    round: int = 1
    counts: Counts = ()

    @property
    def cost(self) -> Cost:
        """What it takes on a node."""
        return self.candidate.cost


@dataclass(frozen=True)
class Step:
    """How far a search is: given when a training begins, after each epoch, and with `trial` when a
    candidate is done. Of trainings on other processes or computers some epochs are left out.

    Parameters
    ----------
    round, rounds : int
        From 1. The winner's final training is round `rounds` + 1.
    number, of : int
        The candidate within its round; `of` is None where only time decides.
    fold, folds : int, default 1
        The training of this candidate, from 1.
    epoch : Epoch, optional
        That has ended.
    trial : Trial, optional
        That is done.
    candidate : Candidate, optional
        That is tried; None in the final training.
    error : str, default ""
        Why the candidate is left out: its training diverged, or its workers died.
    at_once : int, default 1
        How many trainings are carried out at once.
    said : str, default ""
        What a person should know: a worker died, and the training begins again.
    """

    round: int
    rounds: int
    number: int
    of: int | None
    fold: int = 1
    folds: int = 1
    epoch: Epoch | None = None
    trial: Trial | None = None
    candidate: Candidate | None = None
    error: str = ""
    at_once: int = 1
    said: str = ""


def merit(trial: Trial) -> tuple[float, ...]:
    """What to sort by: accuracy, and of equals the smallest."""
    cost = trial.cost
    return (trial.accuracy, -cost.bytes, -cost.microseconds, -trial.candidate.number)


def promote(trials: Sequence[Trial], count: int) -> list[Trial]:
    """The `count` that go on, and the defaults, which stay in to the end; best first.

    Half are the most accurate, then come those of the Pareto front, so that small networks stay in.
    """
    rivals = [trial for trial in trials if not trial.candidate.kept]
    ranked = sorted(rivals, key=merit, reverse=True)
    front = sorted(pareto(rivals), key=merit, reverse=True)
    order = {t.candidate.number: t for t in (*ranked[: -(-count // 2)], *front, *ranked)}
    defaults = [trial for trial in trials if trial.candidate.kept]
    return sorted([*islice(order.values(), count), *defaults], key=merit, reverse=True)


def pareto(
    trials: Sequence[Trial],
    costs: Callable[[Trial], tuple[float, ...]] = lambda t: (t.cost.bytes, t.cost.microseconds),
) -> tuple[Trial, ...]:
    """The trials that no other is as good as in accuracy and every cost, and better in one.

    Of equal ones all are given. Sorted by their first cost.
    """
    points = [(-t.accuracy, *costs(t)) for t in trials]
    front = [
        trial
        for trial, p in zip(trials, points, strict=True)
        if not any(q != p and all(a <= b for a, b in zip(q, p, strict=True)) for q in points)
    ]
    return tuple(sorted(front, key=costs))


def choose(trials: Sequence[Trial]) -> tuple[Trial, str]:
    """The best of trials of the same round, and why it is.

    The best of many is partly luck: a drawn network must be ahead of the best default one by more
    than the standard error of their difference.
    """
    best = max(trials, key=merit)
    defaults = [t for t in trials if t.candidate.kept]
    if not defaults:
        return best, "the most accurate"
    default = max(defaults, key=merit)
    if best.candidate.kept:
        return best, "a default, and the most accurate"
    ahead = [
        t
        for t in trials
        if not t.candidate.kept and t.accuracy - default.accuracy > error_between(t, default)
    ]
    if ahead:
        return max(ahead, key=merit), "ahead of the defaults by more than one standard error"
    return default, (
        f"a default; the most accurate network has {best.accuracy:.1%}, ahead by no more than one "
        "standard error"
    )


def error_between(a: Trial, b: Trial) -> float:
    """The standard error of the difference of two accuracies on the same windows.

    Over whole groups, as windows of a group are right or wrong together. Of one group it is that of
    independent windows.
    """
    total = sum(windows for _, _, windows in a.counts)
    if not total:
        return 0.0
    if len(a.counts) < 2:
        spread = sum(t.accuracy * (1 - t.accuracy) for t in (a, b))
        return math.sqrt(spread / total)
    mean = a.accuracy - b.accuracy
    pairs = zip(a.counts, b.counts, strict=True)  # of the same folds
    off = [right - other - mean * windows for (_, right, windows), (_, other, _) in pairs]
    groups = len(off)
    return math.sqrt(groups / (groups - 1) * sum(x * x for x in off)) / total
