"""What simpler methods make of the same inputs and the same split.

Logistic regression and the majority class need NumPy alone; a random forest comes with scikit-learn
where that is installed. All see the model's own features. Their work is bounded: large data are
sampled, which is said.
"""

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from xnornode._typing import Labels
from xnornode.data.splits import Splits
from xnornode.data.windows import Data
from xnornode.model.features import Features
from xnornode.report.intervals import Clusters, accuracy_interval, difference_interval
from xnornode.report.logistic import fit_logistic

LOGISTIC_WORK = 30_000_000
"""Windows times values times classes that logistic regression learns from."""
FOREST_WORK = 80_000
"""Windows times the root of values that a forest learns from."""
MOST_VALUES = 50_000_000
"""Windows times values in memory."""
TREES = 100
WATCHED = 0.2
"""Share of the training windows that choose the strength of L2, without a validation part."""

Progress = Callable[[str, float], None]


@dataclass(frozen=True, eq=False)
class Fitted:
    """What a simpler method says of the test part.

    Parameters
    ----------
    name : str
        The method.
    predicted : ndarray of int64, shape (n,)
        The class of each test window.
    windows : int
        Training windows that it learned from.
    seconds : float
        What that took.
    """

    name: str
    predicted: Labels
    windows: int
    seconds: float


@dataclass(frozen=True)
class Baseline:
    """A simpler method beside the model.

    Parameters
    ----------
    name : str
        The method.
    accuracy : float
        On the test part.
    interval : tuple of float
        Its 95 % interval (`accuracy_interval`).
    lead : float
        How much more accurate the model is; below 0 if it is less.
    lead_interval : tuple of float
        The 95 % interval of that, over the same windows (`difference_interval`).
    better : bool
        Whether the model loses by more than the interval.
    windows : int
        Training windows that it learned from.
    seconds : float
        What that took.
    """

    name: str
    accuracy: float
    interval: tuple[float, float]
    lead: float
    lead_interval: tuple[float, float]
    better: bool
    windows: int
    seconds: float


def fit_baselines(
    splits: Splits, features: Features, *, seed: int = 0, progress: Progress | None = None
) -> tuple[Fitted, ...]:
    """Let simpler methods learn from the training part, and classify the test part.

    Parameters
    ----------
    splits : Splits
        The data. The validation part chooses settings; without it, a fifth of the training groups.
    features : Features
        What the methods see: the model's own features.
    seed : int, default 0
        Of what is sampled, and of the forest.
    progress : callable, optional
        Is given the name of a method and the share of it that is done, 0 to 1.

    Returns
    -------
    tuple of Fitted
        The majority class, logistic regression, and a random forest if scikit-learn is installed.

    Raises
    ------
    DataError
        There is no test part.

    Examples
    --------
    >>> import numpy as np
    >>> from xnornode import from_windows, prepare
    >>> from xnornode.model.features import Raw
    >>> samples = np.random.default_rng(0).normal(0, 100, (80, 16, 2)).astype(np.int16)
    >>> samples[40:] += 300
    >>> splits = prepare(from_windows("demo", samples, ["low"] * 40 + ["high"] * 40))
    >>> for fitted in fit_baselines(splits, Raw())[:2]:
    ...     right = fitted.predicted == splits.test.labels
    ...     print(f"{fitted.name}: {right.mean():.0%}")
    majority class: 50%
    logistic regression: 100%
    """
    test = splits.tested()
    rng = np.random.default_rng(seed)
    return tuple(_fit(splits, test, features, rng, seed, progress or (lambda name, done: None)))


def _fit(
    splits: Splits,
    test: Data,
    features: Features,
    rng: np.random.Generator,
    seed: int,
    progress: Progress,
) -> Iterator[Fitted]:
    data, classes = splits.train, len(splits.labels)
    most = int(np.bincount(data.labels, minlength=classes).argmax())
    yield Fitted("majority class", np.full(len(test), most, np.int64), len(data), 0.0)
    width = features.count(*data.shape)
    tested = features.values(test.items)

    start, name = time.perf_counter(), "logistic regression"
    progress(name, 0.0)
    room = min(LOGISTIC_WORK // (width * classes), MOST_VALUES // width)
    part = _some(data, room, rng)
    values, labels, watched = features.values(part.items), part.labels, _left_out(part, rng)
    validation = splits.validation
    if validation is not None:
        seen = _some(validation, max(room // 4, 1), rng)
        values = np.concatenate([values, features.values(seen.items)])
        labels = np.concatenate([labels, seen.labels])
        watched = np.arange(len(labels)) >= len(part)
    found = fit_logistic(
        values, labels, classes, watched, validation is None, lambda done: progress(name, done)
    )
    progress(name, 1.0)
    yield Fitted(name, found.predict(tested), len(part), time.perf_counter() - start)

    try:
        from sklearn.ensemble import RandomForestClassifier
    except ImportError:
        return
    start, name = time.perf_counter(), "random forest"
    progress(name, 0.0)
    part = _some(data, int(min(FOREST_WORK // width**0.5, MOST_VALUES // width)), rng)
    forest = RandomForestClassifier(TREES, n_jobs=1, random_state=seed)
    forest.fit(features.values(part.items), part.labels)
    progress(name, 1.0)
    yield Fitted(name, forest.predict(tested), len(part), time.perf_counter() - start)


def _some(data: Data, most: int, rng: np.random.Generator) -> Data:
    """At most so many items, whichever they are, but at least two of each class."""
    if len(data) <= most:
        return data
    ranks = np.empty(len(data))
    order = rng.permutation(len(data))
    for label in range(len(data.classes)):
        mine = order[data.labels[order] == label]
        ranks[mine] = np.arange(len(mine)) / max(1, len(mine))
        ranks[mine[:2]] = -1
    return data.select(np.sort(np.argsort(ranks, kind="stable")[: max(most, 2)]))


def _left_out(data: Data, rng: np.random.Generator) -> npt.NDArray[np.bool_]:
    """A fifth of the groups, or of the items where there are no two; never all of a class."""
    groups = np.unique(data.groups, return_inverse=True)[1]
    if groups.max() == 0:
        groups = np.arange(len(data))
    sizes = np.bincount(groups)
    left = np.bincount(data.labels)
    out = np.zeros(len(sizes), bool)
    for group in rng.permutation(len(sizes)).tolist():
        mine = np.bincount(data.labels[groups == group], minlength=len(left))
        if sizes[out].sum() + sizes[group] > max(WATCHED * len(data), sizes.min()):
            continue
        if (left[mine > 0] > mine[mine > 0]).all():
            out[group], left = True, left - mine
    chosen: npt.NDArray[np.bool_] = out[groups]
    return chosen if chosen.any() else np.arange(len(data)) % 5 == 0


def compare(
    fitted: Fitted, labels: Labels, right: npt.NDArray[np.bool_], clusters: Clusters
) -> Baseline:
    """Set a simpler method beside the model.

    Parameters
    ----------
    fitted : Fitted
        The method.
    labels : ndarray of int64, shape (n,)
        The class of each test window.
    right : ndarray of bool, shape (n,)
        Whether the model classified it correctly.
    clusters : Clusters
        Which windows belong together.

    Returns
    -------
    Baseline
        The figures.
    """
    hit = fitted.predicted == labels
    low, high, _ = accuracy_interval(hit, clusters.names, clusters.what)
    ends = difference_interval(right, hit, clusters.names)
    return Baseline(
        name=fitted.name,
        accuracy=float(hit.mean()),
        interval=(low, high),
        lead=float(right.mean() - hit.mean()),
        lead_interval=ends,
        better=ends[1] < 0,
        windows=fitted.windows,
        seconds=fitted.seconds,
    )
