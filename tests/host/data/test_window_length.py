"""The window that nobody gave: by the sample rate and by the shortest recordings."""

import numpy as np
import pytest

from xnornode.data.dataset import Dataset
from xnornode.data.prepare import prepare
from xnornode.data.read_options import Seconds
from xnornode.data.splits import PrepareOptions
from xnornode.data.window_length import usual_length
from xnornode.errors import DataError

pytestmark = pytest.mark.quick


@pytest.mark.parametrize(
    ("rate", "length"),
    [
        (0, 128),
        (10, 32),
        (20, 64),
        (50, 128),
        (62.5, 128),
        (100, 256),
        (200, 512),
        (1000, 1024),
        (8000, 8192),
    ],
)
def test_by_the_rate(rate, length):
    assert usual_length(rate, [100_000] * 4, list("abab"))[0] == length


def test_by_the_shortest_recordings_of_a_class():
    sizes = [70] * 30 + [900] * 30
    labels = ["circle"] * 30 + ["still"] * 30
    assert usual_length(100, sizes, labels) == (70, "by the shortest recordings")
    assert usual_length(100, [5, *sizes[1:]], labels)[0] == 70, (
        "one that was cut off does not decide"
    )


def gestures(rate_mhz: int = 100_000) -> Dataset:
    rng = np.random.default_rng(0)
    lengths = rng.integers(70, 90, 24)
    return Dataset(
        name="gestures",
        kind="recordings",
        items=[rng.integers(-900, 900, (n, 3)).astype(np.int16) for n in lengths],
        labels=[("circle", "wave", "tap")[i % 3] for i in range(24)],
        groups=[f"{i}.csv" for i in range(24)],
        names=[f"{i}.csv" for i in range(24)],
        grouping="recording",
        channels=("x", "y", "z"),
        rate_mhz=rate_mhz,
    )


def test_gestures_train_without_options():
    parts = prepare(gestures())
    assert 70 <= parts.window.length < 90
    assert any("by the shortest recordings (--window)" in note for note in parts.notes)
    cut = prepare(gestures(), split="time")
    assert any("by the shortest parts of recordings (--window)" in note for note in cut.notes)
    assert usual_length(0, [900] * 4, list("abab")) == (128, "as the sample rate is unknown")


def test_seconds():
    parts = prepare(gestures(), PrepareOptions(length=Seconds(0.5), hop=Seconds(0.1)))
    assert (parts.window.length, parts.window.hop) == (50, 10)
    with pytest.raises(
        DataError, match="needs the sample rate, which is unknown: give it with --rate"
    ):
        prepare(gestures(0), PrepareOptions(length=Seconds(0.5)))
