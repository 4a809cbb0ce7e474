"""Recordings that are shorter than a window: left out and listed, if enough is left."""

from dataclasses import replace

from xnornode.data.dataset import Dataset
from xnornode.data.reading import Guess

MUCH = 0.2  # of the samples of a class: losing more is a warning


def leave_out_short(dataset: Dataset, length: int) -> Dataset:
    """Leave out recordings that are shorter than a window.

    Parameters
    ----------
    dataset : Dataset
        Items of any kind; only recordings can be too short.
    length : int
        Samples of a window.

    Returns
    -------
    Dataset
        The other recordings. `reading.dropped` lists what was left out. A class without any
        recording of this length keeps all of its recordings.
    """
    if dataset.kind != "recordings":
        return dataset
    left = {
        label
        for label, item in zip(dataset.labels, dataset.items, strict=True)
        if len(item) >= length
    }
    # Of a class that would lose everything, short recordings stay: cutting windows refuses them.
    sizes = [
        len(item) if label in left else length
        for label, item in zip(dataset.labels, dataset.items, strict=True)
    ]
    short = [i for i, size in enumerate(sizes) if size < length]
    kept = [i for i, size in enumerate(sizes) if size >= length]
    if not short:
        return dataset
    told = [
        f"{dataset.names[i]}: {len(dataset.items[i])} samples, a window has {length}" for i in short
    ]
    what = "1 recording" if len(short) == 1 else f"{len(short):,} recordings"
    note = f"left out, as shorter than a window ({length} samples): {what}"
    reading = dataset.reading
    timings = reading.timings
    if len(timings) == len(dataset.items):
        timings = tuple(timings[i] for i in kept)
    return replace(
        dataset,
        items=[dataset.items[i] for i in kept],
        labels=[dataset.labels[i] for i in kept],
        groups=[dataset.groups[i] for i in kept],
        names=[dataset.names[i] for i in kept],
        notes=(*dataset.notes, note),
        reading=replace(
            reading,
            timings=timings,
            guesses=(*reading.guesses, *_much_lost(dataset, short, length)),
            dropped=(*reading.dropped, *told),
        ),
    )


def _much_lost(dataset: Dataset, short: list[int], length: int) -> list[Guess]:
    """A guess for each class that loses much."""
    total: dict[str, int] = {}
    lost: dict[str, int] = {}
    for label, item in zip(dataset.labels, dataset.items, strict=True):
        total[label] = total.get(label, 0) + len(item)
    for i in short:
        label = dataset.labels[i]
        lost[label] = lost.get(label, 0) + len(dataset.items[i])
    return [
        Guess(
            f"{lost[label] / total[label]:.0%} of the samples of class {label} are in recordings "
            f"shorter than a window of {length} samples, and are left out",
            "--window, --fill",
            doubtful=True,
        )
        for label in lost
        if lost[label] > MUCH * total[label]
    ]
