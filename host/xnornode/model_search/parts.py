"""Which training data candidates are compared on: groups that they have not learned from."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from xnornode.data.split import (
    MIN_GROUPS,
    VALIDATION_SHARE,
    Wanted,
    check_groups,
    choose_groups,
)
from xnornode.data.splits import Splits
from xnornode.data.windows import Data
from xnornode.errors import DataError
from xnornode.events.cross_validate import folds_of
from xnornode.recipes.folds import folds_of as recordings_in_folds
from xnornode.recipes.folds import units_of

MOST_FOLDS = 5


@dataclass(frozen=True, eq=False)
class Fold:
    """What a candidate learns from, and what it is compared on."""

    training: Data
    held: Data


def folds_for(splits: Splits, wanted: Wanted = None) -> list[Fold]:
    """The folds of a search.

    One fold with the groups that are wanted, or with the validation part of `splits`, or with a
    fifth of the training part. Of fewer than ten groups a fifth says little: then every group is
    left out once, in five folds at most. Of a single group it is every recording.

    Raises DataError for groups that do not exist, and where none can be spared.
    """
    data = splits.train
    if wanted is None and splits.validation is not None:
        return [Fold(data, splits.validation)]
    if wanted is None and len(set(data.groups.tolist())) < MIN_GROUPS:
        masks = _masks(data)
        if len(masks) > 1:
            return [Fold(data.select(~mask), data.select(mask)) for mask in masks]
    return [Fold(*split_validation(data, wanted))]


def _masks(data: Data) -> list[npt.NDArray[np.bool_]]:
    """Which windows each fold leaves out; none where nothing can be left out twice."""
    try:
        return folds_of(data, MOST_FOLDS)
    except DataError:
        units = units_of(data)
    if units.kind != "recording":
        return []
    fold = recordings_in_folds(units, data.labels, MOST_FOLDS)
    return [fold == k for k in range(MOST_FOLDS) if (fold == k).any()]


def split_validation(data: Data, wanted: Wanted = None) -> tuple[Data, Data]:
    """(the rest, the validation part): groups by name, or whole groups of about a share.

    Raises DataError for groups that do not exist, and where none can be spared.
    """
    if isinstance(wanted, tuple):
        check_groups(wanted, data.groups.tolist(), "validation")
        groups = wanted
    else:
        labels = [data.classes[i] for i in data.labels]
        share = VALIDATION_SHARE if wanted is None else wanted
        groups = choose_groups(data.groups.tolist(), labels, [1] * len(data), share)
    if not groups:
        raise DataError(
            "a search needs a validation part to choose by, and for that training data of every "
            "class from at least two people, places or recordings: record each class again, or "
            "split each recording in time (--split time)"
        )
    held = np.isin(data.groups, groups)
    return data.select(~held), data.select(held)


def held_out(folds: Sequence[Fold]) -> tuple[str, ...]:
    """The groups that are left out by some fold."""
    return tuple(sorted({name for fold in folds for name in fold.held.groups.tolist()}))
