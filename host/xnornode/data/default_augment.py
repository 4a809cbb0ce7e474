"""The augmentation that suits data of a kind, where nobody chose one."""

from dataclasses import replace

import numpy as np

from xnornode.data.augment import Augment, Augmentation, ImageAugment, SoundAugment
from xnornode.data.image_augment import IMAGE_CHANNELS
from xnornode.data.sound import is_sound
from xnornode.data.splits import Splits
from xnornode.model.features import Features
from xnornode.model.spectrum import Spectrum

# On words of new speakers moved frames brought 4 points, and masks and shifts of bands lost 6.
# Small changes of speed, gain and noise are level there, and are what a node meets.
SOUND = SoundAugment(
    gain=6.0,
    speed=0.05,
    noise=(15.0, 40.0),
    noise_share=0.3,
    frame_shift=3,
    versions=4,
)
SHIFT = 0.1
"""Share of a window that sound moves by where features have no frames that could be moved."""
MOTION = Augment(scale=0.1, jitter=0.05)


def default_augment(splits: Splits, features: Features | None = None) -> Augmentation | None:
    """Choose the augmentation that suits the data.

    Parameters
    ----------
    splits : Splits
        The data.
    features : Features, optional
        What windows become. Default: for sound, levels of frequency bands in frames.

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
        return _of_sound(features, splits.window.length)
    return MOTION


def _of_sound(features: Features | None, length: int) -> SoundAugment:
    if features is None:
        return SOUND
    if isinstance(features, Spectrum) and not features.summary:
        return replace(SOUND, frame_shift=min(SOUND.frame_shift, features.frames(length) // 4))
    return replace(SOUND, shift=SHIFT, frame_shift=0)


def fit_to_features(augment: Augmentation | None, features: Features) -> Augmentation | None:
    """The same without changes of levels, where the features have no bands."""
    if not isinstance(augment, SoundAugment) or isinstance(features, Spectrum):
        return augment
    return replace(augment, band_mask=0, frame_mask=0, band_shift=0, frame_shift=0)


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
