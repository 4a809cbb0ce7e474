"""Models with drift, random and built for a purpose, for the tests of the twins."""

from dataclasses import replace

import numpy as np

from tests.lab.feature_nets import features_model
from xnornode.model.drift import BANDS_FROM, Drift
from xnornode.model.model import Model
from xnornode.model.statistics import Statistics

FEATURES = Statistics(("mean", "deviation", "log change", "crossings"), bands=2)
LENGTH, CHANNELS = 16, 3


def plain_model(features: Statistics = FEATURES, length: int = LENGTH, channels: int = CHANNELS):
    """A model with statistics, without drift."""
    count = features.count(length, channels)
    return features_model(features, length, channels, np.zeros(count, np.int64))


def random_drift(seed: int, values: int, channels: int, counts: tuple[int, int, int, int]) -> Drift:
    """Anything that the format allows. counts: inputs, sums, directions, watched inputs."""
    rng = np.random.default_rng(seed)
    n, sums, directions, watched = counts
    members = [tuple(rng.integers(0, values, rng.integers(1, 7)).tolist()) for _ in range(sums)]
    bound = int(rng.choice([1, 7, 400, 16383]))
    codes = [*range(15), *range(BANDS_FROM, BANDS_FROM + 14)]
    ends = (-32768, -1, 0, 1, 32767)
    return Drift(
        tuple(members),
        rng.integers(0, values + sums, n),
        rng.choice([*ends, 300, 32767, 32767], n),
        np.where(rng.random(n) < 0.2, rng.choice(ends, n), rng.integers(-3000, 3000, n)),
        rng.choice([0, 1, 40, 900, 4096, 65535], n),
        rng.integers(-128, 128, (n, directions)).astype(np.int8),
        rng.choice([-(2**30), -5000, -1, 0, 300, 2**30], directions + 1),
        tuple(rng.integers(0, 16, directions + 1).tolist()),
        int(rng.choice([0, 1, 20, 255])),
        bound,
        int(rng.integers(1, bound + 1)),
        tuple((int(rng.integers(0, channels)), int(rng.choice(codes))) for _ in range(watched)),
    )


def drifting(seed: int, counts: tuple[int, int, int, int], model: Model | None = None) -> Model:
    """A model with random drift."""
    model = model or plain_model()
    channels = len(model.window.channels)
    values = model.features.count(model.window.length, channels)
    return replace(model, drift=random_drift(seed, values, channels, counts))
