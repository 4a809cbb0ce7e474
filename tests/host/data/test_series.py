"""Which rows of values are samples of a series."""

import doctest

import numpy as np
import pytest

from xnornode.data import series
from xnornode.data.series import is_series, order_of

pytestmark = pytest.mark.quick
RNG = np.random.default_rng(0)
TIME = np.arange(300)


def waves(count=200):
    starts, steps = RNG.uniform(0, 6, (count, 1)), RNG.uniform(5, 20, (count, 1))
    return np.sin(starts + TIME / steps) + RNG.normal(0, 0.3, (count, 300))


def levels(count=200, frames=20, bands=32):
    """Levels of bands over frames, as a log-mel spectrum: smooth in both, and no series."""
    tilt, shape = RNG.normal(size=(count, 1, 1)), RNG.normal(size=(count, frames, 1))
    band = np.linspace(-1, 1, bands)
    return (tilt * band + shape * (1 - band) + RNG.normal(0, 0.2, (count, frames, bands))).reshape(
        count, -1
    )


def vibration(count=200):
    noise = RNG.normal(size=(count, 1100))
    tone = np.exp(-np.arange(50) / 10) * np.sin(np.arange(50) * 1.5)
    return np.array([np.convolve(row, tone, "valid") for row in noise])


def test_examples():
    assert doctest.testmod(series).failed == 0


@pytest.mark.parametrize(
    "rows",
    [
        waves(),
        waves(20),
        waves() + RNG.normal(0, 3, (200, 1)),  # each window at another level
        vibration(),
        np.rint(1000 * waves()).astype(np.int16),
    ],
)
def test_series(rows):
    assert is_series(rows[:, :, None])


@pytest.mark.parametrize(
    "rows",
    [
        RNG.normal(size=(200, 400)),
        np.exp(RNG.normal(0, 2, 400) + RNG.normal(size=(200, 400))),  # another range each
        levels(),
        levels() / levels().std(axis=0),
        waves() + TIME / 50,  # each place has its own mean
        np.ones((50, 300)),
        waves(1),
    ],
)
def test_no_series(rows):
    assert not is_series(rows[:, :, None])


def test_most_channels_decide():
    rows, none = waves(), RNG.normal(size=(200, 300))
    assert is_series(np.stack([rows, rows, none], axis=2))
    assert not is_series(np.stack([rows, none, none], axis=2))
    assert is_series(np.stack([rows, np.ones_like(rows)], axis=2))
    assert not is_series(rows[:, :5, None])
    order = order_of(rows[:, :, None])
    assert order == order_of(rows[:, :, None]) and order.neighbours > 0.8 > order.others
