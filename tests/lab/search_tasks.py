"""Small tasks for searches: windows, images, rows of values, texts."""

from typing import Any

import numpy as np
import pytest

from xnornode.data.splits import Splits
from xnornode.data.windows import Texts, Windows
from xnornode.model.model import Window
from xnornode.model_search import one_training
from xnornode.model_search import search as searching
from xnornode.model_search.budget import Budget, Candidate, Cost
from xnornode.model_search.trial import Counts, Trial
from xnornode.nn.layer_spec import Dense
from xnornode.training.config import TrainConfig
from xnornode.training.trainer import train

CLASSES = ("slow", "fast", "rest")
BUDGET = Budget(bytes=900, milliseconds=1.0)
BASE = TrainConfig(layers=(Dense(8),), bits=2, epochs=9, batch=16)
TRAINING, TEST = "abcde", "fg"


def waves(seed: int, groups: str, each: int = 24) -> Windows:
    """Two-channel windows of 16: a slow wave, a fast one, or noise."""
    rng = np.random.default_rng(seed)
    labels = np.arange(each * len(groups)) % 3
    cycles = np.array([1, 4, 0])[labels]
    angle = 2 * np.pi * cycles[:, None] * np.arange(16) / 16 + rng.uniform(-1, 1, (len(labels), 1))
    x = np.stack([np.sin(angle), np.cos(angle)], axis=2) * (cycles > 0)[:, None, None]
    x = 800 * x + rng.normal(0, 300, x.shape)
    return Windows(x.astype(np.int16), labels, np.repeat(list(groups), each), CLASSES)


def task() -> Splits:
    window = Window(("x", "y"), 16, 16, 0, (0, 0))
    return Splits("waves", window, CLASSES, waves(1, TRAINING), test=waves(2, TEST))


def sound_task() -> Splits:
    rng = np.random.default_rng(5)
    pitch = np.array([300, 900, 2000])[np.arange(24) % 3, None] * (1 + 0.1 * rng.random((24, 1)))
    x = 2000 * np.sin(2 * np.pi * pitch * np.arange(1024) / 8000) + rng.normal(0, 200, (24, 1024))
    groups = np.repeat(list("abc"), 8)
    data = Windows(x[..., None].astype(np.int16), np.arange(24) % 3, groups, CLASSES)
    window = Window(("sound (FS)",), 1024, 512, 8_000_000, (30518,))
    return Splits("sound", window, CLASSES, data, test=data)


def image_task() -> Splits:
    rng = np.random.default_rng(3)
    groups = np.repeat(list("abc"), 10)
    data = Windows(
        rng.integers(0, 256, (30, 144, 1)).astype(np.int16), np.arange(30) % 3, groups, CLASSES
    )
    window = Window(("pixel",), 144, 144, 0, (0,))
    return Splits("images", window, CLASSES, data, test=data)


def value_task() -> Splits:
    rng = np.random.default_rng(4)
    groups = np.repeat(list("abc"), 10)
    data = Windows(
        rng.integers(-900, 900, (30, 1, 5)).astype(np.int16), np.arange(30) % 3, groups, CLASSES
    )
    window = Window(tuple("vwxyz"), 1, 1, 0, (0,) * 5)
    return Splits("values", window, CLASSES, data, test=data)


def text_task() -> Splits:
    lines = tuple(f"{'spam' * (i % 3)} line {i}".encode() for i in range(30))
    data = Texts(lines, np.arange(30) % 3, np.repeat(list("abc"), 10), CLASSES)
    window = Window(("text",), 64, 64, 0, (0,))
    return Splits("texts", window, CLASSES, data, test=data)


def spied(monkeypatch: pytest.MonkeyPatch) -> list[tuple[Windows, TrainConfig]]:
    """What every training of a search is given."""
    seen: list[tuple[Windows, TrainConfig]] = []

    def watching(splits: Splits, config: TrainConfig, **more: Any) -> Any:
        seen.append((splits.train, config))
        return train(splits, config, **more)

    monkeypatch.setattr(searching, "train", watching)
    monkeypatch.setattr(one_training, "train", watching)
    return seen


def trial(
    number: int,
    accuracy: float,
    size: int = 500,
    microseconds: float = 100.0,
    kept: bool = False,
    counts: Counts = (),
) -> Trial:
    """A trial that nobody has trained."""
    cost = Cost(size, microseconds, size)
    return Trial(Candidate(number, BASE, cost, kept), 1, accuracy, 0.0, 1, counts)
