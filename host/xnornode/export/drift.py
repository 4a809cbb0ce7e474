"""What a node tells by that its windows are not like those of the training (FORMAT.md, "Drift").

Sensors are turned and their gain is changed, in windows of the training. A logistic regression for
each such change learns to tell these from the windows as they were. Its evidence, window after
window, is added up (E. S. Page, "Continuous inspection schemes", 1954). How much evidence is taken
off each window is settled by the training's own recordings: hardly one may reach the bound.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from xnornode._typing import Int16, Int64
from xnornode.data.windows import Data, Windows
from xnornode.export.drift_changes import Inputs, candidates, changes, with_sums
from xnornode.model.drift import DEVIATION, FACTOR_SHIFT, MAX_SUMS, Drift, distances
from xnornode.model.limits import INT16, MAX_SHIFT
from xnornode.model.model import Model
from xnornode.model.statistics import Statistics

Floats = npt.NDArray[np.float64]

FEWEST = 200
"""Windows of the training, below which nothing is told."""
INPUTS = 64
"""That are kept: of all candidates those that the regressions weigh the most."""
SCREENED = 160
"""Candidates that the regressions begin with."""
KEPT = 0.7  # of the inputs, from one selection to the next
MOST_CHANGED = 1500  # windows that are turned and so on
MOST_CALM = 12_000  # windows that the offsets are settled by
PENALTY = 6.0  # of the weights' squares
NAT = 32  # steps of evidence in a natural unit of the likelihood's logarithm
BOUND, LIMIT = 14 * NAT, 3 * NAT
ROOM = 0.5  # of the bound, which the training's recordings may reach
AGAIN = 2  # times that each recording is run, one after the other
ODD = 0.02
"""The share of the training's recordings that may come nearer: one may have been turned itself."""
USELESS = 0.1
"""A direction that tells its change in fewer of the training's recordings is left out."""


@dataclass(frozen=True)
class Told:
    """What a drift tells of the windows of the training.

    Parameters
    ----------
    drift : Drift
        What a model file has.
    shares : dict of float
        By the name of a change the share of recordings in which it is told, each from its start on
        and at most twice its length. It is of the training's data, so of new people's it is less.
    """

    drift: Drift
    shares: dict[str, float]


def why_not(model: Model, train: Data) -> str:
    """Why a model gets no drift, in words; "" if it does."""
    if not isinstance(train, Windows) or not isinstance(model.features, Statistics):
        return "drift is told by statistics of sensor windows only"
    if len(train) < FEWEST:
        return f"drift needs {FEWEST} windows of training, and there are {len(train)}"
    return ""


def fit_drift(model: Model, train: Windows) -> Told:
    """Find what tells windows like those of the training from others.

    Parameters
    ----------
    model : Model
        With statistics (`why_not` says which have no drift).
    train : Windows
        The training part, in the model's counts.

    Returns
    -------
    Told
        The drift for `dataclasses.replace(model, drift=...)`, and what it tells.
    """
    features, channels = model.features, model.window.channels
    assert isinstance(features, Statistics)
    calm = _in_order(train, model.window.hop)
    values = features.values(train.items[calm])
    inputs = candidates(features, channels, values)
    step = -(-len(calm) // MOST_CHANGED)
    some, names = train.items[calm][::step], list(changes(channels))
    changed = [features.values(change(some)) for change in changes(channels).values()]
    normal = _sources(inputs, values)
    centres, factors = _scaled(normal)
    scale = (inputs.caps, centres, factors)
    near = distances(normal, *scale)
    far = [distances(_sources(inputs, v), *scale) for v in changed]
    forced = len(inputs.watched)
    chosen, weights = _select(near[::step], far, forced, inputs, values.shape[1])
    fit = _quantized(inputs, scale, chosen, weights, near, values.shape[1])
    lengths = _lengths(train, calm)
    fit = _settled(fit, near[:, chosen], lengths)
    of_changed = _lengths(train, calm[::step])
    shares = {
        name: _share(fit, k, distance[:, chosen], of_changed, step)
        for k, (name, distance) in enumerate(zip(names, far, strict=True))
    }
    useful = [k for k, name in enumerate(names) if shares[name] >= USELESS]
    return Told(_only(fit, useful), shares)


def _in_order(train: Windows, hop: int) -> Int64:
    """Windows by recording and time, or else by group; at most `MOST_CALM`, of whole recordings.

    They follow each other as on a node: a training's may overlap more.
    """
    if train.places is None:
        order = np.argsort(train.groups, kind="stable")
    else:
        order = np.lexsort((train.places[:, 1], train.places[:, 0]))
        kept, of, after = [], -1, 0
        for i, (recording, start) in zip(order, train.places[order].tolist(), strict=True):
            if recording != of or start >= after:
                kept.append(i)
                of, after = recording, start + hop
        order = np.array(kept)
    if len(order) <= MOST_CALM:
        return order
    starts = np.append(0, np.cumsum(_lengths(train, order)))
    parts = [order[a:b] for a, b in pairwise(starts)]
    step = -(-len(order) // MOST_CALM)
    return np.concatenate(parts[::step])[:MOST_CALM]


def _lengths(train: Windows, order: Int64) -> Int64:
    """Windows of each recording, or group, in this order."""
    of = train.groups if train.places is None else train.places[:, 0]
    kinds = of[order]
    starts = np.flatnonzero(np.append(True, kinds[1:] != kinds[:-1]))
    return np.diff(np.append(starts, len(order)))


def _sources(inputs: Inputs, values: Int16) -> Int64:
    return with_sums(values, inputs.sums)[:, inputs.sources]


def _scaled(sources: Int64) -> tuple[Int64, Int64]:
    """Centres and factors: medians, and deviations that a few extreme windows do not widen."""
    low, middle, high = np.quantile(sources, (0.25, 0.5, 0.75), axis=0)
    deviation = np.where(high > low, (high - low) / 1.349, sources.std(axis=0))
    # What never varied in the training says nothing by its size: one count is a deviation.
    steps = DEVIATION * 2**FACTOR_SHIFT / np.maximum(deviation, 1)
    centres = np.clip(np.rint(middle), INT16.min, INT16.max)
    return centres.astype(np.int64), np.clip(np.rint(steps), 1, 0xFFFF).astype(np.int64)


def _select(
    near: Int64, far: list[Int64], forced: int, inputs: Inputs, values: int
) -> tuple[Int64, Floats]:
    """The inputs that are kept, and their weights and bias for each change, in nats."""
    moved = np.array([np.abs(x.mean(axis=0) - near.mean(axis=0)) for x in far])
    apart = (moved / (near.std(axis=0) + 1)).max(axis=0)
    chosen = _best(apart, np.arange(len(apart)), max(SCREENED, forced), forced)
    while True:
        weights = np.array([_logistic(near[:, chosen], x[:, chosen]) for x in far])
        if len(chosen) <= max(INPUTS, forced):
            break
        sizes = np.abs(weights[:, :-1])
        of = (sizes / np.linalg.norm(sizes, axis=1, keepdims=True)).max(axis=0)
        most = max(INPUTS, forced, int(KEPT * len(chosen)))
        chosen = _best(of, chosen, most, forced)
    # A node has room for so many sums.
    sums = np.unique(inputs.sources[chosen][inputs.sources[chosen] >= values])
    if len(sums) > MAX_SUMS:
        chosen = chosen[(inputs.sources[chosen] < values + MAX_SUMS)]
        weights = np.array([_logistic(near[:, chosen], x[:, chosen]) for x in far])
    return chosen, weights


def _best(worth: Floats, chosen: Int64, most: int, forced: int) -> Int64:
    """Of the chosen those that are worth the most, in their order; the first ones are forced."""
    rank = np.where(chosen < forced, np.inf, worth)
    return chosen[np.sort(np.argsort(-rank, kind="stable")[:most])]


def _logistic(near: Int64, far: Int64) -> Floats:
    """Weights per deviation, and the bias, of the logarithm of the odds of `far`; by Newton."""
    x = np.concatenate([near, far]) / DEVIATION
    x = np.column_stack([x, np.ones(len(x))])
    y = np.repeat([0.0, 1.0], [len(near), len(far)])
    weights, penalty = np.zeros(x.shape[1]), np.append(np.full(x.shape[1] - 1, PENALTY), 1e-6)
    for _ in range(20):
        p = 1 / (1 + np.exp(-np.clip(x @ weights, -30, 30)))
        gradient = x.T @ (p - y) + penalty * weights
        curve = (x * (p * (1 - p) + 1e-6)[:, None]).T @ x
        step = np.linalg.solve(curve + np.diag(penalty), gradient)
        weights -= step
        if np.abs(step).max() < 1e-4:
            break
    return weights


def _quantized(
    inputs: Inputs,
    scale: tuple[Int64, Int64, Int64],
    chosen: Int64,
    weights: Floats,
    near: Int64,
    values: int,
) -> Drift:
    """The drift in integers. Its offsets are those of the regressions."""
    sources = inputs.sources[chosen]
    used = sorted({int(s) for s in sources if s >= values})
    renumbered = {s: values + i for i, s in enumerate(used)}
    steps = weights[:, :-1] * NAT / DEVIATION
    shifts = [_shift(np.abs(row).max(), 127) for row in steps]
    rounded = [np.rint(row * 2**s) for row, s in zip(steps, shifts, strict=True)]
    offsets = [w * NAT * 2**s for w, s in zip(weights[:, -1], shifts, strict=True)]
    # "Far away": a nat for each deviation of the mean distance beyond its usual value.
    total = np.abs(near[:, chosen]).sum(axis=1)
    per_step = NAT / max(float(total.std()), 1.0)
    shift = _shift(per_step, 255)
    weight = min(255, max(1, round(per_step * 2**shift)))
    return Drift(
        tuple(inputs.sums[s - values] for s in used),
        np.array([renumbered.get(int(s), int(s)) for s in sources], np.int64),
        scale[0][chosen],
        scale[1][chosen],
        scale[2][chosen],
        np.array(rounded).T.astype(np.int8),
        np.array([*np.rint(offsets), -round(weight * float(total.mean()))], np.int64),
        (*shifts, shift),
        weight,
        BOUND,
        LIMIT,
        inputs.watched,
    )


def _shift(largest: float, most: int) -> int:
    """The largest shift with which a weight does not exceed `most`."""
    return next((s for s in range(MAX_SHIFT, 0, -1) if round(largest * 2**s) <= most), 0)


def _settled(drift: Drift, near: Int64, lengths: Int64) -> Drift:
    """Offsets so low that hardly a recording of the training comes near the bound."""
    ends = np.cumsum(lengths)
    odd = int(ODD * len(lengths))
    offsets = []
    for k, offset in enumerate(drift.offsets.tolist()):
        # What can be taken off: all that a window can say for the direction, and the limit.
        low, high = offset - (400 * NAT << drift.shifts[k]), offset

        def fits(at: int, k: int = k) -> bool:
            evidence = _evidence(drift, k, near, at)
            return np.sort(_highest_sums(evidence, lengths, ends, AGAIN))[-1 - odd] <= ROOM * BOUND

        offsets.append(high if fits(high) else _highest(fits, low, high))
    return replace(drift, offsets=np.array(offsets, np.int64))


def _highest(fits: Callable[[int], bool], low: int, high: int) -> int:
    """The highest number that fits, up to a 64th of the range; the lowest always does."""
    while high - low > 4:
        middle = (low + high) // 2
        low, high = (middle, high) if fits(middle) else (low, middle)
    return low


def _evidence(drift: Drift, k: int, distance: Int64, offset: int) -> Int64:
    """Evidence of windows for one direction, with an offset."""
    last = k == drift.weights.shape[1]
    weights = drift.weights[:, k : k + 1].astype(np.int64)
    total = drift.weight * np.abs(distance).sum(axis=1) if last else (distance @ weights)[:, 0]
    return np.clip(total + offset >> drift.shifts[k], -drift.limit, drift.limit)


def _sums(evidence: Int64) -> Int64:
    """What has come together after each window, without the upper end."""
    total = np.cumsum(evidence)
    return total - np.minimum(np.minimum.accumulate(total), 0)


def _highest_sums(evidence: Int64, lengths: Int64, ends: Int64, times: int) -> Int64:
    """The highest sum of each recording, from its start on, run so many times."""
    of = zip(lengths.tolist(), ends.tolist(), strict=True)
    return np.array([_sums(np.tile(evidence[end - n : end], times)).max() for n, end in of])


def _share(drift: Drift, k: int, distance: Int64, lengths: Int64, step: int) -> float:
    """The share of recordings in which a change is told; of each `step`-th window."""
    evidence = _evidence(drift, k, distance, int(drift.offsets[k]))
    sums = _highest_sums(evidence, lengths, np.cumsum(lengths), AGAIN * step)
    return float((sums >= drift.bound).mean())


def _only(drift: Drift, directions: list[int]) -> Drift:
    """The drift with some of its directions, and "far away"."""
    last = drift.weights.shape[1]
    return replace(
        drift,
        weights=drift.weights[:, directions],
        offsets=drift.offsets[[*directions, last]],
        shifts=tuple(drift.shifts[k] for k in (*directions, last)),
    )
