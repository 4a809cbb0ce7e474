"""Networks drawn from the space of `xnornode search`, for fit_chips.py and its tests.

They are folded without training. What they are given resembles movements, dark images and texts.
"""

from collections import defaultdict
from collections.abc import Iterator
from itertools import islice
from typing import Any

import numpy as np

from tools.bench.fit_networks import Case
from xnornode.cost.chips import Chip
from xnornode.cost.cycles import joined, measure
from xnornode.data.splits import Splits
from xnornode.data.windows import Data, Texts, Windows
from xnornode.model.model import Window
from xnornode.model_search.budget import Budget, Candidate, Cost, untrained
from xnornode.model_search.space import drawn
from xnornode.recipes.defaults import default_config
from xnornode.training.config import TrainConfig

COUNTED, SEEN = 8, 88  # windows or texts that are counted, and those that usage is measured on
CLASSES = tuple("abcde")
# By bytes alone: what is drawn must not depend on the prices that are fitted to it.
FREE = Chip("free", 1, "", 0, defaultdict(float))
BUDGETS = (Budget(bytes=2_500, chip=FREE), Budget(bytes=20_000, chip=FREE))


def tasks(seed: int) -> Iterator[tuple[Splits, TrainConfig]]:
    """What search is used for, with the settings that it starts from."""
    rng = np.random.default_rng(seed)
    for length, channels, rate in ((128, 6, 50), (100, 3, 50), (256, 1, 500), (32, 2, 20)):
        yield _splits(_movements(rng, length, channels, rate), rate)
    for side in (28, 8):
        yield _splits(_images(rng, side), image_shape=(side, side))
    yield _splits(rng.normal(0, 500, (COUNTED + SEEN, 1, 8)))
    yield _splits(_texts(rng, 300))


def draw(seed: int, each: int) -> Iterator[Case]:
    """Of each task the default network, and so many others less one.

    Usage is measured on other windows than those that are counted, as in practice.
    """
    for number, (splits, base) in enumerate(tasks(seed)):
        found = drawn(splits, BUDGETS[(seed + number) % 2], base, ())
        others = (c.config for c in found if repr(c.config) != repr(base))
        for config in (base, *islice(others, each - 1)):
            model = untrained(config, splits)
            items: Any = splits.tested().items
            if splits.tested().data_kind == "texts":
                items = joined(items, splits.window.length)[:COUNTED]
            inputs = [x if isinstance(x, bytes) else x.tobytes() for x in items]
            name = f"{splits.name}: {Candidate(0, config, Cost(0, 0, 0)).network}"
            yield Case(name, model, items, inputs, measure(model, splits.train.items))


def _movements(rng: np.random.Generator, length: int, channels: int, rate: int) -> np.ndarray:
    """A wave in each channel, with noise and an offset."""
    shape = (COUNTED + SEEN, 1, channels)
    seconds = np.arange(length)[:, None] / rate
    turns = rng.uniform(0.5, 6, shape) * seconds + rng.random(shape)
    waves = rng.uniform(100, 2000, shape) * np.sin(2 * np.pi * turns) + rng.normal(0, 300, shape)
    return waves + rng.normal(0, 200, waves.shape)


def _images(rng: np.random.Generator, side: int) -> np.ndarray:
    """A bright ring on black."""
    x, y = np.arange(side), np.arange(side)[:, None]
    shape = (COUNTED + SEEN, 1, 1)
    middle = rng.uniform(0.3 * side, 0.7 * side, (2, *shape))
    away = np.hypot(y - middle[0], x - middle[1]) - rng.uniform(0.15 * side, 0.3 * side, shape)
    bright = 255 * np.exp(-((14 * away / side) ** 2))
    return np.where(bright < 20, 0, bright).reshape(COUNTED + SEEN, -1, 1)


def _texts(rng: np.random.Generator, length: int) -> tuple[bytes, ...]:
    letters = np.array(list("etaoinshrdlu"))
    words = ["".join(rng.choice(letters, rng.integers(2, 9))) for _ in range(300)]
    texts = (" ".join(rng.choice(words, length)) for _ in range(COUNTED + SEEN))
    return tuple(text[: rng.integers(length // 3, length)].encode() for text in texts)


def _splits(
    items: np.ndarray | tuple[bytes, ...], rate: int = 0, image_shape: tuple[int, int] | None = None
) -> tuple[Splits, TrainConfig]:
    labels = np.arange(COUNTED + SEEN) % len(CLASSES)
    groups = np.array([f"person {i % 4}" for i in range(COUNTED + SEEN)])
    data: Data
    if isinstance(items, tuple):
        data, length, channels, kind = Texts(items, labels, groups, CLASSES), 300, 1, "texts"
    else:
        data = Windows(items.astype(np.int16), labels, groups, CLASSES)
        _, length, channels = items.shape
        kind = "image" if image_shape else "windows"
    names = tuple(f"x{i}" for i in range(channels))
    window = Window(names, length, length, 1000 * rate, (0,) * channels)
    name = f"{kind} {length} x {channels}"
    seen = np.arange(COUNTED + SEEN) < SEEN
    splits = Splits(
        name, window, CLASSES, data.select(seen), test=data.select(~seen), image_shape=image_shape
    )
    return splits, default_config(splits)
