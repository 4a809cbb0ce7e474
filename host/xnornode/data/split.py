"""Which groups (people, places, recordings) the test and the validation part hold.

Windows of one recording resemble each other, so a split by window would test on what was learned. A
group is never divided. Without groups, items are drawn at random, and equal items stay together.
"""

import hashlib
from collections.abc import Collection, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt

from xnornode.data.dataset import Dataset, class_names, natural
from xnornode.errors import DataError
from xnornode.model.names import normalized

TEST_SHARE = 0.25
VALIDATION_SHARE = 0.2  # of what the test leaves
PARTS_IN_TIME = (("training", 0.0, 0.6), ("validation", 0.6, 0.75), ("test", 0.75, 1.0))
TWO_PARTS_IN_TIME = (("training", 0.0, 0.75), ("test", 0.75, 1.0))
MIN_GROUPS = 10  # of fewer, none is spared for validation: it would be too unlike the others
MAX_GROUPS = 1000  # of more, a choice one by one takes long, and a random draw is balanced enough

Wanted = tuple[str, ...] | float | None
"""Groups by name, a share of every class, or None: chosen from the data."""


def choose_groups(
    groups: Sequence[str],
    labels: Sequence[str],
    sizes: Sequence[int],
    share: float,
    drawn: bool = False,
) -> tuple[str, ...]:
    """Choose groups that hold about a share of every class.

    Parameters
    ----------
    groups, labels : sequence of str
        The group and the class of each item.
    sizes : sequence of int
        The samples of each item.
    share : float
        Wanted share of every class, from 0 to 1.
    drawn : bool, default False
        Draw the groups by a hash of their names. Default: the last by name come first.

    Returns
    -------
    tuple of str
        The groups, sorted; none if no class can spare one. Every class keeps a group.
    """
    names = sorted(set(groups), key=natural)
    index = {name: i for i, name in enumerate(names)}
    classes = {name: i for i, name in enumerate(class_names(labels))}
    totals = np.zeros((len(names), len(classes)))
    for group, label, size in zip(groups, labels, sizes, strict=True):
        totals[index[group], classes[label]] += size
    if drawn or len(names) > MAX_GROUPS:
        order = sorted(range(len(names)), key=lambda i: hashlib.sha256(names[i].encode()).digest())
    else:
        order = list(range(len(names)))[::-1]
    one_class_each = ((totals > 0).sum(axis=1) == 1).all()
    choose = _per_class if one_class_each or len(names) > MAX_GROUPS else _balanced
    chosen = choose(totals, order, share)
    return tuple(names[i] for i in sorted(chosen))


def _per_class(totals: npt.NDArray[np.float64], order: list[int], share: float) -> list[int]:
    """The first groups in `order` of each class; a group belongs to the class it has most of."""
    owner = totals.argmax(axis=1)
    chosen = []
    for c in range(totals.shape[1]):
        mine = [i for i in order if owner[i] == c]
        many = min(max(1, round(share * len(mine))), len(mine) - 1)
        chosen += mine[: max(0, many)]
    return chosen


def _balanced(totals: npt.NDArray[np.float64], order: list[int], share: float) -> list[int]:
    """One group after the other, always the one that brings every class closest to its share."""
    total = totals.sum(axis=0)
    taken = np.zeros_like(total)
    chosen: list[int] = []
    rest = order.copy()
    distance = np.inf
    while rest:
        away = ((taken + totals[rest]) / total - share) ** 2
        left = (total - taken - totals[rest] > 0).all(axis=1)
        cost = np.where(left, away.sum(axis=1), np.inf)
        best = int(cost.argmin())
        # Of equal distances the larger part is taken: two people say more than one.
        if not np.isfinite(cost[best]) or cost[best] > distance + 1e-9:
            break
        distance = float(cost[best])
        taken += totals[rest[best]]
        chosen.append(rest.pop(best))
    return chosen


def check_groups(named: Collection[str], groups: Collection[str], part: str) -> None:
    """Check the groups that are named for a part.

    Parameters
    ----------
    named, groups : collection of str
        The groups named, and all groups.
    part : str
        What messages call the part.

    Raises
    ------
    DataError
        A group does not exist, or none is left.
    """
    have = sorted(set(groups), key=natural)
    unknown = sorted(set(named) - set(have))
    if unknown:
        listed = ", ".join(have[:20]) + (", ..." if len(have) > 20 else "")
        raise DataError(f"nothing belongs to group {', '.join(unknown)}: the groups are {listed}")
    if not set(have) - set(named):
        raise DataError(f"the {part} part would take every group: leave some for training")


def assign(
    dataset: Dataset, test: Wanted, validation: Wanted, notes: list[str], warnings: list[str]
) -> npt.NDArray[np.int64]:
    """Assign each item to the training, validation or test part.

    Parameters
    ----------
    dataset : Dataset
        What is split.
    test, validation : tuple of str, float or None
        Groups, or a share of every class. None: chosen; a validation part needs 10 groups.
    notes, warnings : list of str
        What one should know about the split is appended.

    Returns
    -------
    ndarray of int64, shape (n,)
        Per item 0 for training, 1 for validation, 2 for the test.

    Raises
    ------
    DataError
        No group can be spared for a part, or a group does not exist.
    """
    drawn = dataset.grouping == "none"
    groups, labels = np.array(dataset.groups), np.array(dataset.labels)
    sizes = np.array([len(item) for item in dataset.items])

    def choose(wanted: Wanted, usual: float, part: str) -> Any:
        left = chosen == 0
        if isinstance(wanted, tuple):
            wanted = tuple(map(normalized, wanted))
            check_groups(wanted, groups[left].tolist(), part)
            return np.isin(groups, wanted)
        share = usual if wanted is None else wanted
        if not 0 <= share < 1:
            raise DataError(f"the {part} part's share must be at least 0 and below 1, not {share}")
        if not share:
            return np.zeros(len(groups), bool)
        args = (groups[left].tolist(), labels[left].tolist(), sizes[left].tolist())
        return np.isin(groups, choose_groups(*args, share, drawn))

    chosen = np.zeros(len(groups), np.int64)
    test = test if test is not None else dataset.test_groups or None
    chosen[choose(test, TEST_SHARE, "test")] = 2
    if not (chosen == 2).any():
        one = dataset.kind.removesuffix("s")  # only recordings can be split in time
        what = "group (person, place, device)" if dataset.grouping == "group" else one
        how = "Record each class again, or test on the last part of each recording (--split time)"
        raise DataError(
            f"too little data to test on: no class has a {what} to spare. "
            + (how if dataset.kind == "recordings" else "Get more data of each class")
        )
    if validation is None and dataset.validation_groups:
        left = set(groups[chosen == 0].tolist())
        validation = tuple(g for g in dataset.validation_groups if g in left) or None
    if validation is None and len(set(groups[chosen == 0].tolist())) < MIN_GROUPS:
        few = f"fewer than {MIN_GROUPS} groups to learn from"
        notes.append(f"{few}: all are trained on (--validation)")
        validation = ()
    chosen[(chosen == 0) & choose(validation, VALIDATION_SHARE, "validation")] = 1
    if validation and not (chosen == 1).any():
        raise DataError("no class has a group to spare for validation: --validation none")
    if drawn and test is None:
        warnings.append(
            "nothing says which data belong together, so the test was drawn at random: if several "
            "are of one recording or person, the accuracy shown is too high. Name a column of "
            "groups (--group) or an array `groups`"
        )
    return chosen


def cut_in_time(dataset: Dataset, validation: bool = True) -> Dataset:
    """Cut each recording into its training, validation and test part, in this order.

    Parameters
    ----------
    dataset : Dataset
        Recordings.
    validation : bool, default True
        Whether there is a validation part; without it, its samples are trained on.

    Returns
    -------
    Dataset
        A recording for each part, in the groups "training", "validation" and "test".

    Raises
    ------
    DataError
        The items are not recordings.
    """
    if dataset.kind != "recordings":
        raise DataError("only recordings can be split in time")
    parts = PARTS_IN_TIME if validation else TWO_PARTS_IN_TIME
    rows = [
        (item[int(start * len(item)) : int(end * len(item))], label, part, f"{name} ({part})")
        for item, label, name in zip(dataset.items, dataset.labels, dataset.names, strict=True)
        for part, start, end in parts
    ]
    items, labels, groups, names = (list(column) for column in zip(*rows, strict=True))
    note = "training and test are of the same recordings: of a new person or place expect less"
    return replace(
        dataset,
        items=items,
        labels=labels,
        groups=groups,
        names=names,
        grouping="group",
        notes=(*dataset.notes, note),
    )


def subset(dataset: Dataset, chosen: npt.NDArray[np.bool_]) -> Dataset | None:
    """Take the items where `chosen`, bool (n,), is true. None if there is none."""
    which = np.flatnonzero(chosen).tolist()
    if not which:
        return None
    items = dataset.items
    return replace(
        dataset,
        items=items[which] if isinstance(items, np.ndarray) else [items[i] for i in which],
        labels=[dataset.labels[i] for i in which],
        groups=[dataset.groups[i] for i in which],
        names=[dataset.names[i] for i in which],
        notes=(),
    )
