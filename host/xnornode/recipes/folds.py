"""Folds for cross-validation: whole groups, or whole recordings, with every class in each."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from xnornode.data.dataset import group_equal_items, natural
from xnornode.data.windows import Data, Texts

Indices = npt.NDArray[np.int64]
FEWEST = 3
"""Groups that show how much groups differ; with fewer, recordings are left out."""


@dataclass(frozen=True, eq=False)
class Units:
    """What is never divided between folds.

    Parameters
    ----------
    kind : {"group", "recording", "window", "text"}
        What a unit is. Equal windows are one unit.
    of : ndarray of int64, shape (n,)
        The unit of each window or text, from 0.
    """

    kind: str
    of: Indices


def units_of(part: Data) -> Units:
    """The groups, where most classes have three of them; else the recordings; else the windows.

    Parameters
    ----------
    part : Windows or Texts
        The training part.

    Returns
    -------
    Units
        What each window belongs to.
    """
    names = sorted(set(part.groups.tolist()), key=natural)
    index = {name: i for i, name in enumerate(names)}
    groups = np.array([index[name] for name in part.groups.tolist()], np.int64)
    if _enough(groups, part.labels):
        # Where nobody named groups, only equal items share one.
        single = np.median(np.bincount(groups)) == 1
        return Units(part.data_kind.removesuffix("s") if single else "group", groups)
    if not isinstance(part, Texts) and part.places is not None:
        recordings = np.unique(part.places[:, 0], return_inverse=True)[1].astype(np.int64)
        # Even where there are few: neighbouring windows resemble each other.
        return Units("recording", recordings)
    equal = np.unique(group_equal_items(part.items), return_inverse=True)[1].astype(np.int64)
    return Units(part.data_kind.removesuffix("s"), equal)


def _enough(units: Indices, labels: Indices) -> bool:
    """Whether most classes have so many units that some can be left out."""
    per_class = _table(units, labels) > 0
    return bool(np.median(per_class.sum(axis=0)) >= FEWEST)


def _table(units: Indices, labels: Indices) -> Indices:
    """Windows of each unit and class."""
    table = np.zeros((units.max() + 1, labels.max() + 1), np.int64)
    np.add.at(table, (units, labels), 1)
    return table


def folds_of(units: Units, labels: Indices, count: int, seed: int = 0) -> Indices:
    """Deal units to folds, so that each fold has about its share of every class.

    Parameters
    ----------
    units : Units
        What stays together.
    labels : ndarray of int64, shape (n,)
        The class of each window.
    count : int
        Folds, at least 2.
    seed : int, default 0
        Of the order of units that are alike.

    Returns
    -------
    ndarray of int64, shape (n,)
        The fold of each window, from 0 to `count` - 1; -1 for a unit that is the only one of a
        class: it is always trained on.

    Examples
    --------
    >>> import numpy as np
    >>> from xnornode.recipes.folds import Units, folds_of
    >>> people = Units("group", np.array([0, 0, 1, 1, 2, 2]))
    >>> sorted(folds_of(people, np.array([0, 1, 0, 1, 0, 1]), 3).tolist())
    [0, 0, 1, 1, 2, 2]
    """
    table = _table(units.of, labels)
    alone = np.asarray((table[:, (table > 0).sum(axis=0) == 1] > 0).any(axis=1))
    order = np.random.default_rng(seed).permutation(len(table))
    order = order[np.argsort(-table[order].sum(axis=1), kind="stable")]
    fold_of_unit = np.full(len(table), -1)
    if ((table > 0).sum(axis=1) == 1).all():  # as cards are dealt, class after class
        dealt = order[np.argsort(table[order].argmax(axis=1), kind="stable")]
        dealt = dealt[~alone[dealt]]
        fold_of_unit[dealt] = np.arange(len(dealt)) % count
        return fold_of_unit[units.of]
    shares = table / np.maximum(table.sum(axis=0), 1)
    held = np.zeros((count, table.shape[1]))
    windows = np.zeros(count)
    for unit in order[~alone[order]]:
        mine = np.flatnonzero(table[unit])
        # The fold that has least of the unit's classes; of equals the one with the fewest windows.
        need = held[:, mine] @ shares[unit, mine]
        fold = np.lexsort((windows, np.round(need, 12)))[0]
        fold_of_unit[unit] = fold
        held[fold] += shares[unit]
        windows[fold] += table[unit].sum()
    return _spread(fold_of_unit, table)[units.of]


def _spread(fold_of_unit: Indices, table: Indices) -> Indices:
    """The same; where a fold would take all units of a class, the first one stays in training."""
    for fold in range(fold_of_unit.max() + 1):
        rest = table[fold_of_unit != fold].sum(axis=0)
        for lost in np.flatnonzero((rest == 0) & (table.sum(axis=0) > 0)):
            fold_of_unit[np.flatnonzero((fold_of_unit == fold) & (table[:, lost] > 0))[0]] = -1
    return fold_of_unit
