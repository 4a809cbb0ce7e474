"""What was understood of somebody's data, as one value: the table before a training shows it."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from xnornode.data.dataset import Dataset, class_names, group_equal_items, hash_rows
from xnornode.data.doubts import NANO, doubts, numbers_as_labels
from xnornode.data.facts import ChannelFacts, ClassFacts
from xnornode.data.full_scale import unit_of
from xnornode.data.reading import ColumnUse, Guess, Timing
from xnornode.data.steady_channels import steady_channels
from xnornode.model.limits import INT16


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
    image_shape : tuple of int, optional
        Height and width of images, in pixels.

    Examples
    --------
    >>> import numpy as np
    >>> from xnornode import from_windows, prepare
    >>> samples = np.arange(480, dtype=np.int16).reshape(20, 8, 3)
    >>> people = [f"person {i % 4}" for i in range(20)]
    >>> splits = prepare(from_windows("demo", samples, ["low"] * 10 + ["high"] * 10, people))
    >>> [(c.name, c.items) for c in splits.understood.classes]
    [('high', 10), ('low', 10)]
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
    image_shape: tuple[int, int] | None = None

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

    Examples
    --------
    >>> import numpy as np
    >>> from xnornode import from_windows, understand
    >>> dataset = from_windows("demo", np.ones((4, 8, 1)), ["low", "high"] * 2)
    >>> understood = understand(dataset)
    >>> understood.channels[0].constant, understood.guesses[0].option
    (True, 'leave them out with --channels')
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
            *numbers_as_labels(dataset.labels),
            *doubts(channels, dataset.kind),
            *steady_channels(dataset),
        ),
        image_shape=dataset.image_shape,
    )


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
