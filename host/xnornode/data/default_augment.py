"""The augmentation that suits data of a kind, where nobody chose one."""

from dataclasses import replace

import numpy as np

from xnornode.data.augment import Augment, Augmentation, ImageAugment, SoundAugment
from xnornode.data.image_augment import IMAGE_CHANNELS
from xnornode.data.sound import is_sound
from xnornode.data.splits import Splits
from xnornode.model.features import Features
from xnornode.model.spectrum import Spectrum

SOUND = SoundAugment(
    shift=0.1,
    gain=6.0,
    speed=0.1,
    noise=(10.0, 30.0),
    band_mask=4,
    band_shift=1,
    versions=8,
)
MOTION = Augment(scale=0.1, jitter=0.05)


def default_augment(splits: Splits, features: Features | None = None) -> Augmentation | None:
    """Choose the augmentation that suits the data.

    Parameters
    ----------
    splits : Splits
        The data.
    features : Features, optional
        What windows become. Default: features with frequency bands for sound, whose levels may be
        changed.

    Returns
    -------
    Augmentation or None
        `SoundAugment` for sound, `ImageAugment` for images, `Augment` for other windows of several
        samples; None for tables and texts.
    """
    if splits.train.data_kind != "windows" or splits.window.length == 1:
        return None
    if splits.image_shape:
        return image_augment(splits)
    if is_sound(splits.window.channels, splits.window.rate_mhz):
        return fit_to_features(SOUND, features) if features else SOUND
    return MOTION


def fit_to_features(augment: Augmentation | None, features: Features) -> Augmentation | None:
    """The same without changes of levels, where the features have no bands."""
    if not isinstance(augment, SoundAugment) or isinstance(features, Spectrum):
        return augment
    return replace(augment, band_mask=0, frame_mask=0, band_shift=0)


def image_augment(splits: Splits) -> ImageAugment | None:
    """Small changes that images of any kind meet; those of light for bytes alone.

    What they bring on unseen devices is in docs/reference/training-results.md.
    """
    assert splits.image_shape
    if len(splits.window.channels) not in IMAGE_CHANNELS:
        return None
    moved = ImageAugment(
        *splits.image_shape, shift=1, rotation=5, scale=0.05, stretch=0.05, outside="edge"
    )
    pixels = splits.train.items
    if not (isinstance(pixels, np.ndarray) and pixels.min() >= 0 and 127 < pixels.max() <= 255):
        return moved
    return replace(moved, brightness=0.1, contrast=0.3, gamma=0.3, blur=0.5, noise=0.03)
