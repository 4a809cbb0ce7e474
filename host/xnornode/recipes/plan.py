"""How much candidates are trained to choose among them: folds, epochs and windows, by work."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from xnornode.data.splits import Splits
from xnornode.data.windows import Data, Texts
from xnornode.errors import XnorNodeError
from xnornode.recipes.candidates import Candidate
from xnornode.recipes.folds import Indices, Units, folds_of, units_of
from xnornode.recipes.work import Work, seconds_of, work_of
from xnornode.training.config import TrainConfig

SECONDS = 40.0
"""Of estimated work: with a usual PC's differences, at most a minute."""
LEAST_EPOCHS, LEAST_SHARE = 3, 0.25
"""Epochs of a short training: at least so many, and at least this share of the final ones."""
LEAST_WINDOWS, FEWEST_WINDOWS = 1000, 300
"""Of more, some may be left out; where two candidates take too long even so, down to the second."""
TOO_LONG = 1.5
"""Times the seconds: what takes longer is not tried."""
FEWER_FOLDS = 3
PARTS = 20


@dataclass(frozen=True, eq=False)
class Plan:
    """What the trainings of a choice are given.

    Parameters
    ----------
    part : Windows or Texts
        The training part, or some of it.
    folds : ndarray of int64, shape (n,)
        The fold of each window, from 0; -1 where it is always trained on.
    units : Units
        What is never divided.
    count : int
        Folds; 0 where nothing can be left out.
    share : float
        Of the final training's epochs.
    tried : tuple of int
        Indices of the candidates that are tried.
    left_out : tuple of (int, float)
        Indices of those that take too long, and the seconds they would take.
    """

    part: Data
    folds: Indices
    units: Units
    count: int
    share: float
    tried: tuple[int, ...] = ()
    left_out: tuple[tuple[int, float], ...] = ()

    def epochs_of(self, config: TrainConfig) -> int:
        """Epochs of a candidate's short trainings."""
        return min(config.epochs, max(LEAST_EPOCHS, round(config.epochs * self.share)))

    def describe(self) -> str:
        """Folds, windows and epochs in words."""
        text = f"{self.count} folds of {len(self.part):,} {self.part.data_kind}"
        if self.units.kind in ("group", "recording"):
            text += f", whole {self.units.kind}s left out"
        return text + ("" if self.share == 1 else f", {self.share:.0%} of the epochs")


def plan_trials(
    splits: Splits,
    candidates: Sequence[Candidate],
    folds: int = 4,
    seed: int = 0,
    seconds: float = SECONDS,
) -> tuple[list[Candidate], Plan, list[tuple[Candidate, XnorNodeError]]]:
    """Which candidates can be trained, the plan of their trials, and the others with why not."""
    refused: list[tuple[Candidate, XnorNodeError]] = []
    fitting: list[Candidate] = []
    for candidate in candidates:
        try:
            seconds_of(candidate.config, splits, len(splits.train), 1)
            fitting.append(candidate)
        except XnorNodeError as error:  # such as a network that is too large for the format
            refused.append((candidate, error))
    return fitting, plan(splits, [c.config for c in fitting], folds, seed, seconds), refused


def plan(
    splits: Splits, configs: Sequence[TrainConfig], folds: int, seed: int, seconds: float
) -> Plan:
    """Plan short trainings that take about `seconds` in all, by estimated work.

    First overlapping windows are left out, then folds, epochs, and whole recordings. Where that is
    not enough, the dearest candidates are left out, but never the first, and two remain. Where
    those take too long, more recordings are left out.

    Parameters
    ----------
    splits : Splits
        The data.
    configs : sequence of TrainConfig
        The candidates' settings.
    folds : int
        The most folds.
    seed : int
        Of what is drawn.
    seconds : float
        What all trainings may take.

    Returns
    -------
    Plan
        The part and its folds.
    """

    works = [work_of(config, splits) for config in configs]
    tried, left_out = list(range(len(configs))), list[tuple[int, float]]()
    least = LEAST_WINDOWS
    while True:
        some = [(configs[i], works[i]) for i in tried]
        planned = _planned(splits, some, folds, seed, seconds, least)
        each = [_seconds(planned, *one) for one in some]
        if sum(each) <= TOO_LONG * seconds or least == FEWEST_WINDOWS:
            return replace(planned, tried=tuple(tried), left_out=tuple(left_out))
        if len(tried) > 2:
            dearest = max(range(1, len(tried)), key=each.__getitem__)
            left_out.append((tried.pop(dearest), each[dearest]))
        else:
            least = FEWEST_WINDOWS


def _seconds(planned: Plan, config: TrainConfig, work: Work) -> float:
    """Estimated seconds of a candidate's short trainings."""
    count = planned.count
    if not count:
        return 0.0
    windows = max(1, len(planned.part) * (count - 1) // count)
    return count * work.seconds(windows, planned.epochs_of(config))


def _planned(
    splits: Splits,
    some: Sequence[tuple[TrainConfig, Work]],
    folds: int,
    seed: int,
    seconds: float,
    least: int,
) -> Plan:
    """The plan for all of `some`, with at least so many windows."""

    def work(count: int, windows: int, share: float) -> float:
        each = max(1, windows * (count - 1) // count)
        part = Plan(splits.train, none, units, count, share)
        return sum(count * w.seconds(each, part.epochs_of(c)) for c, w in some)

    data = splits.train
    units, none = units_of(data), np.zeros(0, np.int64)
    if units.kind == "group" and splits.understood and splits.understood.grouping == "recording":
        units = replace(units, kind="recording")
    count, share = folds, 1.0
    kept = np.ones(len(data), bool)
    if work(count, len(data), share) > seconds:
        kept, count = _apart(splits), min(folds, FEWER_FOLDS)
        share = seconds / work(count, int(kept.sum()), 1.0)
        share = float(np.clip(share, LEAST_SHARE, 1.0))
        while share > LEAST_SHARE and work(count, int(kept.sum()), share) > seconds:
            share = max(LEAST_SHARE, 0.9 * share)
        rest = int(kept.sum())
        fit = rest * min(1.0, seconds / work(count, rest, share))
        kept = _some(data, kept, max(fit, least) / rest, seed)
    part = data.select(kept)
    own = Units(units.kind, np.unique(units.of[kept], return_inverse=True)[1].astype(np.int64))
    while count > 1:
        dealt = folds_of(own, part.labels, count, seed)
        if (np.bincount(dealt[dealt >= 0], minlength=count) > 0).all():
            return Plan(part, dealt, own, count, share)
        count -= 1
    return Plan(part, np.full(len(part), -1), own, 0, share)


def _apart(splits: Splits) -> np.ndarray:
    """Which windows are at the node's hop, bool (n,): those between them say little more."""
    data = splits.train
    if isinstance(data, Texts) or data.places is None:
        return np.ones(len(data), bool)
    kept = data.places[:, 1] % max(1, splits.window.hop) == 0
    return kept if kept.sum() >= LEAST_WINDOWS else np.ones(len(data), bool)


def _some(data: Data, kept: np.ndarray, share: float, seed: int) -> np.ndarray:
    """About a share of the windows kept, by whole recordings, every class alike."""
    if share >= 1:
        return kept
    part = data.select(kept)
    parts = max(PARTS, round(1 / share))
    if not isinstance(part, Texts) and part.places is not None:
        of = np.unique(part.places[:, 0], return_inverse=True)[1].astype(np.int64)
        units = Units("recording", of)
    else:
        units = Units("window", np.arange(len(part)))
    dealt = folds_of(units, part.labels, parts, seed)
    out = kept.copy()
    out[kept] = dealt < round(share * parts)
    return out
