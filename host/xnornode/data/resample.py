"""Recordings of different sample rates are brought to one."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt

from xnornode.data.dataset import Dataset
from xnornode.data.reading import Guess
from xnornode.errors import DataError

SAME = 0.03
"""Rates that differ by less are one: clocks do."""
UNEVEN = 0.2
"""A share of a step: from this jitter on, times are worth a word."""


def bring_to_one_rate(dataset: Dataset, wanted: float = 0.0) -> Dataset:
    """Bring recordings of different sample rates to the lowest one, or all to `wanted`.

    Parameters
    ----------
    dataset : Dataset
        Recordings, with their times in `dataset.reading.timings`.
    wanted : float, default 0
        Hertz; 0: the lowest rate if they differ, else as they are.

    Returns
    -------
    Dataset
        The recordings at one rate, or `dataset` itself.

    Raises
    ------
    DataError
        A rate that is needed is unknown.
    """
    if dataset.kind != "recordings":
        if wanted:
            raise DataError("--resample is for recordings: the data are cut into windows already")
        return dataset
    timings = dataset.reading.timings
    rates = [t.rate for t in timings] or [dataset.rate_mhz / 1000] * len(dataset.items)
    known = sorted(rate for rate in rates if rate)
    if wanted and len(known) < len(rates):
        raise DataError("--resample needs the sample rate of the data: give it with --rate")
    if not known:
        return dataset
    guesses = [*_unknown(dataset, rates), *_uneven(dataset)]
    same = known[-1] - known[0] <= SAME * known[0]
    if same and not wanted:
        return _with(dataset, dataset.items, dataset.rate_mhz, guesses)
    target = wanted or _round(known[0])
    if not same and not wanted:
        slow, fast = (dataset.names[rates.index(rate)] for rate in (known[0], known[-1]))
        text = (
            f"sample rates differ, {known[0]:.4g} Hz ({slow}) to {known[-1]:.4g} Hz ({fast}): all "
            f"are resampled to {target:g} Hz"
        )
        guesses.append(Guess(text, f"--resample {target:g}", True))
    items = [
        item if not rate or abs(rate - target) <= SAME * target else resample(item, rate, target)
        for item, rate in zip(dataset.items, rates, strict=True)
    ]
    return _with(dataset, items, round(1000 * target), guesses)


def resample(samples: npt.NDArray[Any], rate: float, wanted: float) -> npt.NDArray[Any]:
    """Samples at another rate: straight lines between them, averaged over each new step.

    Parameters
    ----------
    samples : ndarray, shape (n, channels)
        Samples at equal steps.
    rate, wanted : float
        Their rate and the new one, in hertz.

    Returns
    -------
    ndarray, shape (m, channels)
        The same stretch of time; whole numbers stay whole.
    """
    length, step = len(samples), rate / wanted
    at = np.arange(max(1, int((length - 1) / step) + 1)) * step
    values = samples.astype(np.float64)
    if step <= 1:
        columns = [np.interp(at, np.arange(length), column) for column in values.T]
    else:
        # The mean over one new step is what keeps fast parts from turning into slow ones.
        area = np.vstack([np.zeros(values.shape[1]), np.cumsum(values, axis=0)])
        edges = [np.clip(at + 0.5 + side * step / 2, 0, length) for side in (-1, 1)]
        low, high = ([np.interp(e, np.arange(length + 1), a) for a in area.T] for e in edges)
        width = edges[1] - edges[0]
        columns = [(b - a) / width for a, b in zip(low, high, strict=True)]
    found = np.stack(columns, axis=1)
    if (values == np.rint(values)).all():
        found = np.rint(found)
    return found.astype(samples.dtype)


def _round(rate: float) -> float:
    """The whole number of hertz that a measured rate stands for, if it is near one."""
    return float(round(rate)) if abs(rate - round(rate)) <= 0.01 * rate else round(rate, 3)


def _with(dataset: Dataset, items: Any, rate_mhz: int, guesses: Sequence[Guess]) -> Dataset:
    reading = replace(dataset.reading, guesses=(*dataset.reading.guesses, *guesses))
    return replace(dataset, items=items, rate_mhz=rate_mhz, reading=reading)


def _unknown(dataset: Dataset, rates: Sequence[float]) -> list[Guess]:
    if all(rates) or not any(rates):
        return []
    name = dataset.names[list(rates).index(0.0)]
    text = f"{name} has no times, where others have: it is taken for one of the same sample rate"
    return [Guess(text, "--rate", True)]


def _uneven(dataset: Dataset) -> list[Guess]:
    timings = dataset.reading.timings
    worst = max(range(len(timings)), key=lambda i: timings[i].jitter, default=None)
    if worst is None or timings[worst].jitter < UNEVEN:
        return []
    text = (
        f"the steps of time vary by {timings[worst].jitter:.0%} in {dataset.names[worst]}: its "
        "samples are taken as if they were even"
    )
    return [Guess(text, "sample by a timer; --time none takes no times", True)]
