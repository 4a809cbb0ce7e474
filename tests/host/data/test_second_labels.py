"""Columns and channels that say the class, or number recordings, and measure nothing."""

import numpy as np
import pytest

from xnornode.data.prepare import prepare
from xnornode.data.read_options import ReadOptions
from xnornode.data.readers import read

pytestmark = pytest.mark.quick
RNG = np.random.default_rng(0)


def table(tmp_path, title, value, names=("walk", "run")):
    """A table; `value` of (person, label's number) fills a column."""
    path = tmp_path / "t.csv"
    rows = [
        (label, f"p{p}", value(p, k), *RNG.integers(-900, 900, 2))
        for p in range(4)
        for k, label in enumerate(names)
        for _ in range(40)
    ]
    lines = [",".join(map(str, row)) for row in (("label", "person", title, "x", "y"), *rows)]
    path.write_text("\n".join(lines))
    return path


@pytest.mark.parametrize("title", ["label_id", "class", "target", "Klasse", "code", "x2"])
def test_a_second_label_is_no_channel(tmp_path, title):
    path = table(tmp_path, title, lambda p, k: k + 3)
    dataset = read(path)
    assert dataset.channels == ("x", "y")
    assert any(title in w and "--channels" in w for w in prepare(dataset).warnings)
    assert read(path, ReadOptions(channels=(title, "x"))).channels == (title, "x")


def test_a_number_of_recordings_is_said(tmp_path):
    dataset = read(table(tmp_path, "file_no", lambda p, k: 2 * p + k))
    assert any("file_no" in w and "number recordings" in w for w in prepare(dataset).warnings)


def test_values_that_differ_by_label_and_within_are_a_channel(tmp_path):
    dataset = read(table(tmp_path, "z", lambda p, k: 100 * k + RNG.integers(50)))
    assert dataset.channels == ("z", "x", "y") and not prepare(dataset).warnings


def test_a_channel_that_is_steady_within_recordings_is_said(tmp_path):
    for k, label in enumerate(("walk", "run")):
        for i in range(4):
            samples = np.c_[RNG.integers(-900, 900, (200, 2)), np.full(200, 5 + k)]
            path = tmp_path / label / f"{i}.csv"
            path.parent.mkdir(exist_ok=True)
            np.savetxt(path, samples, "%d", ",", header="x,y,z", comments="")
    warnings = prepare(read(tmp_path)).warnings
    assert [w for w in warnings if "channel z never changes within a recording" in w]


def test_a_column_that_counts_down_is_no_channel(tmp_path):
    left = iter(range(5000, 0, -1))
    dataset = read(table(tmp_path, "remaining", lambda p, k: next(left)))
    assert dataset.channels == ("x", "y")
    assert any("remaining" in w and "falls" in w for w in prepare(dataset).warnings)
