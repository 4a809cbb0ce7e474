"""Slow and fast waves, and noise: windows to train small networks on in a moment."""

from dataclasses import replace

import numpy as np
from xnornode.config import TrainConfig
from xnornode.data import Windows
from xnornode.fold import fold
from xnornode.model import Model, Window
from xnornode.network import Dense
from xnornode.train import Trained, train

CLASSES = ("slow", "fast", "rest")
CONFIG = TrainConfig(layers=(Dense(32),), bits=2, epochs=8, batch=32, rate=0.01)
WINDOW = Window(("x", "y"), 32, 32, 0, (0, 0))


def waves(seed: int, groups: str, each: int = 120, noise: float = 300) -> Windows:
    """Two-channel windows of 32: a slow wave, a fast one, or noise, at phases within 1 radian."""
    rng = np.random.default_rng(seed)
    labels = np.arange(each * len(groups)) % 3
    cycles = np.array([1, 4, 0])[labels]
    phase = rng.uniform(-1, 1, (len(labels), 1))
    angle = 2 * np.pi * cycles[:, None] * np.arange(32) / 32 + phase
    x = np.stack([np.sin(angle), np.cos(angle)], axis=2) * (cycles > 0)[:, None, None]
    x = 800 * x + rng.normal(0, noise, x.shape)
    names = np.repeat(list(groups), each)
    return Windows(x.astype(np.int16), labels, names, CLASSES)


def folded(trained: Trained) -> Model:
    return fold(trained, WINDOW, CLASSES, "waves")


def trained_and_folded(windows: Windows, config: TrainConfig) -> Model:
    return folded(train(windows, config))


def accuracy(model: Model | Trained, windows: Windows) -> float:
    given = windows if isinstance(model, Trained) else windows.samples
    return float((model.predict(given) == windows.labels).mean())


def labelled_by_epoch(epoch: int, training: Windows, config: TrainConfig) -> Windows:
    """Windows of noise, labelled as the network classifies them after that epoch of a training.

    To validate by: that epoch has all of them right, and no other one has. config: of that
    training, at a constant learning rate, so that a shorter training is its beginning.
    """
    assert config.schedule == "constant"
    noise = np.random.default_rng(0).normal(0, 600, (240, *training.samples.shape[1:]))
    held = Windows(
        noise.astype(np.int16), np.zeros(240, np.int64), np.repeat("held", 240), training.classes
    )
    return replace(held, labels=train(training, replace(config, epochs=epoch)).predict(held))
