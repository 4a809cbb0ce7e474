"""Recordings, and the windows and texts that a network learns from."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from typing import Any, ClassVar, Self

import numpy as np
import numpy.typing as npt

from xnornode._typing import DataKind, Int16, Labels
from xnornode.errors import DataError
from xnornode.model.fit_encoding import sample_rows
from xnornode.model.limits import MAX_CLASSES
from xnornode.model.names import name_fault


@dataclass(frozen=True, eq=False)
class Recording:
    """One recording of one class.

    Parameters
    ----------
    samples : ndarray of int16, shape (n, channels)
        Samples in counts.
    label : str
        The class.
    group : str
        Who or what was recorded. A split never divides a group.
    name : str
        What messages call the recording.

    Raises
    ------
    DataError
        The samples have another shape or type.
    """

    samples: Int16
    label: str
    group: str
    name: str

    def __post_init__(self) -> None:
        s = self.samples
        if s.dtype != np.int16 or s.ndim != 2 or 0 in s.shape:
            raise DataError(
                f"recording {self.name}: samples must be int16 of shape (n, channels), not "
                f"{s.dtype} {s.shape}: convert physical units with xnornode.data.scaling.to_int16"
            )


def check_names(name: str, channels: Sequence[str], labels: Sequence[str]) -> None:
    """Check before a long training that a model file can hold the names.

    Parameters
    ----------
    name : str
        The model's: 1 to 63 bytes of text in UTF-8, without control characters.
    channels : sequence of str
        Likewise.
    labels : sequence of str
        The classes: likewise, 1 to 255 different ones.

    Raises
    ------
    DataError
        A model file cannot hold them.
    """
    for what, texts in (("the name", (name,)), ("the channel", channels), ("the class", labels)):
        for text in texts:
            if fault := name_fault(text):
                remedy = "choose another (--name)" if what == "the name" else "rename it"
                raise DataError(f"a model file cannot hold {what} {text!r}: {remedy}; {fault}")
    if not 1 <= len(labels) <= MAX_CLASSES or len(set(labels)) != len(labels):
        raise DataError(f"there must be 1 to {MAX_CLASSES} labels, each of them once")


@dataclass(frozen=True, eq=False)
class Windows:
    """Windows ready for training or test.

    Parameters
    ----------
    items : ndarray of int16, shape (n, length, channels)
        Samples in counts.
    labels : ndarray of int64, shape (n,)
        Index into `classes`.
    groups : ndarray of str, shape (n,)
        The group that each window comes from.
    classes : tuple of str
        Names of the classes.
    places : ndarray of int64, shape (n, 2), optional
        The number of each window's recording, and its first sample there. Default: nobody knows
        which windows follow each other.

    Raises
    ------
    DataError
        The parts do not fit together.
    """

    items: Int16
    labels: Labels
    groups: npt.NDArray[np.str_]
    classes: tuple[str, ...]
    places: npt.NDArray[np.int64] | None = None

    data_kind: ClassVar[DataKind] = "windows"

    def __post_init__(self) -> None:
        s = self.items
        if s.dtype != np.int16 or s.ndim != 3 or 0 in s.shape:
            raise DataError(
                f"windows must be int16 of shape (n, length, channels), not {s.dtype} {s.shape}"
            )
        _check_labels(self)
        if self.places is not None and self.places.shape != (len(s), 2):
            raise DataError(f"{len(s)} windows need as many places: a recording and a sample each")

    def __len__(self) -> int:
        return len(self.items)

    @property
    def shape(self) -> tuple[int, int]:
        """Length and channels of a window."""
        return self.items.shape[1], self.items.shape[2]

    def amplitude(self) -> int:
        """The absolute value, in counts, that 99.9 % of the samples do not exceed."""
        some = sample_rows(self.items.reshape(-1, self.items.shape[-1]))
        return int(np.abs(np.quantile(some, (0.0005, 0.9995))).max())

    def select(self, which: npt.NDArray[Any]) -> Self:
        """Take the windows at these indexes, or where `which`, bool (n,), is true."""
        return replace(
            self,
            items=self.items[which],
            labels=self.labels[which],
            groups=self.groups[which],
            places=None if self.places is None else self.places[which],
        )


@dataclass(frozen=True, eq=False)
class Texts:
    """Texts ready for training or test.

    Parameters
    ----------
    items : tuple of bytes
        The texts, UTF-8 or whatever the node is given.
    labels : ndarray of int64, shape (n,)
        Index into `classes`.
    groups : ndarray of str, shape (n,)
        The group that each text comes from.
    classes : tuple of str
        Names of the classes.

    Raises
    ------
    DataError
        The parts do not fit together.
    """

    items: tuple[bytes, ...]
    labels: Labels
    groups: npt.NDArray[np.str_]
    classes: tuple[str, ...]

    data_kind: ClassVar[DataKind] = "texts"
    shape: ClassVar[tuple[int, int]] = (0, 1)

    def __post_init__(self) -> None:
        if not self.items:
            raise DataError("there are no texts")
        _check_labels(self)

    def __len__(self) -> int:
        return len(self.items)

    def amplitude(self) -> int:
        """0: a text has no samples."""
        return 0

    def select(self, which: npt.NDArray[Any]) -> Self:
        """Take the texts at these indexes, or where `which`, bool (n,), is true."""
        at = np.arange(len(self))[which]
        return replace(
            self,
            items=tuple(self.items[i] for i in at),
            labels=self.labels[at],
            groups=self.groups[at],
        )


Data = Windows | Texts


def _check_labels(data: Data) -> None:
    count = len(data.items)
    if data.labels.shape != (count,) or data.groups.shape != (count,):
        raise DataError(f"{count} {data.data_kind} need as many labels and groups")
    if not np.issubdtype(data.labels.dtype, np.integer):
        raise DataError(f"labels must be integers, not {data.labels.dtype}")
    if data.labels.min() < 0 or data.labels.max() >= len(data.classes):
        raise DataError(f"labels must be 0 to {len(data.classes) - 1}, the index of a class")


def cut_windows(
    recordings: Sequence[Recording], classes: Sequence[str], length: int = 128, hop: int = 64
) -> Windows:
    """Cut recordings into windows. Each window lies inside one recording.

    Parameters
    ----------
    recordings : sequence of Recording
        All with the same channels.
    classes : sequence of str
        Names of the classes, in the order of the labels.
    length, hop : int, default 128 and 64
        A window, and the step to the next, in samples.

    Returns
    -------
    Windows
        The windows, in the order of the recordings.

    Raises
    ------
    DataError
        There are no recordings, their channels differ, a label is no class, or a recording is
        shorter than a window.
    """
    if length < 1 or hop < 1:
        raise DataError(f"window length and hop must be at least 1, not {length} and {hop}")
    if not recordings:
        raise DataError("there are no recordings to cut windows from")
    index = {name: i for i, name in enumerate(classes)}
    channels = recordings[0].samples.shape[1]
    parts, labels, groups, places = [], [], [], []
    for number, r in enumerate(recordings):
        if r.samples.shape[1] != channels:
            raise DataError(
                f"recording {r.name} has {r.samples.shape[1]} channels, "
                f"{recordings[0].name} has {channels}: all must have the same"
            )
        if r.label not in index:
            raise DataError(
                f"recording {r.name}: label {r.label!r} is not one of {', '.join(index)}"
            )
        if len(r.samples) < length:
            raise DataError(
                f"recording {r.name} has {len(r.samples)} samples, a window {length}: "
                "choose a shorter window or leave the recording out"
            )
        views = np.lib.stride_tricks.sliding_window_view(r.samples, length, axis=0)[::hop]
        parts.append(views.transpose(0, 2, 1))
        labels += [index[r.label]] * len(views)
        groups += [r.group] * len(views)
        places += [(number, hop * i) for i in range(len(views))]
    samples = np.ascontiguousarray(np.concatenate(parts))
    return Windows(
        samples,
        np.array(labels, np.int64),
        np.array(groups),
        tuple(classes),
        np.array(places, np.int64),
    )


def split_groups(
    recordings: Sequence[Recording], held_out: Collection[str]
) -> tuple[list[Recording], list[Recording]]:
    """Part recordings by group.

    Parameters
    ----------
    recordings : sequence of Recording
        All recordings.
    held_out : collection of str
        The groups of the second part.

    Returns
    -------
    rest, held : list of Recording
        The recordings of other groups, and those of `held_out`, in the order given.

    Raises
    ------
    DataError
        A group has no recording, or one part would be empty.
    """
    unknown = sorted(set(held_out) - {r.group for r in recordings})
    if unknown:
        raise DataError(f"no recording belongs to group {', '.join(unknown)}")
    rest = [r for r in recordings if r.group not in held_out]
    held = [r for r in recordings if r.group in held_out]
    if not rest or not held:
        raise DataError("a split by group needs recordings of at least one group on either side")
    return rest, held
