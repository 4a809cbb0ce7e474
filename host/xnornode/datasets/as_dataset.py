"""Example sets as what was read from files."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from xnornode.data.dataset import Dataset
from xnornode.data.windows import Data
from xnornode.datasets.images import ImageSet
from xnornode.datasets.texts import TextSet
from xnornode.datasets.watch import DataSet


def from_images(data: ImageSet) -> Dataset:
    """An image set in its own split."""
    parts = (data.train, data.test)
    return Dataset(
        name=data.name,
        kind="windows",
        items=np.concatenate([p.samples for p in parts]),
        channels=("pixel",),
        scales=(0,),
        image_shape=data.image_shape,
        **_labelled(data.labels, parts),
    )


def from_texts(data: TextSet) -> Dataset:
    """A text set in its own split."""
    parts = (data.train, data.test)
    return Dataset(
        name=data.name,
        kind="texts",
        items=[line for p in parts for line in p.lines],
        channels=("text",),
        **_labelled(data.labels, parts),
    )


def _labelled(labels: tuple[str, ...], parts: Sequence[Data]) -> dict[str, Any]:
    groups = [str(g) for p in parts for g in p.groups]
    return {
        "labels": [labels[i] for p in parts for i in p.labels],
        "groups": groups,
        "names": [f"{g}, item {i}" for i, g in enumerate(groups)],
        "grouping": "group",
        "classes": labels,
        "test_groups": tuple(sorted(set(parts[-1].groups.tolist()))),
    }


def from_dataset(data: DataSet) -> Dataset:
    """A data set's recordings, with its classes and test groups."""
    r = data.recordings
    return Dataset(
        name=data.name,
        kind="recordings",
        items=[x.samples for x in r],
        labels=[x.label for x in r],
        groups=[x.group for x in r],
        names=[x.name for x in r],
        grouping="group",
        channels=data.channels,
        scales=data.scales,
        rate_mhz=data.rate_mhz,
        classes=data.labels,
        test_groups=data.test_groups,
    )
