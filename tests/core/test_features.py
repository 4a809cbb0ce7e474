"""Features: the C core against the Python reference, and both against their definition."""

import math
from itertools import pairwise, product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.lab.core import core, sanitized
from tests.lab.feature_nets import (
    CLASSES,
    EVERYTHING,
    awkward_windows,
    feature_jobs,
    features_model,
)
from xnornode.data.windows import cut_windows
from xnornode.datasets.watch import watch
from xnornode.model.file_format import to_bytes
from xnornode.model.statistics import COVARIANCE, LAGGED, STATISTICS, Statistics

pytestmark = pytest.mark.quick


def check_features(features, windows):
    for job in feature_jobs(features, windows):
        answer = core().classify(*job)
        assert answer.reason == "ok" and answer.selftest
        assert not answer.scores.any()


def fronts_for(length):
    bands = max(k for k in range(15) if 2 * (2**k - 1) < length)
    yield EVERYTHING if length > 1 else Statistics(STATISTICS[:-1])
    yield Statistics((), bands) if bands else Statistics(("mean",))
    if length >= 3:
        yield Statistics(
            ("deviation", COVARIANCE, LAGGED), bands, 3, STATISTICS, min(length // 2, 255)
        )
        yield Statistics((), 0, min(length, 16), ("median", "rises"))


SHAPES = [(1, 1), (1, 3), (2, 2), (3, 1), (4, 3), (7, 2), (8, 1), (127, 2), (128, 6), (1001, 2)]


@pytest.mark.parametrize(("length", "channels"), SHAPES)
def test_features_of_awkward_windows(length, channels):
    for features in fronts_for(length):
        check_features(features, awkward_windows(length, channels))


def test_features_of_the_longest_window():
    windows = awkward_windows(65535, 1)[[0, 4, 5, 7, 14]]
    check_features(Statistics(STATISTICS, 14, 16, STATISTICS, 255), windows)


@settings(max_examples=60, derandomize=True)
@given(data=st.data())
def test_features_of_any_window(data):
    length, channels = data.draw(st.integers(1, 70)), data.draw(st.integers(1, 5))
    some = STATISTICS if length > 1 else STATISTICS[:-1]  # no lag fits into one sample
    names = st.sets(st.sampled_from(some))
    part = data.draw(names) if length >= 2 else set()
    parts = data.draw(st.integers(2, min(length, 16))) if part else 0
    bands = data.draw(st.integers(0, int(math.log2((length - 1) // 2 + 1))))
    pairs = (COVARIANCE, LAGGED) if length > 1 else (COVARIANCE,)
    whole = data.draw(st.sets(st.sampled_from((*some, *pairs))))
    lag = data.draw(st.integers(1, length - 1)) if {"asymmetry", LAGGED} & (whole | part) else 0
    features = Statistics(tuple(whole | {"mean"}), bands, parts, tuple(part), lag)
    size = data.draw(st.sampled_from([1, 50, 4000, 32767]))
    rng = np.random.default_rng(data.draw(st.integers(0, 2**31)))
    windows = rng.integers(-size - 1, size + 1, (3, length, channels)).astype(np.int16)
    windows[rng.random(windows.shape) < 0.1] = data.draw(st.integers(-32768, 32767))
    check_features(features, windows)


def test_a_wrong_value_is_seen():
    """The test's own eye: one value that is off by one makes scores that are not 0."""
    window = awkward_windows(20, 2)[-1]
    expected = EVERYTHING.values(window[None])[0]
    for i in range(len(expected)):
        off = expected.copy()
        off[i] += 1 if off[i] < 32767 else -1
        model = features_model(EVERYTHING, 20, 2, off)
        assert core().classify(to_bytes(model), window[None], CLASSES).scores.all()


@pytest.mark.seconds
def test_features_under_sanitizers():
    jobs = []
    for length, channels in SHAPES:
        for features in fronts_for(length):
            jobs += feature_jobs(features, awkward_windows(length, channels))
    for answer in sanitized(jobs):
        assert answer.reason == "ok" and answer.selftest and not answer.scores.any()


def lg(v):
    """FORMAT.md's lg, in Python's integers."""
    if v == 0:
        return 0
    e = v.bit_length() - 1
    m, out = v * 2**15 // 2**e, 256 * e
    for bit in range(7, -1, -1):
        m = m * m // 2**15
        if m >= 2**16:
            m //= 2
            out += 2**bit
    return out


def root(total, n):
    return (-1 if total < 0 else 1) * math.isqrt(abs(total) // n)


def clip(v):
    return max(-32768, min(32767, v))


def by_definition(x, lag):
    """The statistics of one channel, sample by sample, by the words of FORMAT.md."""
    n, order = len(x), sorted(x)
    m = sum(x) // n
    c = [clip(v - m) for v in x]
    pairs = list(pairwise(x))
    lower, middle, upper = order[n // 4], order[n // 2], order[3 * n // 4]
    squares = sum(v * v for v in c)
    logs = lg(squares), lg(sum(v * v for v in x)), lg(sum(abs(b - a) for a, b in pairs))
    crossings = sum((a >= m and b < m) or (a < m and b >= m) for a, b in pairs)
    counts = crossings, sum(v >= m for v in x), sum(b > a for a, b in pairs)
    first = m, min(x), max(x), root(squares, n)
    d = [clip(x[t] - x[t - lag]) for t in range(lag, n)]
    skew = root(sum(v * abs(v) for v in d), n)
    return [*first, *logs, *counts, lower, middle, upper, upper - lower, skew], c


def test_the_reference_is_the_specification():
    features = Statistics((*STATISTICS, COVARIANCE, LAGGED), 2, 2, ("median", "mean"), 3)
    for window in awkward_windows(13, 3):
        expected, centred = [], []
        for channel in window.T.tolist():
            values, c = by_definition(channel, 3)
            centred.append(c)
            x, bands = channel, []
            for d in (1, 2):
                s = [(x[t] + 2 * x[t + d] + x[t + 2 * d] + 2) // 4 for t in range(len(x) - 2 * d)]
                bands.append(lg(sum((x[t + d] - s[t]) ** 2 for t in range(len(s)))))
                x = s
            first, second = by_definition(channel[:6], 3)[0], by_definition(channel[6:], 3)[0]
            expected += [*values, *bands, first[0], first[11], second[0], second[11]]
        for i, j in ((0, 1), (0, 2), (1, 2)):
            s = sum(a * b for a, b in zip(centred[i], centred[j], strict=True))
            expected.append(root(s, 13))
        for a, b in product(centred, centred):
            expected.append(root(sum(a[t] * b[t - 3] for t in range(3, 13)), 13))
        assert features.values(window[None])[0].tolist() == [clip(v) for v in expected]


def test_features_mean_what_they_say():
    """Against float definitions: a count for linear values, 1/64 of an octave for logarithms."""
    rng = np.random.default_rng(3)
    gains = 10 ** rng.uniform(1, 3.5, (200, 1, 1))
    windows = (rng.standard_normal((200, 100, 2)) * gains + gains).astype(np.int16)
    names = EVERYTHING.names(("a", "b"))
    got = dict(zip(names, EVERYTHING.values(windows).T, strict=True))
    x, y = windows[..., 0].astype(float), windows[..., 1].astype(float)
    assert np.abs(got["a: mean"] - x.mean(1)).max() <= 1
    assert np.abs(got["a: deviation"] - x.std(1)).max() <= 1.1
    assert np.abs(got["a: median"] - np.median(x, axis=1)).max() <= np.diff(np.sort(x)).max()
    for name, value in (
        ("log variance", 100 * x.var(axis=1)),
        ("log power", (x**2).sum(axis=1)),
        ("log change", np.abs(np.diff(x)).sum(axis=1)),
    ):
        assert np.abs(got[f"a: {name}"] - 256 * np.log2(value)).max() <= 4
    covariance = ((x - x.mean(1)[:, None]) * (y - y.mean(1)[:, None])).mean(1)
    root = np.sign(covariance) * np.sqrt(np.abs(covariance))
    assert np.abs(got["a, b: covariance"] - root)[np.abs(root) > 5].max() <= 2


def test_asymmetry_and_lag_tell_the_direction_of_time():
    rng = np.random.default_rng(1)
    saw = (np.arange(200) * 37 % 1000 + rng.integers(-20, 20, (10, 200))).astype(np.int16)
    late = np.roll(saw, 5, axis=1)
    windows = np.stack([saw, late], axis=-1)
    names = ("asymmetry", LAGGED)
    features = Statistics(names, lag=5)
    got = dict(zip(features.names(("a", "b")), features.values(windows).T, strict=True))
    back = dict(zip(features.names(("a", "b")), features.values(windows[:, ::-1]).T, strict=True))
    assert (got["a: asymmetry"] < -100).all() and (back["a: asymmetry"] > 100).all()
    follows, leads = (f"{x}, {y} 5 samples earlier: covariance" for x, y in ("ba", "ab"))
    assert (got[follows] > 250).all() and (got[follows] > got[leads] + 50).all()
    assert (back[leads] > back[follows] + 50).all()


@pytest.mark.parametrize("band", range(6))
def test_a_wave_lands_in_its_band(band):
    t = np.arange(400)
    waves = [3000 * np.sin(2 * np.pi * t / (2.8 * 2**band) + phase) for phase in range(6)]
    features = Statistics((), 6)
    energies = features.values(np.array(waves)[..., None].astype(np.int16))
    assert features.names(["x"])[band] == f"x: band {band + 1}"
    assert (energies.argmax(axis=1) == band).all()
    others = [k for k in range(6) if abs(k - band) > 1]
    assert energies[:, others].max() + 256 < energies[:, band].min()


@pytest.mark.seconds
def test_features_of_real_windows():
    data = watch()
    windows = cut_windows(data.recordings()[::10], data.classes, 128, 100).items
    features = Statistics((*STATISTICS, COVARIANCE, LAGGED), 6, 2, ("mean", "asymmetry"), 8)
    assert len(windows) > 150
    check_features(features, windows)


def test_values_do_not_depend_on_the_batch():
    windows = np.random.default_rng(0).integers(-9, 9, (700, 128, 6)).astype(np.int16)
    alone = np.concatenate([EVERYTHING.values(w[None]) for w in windows[::50]])
    assert (EVERYTHING.values(windows)[::50] == alone).all()


def test_names_are_one_per_value():
    features = Statistics(("mean", COVARIANCE, LAGGED, "rises"), 2, 2, ("median",), 4)
    names = features.names(["x (g)", "y (g)"])
    assert len(names) == len(set(names)) == features.count(50, 2)
    assert names[:4] == ["x (g): mean", "x (g): rises", "x (g): band 1", "x (g): band 2"]
    assert names[4] == "x (g): median, part 1 of 2" and names[12] == "x (g), y (g): covariance"
    assert names[14] == "x (g), y (g) 4 samples earlier: covariance"
