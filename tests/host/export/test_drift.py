"""What is learned of drift: on recordings of people, of whom some are held out, and on odd data."""

from dataclasses import dataclass, replace
from functools import cache

import numpy as np
import pytest

from tests.lab.driftlab import plain_model
from xnornode.data.prepare import prepare
from xnornode.data.windows import Texts, Windows
from xnornode.datasets.watch import watch
from xnornode.export.drift import FEWEST, fit_drift, why_not
from xnornode.export.drift_changes import candidates, changes, with_sums
from xnornode.model.drift import MAX_SUMS, DriftStream
from xnornode.model.model import Window
from xnornode.model.statistics import Statistics
from xnornode.recipes.defaults import default_config

quick = pytest.mark.quick

XYZ = ("accel x (g)", "accel y (g)", "accel z (g)")


@dataclass(frozen=True)
class Untrained:
    """What `fit_drift` asks of a model."""

    features: Statistics
    window: Window


@cache
def learned():
    splits = prepare(watch())
    model = Untrained(default_config(splits).features, splits.window)
    return splits, model, fit_drift(model, splits.train)


def seconds_to_flag(drift, values, windows, hop_seconds):
    stream = DriftStream(drift)
    for i, at in enumerate(windows):
        stream.add(values[at])
        if stream.flagged:
            return (i + 1) * hop_seconds
    return float("inf")


def shuffled(test, seed, count):
    """Windows of whole recordings, in an order by the seed."""
    rng, of = np.random.default_rng(seed), test.places[:, 0]
    order = [np.flatnonzero(of == r) for r in rng.permutation(np.unique(of))]
    return np.concatenate(order)[:count]


def test_a_turned_or_weakened_sensor_of_people_held_out_is_flagged():
    splits, model, told = learned()
    hop_seconds = splits.window.hop / 50
    late = {}
    for name, change in changes(splits.window.channels).items():
        values = model.features.values(change(splits.test.items))
        took = [
            seconds_to_flag(told.drift, values, shuffled(splits.test, seed, 60), hop_seconds)
            for seed in range(4)
        ]
        late[name] = sum(seconds > 60 for seconds in took)
    assert len(late) == 8 and max(late.values()) <= 1, late


def test_people_held_out_are_not_flagged_as_they_are():
    splits, model, told = learned()
    values = model.features.values(splits.test.items)
    order = shuffled(splits.test, 0, len(values))
    assert seconds_to_flag(told.drift, values, order, 1) == float("inf")


def test_its_size_and_names():
    splits, _, told = learned()
    assert len(told.drift.to_bytes()) < 1300 and told.drift.ram <= 64
    assert told.drift.names(splits.window.channels)[0] == "accel x (g) mean"


@quick
def test_turns_are_rotations():
    made = changes(XYZ)
    down = np.array([[[0, 0, 1000], [10, 20, 30]]], np.int16)
    for axis, name in enumerate("xyz"):
        there, back = made[f"turned about {name}, +90"], made[f"turned about {name}, -90"]
        assert (back(there(down)) == down).all()
        four = there(there(there(there(down))))
        assert (four == down).all() and (there(down)[..., axis] == down[..., axis]).all()
    # Right-handed: x turns into y about z.
    along_x = np.array([[[7, 0, 0]]], np.int16)
    assert made["turned about z, +90"](along_x).tolist() == [[[0, 7, 0]]]
    assert made["turned about x, +90"](along_x).tolist() == [[[7, 0, 0]]]
    assert made["turned about y, +90"](along_x).tolist() == [[[0, 0, -7]]]
    assert made["turned about z, +90"](np.array([[[0, -32768, 0]]], np.int16)).tolist() == [
        [[32767, 0, 0]]
    ]


@quick
def test_channels_that_are_no_axes_are_not_turned():
    assert [*changes(("current (A)", "flow"))] == ["gain 0.8", "gain 1.2"]


@quick
def test_the_size_of_a_triad_is_a_candidate():
    features = Statistics(("mean", "deviation", "crossings"), bands=1)
    windows = np.random.default_rng(0).integers(-500, 500, (50, 16, 3)).astype(np.int16)
    values = features.values(windows)
    inputs = candidates(features, XYZ, values)
    assert inputs.sums[0] == (0, 1, 4, 5, 8, 9)
    assert inputs.watched == ((0, 0), (1, 0), (2, 0), (0, 3), (1, 3), (2, 3))
    assert with_sums(values, inputs.sums).shape == (50, 12 + len(inputs.sums))
    assert inputs.sources.max() < 12 + len(inputs.sums)


def windows_of(items, groups):
    labels = np.arange(len(items)) % 2
    return Windows(items, labels, np.array(groups), ("a", "b"))


@quick
def test_odd_data_give_a_drift_that_does_not_flag_them():
    """Many channels, constant ones, one recording, no mean among the statistics."""
    rng = np.random.default_rng(1)
    many = rng.normal(0, 300, (300, 16, 20)).astype(np.int16)
    constant = np.zeros((300, 16, 3), np.int16)
    for features, items in (
        (Statistics(), many),
        (Statistics(("log power", "rises"), bands=2), many[:, :, :1]),
        (Statistics(("mean", "covariance")), constant),
        (Statistics((), bands=0, parts=2, part_statistics=("mean",)), many[:, :, :2]),
    ):
        channels = tuple(f"c{i}" for i in range(items.shape[2]))
        model = Untrained(features, Window(channels, 16, 8, 0, (0,) * len(channels)))
        drift = fit_drift(model, windows_of(items, ["one"] * 300)).drift
        again = fit_drift(model, windows_of(items, ["one"] * 300)).drift
        assert again.to_bytes() == drift.to_bytes()
        assert len(drift.sums) <= MAX_SUMS
        drift.check(features.count(16, len(channels)), len(channels))
        stream = DriftStream(drift)
        for row in features.values(items):
            stream.add(row)
            assert not stream.flagged


@quick
def test_what_has_no_drift_says_why():
    model = plain_model()
    few = windows_of(np.zeros((FEWEST - 1, 16, 3), np.int16), ["x"] * (FEWEST - 1))
    assert "needs 200 windows" in why_not(model, few)
    assert not why_not(model, windows_of(np.zeros((FEWEST, 16, 3), np.int16), ["x"] * FEWEST))
    texts = Texts((b"a", b"b"), np.array([0, 1]), np.array(["", ""]), ("a", "b"))
    assert "statistics of sensor windows" in why_not(replace(model), texts)
