"""What was read from files: recordings, windows or texts, before a split and before int16."""

import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from xnornode.data.windows import Recording
from xnornode.errors import DataError

ItemKind = Literal["recordings", "windows", "texts"]
Items = Sequence[Any] | npt.NDArray[Any]
Grouping = Literal["group", "recording", "none"]


@dataclass(frozen=True, eq=False)
class Dataset:
    """Labelled items of one kind, as numbers or bytes of whatever type they were stored in.

    items: recordings, each (n, channels); windows, each (length, channels), all of one length; or
    texts, bytes. labels, groups, names (for messages): one string each per item. grouping: what the
    groups are: a group that somebody named (person, place, device), a recording each, or nothing at
    all, where equal items make a group. channels: a name per channel. scales: billionths of a
    channel's unit to one count where samples are counts, None where that is not known. rate_mhz:
    samples per 1000 seconds, 0 unknown. grid: height and width of an image, whose pixels a window
    holds row by row. classes: their order, None: sorted. test_groups: the groups that the data
    themselves give to the test. notes: what was understood, a sentence each.
    """

    name: str
    kind: ItemKind
    items: Items
    labels: Sequence[str]
    groups: Sequence[str]
    names: Sequence[str]
    grouping: Grouping
    channels: tuple[str, ...]
    scales: tuple[int, ...] | None = None
    rate_mhz: int = 0
    image_shape: tuple[int, int] | None = None
    classes: tuple[str, ...] | None = None
    test_groups: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        count = len(self.items)
        if not count:
            raise DataError(f"{self.name}: there is nothing to train on")
        if not len(self.labels) == len(self.groups) == len(self.names) == count:
            raise DataError(f"{self.name}: {count} items need as many labels, groups and names")
        for label, name in zip(self.labels, self.names, strict=True):
            if not label:
                raise DataError(f"{name} has no label: training needs to know its class")
        if self.kind != "texts":
            self._check_samples()

    def recordings(self) -> list[Recording]:
        """The items as recordings of counts. Raises DataError unless they are int16."""
        rows = zip(self.items, self.labels, self.groups, self.names, strict=True)
        return [Recording(*row) for row in rows]

    def _check_samples(self) -> None:
        for item, name in zip(self.items, self.names, strict=True):
            if item.ndim != 2 or not item.size or item.shape[1] != len(self.channels):
                raise DataError(
                    f"{name} has the shape {item.shape}: it must be (samples, channels) with "
                    f"{len(self.channels)} channels as the others"
                )
            if item.dtype.kind not in "biuf":
                raise DataError(f"{name} holds {item.dtype}: samples must be numbers")
            if item.dtype.kind == "f" and not np.isfinite(item).all():
                at, channel = np.argwhere(~np.isfinite(item))[0]
                raise DataError(
                    f"{name}, sample {at}, channel {self.channels[channel]}: {item[at, channel]}: "
                    "clean or drop what is NaN or infinite first"
                )


def class_names(labels: Sequence[str]) -> tuple[str, ...]:
    """The different labels, sorted, numbers in them by their value: a2 before a10."""
    return tuple(sorted(set(labels), key=natural))


def natural(text: str) -> tuple[tuple[int, int, str], ...]:
    """Sort key that takes digits in a text as one number."""
    parts = re.split(r"(\d+)", text)
    return tuple((0, int(p), "") if p.isdecimal() else (1, 0, p) for p in parts)


def identity(items: Items) -> list[str]:
    """A group per item that only equal items share: no copy of a training item is in the test."""
    data = (item if isinstance(item, bytes) else item.tobytes() for item in items)
    return [hashlib.blake2b(d, digest_size=8).hexdigest() for d in data]


def from_windows(
    name: str,
    samples: npt.NDArray[Any],
    labels: Sequence[str],
    groups: Sequence[str] | None = None,
    channels: Sequence[str] = (),
    **more: Any,
) -> Dataset:
    """Windows that are cut already: samples (n, length, channels), labels (n,).

    groups: who or what each was recorded from, (n,); without them only equal windows are kept
    together. more: further fields of Dataset.
    """
    if samples.ndim != 3 or 0 in samples.shape:
        raise DataError(f"{name}: windows must be (n, length, channels), not {samples.shape}")
    return Dataset(
        name=name,
        kind="windows",
        items=samples,
        labels=labels,
        groups=identity(samples) if groups is None else groups,
        names=_Numbered(f"{name}, window ", len(samples)),
        grouping="none" if groups is None else "group",
        channels=tuple(channels) or tuple(f"channel {i}" for i in range(samples.shape[2])),
        **more,
    )


class _Numbered(Sequence[str]):
    """Names with a number each, made when they are asked for: there may be many."""

    def __init__(self, start: str, count: int) -> None:
        self._start, self._count = start, count

    def __len__(self) -> int:
        return self._count

    def __getitem__(self, at: Any) -> Any:
        if not 0 <= at < self._count:
            raise IndexError(at)
        return f"{self._start}{at}"
