"""A dataset becomes int16 windows, or texts, in a training, validation and test part."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from xnornode.data.dataset import Dataset, class_names
from xnornode.data.scaling import choose_scales, coarse_channels, to_counts
from xnornode.data.split import Wanted, assign, cut_in_time, subset
from xnornode.data.windows import Data, Recording, Texts, Windows, check_names, cut_windows
from xnornode.errors import DataError, ModelError
from xnornode.model.model import Window
from xnornode.model.names import character_fault

DEFAULT_LENGTH = 128  # samples of a window
DEFAULT_TEXT_LENGTH = 1024  # bytes of a text that a node reads


@dataclass(frozen=True)
class PrepareOptions:
    """How a dataset becomes training, validation and test parts.

    Parameters
    ----------
    test, validation : tuple of str or float, optional
        Groups, or a share of every class; () or 0 for no validation. Default: the groups that the
        dataset sets aside for the test, else a quarter; a fifth of the rest, if there are 10 groups
        or more.
    length : int, optional
        The node's window, in samples; of texts, the bytes that are read. Default: 128 samples, or
        1024 bytes.
    hop : int, optional
        The step from window to window, in samples. Default: half a window.
    training_hop : int, optional
        The step in the training part. Default: a quarter of `hop`, so that a movement is seen at
        every phase.
    split : {"group", "time"}, default "group"
        Hold out groups, or the last quarter of each recording.

    Examples
    --------
    >>> from xnornode import PrepareOptions
    >>> PrepareOptions(test=("ann", "bob"), length=64, hop=16).validation is None
    True
    """

    test: Wanted = None
    validation: Wanted = None
    length: int | None = None
    hop: int | None = None
    training_hop: int | None = None
    split: Literal["group", "time"] = "group"


@dataclass(frozen=True, eq=False)
class Splits:
    """The training, validation and test part of a dataset, and what a model says about them.

    Parameters
    ----------
    name : str
        The data's name; 1 to 63 bytes of text in UTF-8.
    window : Window
        The input as the model file's header has it: channels, length and hop in samples, sample
        rate in millihertz, scales.
    labels : tuple of str
        The classes in the order of the network's outputs.
    train : Windows or Texts
        The training part.
    validation, test : Windows or Texts, optional
        The other parts. They share no group with the training part.
    image_shape : tuple of int, optional
        Height and width of images, in pixels.
    held_out : tuple of str, default ()
        The groups of the test.
    notes, warnings : tuple of str, default ()
        What was understood and chosen; what makes the results doubtful.

    Examples
    --------
    >>> import numpy as np
    >>> from xnornode import from_windows, prepare
    >>> samples = np.arange(480, dtype=np.int16).reshape(20, 8, 3)
    >>> people = [f"person {i % 4}" for i in range(20)]
    >>> splits = prepare(from_windows("demo", samples, ["low"] * 10 + ["high"] * 10, people))
    >>> splits.labels, splits.window.length, splits.tested().items.shape
    (('high', 'low'), 8, (5, 8, 3))
    """

    name: str
    window: Window
    labels: tuple[str, ...]
    train: Data
    validation: Data | None = None
    test: Data | None = None
    image_shape: tuple[int, int] | None = None
    held_out: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()

    def tested(self) -> Data:
        """The test part.

        Returns
        -------
        Windows or Texts
            `test`.

        Raises
        ------
        DataError
            There is none.
        """
        if self.test is None:
            raise DataError(f"{self.name} has no test part")
        return self.test


def prepare(dataset: Dataset, options: PrepareOptions | None = None, **changes: Any) -> Splits:
    """Split a dataset by group, scale it to int16 by the training part's range, and cut windows.

    Parameters
    ----------
    dataset : Dataset
        What was read.
    options : PrepareOptions, optional
        How it is split and cut.
    **changes
        Fields of `PrepareOptions` that replace those of `options`.

    Returns
    -------
    Splits
        The parts; its notes and warnings say what was chosen.

    Raises
    ------
    DataError
        There is only one class, too little data, a group that does not exist, or a recording that
        is shorter than a window.

    Examples
    --------
    >>> import numpy as np
    >>> from xnornode import from_windows, prepare
    >>> samples = np.arange(640, dtype=np.int16).reshape(40, 8, 2)
    >>> people = [f"person {i % 4}" for i in range(40)]
    >>> dataset = from_windows("demo", samples, ["low"] * 20 + ["high"] * 20, people)
    >>> splits = prepare(dataset, test=("person 3",))
    >>> len(splits.train), len(splits.test), splits.held_out
    (30, 10, ('person 3',))
    """
    options = replace(options or PrepareOptions(), **changes)
    labels = dataset.classes or class_names(dataset.labels)
    check_names(dataset.name, dataset.channels, labels)
    for group in set(dataset.groups):  # they stand in notes, reports, and on terminals
        if fault := character_fault(group):
            raise DataError(f"the group {group!r} cannot be shown: rename it; {fault}")
    if len(set(dataset.labels)) < 2:
        raise DataError(
            f"all data are of the class {dataset.labels[0]}: training needs at least two"
        )
    if options.split == "time":
        nothing = options.validation in ((), 0)
        dataset = cut_in_time(dataset, validation=not nothing)
        options = replace(options, test=("test",), validation=() if nothing else ("validation",))
    notes, warnings = [*dataset.notes], list[str]()
    chosen = assign(dataset, options.test, options.validation, notes, warnings)
    parts = [subset(dataset, chosen == k) for k in range(3)]
    if dataset.kind == "texts":
        length = options.length or DEFAULT_TEXT_LENGTH
        window = Window(dataset.channels, length, length, 0, (0,))
        sets: list[Any] = [_texts(p, labels) if p else None for p in parts]
    else:
        # Where the scales are known, samples are counts already.
        scales = dataset.scales or _scales(dataset, parts, warnings)
        divisors = (0,) * len(scales) if dataset.scales else scales
        window, hops = _window(dataset, options, scales)
        sets = [
            _windows(part, divisors, labels, window.length, hop) if part else None
            for part, hop in zip(parts, hops, strict=True)
        ]
    untested = [labels[i] for i in range(len(labels)) if not (sets[2].labels == i).any()]
    if untested:
        warnings.append(f"the test has nothing of class {', '.join(untested)}")
    held = tuple(class_names(parts[2].groups)) if parts[2] and dataset.grouping != "none" else ()
    train, validation, test = sets
    return Splits(
        name=dataset.name,
        window=window,
        labels=labels,
        train=train,
        validation=validation,
        test=test,
        image_shape=dataset.image_shape,
        held_out=held,
        notes=tuple(notes),
        warnings=tuple(warnings),
    )


def _scales(
    dataset: Dataset, parts: Sequence[Dataset | None], warnings: list[str]
) -> tuple[int, ...]:
    training, *others = [_joined(part) if part else [] for part in parts]
    scales = choose_scales(training, [array for part in others for array in part])
    for c in coarse_channels([to_counts(array, scales) for array in training], scales):
        warnings.append(
            f"channel {dataset.channels[c]} varies by few of int16's steps around a large value: "
            "subtract a fixed value from it, here and on the node"
        )
    return scales


def _joined(part: Dataset) -> list[npt.NDArray[Any]]:
    """The part's samples (n, channels): of each recording, or of all windows in one array."""
    if isinstance(part.items, np.ndarray):
        return [part.items.reshape(-1, part.items.shape[-1])]
    return list(part.items)


def _window(
    dataset: Dataset, options: PrepareOptions, scales: tuple[int, ...]
) -> tuple[Window, tuple[int, int, int]]:
    """The model's window, and the hop of each part."""
    if dataset.kind == "windows":
        length = len(dataset.items[0])
        if options.length not in (None, length):
            raise DataError(f"the windows are {length} samples long already, not {options.length}")
        hop = options.hop or length
        hops = (hop, hop, hop)
    else:
        length = options.length or DEFAULT_LENGTH
        hop = options.hop or max(1, length // 2)
        hops = (options.training_hop or max(1, hop // 4), hop, hop)
    try:
        window = Window(dataset.channels, length, hop, dataset.rate_mhz, scales)
    except ModelError as error:
        raise DataError(f"{dataset.name}: {error}") from error
    return window, hops


def _windows(
    part: Dataset, divisors: tuple[int, ...], labels: tuple[str, ...], length: int, hop: int
) -> Windows:
    if isinstance(part.items, np.ndarray):
        samples = to_counts(part.items, divisors)
        return Windows(samples, _indexes(part, labels), np.array(part.groups), labels)
    recordings = [
        Recording(to_counts(samples, divisors), label, group, name)
        for samples, label, group, name in zip(
            part.items, part.labels, part.groups, part.names, strict=True
        )
    ]
    return cut_windows(recordings, labels, length, hop)


def _texts(part: Dataset, labels: tuple[str, ...]) -> Texts:
    return Texts(tuple(part.items), _indexes(part, labels), np.array(part.groups), labels)


def _indexes(part: Dataset, labels: tuple[str, ...]) -> npt.NDArray[np.int64]:
    index = {label: i for i, label in enumerate(labels)}
    return np.array([index[label] for label in part.labels], np.int64)
