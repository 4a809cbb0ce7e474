"""Recordings that are shorter than a window: left out and listed, or padded."""

from dataclasses import replace
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from xnornode.data.dataset import Dataset
from xnornode.data.padding import cut, pad
from xnornode.data.reading import Guess
from xnornode.data.sound import is_sound

Short = Literal["pad", "drop"]
MUCH = 0.2  # of the samples of a class: losing more is a warning
MOST_WINDOWS = 2
"""A recording of sound that is longer than so many windows is no single utterance."""
LEAST = 0.05
"""Share of a window below which a recording of sound says too little to be padded."""


def least_length(dataset: Dataset, length: int, short: Short | None = None) -> int:
    """Say from which length on a recording is kept.

    Parameters
    ----------
    dataset : Dataset
        Items of any kind.
    length : int
        Samples of a window.
    short : {"pad", "drop"}, optional
        What becomes of short recordings. Default: sound is padded, all else left out.

    Returns
    -------
    int
        Samples; less than `length` where shorter recordings are padded.
    """
    if short == "pad":
        return 1
    if short == "drop" or not is_sound(dataset.channels, dataset.rate_mhz):
        return length
    return max(1, int(LEAST * length))


def pad_short(dataset: Dataset, length: int) -> Dataset:
    """Bring recordings that are shorter than a window to its length.

    Sound is put around the middle of its energy, into noise as quiet as its quietest part; and
    recordings of one utterance that are longer, but at most two windows, are cut around it. Of
    other recordings the first and the last sample are repeated.

    Parameters
    ----------
    dataset : Dataset
        Recordings.
    length : int
        Samples of a window.

    Returns
    -------
    Dataset
        No recording is shorter than a window. The notes and the reading's guesses say how many
        were padded and cut.
    """
    sound = is_sound(dataset.channels, dataset.rate_mhz)
    least = _least_noise(dataset) if sound else 0.0
    items, padded, shortened = list[Any](), 0, 0
    for item in dataset.items:
        made = None
        if len(item) < length:
            made = pad(item, length, least) if sound else _repeat_ends(item, length)
            padded += 1
        elif sound and length < len(item) <= MOST_WINDOWS * length:
            made = cut(item, length)
            shortened += made is not None
        items.append(item if made is None else made)
    if not padded and not shortened:
        return dataset
    told = []
    of_all = f"of {len(items):,} recordings"
    if padded:
        how = "centred, in noise as quiet as their quietest part" if sound else "by their ends"
        told.append(f"{padded:,} {of_all} are shorter than a window and are padded: {how}")
    if shortened:
        told.append(f"{shortened:,} {of_all} are cut to the window around their energy")
    reading = dataset.reading
    guesses = [Guess(f"{text} ({length} samples)", "--short drop, --window") for text in told]
    return replace(
        dataset,
        items=items,
        notes=(*dataset.notes, *(f"{text} (--short)" for text in told)),
        reading=replace(reading, guesses=(*reading.guesses, *guesses)),
    )


def leave_out_short(dataset: Dataset, length: int, least: int | None = None) -> Dataset:
    """Leave out recordings that are too short.

    Parameters
    ----------
    dataset : Dataset
        Items of any kind; only recordings can be too short.
    length : int
        Samples of a window.
    least : int, optional
        Samples of the shortest recording that is kept. Default: `length`.

    Returns
    -------
    Dataset
        The other recordings. `reading.dropped` lists what was left out. A class without any
        recording of this length keeps all of its recordings.
    """
    if dataset.kind != "recordings":
        return dataset
    least = length if least is None else least
    left = {
        label
        for label, item in zip(dataset.labels, dataset.items, strict=True)
        if len(item) >= least
    }
    # Of a class that would lose everything, short recordings stay: they are padded, or refused.
    sizes = [
        len(item) if label in left else least
        for label, item in zip(dataset.labels, dataset.items, strict=True)
    ]
    short = [i for i, size in enumerate(sizes) if size < least]
    kept = [i for i, size in enumerate(sizes) if size >= least]
    if not short:
        return dataset
    told = [
        f"{dataset.names[i]}: {len(dataset.items[i])} samples, a window has {length}" for i in short
    ]
    what = "1 recording" if len(short) == 1 else f"{len(short):,} recordings"
    than = "a window" if least == length else f"{LEAST:.0%} of a window"
    note = f"left out, as shorter than {than} ({least} samples): {what}"
    option = "--window, --fill" if least == length else "--short pad, --window"
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
            guesses=(*reading.guesses, *_much_lost(dataset, short, than, option)),
            dropped=(*reading.dropped, *told),
        ),
    )


def _much_lost(dataset: Dataset, short: list[int], than: str, option: str) -> list[Guess]:
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
            f"shorter than {than}, and are left out",
            option,
            doubtful=True,
        )
        for label in lost
        if lost[label] > MUCH * total[label]
    ]


def _least_noise(dataset: Dataset) -> float:
    """One count; of samples that are no counts yet, what will be about one."""
    if dataset.scales or all(item.dtype.kind in "iu" for item in dataset.items):
        return 1.0
    return max(float(np.abs(item).max()) for item in dataset.items) / 32768


def _repeat_ends(item: npt.NDArray[Any], length: int) -> npt.NDArray[Any]:
    """As much before as behind, each sample of it the recording's first or last."""
    before = (length - len(item)) // 2
    return np.pad(item, [(before, length - len(item) - before), (0, 0)], mode="edge")
