"""A small data set that is learned in a second: waves of eight people, above and below zero."""

import functools

import numpy as np

from xnornode.data.dataset import Dataset
from xnornode.data.prepare import prepare
from xnornode.data.splits import Splits
from xnornode.export.fold import fold
from xnornode.model.model import Model
from xnornode.nn.layer_spec import Dense
from xnornode.training.config import TrainConfig
from xnornode.training.trained import Trained
from xnornode.training.trainer import train

LABELS = ("<b>above", "below & co")  # as no page may take them: they must be escaped


def dataset() -> Dataset:
    rng = np.random.default_rng(0)
    items, labels, groups = [], [], []
    for person in range(8):
        for label, middle in zip(LABELS, (300, -300), strict=True):
            angle = np.arange(300)[:, None] / 5 + np.arange(2)
            wave = middle + 800 * np.sin(angle) + rng.normal(0, 300, angle.shape)
            items.append(wave.astype(np.int16))
            labels.append(label)
            groups.append(f"p{person}")
    names = [f"{g} {label}" for g, label in zip(groups, labels, strict=True)]
    known = {"grouping": "group", "channels": ("x (g)", "y (g)"), "rate_mhz": 50_000}
    return Dataset("waves", "recordings", items, labels, groups, names, **known)


@functools.cache
def trained() -> tuple[Model, Trained, Splits]:
    """A model, what it was folded from, and its data."""
    splits = prepare(dataset(), length=32, validation=("p5",))
    done = train(splits, TrainConfig(layers=(Dense(16),), epochs=6, bits=2))
    return fold(done), done, splits
