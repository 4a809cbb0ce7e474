"""Labels that are steps of one quantity: how far apart they are, and targets that say so."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from xnornode._typing import Float
from xnornode.errors import DataError

Numbers = npt.NDArray[np.float64]

NEAR = 0.01
"""By so much of a step a label may miss a multiple of it, as 0.333 and 0.667 do."""


def steps(labels: Sequence[str]) -> Numbers:
    """Where labels lie, in steps of the quantity that they are numbers of.

    Parameters
    ----------
    labels : sequence of str
        The classes, such as "0.0", "0.1", to "9.9". Some may be missing.

    Returns
    -------
    ndarray of float64, shape (classes,)
        Whole numbers from 0 on: (value - least value) / step. The step is the least difference.

    Raises
    ------
    DataError
        A label is no number, or the differences are no multiples of a step.

    Examples
    --------
    >>> steps(["0.0", "0.1", "0.3"]).tolist()
    [0.0, 1.0, 3.0]
    """
    values = []
    for label in labels:
        try:
            values.append(float(label))
        except ValueError:
            values.append(np.nan)
        if not np.isfinite(values[-1]):
            raise DataError(
                f"label_spread is for labels that are numbers, and {label!r} is none: leave it out"
            )
    away = np.array(values) - min(values)
    ordered = np.diff(np.sort(away))
    if not len(ordered) or not ordered.min() > 0:
        raise DataError("label_spread is for two labels or more, each another number: leave it out")
    found: Numbers = away / ordered.min()
    whole = np.rint(found)
    if abs(found - whole).max() > NEAR:
        first, second = np.array(labels)[np.argsort(away)][:2]
        raise DataError(
            "label_spread is for labels at multiples of one step, and those from "
            f"{first}, {second} on are not: leave it out"
        )
    return whole


def distances(at: Numbers, circular: bool) -> Numbers:
    """How many steps each label is from each other one.

    Parameters
    ----------
    at : ndarray of float64, shape (classes,)
        Of `steps`.
    circular : bool
        The least label comes one step behind the greatest.

    Returns
    -------
    ndarray of float64, shape (classes, classes)
        The way round is the shorter one.
    """
    away: Numbers = abs(at[:, None] - at)
    if circular:
        away = np.minimum(away, at.max() - at.min() + 1 - away)
    return away


def target_shares(away: Numbers, spread: float) -> Float:
    """The target of each label: a normal distribution over the labels around it.

    Parameters
    ----------
    away : ndarray of float64, shape (classes, classes)
        Of `distances`.
    spread : float
        Standard deviation, in steps.

    Returns
    -------
    ndarray of float32, shape (classes, classes)
        A row per label, which sums to 1.

    References
    ----------
    R. Diaz, A. Marathe, "Soft labels for ordinal regression", CVPR 2019, with the squared distance.
    """
    shares = np.exp(-np.square(away / spread) / 2)
    shares /= shares.sum(axis=1, keepdims=True)
    return shares.astype(np.float32)
