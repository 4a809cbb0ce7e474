"""A dataset becomes int16 windows, or texts, in a training, validation and test part."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt

from xnornode._words import channel, few
from xnornode.data.dataset import Dataset, class_names
from xnornode.data.read_options import Length, Seconds
from xnornode.data.scaling import choose_scales, coarse_channels, to_counts
from xnornode.data.short_items import least_length, leave_out_short, pad_short
from xnornode.data.sound import is_sound
from xnornode.data.split import assign, cut_in_time, subset
from xnornode.data.splits import PrepareOptions, Splits
from xnornode.data.understood import understand
from xnornode.data.window_length import sound_length, usual_length
from xnornode.data.windows import Recording, Texts, Windows, check_names, cut_windows
from xnornode.errors import DataError, ModelError
from xnornode.model.limits import MAX_LENGTH
from xnornode.model.model import Window
from xnornode.model.names import character_fault

DEFAULT_TEXT_LENGTH = 1024  # bytes of a text that a node reads


def prepare(dataset: Dataset, options: PrepareOptions | None = None, **changes: Any) -> Splits:
    """Split a dataset by group, scale it to int16, and cut windows.

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
        There is only one class, too little data, a group that does not exist, or a class whose
        recordings are all shorter than a window.

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
            f"all data are of the class {dataset.labels[0]}: training needs at least two. "
            "Put each class into a folder of its own, or name the column of labels with --label"
        )
    if options.short and dataset.kind != "recordings":
        raise DataError(f"{dataset.name} holds {dataset.kind}, none of them short: omit --short")
    if options.split == "time":
        nothing = options.validation in ((), 0)
        dataset = cut_in_time(dataset, validation=not nothing)
        options = replace(options, test=("test",), validation=() if nothing else ("validation",))
    notes, warnings = [*dataset.notes], list[str]()
    read, padded = dataset, False
    if dataset.kind == "recordings":
        length = _length(dataset, options, notes)
        options = replace(options, length=length)
        told = len(dataset.notes)
        least = least_length(dataset, length, options.short)
        dataset = read = leave_out_short(dataset, length, least)
        if least < length:
            dataset = pad_short(dataset, length)
            padded = dataset is not read
        notes += dataset.notes[told:]
    chosen = assign(dataset, options.test, options.validation, notes, warnings)
    parts = [subset(dataset, chosen == k) for k in range(3)]
    scales: tuple[int, ...] | None = None
    _check_changing(dataset)
    if dataset.kind == "texts":
        length = samples_of(options.length, dataset) or DEFAULT_TEXT_LENGTH
        window = Window(dataset.channels, length, length, 0, (0,))
        sets: list[Any] = [_texts(p, labels) if p else None for p in parts]
    else:
        # Where the scales are known, samples are counts already.
        scales = dataset.scales or _scales(dataset, parts, options.full_scale, warnings)
        divisors = (0,) * len(scales) if dataset.scales else scales
        window, hops = _window(dataset, options, scales)
        sets = [
            _windows(part, divisors, labels, window.length, hop) if part else None
            for part, hop in zip(parts, hops, strict=True)
        ]
    # The table has the lengths that recordings had when they were read.
    understood = understand(replace(read, reading=dataset.reading), scales)
    warnings += understood.warnings
    untested = [labels[i] for i in range(len(labels)) if not (sets[2].labels == i).any()]
    if untested:
        warnings.append(f"the test has nothing of class {few(untested)}")
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
        understood=understood,
        padded=padded,
    )


def _check_changing(dataset: Dataset) -> None:
    """Raise DataError if all samples of all channels are the same, as of a broken sensor."""
    if dataset.kind == "texts":
        return
    first = np.asarray(dataset.items[0])[0]
    if all((item == first).all() for item in dataset.items):
        raise DataError(f"{dataset.name}: no channel ever changes: there is nothing to learn from")


def _length(dataset: Dataset, options: PrepareOptions, notes: list[str]) -> int:
    """The window's length in samples, given or chosen."""
    if (wanted := samples_of(options.length, dataset)) is not None:
        _check_length(dataset, wanted, options)
        return wanted
    rate = dataset.rate_mhz / 1000
    sizes = list(map(len, dataset.items))
    length, why = usual_length(rate, sizes, dataset.labels)
    if rate and options.short != "drop" and is_sound(dataset.channels, dataset.rate_mhz):
        length, why = sound_length(rate, sizes)
    seconds = f", {length / rate:.3g} s" if rate else ""
    if options.split == "time":
        why = why.replace("recordings", "parts of recordings")
    notes.append(f"the window is {length} samples{seconds}, {why} (--window)")
    return length


def _check_length(dataset: Dataset, wanted: int, options: PrepareOptions) -> None:
    """Raise DataError for a window that is longer than any recording, or than a model may have."""
    by_class: dict[str, int] = {}
    for label, item in zip(dataset.labels, dataset.items, strict=True):
        by_class[label] = max(by_class.get(label, 0), len(item))
    padded = least_length(dataset, wanted, options.short) < wanted
    if wanted <= MAX_LENGTH and (padded or wanted <= max(by_class.values())):
        return
    possible = MAX_LENGTH if padded else min(MAX_LENGTH, *by_class.values())
    rate = dataset.rate_mhz / 1000
    seconds = f" ({possible / rate:.3g} s)" if rate else ""
    why = (
        f"a model's window has {MAX_LENGTH:,} at most"
        if possible == MAX_LENGTH
        else f"the longest recording has {max(by_class.values()):,}"
    )
    raise DataError(
        f"{dataset.name}: a window of {wanted:,} samples is too long, as {why}. The longest one "
        f"that each class has a recording for is {possible:,} samples{seconds}: --window {possible}"
    )


def samples_of(length: Length | None, dataset: Dataset) -> int | None:
    """A length in samples. Raises DataError for seconds where the sample rate is unknown."""
    if not isinstance(length, Seconds):
        return length
    if not dataset.rate_mhz:
        raise DataError(
            f"a length of {length.value:g} s needs the sample rate, which is unknown: give it with "
            "--rate, or the length in samples"
        )
    return length.samples(dataset.rate_mhz / 1000)


def _scales(
    dataset: Dataset,
    parts: Sequence[Dataset | None],
    wanted: Mapping[str, float],
    warnings: list[str],
) -> tuple[int, ...]:
    training, *others = parts
    if training is None:
        raise DataError(f"{dataset.name}: nothing is left to train on")
    rest = [_joined(part) for part in others if part]
    scales = choose_scales(
        *_by_group(training),
        dataset.channels,
        [array for part in rest for array in part],
        wanted,
    )
    counts = [to_counts(array, scales) for array in _joined(training)]
    for c in coarse_channels(counts, scales, _joined(training)):
        warnings.append(
            f"{channel(dataset.channels[c])} varies by few of int16's steps around a large value: "
            "subtract a fixed value from it, here and on the node"
        )
    return scales


def _by_group(part: Dataset) -> tuple[list[npt.NDArray[Any]], Sequence[str]]:
    """Samples (n, channels), and the group of each array."""
    if not isinstance(part.items, np.ndarray):
        return list(part.items), part.groups
    if part.grouping == "none":
        return _joined(part), [""]
    names, which = np.unique(np.array(part.groups), return_inverse=True)
    channels = part.items.shape[-1]
    arrays = [part.items[which == k].reshape(-1, channels) for k in range(len(names))]
    return arrays, names.tolist()


def _joined(part: Dataset) -> list[npt.NDArray[Any]]:
    """The part's samples (n, channels): of each recording, or of all windows in one array."""
    if isinstance(part.items, np.ndarray):
        return [part.items.reshape(-1, part.items.shape[-1])]
    return list(part.items)


def _window(
    dataset: Dataset, options: PrepareOptions, scales: tuple[int, ...]
) -> tuple[Window, tuple[int, int, int]]:
    """The model's window, and the hop of each part."""
    wanted, hop, training_hop = (
        samples_of(given, dataset) for given in (options.length, options.hop, options.training_hop)
    )
    if dataset.kind == "windows":
        length = len(dataset.items[0])
        if wanted not in (None, length):
            raise DataError(f"the windows are {length} samples long already, not {wanted}")
        hop = hop or length
        hops = (hop, hop, hop)
    else:
        length = wanted or 1
        hop = hop or max(1, length // 2)
        hops = (training_hop or max(1, hop // 4), hop, hop)
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
