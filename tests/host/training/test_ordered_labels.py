"""Training on labels that are steps of one quantity."""

from dataclasses import replace

import numpy as np
import pytest

from xnornode.data.dataset import from_windows
from xnornode.data.prepare import Splits, prepare
from xnornode.nn.layer_spec import Dense
from xnornode.training.config import TrainConfig
from xnornode.training.trainer import train

pytestmark = pytest.mark.quick

HOURS = 12
CONFIG = TrainConfig(layers=(Dense(64),), epochs=60, batch=32, encoding="int8")


def dial() -> Splits:
    """Windows of one turn of a wave, whose phase is the hour."""
    rng = np.random.default_rng(1)
    hours = np.arange(720) % HOURS
    turn = 2 * np.pi * (np.arange(24) / 24 - hours[:, None] / HOURS)
    samples = np.rint(1000 * np.cos(turn) + rng.normal(0, 200, turn.shape)).astype(np.int16)
    return prepare(from_windows("dial", samples[..., None], [str(h) for h in hours]))


def mean_scores(config: TrainConfig) -> np.ndarray:
    """Of each hour (row), the mean probability of each (column) on the test part."""
    splits = dial()
    logits = train(splits, config).logits(splits.tested().items)
    shares = np.exp(logits - logits.max(axis=1, keepdims=True))
    shares /= shares.sum(axis=1, keepdims=True)
    return np.array([shares[splits.tested().labels == hour].mean(axis=0) for hour in range(HOURS)])


def test_neighbours_get_their_share_around_the_circle() -> None:
    circle = mean_scores(replace(CONFIG, label_spread=1.0, circular=True))
    line = mean_scores(replace(CONFIG, label_spread=1.0))
    assert (circle.argmax(axis=1) == np.arange(HOURS)).all()
    beside = np.exp(-0.5) / (1 + 2 * np.exp(-0.5) + 2 * np.exp(-2) + 2 * np.exp(-4.5))
    for hour in range(HOURS):
        both = circle[hour, [(hour - 1) % HOURS, (hour + 1) % HOURS]]
        assert both == pytest.approx([beside, beside], abs=0.1)
    assert circle[0, -1] > 3 * line[0, -1]
    assert line[5, 4] > 0.1 and line[5, 6] > 0.1


def test_without_spread_the_label_alone_counts() -> None:
    alone = mean_scores(CONFIG)
    assert (np.diag(alone) > 0.5).all()
    spread = mean_scores(replace(CONFIG, label_spread=1.0, circular=True))
    assert np.diag(spread).max() < 0.55
