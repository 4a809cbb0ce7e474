"""What a page shows of the data themselves: examples, mistakes, and a map of the features."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from xnornode.data.dataset import Dataset, class_names
from xnornode.data.splits import Splits
from xnornode.model.model import Model
from xnornode.report.metrics import Report

MOST_EXAMPLES = 20
"""Classes that are shown."""
MOST_MISTAKES = 12
MOST_POINTS = 600
SECONDS = 3.0
"""How much of a recording is shown."""
SAMPLES = 400
"""How much of a recording of unknown rate is shown."""


@dataclass(frozen=True, eq=False)
class Picture:
    """A window, an image or a text, with what stands above it.

    Parameters
    ----------
    caption : str
        What it is.
    item : ndarray or bytes
        Samples (n, channels), in counts or in the data's units; or a text.
    image_shape : tuple of int, optional
        Height and width where the samples are pixels.
    rate : float, default 0
        Samples per second, in hertz; 0 if unknown.
    """

    caption: str
    item: Any
    image_shape: tuple[int, int] | None = None
    rate: float = 0.0


@dataclass(frozen=True, eq=False)
class Pictures:
    """All that is drawn of the data.

    Parameters
    ----------
    examples, mistakes : tuple of Picture
        One of each class; test windows that were classified wrongly.
    channels : tuple of str
        The channels' names.
    points : ndarray of float64, shape (n, 2)
        The two principal components of windows' features; empty for texts.
    classes : ndarray of int64, shape (n,)
        The class of each point.
    labels : tuple of str
        The classes.
    """

    examples: tuple[Picture, ...]
    mistakes: tuple[Picture, ...]
    channels: tuple[str, ...]
    points: npt.NDArray[np.float64]
    classes: npt.NDArray[np.int64]
    labels: tuple[str, ...]


def take_pictures(model: Model, splits: Splits, report: Report) -> Pictures:
    """Choose what a report's page shows.

    Parameters
    ----------
    model : Model
        The integer network, whose features are mapped.
    splits : Splits
        The data.
    report : Report
        The figures; its mistakes are shown.

    Returns
    -------
    Pictures
        Examples of the training part; mistakes and map of the test part.
    """
    train, test = splits.train, splits.tested()
    shape, rate = splits.image_shape, splits.window.rate_mhz / 1000
    units = np.array([s * 1e-9 if s else 1.0 for s in splits.window.scales])

    def shown(item: Any) -> Any:
        return item if shape or isinstance(item, bytes) else item * units

    first = [(label, np.flatnonzero(train.labels == c)) for c, label in enumerate(splits.labels)]
    examples = [
        Picture(label, shown(train.items[int(which[len(which) // 2])]), shape, rate)
        for label, which in first[:MOST_EXAMPLES]
        if len(which)
    ]
    step = -(-len(report.mistakes) // MOST_MISTAKES)
    mistakes = [
        Picture(
            f"{m.true} taken for {m.predicted}" + (f", {m.group}" if m.group else ""),
            shown(test.items[m.window]),
            shape,
            rate,
        )
        for m in report.mistakes[:: step or 1]
    ]
    points, chosen = np.zeros((0, 2)), np.zeros(0, np.int64)
    if test.data_kind == "windows":
        chosen = np.linspace(0, len(test) - 1, min(len(test), MOST_POINTS)).astype(np.int64)
        values = model.features.values(np.asarray(test.items)[chosen])
        points = principal_components(values.reshape(len(chosen), -1))
    return Pictures(
        tuple(examples),
        tuple(mistakes),
        splits.window.channels,
        points,
        test.labels[chosen],
        splits.labels,
    )


def first_seconds(dataset: Dataset) -> list[Picture]:
    """One picture of each class, before any training.

    Parameters
    ----------
    dataset : Dataset
        What was read.

    Returns
    -------
    list of Picture
        The first three seconds, or the first image or text, of each class.
    """
    rate = dataset.rate_mhz / 1000
    length = round(SECONDS * rate) if rate else SAMPLES
    labels = list(dataset.labels)
    pictures = []
    for label in class_names(labels)[:MOST_EXAMPLES]:
        item = dataset.items[labels.index(label)]
        if dataset.kind == "recordings":
            item = item[: max(2, length)]
        pictures.append(Picture(label, item, dataset.image_shape, rate))
    return pictures


def principal_components(values: npt.NDArray[Any]) -> npt.NDArray[np.float64]:
    """The two directions in which values vary most, as coordinates.

    Parameters
    ----------
    values : ndarray, shape (n, features)
        Values; each feature is brought to deviation 1 first.

    Returns
    -------
    ndarray of float64, shape (n, 2)
        Coordinates, each between -1 and 1.
    """
    x = values.astype(np.float64)
    x -= x.mean(axis=0)
    deviation = x.std(axis=0)
    x = x[:, deviation > 0] / deviation[deviation > 0]
    if x.shape[1] < 2 or len(x) < 3:
        return np.zeros((len(values), 2))
    if x.shape[1] > len(x):  # the smaller of the two products has the same directions
        power, vectors = np.linalg.eigh(x @ x.T)
        points = vectors[:, -2:] * np.sqrt(np.maximum(power[-2:], 0))
    else:
        points = x @ np.linalg.eigh(x.T @ x)[1][:, -2:]
    points = points[:, ::-1]
    return points / np.maximum(np.abs(points).max(axis=0), 1e-12)
