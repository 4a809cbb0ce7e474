"""A map of the data: a point for each window, near to those that are alike."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from xnornode._words import few
from xnornode.data.dataset import Dataset, class_names
from xnornode.data.scaling import choose_scales, to_counts
from xnornode.data.short_items import pad_short
from xnornode.data.sound import is_sound
from xnornode.data.splits import Splits
from xnornode.data.window_length import sound_length, usual_length
from xnornode.data.windows import Recording, Windows, cut_windows
from xnornode.errors import DataError
from xnornode.model.model import Window
from xnornode.recipes.defaults import features_named
from xnornode.report.pictures import principal_components
from xnornode.studio.data_paths import key_of

MOST = 1500
"""Points of a map."""
CHUNK = 100
"""Windows whose features are computed between two looks whether to stop."""
STRONGEST = 2
"""Features that an axis is described by."""
MOST_VALUES = 4096
"""Values of a window that are compared; of larger images and spectra, some of them."""

Values = npt.NDArray[np.float64]
Told = Callable[[float, str], None]


@dataclass(frozen=True, eq=False)
class Cut:
    """Windows, and where each one is from.

    Parameters
    ----------
    windows : Windows
        Counts, or pixels.
    owners : ndarray of int64, shape (n,)
        Which item of the dataset each window is of.
    firsts : ndarray of int64, shape (n,)
        Its first sample there; -1 where it is all of the item.
    length : int
        Samples of a window.
    scales : tuple of int
        Billionths of a unit per count.
    """

    windows: Windows
    owners: npt.NDArray[np.int64]
    firsts: npt.NDArray[np.int64]
    length: int
    scales: tuple[int, ...]


def make_map(dataset: Dataset, folder: Path, told: Told) -> dict[str, Any]:
    """Place the windows of a dataset on a map.

    Parameters
    ----------
    dataset : Dataset
        What was read of the folder.
    folder : Path
        The folder of the data, below which its files are.
    told : callable
        Is told the share that is done, and what is done. What it raises ends the work.

    Returns
    -------
    dict
        What JSON can hold: points, classes, and in words what the axes are and how well the
        classes are apart.

    Raises
    ------
    DataError
        The data are texts, or too few.
    """
    if dataset.kind == "texts":
        raise DataError("texts have no map: it is for signals and images")
    told(0.05, "cutting windows")
    cut = _cut(dataset)
    if len(cut.windows) < 3:
        raise DataError(f"a map needs three windows or more, and there are {len(cut.windows)}")
    values, names, what = _values(dataset, cut, told)
    told(0.85, "placing the points")
    points = principal_components(values)
    x = _standard(values)
    groups = np.array([dataset.groups[i] for i in cut.owners.tolist()])
    if dataset.grouping != "group":  # each recording is its own
        groups = np.array(
            [dataset.names[i].partition(", samples ")[0] for i in cut.owners.tolist()]
        )
    told(0.95, "comparing neighbours")
    return {
        "points": [_point(dataset, cut, n, xy, folder) for n, xy in enumerate(points.tolist())],
        "classes": list(cut.windows.classes),
        "axes": [_axis(points[:, k], x, names) for k in range(2)],
        "apart": _apart(x, cut.windows.labels, groups, dataset.grouping == "group"),
        "what": what,
        "left_out": list(dataset.reading.dropped[:20]),
    }


def _cut(dataset: Dataset) -> Cut:
    """Windows that do not overlap, at most MOST of them."""
    classes = dataset.classes or class_names(dataset.labels)
    if isinstance(dataset.items, np.ndarray):
        which = np.linspace(0, len(dataset.items) - 1, min(len(dataset.items), MOST)).astype(int)
        length = dataset.items.shape[1]
        labels = np.array([classes.index(dataset.labels[i]) for i in which], np.int64)
        groups = np.array([dataset.groups[i] for i in which])
        items = dataset.items[which]
        scales = dataset.scales or choose_scales([items[0]], [""], dataset.channels)
        counts = to_counts(items, (0,) * len(scales) if dataset.scales else scales)
        windows = Windows(counts, labels, groups, classes)
        return Cut(windows, which.astype(np.int64), np.full(len(which), -1), length, scales)
    rate, sizes = dataset.rate_mhz / 1000, [len(item) for item in dataset.items]
    length, _ = usual_length(rate, sizes, dataset.labels)
    if rate and is_sound(dataset.channels, dataset.rate_mhz):
        length, _ = sound_length(rate, sizes)
    whole = pad_short(dataset, length)
    arrays = [np.asarray(item) for item in whole.items]
    scales = dataset.scales or choose_scales(arrays, whole.groups, dataset.channels)
    divisors = (0,) * len(scales) if dataset.scales else scales
    recordings = [
        Recording(to_counts(array, divisors), label, group, name)
        for array, label, group, name in zip(
            arrays, whole.labels, whole.groups, whole.names, strict=True
        )
    ]
    hop = max(length, -(-sum(map(len, arrays)) // MOST))
    windows = cut_windows(recordings, classes, length, hop)
    if len(windows) > MOST:
        windows = windows.select(np.linspace(0, len(windows) - 1, MOST).astype(int))
    places = windows.places
    assert places is not None
    is_whole = np.array([len(a) != n or n <= length for a, n in zip(arrays, sizes, strict=True)])
    firsts = np.where(is_whole[places[:, 0]], -1, places[:, 1])
    return Cut(windows, places[:, 0], firsts, length, scales)


def _values(dataset: Dataset, cut: Cut, told: Told) -> tuple[Values, list[str], str]:
    """Values of each window, their names, and what they are, in words."""
    items = np.asarray(cut.windows.items)
    if dataset.image_shape:
        flat = items.reshape(len(items), -1)
        step = -(-flat.shape[1] // MOST_VALUES)
        return flat[:, ::step].astype(np.float64), [], "the pixels of each image"
    window = Window(dataset.channels, cut.length, cut.length, dataset.rate_mhz, cut.scales)
    splits = Splits(dataset.name, window, cut.windows.classes, cut.windows)
    heard = is_sound(dataset.channels, dataset.rate_mhz)
    try:
        features = features_named("logmel" if heard else "statistics", splits)
    except DataError:  # too short for a spectrum
        features = features_named("statistics", splits)
    found = []
    for at in range(0, len(items), CHUNK):
        told(0.1 + 0.7 * at / len(items), f"features of window {at:,} of {len(items):,}")
        part = features.values(items[at : at + CHUNK])
        found.append(part.reshape(len(part), -1).astype(np.float64))
    values = np.concatenate(found)
    named = getattr(features, "names", None)
    names = [*named(dataset.channels)] if named else []
    seconds = f"{1000 * cut.length / dataset.rate_mhz:.3g} s" if dataset.rate_mhz else ""
    size = seconds or f"{cut.length} samples"
    what = f"{features.NAME} features of windows of {size}, {values.shape[1]} values each"
    return values, names if len(names) == values.shape[1] else [], what


def _standard(values: Values) -> Values:
    """Each value with mean 0 and deviation 1; those that never change are left out as 0."""
    x = values - values.mean(axis=0)
    deviation = x.std(axis=0)
    scaled: Values = x / np.where(deviation > 0, deviation, 1.0)
    return scaled


def _axis(points: Values, x: Values, names: Sequence[str]) -> str:
    """What an axis is, in words: how much of all differences it shows, and of which values."""
    spread = points.std()
    if not spread:
        return "all windows are at one place"
    alike = x.T @ ((points - points.mean()) / spread) / len(points)  # correlations
    moving = int((x.std(axis=0) > 0).sum())
    share = float((alike**2).sum()) / max(1, moving)
    text = f"{share:.0%} of all differences"
    if names:
        strongest = np.argsort(-np.abs(alike))[:STRONGEST]
        text += f", mostly {few([names[i] for i in strongest], STRONGEST)}"
    return text


def _apart(x: Values, labels: npt.NDArray[Any], groups: npt.NDArray[Any], grouped: bool) -> str:
    """How often the nearest window of another group has the same class, as a sentence."""
    what = "group" if grouped else "recording"
    if len(set(labels.tolist())) < 2:
        return "All windows are of one class: record or import another one to compare."
    if len(set(groups.tolist())) < 2:
        return f"All windows are of one {what}: there is no other one to compare with."
    square = (x**2).sum(axis=1)
    distance = square[:, None] + square[None, :] - 2 * (x @ x.T)
    distance[groups[:, None] == groups[None, :]] = np.inf
    nearest = distance.argmin(axis=1)
    right = float((labels[nearest] == labels).mean())
    most = float(np.bincount(labels).max()) / len(labels)
    return (
        f"The window most alike from another {what} is of the same class in {right:.0%} of all "
        f"cases (always naming the most frequent class: {most:.0%})."
    )


def _point(dataset: Dataset, cut: Cut, n: int, xy: list[float], folder: Path) -> dict[str, Any]:
    """A point, and the part of the file that it stands for, in seconds or samples."""
    owner, first = int(cut.owners[n]), int(cut.firsts[n])
    name, _, samples = dataset.names[owner].partition(", samples ")
    path = Path(name)
    key = key_of(path.relative_to(folder)) if path.is_relative_to(folder) else ""
    rate = dataset.rate_mhz / 1000
    start = int(samples.partition(" ")[0]) if samples.partition(" ")[0].isdecimal() else 0
    span = None
    if first >= 0 and rate:
        span = [round((start + first) / rate, 4), round((start + first + cut.length) / rate, 4)]
    x, y = (round(value, 4) for value in xy)
    return {
        "x": x,
        "y": y,
        "class": int(cut.windows.labels[n]),
        "path": key,
        "name": path.relative_to(folder).as_posix() if key else dataset.names[owner],
        "group": dataset.groups[owner] if dataset.grouping == "group" else "",
        "span": span,
    }
