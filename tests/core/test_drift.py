"""The drift in the C core against the Python reference, bit for bit."""

from dataclasses import replace

import numpy as np
import pytest

from tests.lab.core import core
from tests.lab.driftlab import CHANNELS, LENGTH, drifting, plain_model
from tests.lab.feature_nets import EVERYTHING, awkward_windows
from xnornode.model.drift import Drift, DriftStream
from xnornode.model.file_format import to_bytes

pytestmark = pytest.mark.quick

COUNTS = [(1, 0, 0, 0), (1, 1, 1, 1), (5, 2, 3, 4), (18, 16, 11, 18), (64, 16, 11, 18)]


def reference(model, values):
    stream, rows = DriftStream(model.drift), []
    for row in values:
        stream.add(row)
        moved = [*stream.moved, *[0] * (18 - len(stream.moved))]
        sums = [*stream.sums, *[0] * (12 - len(stream.sums))]
        rows.append([stream.level, stream.flagged, *moved, *sums])
    return np.array(rows)


@pytest.mark.parametrize("counts", COUNTS)
@pytest.mark.parametrize("seed", range(12))
def test_any_drift_of_any_features(seed, counts):
    model = drifting(seed, counts)
    values = model.features.count(LENGTH, CHANNELS)
    rng = np.random.default_rng(seed)
    rows = rng.integers(-4000, 4000, (80, values))
    ends = rng.random(rows.shape)
    rows[ends < 0.03], rows[ends > 0.97], rows[(ends > 0.4) & (ends < 0.5)] = -32768, 32767, 0
    got = core().drift(to_bytes(model), values=rows.astype(np.int16))
    assert (got != reference(model, rows)).sum() == 0


@pytest.mark.parametrize("seed", range(4))
def test_features_of_awkward_windows(seed):
    """By the samples: all statistics there are, and scores that the drift does not change."""
    model = drifting(seed, (40, 9, 5, 18), plain_model(EVERYTHING, 20, 2))
    windows = np.concatenate([awkward_windows(20, 2, s) for s in range(3)])
    got = core().drift(to_bytes(model), windows=windows)
    assert (got != reference(model, model.features.values(windows))).sum() == 0


def one_input(**changes):
    """Direction 0 weighs value 0 at 16 per count; a window adds at most 100 to it."""
    fields = {
        "sums": (),
        "sources": np.array([0]),
        "caps": np.array([32767]),
        "centres": np.array([50]),
        "factors": np.array([4096]),
        "weights": np.array([[16]], np.int8),
        "offsets": np.array([-160, -(2**20)]),
        "shifts": (0, 0),
        "weight": 1,
        "bound": 250,
        "limit": 100,
        "watched": ((0, 0),),
    }
    return Drift(**(fields | changes))


def run(drift, values):
    model = replace(plain_model(), drift=drift)
    rows = np.zeros((len(values), model.features.count(LENGTH, CHANNELS)), np.int16)
    rows[:, 0] = values
    expected = reference(model, rows)
    assert (core().drift(to_bytes(model), values=rows) == expected).all()
    return expected


def test_a_flag_comes_with_the_bound_and_goes_with_half_of_it():
    got = run(one_input(), [80] * 4 + [50] * 10)
    # Far above: 100 a window up to twice the bound. Then 10 below what the offset takes: -100.
    assert got[:, 0].tolist() == [400, 800, 1200, 1600, 1200, 800, 400, 0, 0, 0, 0, 0, 0, 0]
    assert got[:, 1].tolist() == [0, 0, 1, 1, 1, 1, 0, 0, 0, 0, 0, 0, 0, 0]
    assert run(one_input(), [80] * 9)[:, 0].tolist()[-4:] == [2000] * 4


def test_a_mean_that_moves_is_given_in_hundredths_of_a_deviation():
    got = run(one_input(), [50 + 32] * 400)[:, 2]
    assert got[0] == 3 and (np.diff(got) >= 0).all() and 99 <= got[-1] <= 100
    assert run(one_input(), [32000] * 400)[-1, 2] in (299, 300)
    assert run(one_input(), [-32000] * 400)[-1, 2] in (-300, -299)


def test_far_away_in_any_way_is_a_direction_of_its_own():
    calm = one_input(offsets=np.array([-(2**20), -40]), weight=1)
    for side in (-90, 90):
        assert run(calm, [50 + side] * 8)[:, 0].tolist()[:6] == [200, 400, 600, 800, 1000, 1200]
    assert run(calm, [50 + 30] * 8)[:, 0].max() == 0


def test_a_sum_is_the_logarithm_of_squares():
    drift = one_input(sums=((0, 1),), sources=np.array([18]), centres=np.array([256 * 12]))
    got = run(drift, [64, 128, 64, 0])  # 2 * log2 of it: the centre, then 2 octaves above it
    assert got[1, 2] - got[0, 2] > 0 > got[3, 2] - got[2, 2]


def test_what_is_kept_is_at_most_64_bytes():
    assert one_input().ram == 62
