"""How far an accuracy can be trusted: 95 % intervals that know what was held out together.

Windows of one person or of one recording are alike: they are right and wrong together. So whole
groups are drawn, with replacement, and not windows (cluster bootstrap: Davison, Hinkley, "Bootstrap
methods and their application", 1997, 3.8). An accuracy is a sum over a sum, so that a group weighs
by its windows.

Quantiles of few groups are too close together. They are taken further outside, so that for a mean
of normal values they are as far as Student's t says (the expanded percentile interval: Hesterberg,
"What teachers should know about the bootstrap", 2015). An interval is never narrower than Wilson's.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from math import erf, exp, lgamma, pi, sqrt

import numpy as np
import numpy.typing as npt

from xnornode.data.splits import Splits
from xnornode.report.accuracy import wilson

FEW = 5
"""Fewer groups than these say little about others."""
DRAWS = 10_000
SEED = 0
AT_ONCE = 2_000_000  # numbers of draws in memory
Z = 1.96

Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]
Names = npt.NDArray[np.str_] | npt.NDArray[np.int64]


@dataclass(frozen=True)
class Clusters:
    """What is drawn as a whole.

    Parameters
    ----------
    names : ndarray, shape (n,), or None
        The cluster of each window; None: each window is one.
    what : str
        What a cluster is, in the plural.
    of : str, default ""
        What an interval over them cannot tell of.
    """

    names: Names | None
    what: str
    of: str = ""


def clusters_of(splits: Splits) -> Clusters:
    """What is drawn as a whole from the test part.

    Parameters
    ----------
    splits : Splits
        The data.

    Returns
    -------
    Clusters
        The groups, if two or more are held out; else recordings, where windows are cut from them;
        else the windows.
    """
    test = splits.tested()
    held, u = splits.held_out, splits.understood
    if len(held) > 1:
        recordings = u is not None and u.grouping == "recording"
        return Clusters(test.groups, "recordings" if recordings else "groups")
    # A part of each recording is called "test" where the split is in time.
    alone = "of one group: it does not tell of others" if held and held != ("test",) else ""
    places = getattr(test, "places", None)
    if places is not None:
        return Clusters(places[:, 0], "recordings", alone)
    return Clusters(None, test.data_kind, alone)


def accuracy_interval(
    right: Bools, groups: Names | None, what: str = "groups", of: str = ""
) -> tuple[float, float, str]:
    """The 95 % interval of an accuracy.

    Parameters
    ----------
    right : ndarray of bool, shape (n,)
        Whether each window was classified correctly.
    groups : ndarray, shape (n,), or None
        The group of each window. None, or one group alone: windows are taken as independent.
    what : str, default "groups"
        What groups are, in the plural.
    of : str, default ""
        What the interval cannot tell of; it ends `how`.

    Returns
    -------
    low, high : float
        The interval, 0 to 1.
    how : str
        What it rests on, in words.

    Examples
    --------
    >>> import numpy as np
    >>> people = np.repeat(["ann", "bob", "cem", "dan", "eve", "fay"], 50)
    >>> right = np.concatenate([np.arange(50) < n for n in (50, 42, 39, 33, 45, 21)])
    >>> low, high, how = accuracy_interval(right, people)
    >>> f"{low:.2f} {high:.2f} {how}"
    '0.53 0.95 cluster bootstrap over 6 groups'
    >>> low, high, how = accuracy_interval(right, None, "windows")
    >>> f"{low:.2f} {high:.2f} {how}"
    '0.72 0.81 Wilson, as if 300 windows were independent'
    """
    ends = wilson(int(right.sum()), len(right))
    number, sums, sizes = _totals(right.astype(np.float64), groups)
    tail = f"; {of}" if of else ""
    if number < 2:
        name = what if groups is None else "windows"
        return *ends, f"Wilson, as if {len(right):,} {name} were independent{tail}"
    low, high = _quantiles(sums, sizes)
    few = f" alone: so few {what} say little about others" if number < FEW and not of else ""
    how = f"cluster bootstrap over {number:,} {what}{few}{tail}"
    return max(0.0, min(low, ends[0])), min(1.0, max(high, ends[1])), how


def difference_interval(first: Bools, second: Bools, groups: Names | None) -> tuple[float, float]:
    """The 95 % interval of how much more accurate the first of two classifiers is.

    Parameters
    ----------
    first, second : ndarray of bool, shape (n,)
        Whether each classified each window correctly: the same windows.
    groups : ndarray, shape (n,), or None
        The group of each window; None: each window is one.

    Returns
    -------
    low, high : float
        The interval, -1 to 1. Where it leaves out 0, one of them is better.

    Examples
    --------
    >>> import numpy as np
    >>> first = np.ones(60, bool)
    >>> low, high = difference_interval(first, np.arange(60) % 3 > 0, np.arange(60) // 6)
    >>> f"{low:.2f} {high:.2f}"
    '0.21 0.45'
    """
    change = first.astype(np.float64) - second
    number, sums, sizes = _totals(change, groups)
    if number < 2:
        number, sums, sizes = _totals(change, np.arange(len(change)))
    if number < 2:
        return -1.0, 1.0
    low, high = _quantiles(sums, sizes)
    # Never narrower than if windows were independent: two groups may happen to agree.
    mean, error = float(change.mean()), float(change.std(ddof=1)) / sqrt(len(change))
    low, high = min(low, mean - Z * error), max(high, mean + Z * error)
    if number == 2:  # of two the bootstrap draws little else than the two: Student's interval
        half = student(1) * float((sums / sizes).std(ddof=1)) / sqrt(2)
        low, high = min(low, mean - half), max(high, mean + half)
    return max(-1.0, low), min(1.0, high)


def _totals(values: Floats, groups: Names | None) -> tuple[int, Floats, Floats]:
    """The number of groups, and of each the sum of its values and their number."""
    if groups is None:
        return 0, values, values
    which = np.unique(groups, return_inverse=True)[1]
    totals = [np.asarray(np.bincount(which, w), np.float64) for w in (values, None)]
    return len(totals[0]), totals[0], totals[1]


def _quantiles(sums: Floats, sizes: Floats) -> tuple[float, float]:
    """The ends of the expanded percentile interval of sum(sums) / sum(sizes)."""
    found = np.concatenate(list(_draws(sums, sizes)))
    count = len(sums)
    outside = normal_below(-student(count - 1) * sqrt(count / (count - 1)))
    low, high = np.quantile(found, [outside, 1 - outside])
    return float(low), float(high)


def _draws(sums: Floats, sizes: Floats) -> Iterator[Floats]:
    rng, count = np.random.default_rng(SEED), len(sums)
    left = DRAWS
    while left:
        some = min(left, max(1, AT_ONCE // count))
        times = rng.multinomial(count, np.full(count, 1 / count), some).astype(np.float64)
        yield (times @ sums) / (times @ sizes)
        left -= some


def normal_below(z: float) -> float:
    """The share of a normal distribution below z.

    Examples
    --------
    >>> f"{normal_below(-1.96):.4f}"
    '0.0250'
    """
    return (1 + erf(z / sqrt(2))) / 2


def student(freedom: int) -> float:
    """The 97.5 % quantile of Student's t.

    Parameters
    ----------
    freedom : int
        Degrees of freedom, at least 1.

    Returns
    -------
    float
        By Simpson's rule and bisection, to 5 digits.

    Examples
    --------
    >>> f"{student(1):.3f} {student(9):.3f} {student(500):.3f}"
    '12.706 2.262 1.965'
    """
    scale = exp(lgamma((freedom + 1) / 2) - lgamma(freedom / 2)) / sqrt(freedom * pi)
    low, high = Z, 13.0
    while high - low > 1e-6:
        middle = (low + high) / 2
        t = np.linspace(0, middle, 2001)
        density = scale * (1 + t * t / freedom) ** (-(freedom + 1) / 2)
        area = (density[0] + density[-1] + 4 * density[1::2].sum() + 2 * density[2:-1:2].sum()) / 3
        if area * (t[1] - t[0]) < 0.475:
            low = middle
        else:
            high = middle
    return (low + high) / 2
