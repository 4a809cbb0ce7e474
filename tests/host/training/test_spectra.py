"""Networks on spectra: what they learn, and that the C core gives their scores."""

import numpy as np
import pytest

from tests.lab.core import core
from xnornode.data.dataset import from_windows
from xnornode.data.prepare import prepare
from xnornode.export.fold import fold
from xnornode.model.file_format import to_bytes
from xnornode.nn.layer_spec import Conv
from xnornode.recipes.defaults import features_named
from xnornode.training.config import TrainConfig
from xnornode.training.trainer import train

LAYERS = {"spectrum": (), "logmel": (Conv(16, (3, 1), pool=(2, 1), activation="int8"),)}


def chirps(count: int, rng: np.random.Generator) -> tuple[np.ndarray, list[str]]:
    """Tones that rise or fall, of any loudness: their means are the same."""
    labels = ["rises", "falls"] * (count // 2)
    t = np.linspace(0, 1, 1024)
    samples = []
    for label in labels:
        bend = (t - 0.5) ** 2 * (1 if label == "rises" else -1) * 1024 * 0.6
        loud = 10 ** rng.uniform(1.5, 4)
        wave = loud * np.sin(t * 1024 * rng.uniform(0.9, 1.1) + bend + rng.uniform(0, 6))
        samples.append(wave + rng.normal(0, 0.03 * loud, 1024))
    return np.rint(samples).astype(np.int16)[..., None], labels


def tones(count: int, rng: np.random.Generator) -> tuple[np.ndarray, list[str]]:
    """A hum at 500 or 600 Hz, in noise, sampled at 8 kHz."""
    labels = ["500 Hz", "600 Hz"] * (count // 2)
    t = np.arange(1024) / 8000
    samples = [
        800 * np.sin(2 * np.pi * float(label[:3]) * t + rng.uniform(0, 6))
        + rng.normal(0, 900, 1024)
        for label in labels
    ]
    return np.rint(samples).astype(np.int16)[..., None], labels


@pytest.mark.parametrize(("name", "sounds"), [("logmel", chirps), ("spectrum", tones)])
def test_a_network_hears_the_difference(name, sounds):
    rng = np.random.default_rng(1)
    samples, labels = sounds(400, rng)
    splits = prepare(from_windows("sound", samples, labels, rate_mhz=8_000_000))
    features = features_named(name, splits)
    config = TrainConfig(
        layers=LAYERS[name], features=features, encoding="int8", epochs=15, batch=16
    )
    model = fold(train(splits, config))
    given, truth = sounds(100, rng)
    scores = model.scores(given)
    right = np.array(model.labels)[scores.argmax(1)] == np.array(truth)
    assert right.mean() > 0.9
    answer = core().classify(to_bytes(model), given, 2)
    assert answer.reason == "ok" and answer.selftest
    np.testing.assert_array_equal(answer.scores, scores)
