"""The mean, threshold and hold-off that keep the limits of a wish on validation recordings.

All of a grid is tried with the integers of a node. Of what keeps the limits, the best is taken: the
fewest missed events if the wish is about events, else the most right answers, or the fewest
unknown ones.

Long means look better here than they are: each recording is of one class and begins as after a gap,
where on a node one class follows the other, and a mean takes half of its windows to notice. So a
mean is of at most a quarter of the windows of a usual recording, and a hold-off of at most twice as
many as the mean. Of the rest, the shortest mean is taken that is not worse than the best by more
than the standard error of their difference over the groups ("one standard error rule": Breiman et
al., "Classification and regression trees", 1984).
"""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from xnornode._typing import Int64
from xnornode.events.counting import Outcome, detect, mean_answers, outcomes
from xnornode.events.streams import Streams
from xnornode.events.wish import Wish
from xnornode.export.answers import HOTTEST, lowest

WINDOWS = (1, 2, 3, 4, 5, 6, 8, 10, 12, 16, 20, 24, 32)
LONGEST = 4
"""A mean is of at most a fourth of a usual recording's windows."""
HOLD_OFFS = (0, 1, 2, 3, 4, 6, 8, 12, 16, 24, 32, 48, 64)
SHARES = (*np.arange(0.0, 0.1, 0.005), *np.arange(0.1, 0.99, 0.025), 0.99)
"""Of the windows that a threshold leaves without an answer."""
STEPS = 20  # of the search for a temperature: to 0.1 %
WORST = 1e9

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Settings:
    """What is chosen, apart from a network.

    Parameters
    ----------
    temperature : float
        What logits are divided by.
    windows, threshold, hold_off : int
        As in `Answers`.
    """

    temperature: float
    windows: int
    threshold: int
    hold_off: int


@dataclass(frozen=True)
class Choice:
    """The settings that were chosen, and what they come to.

    Parameters
    ----------
    settings : Settings
        The chosen ones.
    outcome : Outcome
        What they come to on the validation recordings.
    kept : bool
        Whether they keep all limits of the wish there.
    table : tuple of (int, Outcome)
        Thresholds, rising, and what each comes to with the chosen mean and hold-off.
    """

    settings: Settings
    outcome: Outcome
    kept: bool
    table: tuple[tuple[int, Outcome], ...]


@dataclass(frozen=True, eq=False)
class _Candidate:
    settings: Settings
    outcome: Outcome
    key: tuple[float, ...]  # the less the better
    over: float  # by how much limits are exceeded
    rates: Floats  # of each group: what the wish is about first


def choose(streams: Streams, wish: Wish, background: Sequence[int] = ()) -> Choice:
    """Choose settings on streams that the networks have not learned from.

    Parameters
    ----------
    streams : Streams
        Of the validation recordings.
    wish : Wish
        The limits. Those of events need a sample rate and recordings in order.
    background : sequence of int, default ()
        Classes that make no events.

    Returns
    -------
    Choice
        If nothing keeps all limits, what exceeds them least.
    """
    usual = int(np.median(np.bincount(streams.recordings))) if streams.ordered else 1
    lengths = [k for k in WINDOWS if k <= max(1, usual // LONGEST)]
    each = [_best(streams, wish, background, k) for k in lengths]
    chosen = min(each, key=lambda c: (c.over, *c.key))
    if not chosen.over:
        chosen = next(c for c in each if not c.over and _as_good(c, chosen))
    return Choice(
        chosen.settings,
        chosen.outcome,
        not chosen.over,
        tuple(_table(streams, chosen.settings, background)),
    )


def _as_good(one: _Candidate, best: _Candidate) -> bool:
    """Whether `one` is not worse than the best by more than a standard error over the groups."""
    worse = one.rates - best.rates
    worse = worse[np.isfinite(worse)]
    if one is best or len(worse) < 2:
        return one is best
    return float(worse.mean()) <= float(worse.std(ddof=1)) / math.sqrt(len(worse))


def _best(streams: Streams, wish: Wish, background: Sequence[int], windows: int) -> _Candidate:
    """The best threshold and hold-off of a mean of so many windows."""
    temperature = mean_temperature(streams, windows)
    best, confidence = mean_answers(streams, streams.probabilities(temperature), windows)
    thresholds = _thresholds(confidence)
    hold_offs = [h for h in HOLD_OFFS if h <= 2 * windows] if streams.ordered else [0]
    seen = detect(streams, best, confidence, thresholds, hold_offs, background)
    rows = outcomes(streams, best, confidence, thresholds, background, seen)
    _, i, j = min(
        ((excess(o, wish), *_key(o, wish)), i, j)
        for i, row in enumerate(rows)
        for j, o in enumerate(row)
    )
    right, answered = best == streams.labels, confidence >= thresholds[i]
    events = ~np.isin(streams.labels[streams.lasts], background)
    if wish.of_events:
        shares = ~seen.found[:, i, j], events, streams.groups[streams.lasts]
    elif wish.unknown is None:
        shares = ~answered, np.ones(len(streams), bool), streams.groups
    else:
        shares = ~right, answered, streams.groups
    chosen = rows[i][j]
    return _Candidate(
        Settings(temperature, windows, thresholds[i], hold_offs[j]),
        chosen,
        _key(chosen, wish),
        excess(chosen, wish),
        _rates(*shares),
    )


def _rates(
    bad: npt.NDArray[np.bool_], counted: npt.NDArray[np.bool_], groups: npt.NDArray[np.str_]
) -> Floats:
    """The share of bad ones among those that count, in each group; NaN in a group of none."""
    which = np.unique(groups, return_inverse=True)[1]
    total = np.bincount(which, counted)
    with np.errstate(invalid="ignore"):
        return np.asarray(np.bincount(which, bad & counted) / total)


def _thresholds(confidence: Int64) -> list[int]:
    """Thresholds that leave more and more windows without an answer, from 0."""
    ordered = np.sort(confidence)
    at = (np.array(SHARES) * len(ordered)).astype(int)
    return sorted({0, *ordered[at].tolist()})


def excess(outcome: Outcome, wish: Wish) -> float:
    """By how much an outcome exceeds limits, as shares of them; 0 if it keeps them all."""
    total = 0.0
    limits = [
        (outcome.false_per_hour, wish.false_per_hour),
        (outcome.missed_share, wish.missed),
        (outcome.unknown, wish.unknown),
        (WORST if outcome.late is None else outcome.late, wish.late),
        (1 - (outcome.accuracy or 0.0), None if wish.right is None else 1 - wish.right),
    ]
    for value, limit in limits:
        if limit is not None and value is not None and value > limit + 1e-12:
            total += (value - limit) / max(limit, 1e-3)
    return total


def _key(o: Outcome, wish: Wish) -> tuple[float, ...]:
    """What is made small, the first first."""
    wrong, late = 1 - (o.accuracy or 0.0), WORST if o.late is None else o.late
    of_events = (o.missed, o.false, o.repeated)
    if wish.of_events:
        return (*of_events, wrong, o.unknown, late)
    first = (o.unknown, wrong) if wish.unknown is None else (wrong, o.unknown)
    return (*first, *of_events, late)


def mean_temperature(streams: Streams, windows: int) -> float:
    """The temperature at which the mean of so many windows has the least negative log likelihood.

    The means of sharper probabilities are calibrated: a mean is less sure than its windows.
    """
    logits, at = streams.logits(), np.arange(len(streams))
    logits -= logits.max(axis=1, keepdims=True)
    low = np.maximum(streams.first, at - windows + 1)
    rest = 1 / (len(streams) + 2)

    def loss(log_temperature: float) -> float:
        power = np.exp(logits * math.exp(-log_temperature))
        true = power[at, streams.labels] / power.sum(axis=1)
        totals = np.concatenate([[0.0], np.cumsum(true)])
        mean = (totals[at + 1] - totals[low]) / (at - low + 1)
        return -float(np.log((1 - rest) * mean + rest / logits.shape[1]).mean())

    return math.exp(lowest(loss, -math.log(HOTTEST), math.log(HOTTEST), STEPS))


def _table(
    streams: Streams, settings: Settings, background: Sequence[int]
) -> Iterator[tuple[int, Outcome]]:
    """Some thresholds and what they come to, the chosen one among them."""
    found = streams.probabilities(settings.temperature)
    best, confidence = mean_answers(streams, found, settings.windows)
    ordered = np.sort(confidence)
    shares = (0.01, 0.02, 0.05, 0.1, 0.2, 0.4, 0.6)
    some = {0, *(int(ordered[int(s * len(ordered))]) for s in shares), settings.threshold}
    thresholds, waits = sorted(some), [settings.hold_off]
    seen = detect(streams, best, confidence, thresholds, waits, background)
    rows = outcomes(streams, best, confidence, thresholds, background, seen)
    yield from zip(thresholds, (row[0] for row in rows), strict=True)
