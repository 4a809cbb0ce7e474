"""Training with changes of levels: when features are computed, and that the result repeats."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from tests.lab.small_waves import CLASSES, train_on
from xnornode.data.sound_augment import SoundAugment
from xnornode.data.windows import Windows
from xnornode.errors import DataError
from xnornode.export.fold import fold
from xnornode.model.features import Raw
from xnornode.model.file_format import to_bytes
from xnornode.model.spectrum import Spectrum, band_edges
from xnornode.nn.layer_spec import Conv, Dense
from xnornode.training.config import TrainConfig
from xnornode.training.input_pipeline import level_shape

pytestmark = pytest.mark.quick

FEATURES = Spectrum(64, 64, band_edges(64, 8, 8000, 200, 4000))
CONFIG = TrainConfig(
    layers=(Conv(8, (3, 1)),), features=FEATURES, encoding="int8", epochs=3, batch=32
)
SAMPLES, LEVELS = SoundAugment(shift=0.1, noise=(10, 20)), SoundAugment(band_mask=2, frame_mask=1)
KINDS = {
    "samples": SAMPLES,
    "levels": LEVELS,
    "both": replace(SAMPLES, band_shift=1),
    "versions": replace(SAMPLES, band_mask=2, versions=2),
}


def tones() -> Windows:
    rng = np.random.default_rng(0)
    labels = np.arange(90) % 3
    t = np.arange(320)
    waves = np.sin(2 * np.pi * t * np.array([0.05, 0.12, 0.3])[labels, None] * (1 + t / 2000))
    samples = 3000 * waves + rng.normal(0, 400, waves.shape)
    groups = np.repeat(["a", "b", "c"], 30)
    return Windows(samples.astype(np.int16)[..., None], labels, groups, CLASSES)


TONES = tones()


class Counting(Spectrum):
    """Counts the windows that it computes values of."""

    windows = 0

    def values(self, items):
        type(self).windows += len(items)
        return super().values(items)


@pytest.mark.parametrize("name", list(KINDS))
def test_resumed_it_is_the_same_model(name: str, tmp_path: Path):
    config, path = replace(CONFIG, augment=KINDS[name]), tmp_path / "training.npz"
    whole = train_on(TONES, config)

    class Stopped(Exception):
        pass

    def stop(epoch):
        raise Stopped

    with pytest.raises(Stopped):
        train_on(TONES, config, None, stop, path)
    assert to_bytes(fold(train_on(TONES, config, None, None, path))) == to_bytes(fold(whole))


def test_two_processes_learn_the_same_each_time():
    config = replace(CONFIG, augment=KINDS["versions"])
    models = [fold(train_on(TONES, config, processes=2)) for _ in range(2)]
    assert to_bytes(models[0]) == to_bytes(models[1])


@pytest.mark.parametrize(
    ("name", "each_epoch", "once"), [("samples", 1, 0), ("levels", 0, 1), ("versions", 0, 2)]
)
def test_features_are_computed_no_more_often_than_needed(name, each_epoch, once):
    counts = []
    for epochs in (1, 4):
        Counting.windows = 0
        features = Counting(64, 64, FEATURES.edges)
        train_on(TONES, replace(CONFIG, features=features, augment=KINDS[name], epochs=epochs))
        counts.append(Counting.windows)
    assert counts[1] - counts[0] == 3 * each_epoch * len(TONES)
    Counting.windows = 0
    train_on(TONES, replace(CONFIG, features=Counting(64, 64, FEATURES.edges), epochs=1))
    assert counts[0] - Counting.windows == (each_epoch + once - 1) * len(TONES)


def test_levels_reach_the_network():
    plain = train_on(TONES, CONFIG)
    for augment in (LEVELS, SoundAugment(band_shift=1)):
        changed = train_on(TONES, replace(CONFIG, augment=augment))
        assert to_bytes(fold(changed)) != to_bytes(fold(plain))


@pytest.mark.parametrize(
    ("changes", "shape"),
    [
        ({}, (5, 2, 8)),
        ({"differences": True}, (5, 4, 8)),
        ({"summary": ("mean", "largest"), "centred": False}, (1, 4, 8)),
    ],
)
def test_the_shape_of_the_levels(changes, shape):
    features = replace(FEATURES, **changes)
    assert level_shape(features, 320, 2) == shape
    assert np.prod(shape) == features.count(320, 2)
    assert level_shape(Raw(), 320, 2) is None


def test_a_background_is_part_of_the_settings(tmp_path: Path):
    path = tmp_path / "training.npz"
    noise = [np.full(900, k, np.int16) for k in (1, 2)]
    made = [replace(SAMPLES, backgrounds=(sound,)) for sound in noise]
    train_on(TONES, replace(CONFIG, augment=made[0]), None, None, path)
    with pytest.raises(DataError, match="other settings or data"):
        train_on(TONES, replace(CONFIG, augment=made[1]), None, None, path)


def test_levels_need_bands():
    config = replace(CONFIG, features=Raw(), layers=(Dense(8),), augment=LEVELS)
    with pytest.raises(DataError, match="raw features have none: use logmel or spectrum"):
        train_on(TONES, config)
    with pytest.raises(DataError, match="band mask is 7: of 8 bands at most half"):
        train_on(TONES, replace(CONFIG, augment=SoundAugment(band_mask=7)))
