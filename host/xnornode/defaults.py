"""Settings to start from, by what the data are: some kilobytes that are trained in a minute or two.

For the example sets they are the recipes; what each setting brings is in docs/training-results.md.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from math import ceil
from typing import Any

import numpy as np

from xnornode import recipes
from xnornode.config import TrainConfig
from xnornode.data import Data, Texts
from xnornode.datasets import watch
from xnornode.features import DEFAULT, MAX_LAG, Features
from xnornode.fronts import Front, Samples
from xnornode.imagesets import ImageSet, digits, fashion_mnist, mnist
from xnornode.network import Conv, Dense
from xnornode.prepare import Parts
from xnornode.readings import Readings, from_dataset
from xnornode.text import Text
from xnornode.textsets import TextSet, languages, mails

STEPS = 2000  # of the optimiser, which even small data sets need
FEWEST_EPOCHS, MOST_EPOCHS = 20, 300
TEXT_BUCKETS = 2048
MOST_BANDS = 5
LAG = 0.16  # seconds
MOST_COVARIANCES = 8  # channels: each makes a value with each other one, and with itself
FRONTS = ("window", "features", "text")


@dataclass(frozen=True)
class Example:
    """An example set: how it is read, and the recipe for it."""

    read: Callable[[], Readings]
    config: TrainConfig | None = None
    training_hop: int | None = None


def from_images(data: ImageSet) -> Readings:
    """An image set in its own split."""
    parts = (data.train, data.test)
    return Readings(
        name=data.name,
        kind="windows",
        items=np.concatenate([p.samples for p in parts]),
        channels=("pixel",),
        scales=(0,),
        grid=data.grid,
        **_labelled(data.labels, parts),
    )


def from_texts(data: TextSet) -> Readings:
    """A text set in its own split."""
    parts = (data.train, data.test)
    return Readings(
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


def front_named(name: str, parts: Parts) -> Front:
    """The front of that name, with settings that suit most data."""
    channels = len(parts.window.channels)
    if name == "text":
        return Text("characters", 1, 4, TEXT_BUCKETS, parts.window.length)
    if name == "features":
        # As many octaves as there is room for: b of them need more than 2 (2^b - 1) samples.
        length = parts.window.length
        bands = min(MOST_BANDS, ((length + 1) // 2).bit_length() - 1)
        if length < 3:
            return Features(bands=bands)
        # What tells a motion from the same one backwards, and the most that features brought.
        rate = parts.window.rate_mhz / 1000
        lag = max(1, min(MAX_LAG, length - 1, round(LAG * rate) if rate else length // 16))
        between = ("covariance", "lagged covariance") if channels <= MOST_COVARIANCES else ()
        return Features((*DEFAULT, "asymmetry", *between), bands=bands, lag=lag)
    return Samples()


EXAMPLES = {
    "watch": Example(
        lambda: from_dataset(watch()), recipes.WATCH.config, recipes.WATCH.training_hop
    ),
    "mnist": Example(lambda: from_images(mnist()), recipes.MNIST_12K),
    "fashion-mnist": Example(lambda: from_images(fashion_mnist()), recipes.FASHION_32K),
    "digits": Example(lambda: from_images(digits()), recipes.DIGITS_2K),
    "mails": Example(lambda: from_texts(mails()), recipes.MAILS_16K),
    "languages": Example(lambda: from_texts(languages()), recipes.LANGUAGES_16K),
}


def default_config(parts: Parts) -> TrainConfig:
    """Settings that suit `parts`."""
    count = len(parts.train)
    batch = 128 if count >= 4000 else 64 if count >= 1000 else 32
    epochs = min(max(ceil(STEPS * batch / count), FEWEST_EPOCHS), MOST_EPOCHS)
    config = TrainConfig(epochs=epochs, batch=batch, estimator="polynomial")
    if isinstance(parts.train, Texts):
        return replace(config, front=front_named("text", parts))
    if parts.grid and min(parts.grid) >= 16:
        layers = (Conv(32, (5, 5), (2, 2)), Conv(64, pool=(2, 2)), Dense(64))
        return replace(config, layers=layers, code="bytes", grid=parts.grid)
    if parts.grid or parts.window.length == 1:
        return replace(config, layers=(Dense(128), Dense(64)), code="bytes", grid=parts.grid)
    front = front_named("features", parts)
    return replace(config, layers=(Dense(128), Dense(64)), code="bytes", front=front)
