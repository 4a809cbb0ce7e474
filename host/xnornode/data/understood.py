"""What was understood of somebody's data, as one value: the table before a training shows it."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from xnornode.data.dataset import Dataset, class_names, group_equal_items, hash_rows
from xnornode.data.full_scale import unit_of
from xnornode.data.reading import ColumnUse, Guess, Timing
from xnornode.data.steady_channels import steady_channels
from xnornode.model.limits import INT16

NANO = 1e-9
MOST_NUMBERS = 100  # classes: more are rather measurements
GLITCH = 2.0  # full scales: a value beyond is rather a fault than a peak


@dataclass(frozen=True)
class ClassFacts:
    """What there is of one class, or of one group.

    Parameters
    ----------
    name : str
        The class, or the group.
    items : int
        Recordings, windows or texts.
    samples : int
        Samples in all; of texts, bytes.
    seconds : float
        The same as a time; 0 if the sample rate is unknown.
    groups : int
        Groups that have it; of a group, the classes that it has.
    """

    name: str
    items: int
    samples: int
    seconds: float
    groups: int


@dataclass(frozen=True)
class ChannelFacts:
    """The values of one channel.

    Parameters
    ----------
    name : str
        With its unit, if it has one: `accel x (g)`.
    unit : str
        The unit; "" if none is known.
    minimum, maximum : float
        The smallest and the largest value, in the unit.
    scale : float
        Units per count; 0 where values are counts already, or before a scale is chosen.
    outliers : int
        Values that the scale does not reach: they saturate.
    constant, rising : bool
        Whether it never changes; whether it rises from sample to sample, as a counter does.
    """

    name: str
    unit: str
    minimum: float
    maximum: float
    scale: float
    outliers: int = 0
    constant: bool = False
    rising: bool = False


@dataclass(frozen=True)
class Understood:
    """What was understood of data, before anything is trained on them.

    Parameters
    ----------
    name, kind, source : str
        The data's name; "recordings", "windows" or "texts"; what the files are, in words.
    files, items : int
        Files read, and recordings, windows or texts in them.
    lengths : tuple of int
        The shortest, the median and the longest item, in samples or bytes.
    rate : float
        Samples per second, in hertz; 0 if unknown.
    slowest, fastest, jitter : float
        The lowest and highest rate that was measured in a recording, and the largest jitter, a
        share of a step; 0 if there are no times.
    gaps : tuple of float
        The gaps in time, in seconds, the longest first.
    classes, groups : tuple of ClassFacts
        What there is of each class and of each group.
    grouping : {"group", "recording", "none"}
        What the groups are, as in `Dataset`.
    channels : tuple of ChannelFacts
        The channels' values.
    columns : tuple of ColumnUse
        How each column, folder and file name is used.
    equal : int
        Items that are equal to another one.
    copies : tuple of tuple of str
        The names of equal items, if they are recordings, images or texts. Of rows of numbers,
        equal ones may be chance.
    dropped : tuple of str
        What was left out or filled, and why.
    guesses : tuple of Guess
        What may be wrong, each with the option that settles it.
    """

    name: str
    kind: str
    source: str
    files: int
    items: int
    lengths: tuple[int, int, int]
    rate: float
    slowest: float
    fastest: float
    jitter: float
    gaps: tuple[float, ...]
    classes: tuple[ClassFacts, ...]
    groups: tuple[ClassFacts, ...]
    grouping: str
    channels: tuple[ChannelFacts, ...]
    columns: tuple[ColumnUse, ...]
    equal: int
    copies: tuple[tuple[str, ...], ...]
    dropped: tuple[str, ...]
    guesses: tuple[Guess, ...]

    @property
    def warnings(self) -> tuple[str, ...]:
        """The doubtful guesses, each a sentence with the option that settles it."""
        return tuple(f"{g.text} ({g.option})" for g in self.guesses if g.doubtful)


def understand(dataset: Dataset, scales: Sequence[int] | None = None) -> Understood:
    """Say what was understood of a dataset.

    Parameters
    ----------
    dataset : Dataset
        What was read.
    scales : sequence of int, optional
        The scales that were chosen, billionths of a unit per count. Default: the dataset's.

    Returns
    -------
    Understood
        The table's content.
    """
    reading = dataset.reading
    sizes = [len(item) for item in dataset.items]
    rate = dataset.rate_mhz / 1000
    rates = [timing.rate for timing in reading.timings if timing.rate]
    alike = _copies(dataset)
    channels = _channels(dataset, scales if scales is not None else dataset.scales)
    return Understood(
        name=dataset.name,
        kind=dataset.kind,
        source=reading.kind,
        files=reading.files,
        items=len(sizes),
        lengths=(min(sizes), int(np.median(sizes)), max(sizes)),
        rate=rate,
        slowest=min(rates, default=0.0),
        fastest=max(rates, default=0.0),
        jitter=max((timing.jitter for timing in reading.timings), default=0.0),
        gaps=_gaps(reading.timings),
        classes=_facts(dataset.labels, dataset.groups, sizes, rate),
        groups=_facts(dataset.groups, dataset.labels, sizes, rate),
        grouping=dataset.grouping,
        channels=channels,
        columns=reading.columns,
        equal=_equal(dataset, alike),
        copies=alike,
        dropped=reading.dropped,
        guesses=(
            *reading.guesses,
            *_numbers_as_labels(dataset.labels),
            *_doubts(channels, dataset.kind),
            *steady_channels(dataset),
        ),
    )


def _numbers_as_labels(labels: Sequence[str]) -> Iterator[Guess]:
    """A word about classes that are written as numbers."""
    names = class_names(labels)
    try:
        values = [float(name) for name in names]
    except ValueError:
        return
    if len(names) > 2 and not all(value.is_integer() for value in values):
        text = (
            f"the labels {names[0]} to {names[-1]} are taken as the names of {len(names)} classes, "
            "not as numbers"
        )
        yield Guess(
            text, "round them in the data if they are measurements", len(names) > MOST_NUMBERS
        )


def _doubts(channels: Sequence[ChannelFacts], kind: str) -> Iterator[Guess]:
    """What the values of channels say against the way they are used."""
    constant = [c.name for c in channels if c.constant]
    if constant:
        names = ", ".join(constant[:5]) + (", ..." if len(constant) > 5 else "")
        text = f"{len(constant)} of {len(channels)} channels never change: {names}"
        yield Guess(text, "leave them out with --channels", kind == "recordings")
    for c in channels:
        if c.rising:
            text = f"channel {c.name} only rises, as a time or a counter does"
            yield Guess(text, "leave it out with --channels, or name it with --time", True)
        if c.outliers:
            full = 32768 * (c.scale or 1.0)
            most = max(-c.minimum, c.maximum)
            text = (
                f"channel {c.name}: {c.outliers:,} values are beyond its full scale of {full:g} "
                f"{c.unit}".rstrip()
                + f" and saturate; the largest is {most:g}"
            )
            yield Guess(text, f"--full-scale '{c.name}={most:.3g}'", most > GLITCH * full)


def _gaps(timings: Sequence[Timing]) -> tuple[float, ...]:
    return tuple(sorted((gap for timing in timings for gap in timing.gaps), reverse=True))


def _facts(
    names: Sequence[str], others: Sequence[str], sizes: Sequence[int], rate: float
) -> tuple[ClassFacts, ...]:
    items: dict[str, int] = {}
    samples: dict[str, int] = {}
    beside: dict[str, set[str]] = {}
    for name, other, size in zip(names, others, sizes, strict=True):
        items[name] = items.get(name, 0) + 1
        samples[name] = samples.get(name, 0) + size
        beside.setdefault(name, set()).add(other)
    return tuple(
        ClassFacts(n, items[n], samples[n], samples[n] / rate if rate else 0.0, len(beside[n]))
        for n in class_names(names)
    )


def _channels(dataset: Dataset, scales: Sequence[int] | None) -> tuple[ChannelFacts, ...]:
    if dataset.kind == "texts":
        return ()
    arrays: list[npt.NDArray[Any]] = list(dataset.items)
    if isinstance(dataset.items, np.ndarray):
        arrays = [dataset.items.reshape(-1, dataset.items.shape[-1])]
    low = np.min([a.min(axis=0) for a in arrays], axis=0).astype(float)
    high = np.max([a.max(axis=0) for a in arrays], axis=0).astype(float)
    units = [s * NANO for s in scales] if scales is not None else [0.0] * len(dataset.channels)
    if dataset.scales:  # items are counts, which fit
        factors = [unit or 1.0 for unit in units]
        low, high = low * factors, high * factors
    return tuple(
        ChannelFacts(
            name=name,
            unit=unit_of(name),
            minimum=float(low[c]),
            maximum=float(high[c]),
            scale=units[c],
            outliers=0 if dataset.scales else _beyond(arrays, c, units[c]),
            constant=bool(low[c] == high[c]),
            rising=dataset.kind == "recordings" and _rising(arrays, c),
        )
        for c, name in enumerate(dataset.channels)
    )


def _beyond(arrays: Sequence[npt.NDArray[Any]], c: int, unit: float) -> int:
    most = INT16.max * (unit or 1.0) * (1 + 1e-4)
    return sum(int((np.abs(a[:, c].astype(np.float64)) > most).sum()) for a in arrays)


def _rising(arrays: Sequence[npt.NDArray[Any]], c: int) -> bool:
    return all(len(a) > 2 and bool((np.diff(a[:, c].astype(float)) > 0).all()) for a in arrays)


def _copies(dataset: Dataset) -> tuple[tuple[str, ...], ...]:
    if dataset.kind == "windows" and not dataset.image_shape:
        return ()
    same: dict[str, list[str]] = {}
    for key, name in zip(group_equal_items(dataset.items), dataset.names, strict=True):
        same.setdefault(key, []).append(name)
    return tuple(tuple(names) for names in same.values() if len(names) > 1)


def _equal(dataset: Dataset, alike: Sequence[Sequence[str]]) -> int:
    if isinstance(dataset.items, np.ndarray):
        counts = np.unique(hash_rows(dataset.items), return_counts=True)[1]
        return int(counts[counts > 1].sum())
    return sum(map(len, alike))
