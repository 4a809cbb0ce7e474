"""Copies of recordings: a recording that is in training and test makes the accuracy worthless."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from xnornode.data.dataset import Dataset, group_equal_items
from xnornode.data.paths import COPY
from xnornode.data.reading import Guess

CLOSE = 1e-4
"""Of a recording's deviation: files of different kinds round differently."""
SHORTEST = 16
"""Samples: of shorter recordings, equal ones are no copies but chance."""


def drop_copies(dataset: Dataset) -> Dataset:
    """Leave out recordings that are equal to another one, in the same or another kind of file.

    Parameters
    ----------
    dataset : Dataset
        What was read. Rows of numbers stay as they are: equal ones may be chance.

    Returns
    -------
    Dataset
        Without copies of recordings, and without images and texts that are in the test or
        validation, too; its reading says which were left out. A copy with another label stays, in
        the same group as the first one, and is a doubtful guess.
    """
    if dataset.kind == "texts" or dataset.image_shape:
        return _drop_across_parts(dataset)
    if dataset.kind != "recordings":
        return dataset
    first = find_copies(
        list(dataset.items), [bool(COPY.search(Path(n).stem)) for n in dataset.names]
    )
    if not first:
        return dataset
    labels, groups, names = list(dataset.labels), list(dataset.groups), dataset.names
    dropped, guesses, left_out = [], [], set()
    for copy, original in first.items():
        if labels[copy] == labels[original]:
            left_out.add(copy)
            dropped.append(f"{names[copy]}: a copy of {names[original]}")
        else:
            groups = [groups[original] if g == groups[copy] else g for g in groups]
            text = (
                f"{names[copy]} ({labels[copy]}) is a copy of {names[original]} "
                f"({labels[original]}): one of the labels is wrong"
            )
            guesses.append(Guess(text, "remove one of the files", True))
    kept = [i for i in range(len(names)) if i not in left_out]
    reading = dataset.reading
    timings = reading.timings and tuple(reading.timings[i] for i in kept)
    reading = replace(
        reading,
        timings=timings,
        dropped=(*reading.dropped, *dropped),
        guesses=(*reading.guesses, *guesses),
    )
    items = dataset.items
    return replace(
        dataset,
        items=[items[i] for i in kept],
        labels=[labels[i] for i in kept],
        groups=[groups[i] for i in kept],
        names=[names[i] for i in kept],
        reading=reading,
    )


def _drop_across_parts(dataset: Dataset) -> Dataset:
    """Images or texts without those that an earlier part holds; a word on copies across groups."""
    order = {g: 0 for g in dataset.test_groups} | {g: 1 for g in dataset.validation_groups}
    ranks = [order.get(group, 2) for group in dataset.groups]
    keys = group_equal_items(dataset.items)
    first: dict[str, int] = {}
    owners: dict[str, set[str]] = {}
    for key, rank, group in zip(keys, ranks, dataset.groups, strict=True):
        first[key] = min(rank, first.get(key, rank))
        owners.setdefault(key, set()).add(group)
    kept = [i for i, key in enumerate(keys) if ranks[i] == first[key]]
    left_out = sorted(set(range(len(keys))) - set(kept))
    guesses = list(dataset.reading.guesses)
    shared = sum(len(groups) > 1 for groups in owners.values())
    if shared and not order:
        text = f"{shared:,} items are in several groups: the accuracy may be too high"
        guesses.append(Guess(text, "remove the copies", doubtful=True))
    dropped = [f"{dataset.names[i]}: a copy is in the test or validation" for i in left_out]
    reading = dataset.reading
    reading = replace(reading, dropped=(*reading.dropped, *dropped), guesses=tuple(guesses))
    if not left_out:
        return replace(dataset, reading=reading)
    items = dataset.items
    return replace(
        dataset,
        items=items[kept] if isinstance(items, np.ndarray) else [items[i] for i in kept],
        labels=[dataset.labels[i] for i in kept],
        groups=[dataset.groups[i] for i in kept],
        names=[dataset.names[i] for i in kept],
        reading=reading,
    )


def find_copies(
    items: Sequence[npt.NDArray[Any]], marked: Sequence[bool] | None = None
) -> dict[int, int]:
    """For each recording that is equal to others, the index of the one that is kept.

    Parameters
    ----------
    items : sequence of ndarray, shape (n, channels)
        Recordings.
    marked : sequence of bool, optional
        Which names say that they are copies: "walk (1)". Default: none. The first recording
        without a mark is kept.

    Returns
    -------
    dict of int to int
        Index of a copy to index of the original.
    """
    by_shape: dict[tuple[int, ...], list[int]] = {}
    for i, item in enumerate(items):
        if len(item) >= SHORTEST:
            by_shape.setdefault(item.shape, []).append(i)
    same: dict[int, set[int]] = {}
    for alike in by_shape.values():
        means = {i: float(items[i].mean(dtype=np.float64)) for i in alike}
        order = sorted(alike, key=lambda i: means[i])
        for at, i in enumerate(order):
            spread = float(items[i].std(dtype=np.float64)) if len(order) > 1 else 0.0
            for j in order[at + 1 :]:
                if means[j] - means[i] > CLOSE * spread:
                    break
                if spread and _equal(items[i], items[j], CLOSE * spread):
                    joined = same.get(i, {i}) | same.get(j, {j})
                    same |= dict.fromkeys(joined, joined)
    found = {}
    for i, joined in sorted(same.items()):
        kept = min(joined, key=lambda k: (bool(marked and marked[k]), k))
        if i != kept:
            found[i] = kept
    return found


def _equal(a: npt.NDArray[Any], b: npt.NDArray[Any], close: float) -> bool:
    return bool((np.abs(a.astype(np.float64) - b.astype(np.float64)) <= close).all())
