"""The augmentation that nobody chose: for each kind of data one that fits any of its features."""

import numpy as np
import pytest

from xnornode.data.augment import Augment, ImageAugment, SoundAugment
from xnornode.data.dataset import from_windows
from xnornode.data.default_augment import default_augment, fit_to_features
from xnornode.data.prepare import prepare
from xnornode.data.splits import Splits
from xnornode.errors import DataError
from xnornode.model.features import Raw
from xnornode.recipes.defaults import features_named
from xnornode.training.batches import check_levels

pytestmark = pytest.mark.quick


def windows(length: int, channels: tuple[str, ...], rate: int = 0, **more) -> Splits:
    samples = np.random.default_rng(0).integers(0, 255, (20, length, len(channels)))
    labels = ["low", "high"] * 10
    dataset = from_windows(
        "demo", samples.astype(np.int16), labels, channels=channels, rate_mhz=1000 * rate, **more
    )
    return prepare(dataset)


@pytest.mark.parametrize("length", [2, 64, 100, 300, 1024])
@pytest.mark.parametrize("name", ["raw", "statistics", "spectrum", "logmel"])
def test_sound_has_one_that_fits_all_features(length, name):
    splits = windows(length, ("sound (FS)",), 8000)
    try:
        features = features_named(name, splits)
    except DataError:
        return  # the window is too short for a spectrum
    augment = default_augment(splits, features)
    assert isinstance(augment, SoundAugment) and augment.noise and augment.speed
    augment.check(length, 1)
    check_levels(augment, features, length, 1)
    assert augment.shift or augment.frame_shift or features.NAME == "spectrum"


def test_what_other_data_have():
    images = windows(35, ("grey",), image_shape=(7, 5))
    assert isinstance(default_augment(images), ImageAugment)
    assert isinstance(default_augment(windows(100, ("x (g)", "y (g)", "z (g)"), 50)), Augment)
    assert isinstance(default_augment(windows(100, ("x (g)",), 8000)), Augment), "vibration"
    assert default_augment(windows(1, ("a", "b"))) is None
    assert isinstance(default_augment(windows(100, ("sound (FS)",), 8000)), SoundAugment)


def test_levels_are_left_out_without_bands():
    augment = SoundAugment(gain=3, band_mask=1, frame_mask=2, band_shift=3, frame_shift=4)
    assert fit_to_features(augment, Raw()) == SoundAugment(gain=3)
    logmel = features_named("logmel", windows(1024, ("sound (FS)",), 8000))
    assert fit_to_features(augment, logmel) == augment
    assert fit_to_features(Augment(scale=0.1), Raw()) == Augment(scale=0.1)
