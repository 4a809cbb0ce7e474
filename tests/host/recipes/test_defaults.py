"""The example sets as `xnornode train` reads them, and the settings to start from."""

from dataclasses import replace

import numpy as np
import pytest

from tests.lab.waves import dataset
from xnornode.data.augment import ImageAugment
from xnornode.data.dataset import from_windows
from xnornode.data.prepare import prepare
from xnornode.data.splits import Splits
from xnornode.datasets.load import load_dataset
from xnornode.errors import DataError
from xnornode.model.ngrams import NGrams
from xnornode.model.spectrum import Spectrum
from xnornode.model.statistics import Statistics
from xnornode.nn.layer_spec import Conv, Dense
from xnornode.recipes.defaults import default_config, features_named
from xnornode.recipes.settings import RECIPES
from xnornode.training.trainer import make_network


@pytest.mark.parametrize(
    ("name", "training", "test", "classes"),
    [
        ("watch", 2460, 1145, 7),
        ("digits", 1347, 450, 10),
        ("mnist", 60_000, 10_000, 10),
        ("fashion-mnist", 60_000, 10_000, 10),
        ("mails", 4305, 1422, 2),
        ("languages", 1956, 544, 20),
    ],
)
def test_examples_keep_their_own_split(name, training, test, classes):
    recipe = RECIPES[name]
    splits = prepare(load_dataset(name), recipe.options, training_hop=64)
    assert (len(splits.train), len(splits.test), len(splits.labels)) == (training, test, classes)
    assert splits.validation is None and not splits.warnings
    assert not set(splits.train.groups) & set(splits.test.groups)
    config = recipe.config
    inputs, network = make_network(splits.train, config, np.random.default_rng(0))
    assert network.blocks[-1].linear is not None and inputs.features == config.features


def windows(shape: tuple[int, int], **more: object) -> Splits:
    rng = np.random.default_rng(0)
    samples = rng.integers(0, 255, (60, *shape)).astype(np.int16)
    labels, groups = [str(i % 2) for i in range(60)], [str(i % 6) for i in range(60)]
    return prepare(from_windows("w", samples, labels, groups, **more))


@pytest.mark.quick
def test_settings_by_what_the_data_are():
    assert default_config(windows((1, 5))).encoding == "int8"
    small, large = windows((64, 1), image_shape=(8, 8)), windows((784, 1), image_shape=(28, 28))
    assert isinstance(default_config(small).layers[0], Dense)
    assert isinstance(default_config(large).layers[0], Conv)
    assert default_config(large).image_shape == (28, 28)
    waves = default_config(prepare(dataset(), length=32))
    assert isinstance(waves.features, Statistics) and waves.features.bands == 4
    assert "lagged covariance" in waves.features.statistics and waves.features.lag < 32
    assert waves.epochs * 680 / waves.batch > 1000, "small data need more epochs"


@pytest.mark.quick
def test_large_images_are_moved_and_bytes_get_other_light():
    grey = windows((784, 1), image_shape=(28, 28))
    augment = default_config(grey).augment
    assert isinstance(augment, ImageAugment) and augment.shift and augment.contrast
    assert not augment.flip and not augment.invert  # these may change the class
    wide = replace(grey, train=replace(grey.train, items=20 * grey.train.items))
    moved = default_config(wide).augment
    assert isinstance(moved, ImageAugment) and moved.shift and not moved.contrast
    for splits, channels in ((grey, 1), (windows((784, 3), image_shape=(28, 28)), 3)):
        default_config(splits).augment.check(784, channels)
    assert default_config(windows((784, 2), image_shape=(28, 28))).augment is None
    assert default_config(windows((64, 1), image_shape=(8, 8))).augment is None


@pytest.mark.quick
@pytest.mark.parametrize("length", [1, 2, 6, 7, 14, 30, 31, 62, 128])
def test_features_fit_every_window(length):
    splits = windows((length, 2))
    features = features_named("statistics", splits)
    assert features.count(length, 2) > 0
    if length > 2:
        assert Statistics(bands=features.bands).count(length, 2)
        assert features.bands == 5 or 2 * (2 ** (features.bands + 1) - 1) >= length, (
            "no room for more"
        )


@pytest.mark.quick
def test_ngrams_read_as_much_as_the_model_says():
    splits = windows((100, 1))
    features = features_named("ngrams", splits)
    assert isinstance(features, NGrams) and features.length == splits.window.length == 100


@pytest.mark.quick
@pytest.mark.parametrize(("rate", "length", "frame"), [(16_000, 16_000, 512), (8000, 4000, 256)])
def test_frames_of_sound_are_some_30_ms(rate, length, frame):
    splits = windows((length, 1), rate_mhz=1000 * rate)
    features = features_named("logmel", splits)
    assert isinstance(features, Spectrum) and features.centred
    assert (features.frame, features.hop, features.bands) == (frame, frame // 2, 16)
    levels = features.levels(splits.train.items)
    assert (levels == 255).mean() <= 0.001 < (levels > 128).mean(), "levels are neither end"


@pytest.mark.quick
def test_a_spectrum_of_slow_data_is_of_half_a_window():
    splits = windows((500, 3), rate_mhz=100_000)
    features = features_named("spectrum", splits)
    assert isinstance(features, Spectrum) and features.summary == ("mean", "largest")
    assert features.frame == 128 and features.count(500, 3) == 2 * 3 * 32


@pytest.mark.quick
def test_a_window_too_short_for_a_spectrum_says_what_helps():
    with pytest.raises(DataError, match="needs 64: choose longer windows"):
        features_named("logmel", windows((63, 1)))
    assert features_named("logmel", windows((64, 1))).frame == 64
