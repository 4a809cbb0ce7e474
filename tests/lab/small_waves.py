"""Slow and fast waves, and noise: windows to train small networks on in a moment."""

from dataclasses import replace
from typing import Any

import numpy as np

from xnornode.data.splits import Splits
from xnornode.data.windows import Data, Windows
from xnornode.export.fold import fold
from xnornode.model.model import Model, Window
from xnornode.nn.layer_spec import Dense
from xnornode.training.config import TrainConfig
from xnornode.training.trained import Trained
from xnornode.training.trainer import train

CLASSES = ("slow", "fast", "rest")
CONFIG = TrainConfig(layers=(Dense(32),), bits=2, epochs=8, batch=32, learning_rate=0.01)
TEXT = 64  # bytes of a text that are read


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


def split(training: Data, validation: Data | None = None, test: Data | None = None) -> Splits:
    """Parts of any windows or texts, whose model has channels without names of their own."""
    length, channels = training.shape
    names, scales = tuple(f"c{i}" for i in range(channels)), (0,) * channels
    window = Window(names, length or TEXT, length or TEXT, 0, scales)
    return Splits("waves", window, training.classes, training, validation, test)


def train_on(
    training: Data, config: TrainConfig, validation: Data | None = None, *more: Any, **options: Any
) -> Trained:
    """Train on these parts. more: progress, checkpoint, teacher_logits."""
    named = zip(("progress", "checkpoint", "teacher_logits"), more, strict=False)
    return train(split(training, validation), config, **dict(named), **options)


def trained_and_folded(windows: Windows, config: TrainConfig) -> Model:
    return fold(train_on(windows, config))


def accuracy(model: Model | Trained, windows: Windows) -> float:
    return float((model.predict(windows.items) == windows.labels).mean())


def labelled_by_epoch(epoch: int, training: Windows, config: TrainConfig) -> Windows:
    """Windows of noise, labelled as the network classifies them after that epoch of a training.

    To validate by: that epoch has all of them right, and no other one has. config: of that
    training, at a constant learning rate, so that a shorter training is its beginning.
    """
    assert config.schedule == "constant"
    noise = np.random.default_rng(0).normal(0, 600, (240, *training.shape)).astype(np.int16)
    held = Windows(noise, np.zeros(240, np.int64), np.repeat("held", 240), training.classes)
    labels = train_on(training, replace(config, epochs=epoch)).predict(held.items)
    return replace(held, labels=labels)
