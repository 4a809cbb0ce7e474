"""What was read: recordings, windows or texts, before they are split and become int16."""

import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from xnornode._words import channel
from xnornode.data.reading import Reading
from xnornode.data.windows import Recording
from xnornode.errors import DataError
from xnornode.model.names import is_utf8, normalized

ItemKind = Literal["recordings", "windows", "texts"]
Items = Sequence[Any] | npt.NDArray[Any]
Grouping = Literal["group", "recording", "none"]
HASHED = 4096
"""Items of an array that are hashed at once: their bytes are copied."""
NOT_UTF8 = "names that are not UTF-8 are read as Latin-1"


@dataclass(frozen=True, eq=False)
class Dataset:
    """Labelled items of one kind, in the type of number in which they were stored.

    Parameters
    ----------
    name : str
        The data's name; a model gets it too.
    kind : {"recordings", "windows", "texts"}
        What an item is.
    items : sequence
        n recordings, ndarrays of shape (samples, channels); windows, one ndarray of shape
        (n, length, channels); or texts, bytes.
    labels, groups, names : sequence of str
        Per item the class, who or what was recorded, and what messages call it. Labels, groups and
        channels are brought into Unicode's form NFC.
    grouping : {"group", "recording", "none"}
        What the groups are: somebody named them (person, place, device); each recording is one;
        or nothing is known, and only equal items share one.
    channels : tuple of str
        The channels' names.
    scales : tuple of int, optional
        Billionths of a channel's unit per count, where samples are counts. Default: unknown.
    rate_mhz : int, default 0
        Sample rate in millihertz; 0 if unknown.
    image_shape : tuple of int, optional
        Height and width, in pixels, of images. A window holds the pixels row by row.
    classes : tuple of str, optional
        The classes in order. Default: sorted.
    test_groups, validation_groups : tuple of str, default ()
        The groups that the data themselves set aside for the test and for validation.
    notes : tuple of str, default ()
        What was understood, a sentence each.
    reading : Reading, optional
        What the reader of the files knows: columns, times, guesses, what was left out.

    Raises
    ------
    DataError
        There are no items, an item has no label, or items are not finite numbers in the same
        channels.

    Examples
    --------
    >>> import numpy as np
    >>> from xnornode import Dataset
    >>> dataset = Dataset(
    ...     name="door",
    ...     kind="recordings",
    ...     items=[np.zeros((500, 3), np.int16), np.ones((300, 3), np.int16)],
    ...     labels=["closed", "open"],
    ...     groups=["kitchen", "cellar"],
    ...     names=["closed.csv", "open.csv"],
    ...     grouping="group",
    ...     channels=("x (g)", "y (g)", "z (g)"),
    ... )
    >>> [len(recording.samples) for recording in dataset.recordings()]
    [500, 300]
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
    validation_groups: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    reading: Reading = field(default_factory=Reading)

    def __post_init__(self) -> None:
        self._normalize_names()
        count = len(self.items)
        if not count:
            raise DataError(f"{self.name}: there is nothing to train on")
        if not len(self.labels) == len(self.groups) == len(self.names) == count:
            raise DataError(f"{self.name}: {count} items need as many labels, groups and names")
        for label, name in zip(self.labels, self.names, strict=True):
            if not label:
                raise DataError(
                    f"{name} has no label: put the files into a folder per label, name a column "
                    "with --label, or give the one label of all with --label-all"
                )
        if self.kind != "texts":
            self._check_samples()

    def recordings(self) -> list[Recording]:
        """The items as recordings of counts.

        Returns
        -------
        list of Recording
            One per item.

        Raises
        ------
        DataError
            The items are not int16.
        """
        rows = zip(self.items, self.labels, self.groups, self.names, strict=True)
        return [Recording(*row) for row in rows]

    def _normalize_names(self) -> None:
        """Give equal names equal letters: folders of macOS and keyboards spell them differently."""
        latin = set[str]()
        named = ("labels", "groups", "channels", "classes", "test_groups", "validation_groups")
        for what in named:
            given: Sequence[str] | None = getattr(self, what)
            new = {text: normalized(text) for text in set(() if given is None else given)}
            latin |= {new[text] for text in new if not is_utf8(text)}
            if given is not None and any(text != new[text] for text in new):
                made = [new[text] for text in given]
                object.__setattr__(self, what, tuple(made) if isinstance(given, tuple) else made)
        object.__setattr__(self, "name", normalized(self.name))
        if latin:
            note = f"{NOT_UTF8}: {', '.join(sorted(latin))}"
            object.__setattr__(self, "notes", (*self.notes, note))

    def _check_samples(self) -> None:
        if isinstance(self.items, np.ndarray) and self._all_good(self.items):
            return  # a million windows are checked at once
        for item, name in zip(self.items, self.names, strict=True):
            if item.ndim != 2 or not item.size or item.shape[1] != len(self.channels):
                raise DataError(
                    f"{name} has the shape {item.shape}: it must be (samples, channels) with "
                    f"{len(self.channels)} channels as the others"
                )
            if item.dtype.kind not in "biuf":
                raise DataError(f"{name} holds {item.dtype}: samples must be numbers")
            if item.dtype.kind == "f" and not np.isfinite(item).all():
                at, c = np.argwhere(~np.isfinite(item))[0]
                raise DataError(
                    f"{name}, sample {at}, {channel(self.channels[c])}: {item[at, c]}: "
                    "clean or drop what is NaN or infinite first"
                )

    def _all_good(self, windows: npt.NDArray[Any]) -> bool:
        good = windows.ndim == 3 and windows.size and windows.shape[2] == len(self.channels)
        kind = windows.dtype.kind
        return bool(good) and (kind in "biu" or (kind == "f" and bool(np.isfinite(windows).all())))


def class_names(labels: Sequence[str]) -> tuple[str, ...]:
    """The different labels, sorted by `natural`."""
    return tuple(sorted(set(labels), key=natural))


def natural(text: str) -> tuple[tuple[int, int, str], ...]:
    """Sort key that takes digits in a text as one number: a2 comes before a10."""
    parts = re.split(r"(\d+)", text)
    return tuple((0, int(p), "") if p.isdecimal() else (1, 0, p) for p in parts)


def group_equal_items(items: Items) -> list[str]:
    """A group per item that only equal items share, so that no split puts copies on both sides."""
    if isinstance(items, np.ndarray) and len(items):
        return list(map("{:016x}".format, hash_rows(items).tolist()))
    data = (item if isinstance(item, bytes) else item.tobytes() for item in items)
    return [hashlib.blake2b(d, digest_size=8).hexdigest() for d in data]


def hash_rows(items: npt.NDArray[Any]) -> npt.NDArray[np.uint64]:
    """A number of 64 bits per item of an array (n, ...), equal for equal items.

    It multiplies each word of an item by an odd number of its own (multilinear hashing: Lemire,
    Kaser, "Strongly universal string hashing is fast", 2014). Items that were chosen to collide
    are not what it is for.
    """
    rows = np.ascontiguousarray(items).reshape(len(items), -1)
    found = np.empty(len(rows), np.uint64)
    width = rows.shape[1] * rows.itemsize
    factors = np.random.default_rng(0).integers(1 << 62, (1 << 64) - 1, -(-width // 8), np.uint64)
    for start in range(0, len(rows), HASHED):
        part = rows[start : start + HASHED]
        words = np.zeros((len(part), 8 * len(factors)), np.uint8)
        words[:, :width] = part.view(np.uint8).reshape(len(part), width)
        mixed = words.view(np.uint64)
        mixed ^= mixed >> np.uint64(29)  # so that the upper bits count in the lower ones
        found[start : start + HASHED] = (mixed * (factors | np.uint64(1))).sum(
            axis=1, dtype=np.uint64
        )
    return found ^ (found >> np.uint64(32))


def from_windows(
    name: str,
    samples: npt.NDArray[Any],
    labels: Sequence[str],
    groups: Sequence[str] | None = None,
    channels: Sequence[str] = (),
    **more: Any,
) -> Dataset:
    """Make a dataset of windows that are cut already.

    Parameters
    ----------
    name : str
        The data's name.
    samples : ndarray, shape (n, length, channels)
        The windows, numbers of any type.
    labels : sequence of str
        The class of each window.
    groups : sequence of str, optional
        Who or what each window was recorded from. Default: unknown; only equal windows are kept
        together.
    channels : sequence of str, optional
        The channels' names. Default: channel 0, channel 1, ...
    **more
        Further fields of `Dataset`.

    Returns
    -------
    Dataset
        The windows.

    Raises
    ------
    DataError
        The samples have another shape, or labels or groups are not as many as the windows.

    Examples
    --------
    >>> import numpy as np
    >>> from xnornode import from_windows
    >>> samples = np.zeros((4, 128, 3), np.int16)
    >>> dataset = from_windows("door", samples, ["open", "open", "closed", "closed"])
    >>> dataset.channels, dataset.grouping
    (('channel 0', 'channel 1', 'channel 2'), 'none')
    """
    if samples.ndim != 3 or 0 in samples.shape:
        raise DataError(f"{name}: windows must be (n, length, channels), not {samples.shape}")
    return Dataset(
        name=name,
        kind="windows",
        items=samples,
        labels=labels,
        groups=group_equal_items(samples) if groups is None else groups,
        names=_Numbered(f"{name}, window ", len(samples)),
        grouping="none" if groups is None else "group",
        channels=tuple(channels) or tuple(f"channel {i}" for i in range(samples.shape[2])),
        **more,
    )


class _Numbered(Sequence[str]):
    """Numbered names, each made when it is asked for: there may be many."""

    def __init__(self, start: str, count: int) -> None:
        self._start, self._count = start, count

    def __len__(self) -> int:
        return self._count

    def __getitem__(self, at: Any) -> Any:
        if not 0 <= at < self._count:
            raise IndexError(at)
        return f"{self._start}{at}"
