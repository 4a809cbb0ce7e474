"""Which groups (people, places, recordings) the test and the validation part hold.

Windows of one recording resemble each other: a test by window would ask for what was learned. So
groups are never divided; with no groups at all, items are drawn, and equal ones stay together.
"""

import hashlib
from collections.abc import Collection, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt

from xnornode.data.dataset import Dataset, class_names, natural
from xnornode.errors import DataError

TEST_SHARE = 0.25
VALIDATION_SHARE = 0.2  # of what the test leaves
TIMES = (("training", 0.0, 0.6), ("validation", 0.6, 0.75), ("test", 0.75, 1.0))
LEAST = 10  # groups, of which one can be spared for validation: one person's taste is no guide
MANY = 1000  # groups, from which on a choice one by one takes too long and luck is even enough

Wanted = tuple[str, ...] | float | None  # groups, a share of every class, or whatever suits


def choose_groups(
    groups: Sequence[str],
    labels: Sequence[str],
    sizes: Sequence[int],
    share: float,
    drawn: bool = False,
) -> tuple[str, ...]:
    """Groups that hold about `share` of every class, sorted; none where no class can spare one.

    groups, labels, sizes: one per item, the size in samples. Every class keeps a group that is not
    chosen. drawn: groups have no order and are drawn (always alike); else the last by name come
    first.
    """
    names = sorted(set(groups), key=natural)
    index = {name: i for i, name in enumerate(names)}
    classes = {name: i for i, name in enumerate(class_names(labels))}
    counts = np.zeros((len(names), len(classes)))
    for group, label, size in zip(groups, labels, sizes, strict=True):
        counts[index[group], classes[label]] += size
    if drawn or len(names) > MANY:
        order = sorted(range(len(names)), key=lambda i: hashlib.sha256(names[i].encode()).digest())
    else:
        order = list(range(len(names)))[::-1]
    alone = (counts > 0).sum(axis=1) == 1
    one_by_one = not alone.all() and len(names) <= MANY
    chosen = _balanced(counts, order, share) if one_by_one else _per_class(counts, order, share)
    return tuple(names[i] for i in sorted(chosen))


def _per_class(counts: npt.NDArray[np.float64], order: list[int], share: float) -> list[int]:
    """The first groups in `order` of each class; a group belongs to the class it has most of."""
    owner = counts.argmax(axis=1)
    chosen = []
    for c in range(counts.shape[1]):
        mine = [i for i in order if owner[i] == c]
        many = min(max(1, round(share * len(mine))), len(mine) - 1)
        chosen += mine[: max(0, many)]
    return chosen


def _balanced(counts: npt.NDArray[np.float64], order: list[int], share: float) -> list[int]:
    """One group after the other: the one that brings every class's share closest to `share`."""
    total = counts.sum(axis=0)
    taken = np.zeros_like(total)
    chosen: list[int] = []
    rest = order.copy()
    distance = np.inf
    while rest:
        away = ((taken + counts[rest]) / total - share) ** 2
        left = (total - taken - counts[rest] > 0).all(axis=1)
        cost = np.where(left, away.sum(axis=1), np.inf)
        best = int(cost.argmin())
        # Of equal distances the larger part is taken: two people say more than one.
        if not np.isfinite(cost[best]) or cost[best] > distance + 1e-9:
            break
        distance = float(cost[best])
        taken += counts[rest[best]]
        chosen.append(rest.pop(best))
    return chosen


def check_groups(named: Collection[str], groups: Collection[str], part: str) -> None:
    """Raise DataError unless the groups named for a part exist and leave others."""
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
    """0 training, 1 validation, 2 test, one per item.

    validation: None gives a part where there are groups to spare. Appends to `notes` and `warnings`
    what one should know of the split. Raises DataError where nothing can be had for the test, or a
    group does not exist.
    """
    drawn = dataset.grouping == "none"
    groups, labels = np.array(dataset.groups), np.array(dataset.labels)
    sizes = np.array([len(item) for item in dataset.items])

    def choose(wanted: Wanted, usual: float, part: str) -> Any:
        left = chosen == 0
        if isinstance(wanted, tuple):
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
        what = "group (person, place, device)" if dataset.grouping == "group" else "recording"
        raise DataError(
            f"too little data to test on: no class has a {what} to spare. Record each class again, "
            "or test on the last part of each recording (--split time)"
        )
    if validation is None and len(set(groups[chosen == 0].tolist())) < LEAST:
        notes.append(f"fewer than {LEAST} groups to learn from: all are trained on (--validation)")
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


def cut_in_time(dataset: Dataset) -> Dataset:
    """Each recording in three: the first for training, then validation, the last for the test."""
    if dataset.kind != "recordings":
        raise DataError("only recordings can be split in time")
    rows = [
        (item[int(start * len(item)) : int(end * len(item))], label, part, f"{name} ({part})")
        for item, label, name in zip(dataset.items, dataset.labels, dataset.names, strict=True)
        for part, start, end in TIMES
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
    """The chosen items; None without."""
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
