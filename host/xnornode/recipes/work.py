"""How long a training will take, by what it computes: the same number on every computer.

The prices are seconds of one core of an x86-64 server with AVX-512 (NumPy, OpenBLAS). Another
computer is faster or slower by a factor, and takes the same decisions.
"""

from math import ceil

import numpy as np

from xnornode.data.sound_augment import SoundAugment
from xnornode.data.splits import Splits
from xnornode.model.statistics import Statistics
from xnornode.nn.network import Network
from xnornode.training.config import TrainConfig
from xnornode.training.trainer import make_network

FEW = 64
"""Windows on which the encoding of a network is fitted that is never trained."""
MULTIPLY_ADD, VALUE, PARAMETER, STEP_LAYER = 2.5e-11, 2e-8, 1.2e-8, 1.2e-4
"""Seconds of a multiply-add, of a value that a layer gives, of a parameter's step, and of a layer's
calls in a step."""
STATISTIC, SAMPLE, LETTER = 4e-9, 2e-8, 4e-8
"""Seconds of a sample in one statistic, of a sample in other features, of a text's byte."""
PASSES = 3
"""Forward, backward to the weights, backward to the inputs."""


def seconds_of(config: TrainConfig, splits: Splits, windows: int, epochs: int) -> float:
    """Estimate how long a training takes.

    Parameters
    ----------
    config : TrainConfig
        What is trained.
    splits : Splits
        The data, for their shape and classes.
    windows, epochs : int
        How many windows are trained on, and how often.

    Returns
    -------
    float
        Seconds on the computer that the prices are of.

    Raises
    ------
    DataError, ModelError
        There is no such network.
    """
    count = len(splits.train)
    few = splits.train.select(np.linspace(0, count - 1, min(FEW, count)).astype(int))
    _, network = make_network(few, config, np.random.default_rng(0))
    products, values, weights = _sizes(network)
    steps = ceil(windows / config.batch)
    epoch = windows * (PASSES * products * MULTIPLY_ADD + values * VALUE)
    epoch += steps * (weights * PARAMETER + len(network.layers) * STEP_LAYER)
    times = _times(config, splits, epochs)
    if config.teacher:
        wide = config.of_teacher()
        epoch += seconds_of(wide, splits, windows, wide.epochs or epochs) / epochs
    return epochs * epoch + times * windows * _features(config, splits)


def _sizes(network: Network) -> tuple[int, int, int]:
    """Multiply-adds and values of one window, and weights."""
    products = values = weights = 0
    for block in network.blocks:
        size = block.linear.weights.value.size
        outputs = len(block.linear.weights.value)
        positions = int(np.prod(getattr(block.linear, "positions", 1)))
        products += size * positions
        values += outputs * positions + int(np.prod(block.input_shape))
        weights += size
    return products, values, weights


def _times(config: TrainConfig, splits: Splits, epochs: int) -> int:
    """How often features are computed: once, per version of the windows, or in each epoch."""
    augment = config.augment
    if augment is None or splits.train.data_kind != "windows":
        return 1
    if isinstance(augment, SoundAugment):
        return 1 if not augment.changes_samples else augment.versions or epochs
    return epochs


def _features(config: TrainConfig, splits: Splits) -> float:
    """Seconds of one window's features."""
    if splits.train.data_kind == "texts":
        return splits.window.length * LETTER
    samples = splits.window.length * len(splits.window.channels)
    features = config.features
    if isinstance(features, Statistics):
        return samples * STATISTIC * (features.count(*splits.train.shape) / splits.train.shape[1])
    return samples * SAMPLE
