"""How long a training will take, by what it computes: the same number on every computer.

The prices are seconds of one core of an x86-64 server with AVX-512 (NumPy, OpenBLAS). Another
computer is faster or slower by a factor, and takes the same decisions.
"""

from dataclasses import dataclass
from math import ceil

import numpy as np

from xnornode.data.sound_augment import SoundAugment
from xnornode.data.splits import Splits
from xnornode.model.spectrum import Spectrum
from xnornode.model.statistics import Statistics
from xnornode.nn.network import Network
from xnornode.training.config import TrainConfig
from xnornode.training.trainer import make_network

FEW = 64
"""Windows on which the encoding of a network is fitted that is never trained."""
MULTIPLY_ADD, VALUE, PARAMETER, STEP_LAYER = 2.5e-11, 2e-8, 1.2e-8, 1.2e-4
"""Seconds of a multiply-add, of a value that a layer gives, of a parameter's step, and of a layer's
calls in a step."""
STATISTIC, SPECTRUM, SAMPLE, LETTER = 4e-9, 3e-7, 2e-8, 4e-8
"""Seconds of a sample in one statistic, in spectra and in other features, and of a text's byte."""
CHANGED = 5e-8
"""Seconds of a sample that augmentation changes."""
PASSES = 3
"""Forward, backward to the weights, backward to the inputs."""


@dataclass(frozen=True)
class Work:
    """What a training computes, in seconds on the computer that the prices are of.

    Parameters
    ----------
    batch : int
        Windows of a step.
    window, step : float
        Of a window in an epoch, and of a step.
    features : float
        Of one window's features, and of its augmentation.
    versions : int
        How often features are computed in all; 0 is once in each epoch.
    teacher : Work or None
        That of the network it learns from.
    teacher_epochs : int
        The teacher's epochs; 0 is as many.
    """

    batch: int
    window: float
    step: float
    features: float
    versions: int
    teacher: "Work | None" = None
    teacher_epochs: int = 0

    def seconds(self, windows: int, epochs: int) -> float:
        """Seconds of a training on so many windows, so often."""
        each = windows * self.window + ceil(windows / self.batch) * self.step
        total = epochs * each + (self.versions or epochs) * windows * self.features
        if self.teacher:
            total += self.teacher.seconds(windows, self.teacher_epochs or epochs)
        return total


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
    return work_of(config, splits).seconds(windows, epochs)


def work_of(config: TrainConfig, splits: Splits) -> Work:
    """What a training computes: `seconds_of` for any number of windows and epochs.

    Parameters
    ----------
    config : TrainConfig
        What is trained.
    splits : Splits
        The data, for their shape and classes.

    Returns
    -------
    Work
        Its parts.

    Raises
    ------
    DataError, ModelError
        There is no such network.
    """
    count = len(splits.train)
    few = splits.train.select(np.linspace(0, count - 1, min(FEW, count)).astype(int))
    _, network = make_network(few, config, np.random.default_rng(0))
    products, values, weights = _sizes(network)
    wide = config.of_teacher() if config.teacher else None
    return Work(
        config.batch,
        PASSES * products * MULTIPLY_ADD + values * VALUE,
        weights * PARAMETER + len(network.layers) * STEP_LAYER,
        _features(config, splits),
        _versions(config, splits),
        work_of(wide, splits) if wide else None,
        wide.epochs if wide else 0,
    )


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


def _versions(config: TrainConfig, splits: Splits) -> int:
    """How often features are computed: once, per version of the windows, or 0: in each epoch."""
    if not _changes_samples(config, splits):
        return 1
    return config.augment.versions if isinstance(config.augment, SoundAugment) else 0


def _changes_samples(config: TrainConfig, splits: Splits) -> bool:
    """Whether windows are augmented before their features are computed."""
    augment = config.augment
    if augment is None or splits.train.data_kind != "windows":
        return False
    return not isinstance(augment, SoundAugment) or augment.changes_samples


def _features(config: TrainConfig, splits: Splits) -> float:
    """Seconds of one window's features, and of its augmentation."""
    if splits.train.data_kind == "texts":
        return splits.window.length * LETTER
    features, sample = config.features, SAMPLE
    if isinstance(features, Statistics):
        sample = STATISTIC * features.count(*splits.train.shape) / splits.train.shape[1]
    elif isinstance(features, Spectrum):
        sample = SPECTRUM
    if _changes_samples(config, splits):
        sample += CHANGED
    return splits.window.length * len(splits.window.channels) * sample
