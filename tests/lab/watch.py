"""The watch recordings of the people held out, and a model trained on the others."""

import functools
from dataclasses import replace

import numpy as np

from xnornode.data.prepare import prepare
from xnornode.data.windows import Recording, cut_windows, split_groups
from xnornode.datasets.watch import watch
from xnornode.export.fold import fold
from xnornode.model.model import Model
from xnornode.recipes.settings import RECIPES
from xnornode.training.trainer import train


@functools.cache
def watch_model() -> Model:
    """The model that `make demo` trains."""
    recipe = RECIPES["watch"]
    return fold(train(prepare(watch(), recipe.options), recipe.config))


def held_out() -> list[Recording]:
    """The recordings of the people held out."""
    data = watch()
    return split_groups(data.recordings(), data.test_groups)[1]


def watch_windows(hop: int, count: int) -> np.ndarray:
    """`count` windows of the people held out, spread over all, int16 (count, length, channels)."""
    length, recordings = watch_model().window.length, held_out()
    samples = length + hop * (-(-count // len(recordings)) - 1)
    starts = [replace(r, samples=r.samples[:samples]) for r in recordings]
    return cut_windows(starts, watch_model().labels, length, hop).items[:count]
