"""How a candidate is trained, drawn at random: learning rate and augmentation."""

from collections.abc import Sequence
from dataclasses import fields, replace

import numpy as np

from xnornode.data.augment import Augment, Augmentation, TextAugment
from xnornode.data.default_augment import default_augment, fit_to_features
from xnornode.data.image_augment import IMAGE_CHANNELS, ImageAugment
from xnornode.data.sound_augment import SoundAugment
from xnornode.data.splits import Splits
from xnornode.data.triads import find_triads
from xnornode.model_search.inputs import one_of
from xnornode.training.config import TrainConfig

RATES = (1.0, 1.0, 0.5, 2.0)  # times the shared one
TEXTS = (None, TextAugment(0.2), TextAugment(0.4))
STRONGER = Augment(scale=0.2, jitter=0.1, drop=0.05)
ROTATIONS = (0.0, 15.0, 30.0)  # degrees, of sensors with three axes
QUIETER = SoundAugment(shift=0.1, gain=6.0, noise=(15.0, 40.0), versions=8)


def tuned(rng: np.random.Generator, config: TrainConfig, splits: Splits) -> TrainConfig:
    """The same network with a learning rate and an augmentation; in half of the cases the shared.

    Neither changes what the network costs.
    """
    rate = config.learning_rate * one_of(rng, RATES)
    augment = config.augment
    if rng.random() < 0.5:
        augment = one_of(rng, _augmentations(rng, splits, config))
    return replace(config, learning_rate=rate, augment=fit_to_features(augment, config.features))


def fitted(config: TrainConfig) -> TrainConfig:
    """The same without changes of levels, where the features have no bands."""
    return replace(config, augment=fit_to_features(config.augment, config.features))


def _augmentations(
    rng: np.random.Generator, splits: Splits, config: TrainConfig
) -> Sequence[Augmentation | None]:
    """What may suit the data, beside what is shared."""
    window = splits.window
    if splits.train.data_kind == "texts":
        return TEXTS
    if config.image_shape:
        if len(window.channels) not in IMAGE_CHANNELS:
            return (None,)
        height, width = config.image_shape
        moved = ImageAugment(height, width, shift=1, rotation=5, scale=0.05)
        return None, moved, replace(moved, shift=2, rotation=10, scale=0.1, stretch=0.1)
    if window.length == 1:
        return (config.augment,)
    usual = default_augment(splits)
    if isinstance(usual, Augment):
        triads, angle = find_triads(window.channels), one_of(rng, ROTATIONS)
        if triads and angle:
            usual = replace(usual, rotation=angle, triads=triads)
        return None, usual, STRONGER
    return None, usual, QUIETER


def difference(config: TrainConfig, base: TrainConfig) -> str:
    """How a training differs from the shared settings, as short text."""
    said = []
    if config.learning_rate != base.learning_rate:
        said.append(f"rate {config.learning_rate:g}")
    if config.augment != fit_to_features(base.augment, config.features):
        said.append(f"augmented: {_named(config.augment)}" if config.augment else "not augmented")
    return ", ".join(said)


def _named(augment: Augmentation) -> str:
    """What an augmentation changes: its settings that are not at their default."""
    given = []
    for field in fields(augment):  # type: ignore[arg-type]  # all are dataclasses
        value = getattr(augment, field.name)
        if value and value != field.default and field.name not in ("height", "width", "versions"):
            text = "-".join(f"{v:g}" for v in value) if isinstance(value, tuple) else str(value)
            given.append(f"{field.name.replace('_', ' ')} {text}")
    return ", ".join(given)
