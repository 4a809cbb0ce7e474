"""How good predictions are: confusion matrix, recall, precision, F1, the interval of a share."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from xnornode.data.dataset import natural
from xnornode.nn.ordered import distances, steps

MOST_GROUPS = 50  # more groups are not listed one by one


@dataclass(frozen=True)
class ClassFigures:
    """How well the test windows of a class were found.

    Parameters
    ----------
    label : str
        The class.
    windows : int
        Its windows in the test part.
    recall : float or None
        The share of them that was found; None if there are none.
    precision : float or None
        The share of true ones among those that were given this class; None if there are none.
    f1 : float or None
        The harmonic mean of recall and precision; None if the class is neither there nor given.
    given : int
        Test windows that were given this class.
    """

    label: str
    windows: int
    recall: float | None
    precision: float | None
    f1: float | None
    given: int


@dataclass(frozen=True)
class GroupFigures:
    """How well the test windows of a group (person, place, recording) were classified.

    Parameters
    ----------
    group : str
        The group.
    windows : int
        Its windows in the test part.
    accuracy : float
        The share of them that was classified correctly.
    """

    group: str
    windows: int
    accuracy: float


def confusion(
    true: npt.NDArray[np.int64], predicted: npt.NDArray[np.int64], classes: int
) -> npt.NDArray[np.int64]:
    """The confusion matrix.

    Parameters
    ----------
    true, predicted : ndarray of int64, shape (n,)
        Class indexes.
    classes : int
        Number of classes.

    Returns
    -------
    ndarray of int64, shape (classes, classes)
        Windows: a row per true class, a column per predicted class.
    """
    both = np.bincount(true * classes + predicted, minlength=classes * classes)
    return both.reshape(classes, classes).astype(np.int64)


def per_class(table: npt.NDArray[np.int64], labels: Sequence[str]) -> tuple[ClassFigures, ...]:
    """Recall, precision and F1 of each class.

    Parameters
    ----------
    table : ndarray of int64, shape (classes, classes)
        The confusion matrix.
    labels : sequence of str
        The classes.

    Returns
    -------
    tuple of ClassFigures
        One per class.
    """
    hit, there, called = np.diag(table), table.sum(axis=1), table.sum(axis=0)
    return tuple(
        ClassFigures(
            label,
            int(there[i]),
            float(hit[i] / there[i]) if there[i] else None,
            float(hit[i] / called[i]) if called[i] else None,
            float(2 * hit[i] / (there[i] + called[i])) if there[i] + called[i] else None,
            int(called[i]),
        )
        for i, label in enumerate(labels)
    )


def per_group(
    groups: npt.NDArray[np.str_], right: npt.NDArray[np.bool_]
) -> tuple[GroupFigures, ...]:
    """Accuracy on each group.

    Parameters
    ----------
    groups : ndarray of str, shape (n,)
        The group of each window.
    right : ndarray of bool, shape (n,)
        Whether each window was classified correctly.

    Returns
    -------
    tuple of GroupFigures
        One per group; empty if there are more than 50.
    """
    names = sorted(set(groups.tolist()), key=natural)
    if len(names) > MOST_GROUPS:
        return ()
    masks = [(name, groups == name) for name in names]
    return tuple(GroupFigures(name, int(m.sum()), float(right[m].mean())) for name, m in masks)


def nearly_right(
    labels: Sequence[str],
    true: npt.NDArray[np.int64],
    predicted: npt.NDArray[np.int64],
    circular: bool = False,
    most: float = 1,
) -> npt.NDArray[np.bool_]:
    """Which predictions are at most so many steps off, where labels are steps of one quantity.

    Parameters
    ----------
    labels : sequence of str
        The classes: numbers at multiples of one step.
    true, predicted : ndarray of int64, shape (n,)
        Class indexes.
    circular : bool, default False
        The least label comes one step behind the greatest.
    most : float, default 1
        Steps.

    Returns
    -------
    ndarray of bool, shape (n,)
        `per_group` takes it too.

    Raises
    ------
    DataError
        The labels are no such numbers.

    Examples
    --------
    >>> import numpy as np
    >>> hours = [str(i) for i in range(24)]
    >>> nearly_right(hours, np.array([0, 0, 7]), np.array([23, 2, 8]), circular=True).tolist()
    [True, False, True]
    """
    return distances(steps(labels), circular)[true, predicted] <= most


def wilson(right: int, count: int, z: float = 1.96) -> tuple[float, float]:
    """Score interval of a share.

    Parameters
    ----------
    right, count : int
        The share is `right` / `count`.
    z : float, default 1.96
        Quantile of the normal distribution; 1.96 for 95 %.

    Returns
    -------
    tuple of float
        Lower and upper end.

    References
    ----------
    E. B. Wilson, "Probable inference, the law of succession, and statistical inference", Journal of
    the American Statistical Association 22, 1927.

    Examples
    --------
    >>> low, high = wilson(81, 263)
    >>> f"{low:.3f} {high:.3f}"
    '0.255 0.366'
    """
    share = right / count
    middle = share + z * z / (2 * count)
    half = z * float(np.sqrt(share * (1 - share) / count + z * z / (4 * count * count)))
    scale = 1 + z * z / count
    return max(0.0, (middle - half) / scale), min(1.0, (middle + half) / scale)
