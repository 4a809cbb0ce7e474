"""Datasets become parts: which groups go where, and how samples become int16."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from tests.lab.tables import PEOPLE, big_csv, write
from xnornode.data.dataset import Dataset, from_windows
from xnornode.data.prepare import prepare
from xnornode.data.readers import read
from xnornode.data.split import choose_groups
from xnornode.data.splits import PrepareOptions, Splits
from xnornode.errors import DataError

pytestmark = pytest.mark.quick


def moves(tmp_path: Path, **options: object) -> Splits:
    return prepare(read(big_csv(tmp_path)), PrepareOptions(**{"length": 10, **options}))


def test_split_by_person(tmp_path):
    parts = moves(tmp_path, validation=0.3)
    held = [set(p.groups) for p in (parts.train, parts.validation, parts.test)]
    assert parts.held_out == ("dan",) and [len(h) for h in held] == [2, 1, 1]
    assert not held[0] & held[1] and not held[0] & held[2] and not held[1] & held[2]
    assert parts.window.hop == 5 and len(parts.test) == 2 * 5, "30 samples, windows of 10"
    parts = moves(tmp_path, test=("ann", "bob"))
    assert parts.validation is None and parts.held_out == ("ann", "bob")
    assert set(parts.train.groups) == {"cat", "dan"}
    assert "fewer than 10 groups to learn from" in parts.notes[-1]


def test_many_groups_have_a_validation_part():
    dataset = floats(1.0)
    many = replace(dataset, groups=[f"p{i % 20}" for i in range(40)])
    parts = prepare(many)
    held = [set(p.groups) for p in (parts.train, parts.validation, parts.test)]
    assert [len(h) for h in held] == [12, 4, 4] and len(set.union(*held)) == 20


def test_split_in_time(tmp_path):
    parts = moves(tmp_path, length=4, split="time")
    assert (parts.train.items[:, 0, 0] % 100).max() < 18
    assert (parts.test.items[:, 0, 0] % 100).min() >= 22
    assert "same recordings" in parts.notes[-1]
    two = moves(tmp_path, length=6, split="time", validation=())
    assert two.validation is None and (two.train.items[:, 0, 0] % 100).max() >= 16
    assert (two.test.items[:, 0, 0] % 100).min() >= 22


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"test": ("eve",)}, "group eve: the groups are ann, bob, cat, dan"),
        ({"test": PEOPLE}, "would take every group"),
        ({"length": 31}, "the longest recording has 30"),
        ({"length": 8, "hop": 9}, "hop 9 of window 8"),
        ({"test": 1.5}, "share"),
        ({"test": ("ann", "bob", "cat"), "validation": 0.2}, "group to spare for validation"),
    ],
)
def test_splits_and_windows_that_are_refused(tmp_path, options, says):
    with pytest.raises(DataError, match=says):
        moves(tmp_path, **options)


def test_one_class_and_one_recording_are_refused(tmp_path):
    text = "t,x,label,person\n" + "1,2,a,p\n2,3,a,q\n"
    with pytest.raises(DataError, match="all data are of the class a"):
        prepare(read(write(tmp_path / "t.csv", text)))
    with pytest.raises(DataError, match=r"too little data to test on.*--split time"):
        prepare(read(write(tmp_path / "t.csv", text.replace("a,q", "b,q"))))


def test_rows_without_groups_warn_and_copies_stay_together():
    rng = np.random.default_rng(1)
    once = rng.integers(0, 100, (60, 1, 4))
    samples, labels = np.concatenate([once, once, once]), [str(i % 2) for i in range(60)] * 3
    parts = prepare(from_windows("rows", samples, labels))
    assert any("drawn at random" in w for w in parts.warnings)
    train, test = ({w.tobytes() for w in p.items} for p in (parts.train, parts.test))
    assert not train & test and 30 <= len(parts.test) <= 60


def test_every_class_is_in_the_test_in_its_share():
    groups = [f"r{i}" for i in range(40)]
    labels = ["rare" if i < 4 else "often" for i in range(40)]
    chosen = choose_groups(groups, labels, [1] * 40, 0.25)
    assert [labels[groups.index(g)] for g in chosen].count("rare") == 1
    assert len(chosen) == 10
    assert choose_groups(["a", "b"], ["x", "y"], [1, 1], 0.25) == ()


def floats(factor: float, shift: float = 0.0) -> Dataset:
    rng = np.random.default_rng(2)
    samples = factor * rng.normal(size=(40, 5, 2)) + shift
    return from_windows(
        "f", samples, [str(i % 2) for i in range(40)], [str(i % 8) for i in range(40)]
    )


def test_whole_numbers_stay_as_they_are():
    whole = np.rint(floats(100).items)
    dataset = from_windows("whole", whole, floats(1).labels, floats(1).groups)
    parts = prepare(dataset)
    assert parts.window.scales == (0, 0)
    assert (parts.test.items == whole[np.isin(dataset.groups, parts.held_out)]).all()


def test_too_little_data_of_windows_is_not_told_to_split_in_time():
    windows = from_windows("few", np.arange(8.0).reshape(2, 2, 2), ["a", "b"])
    with pytest.raises(DataError, match=r"no class has a window to spare\. Get more data") as told:
        prepare(windows)
    assert "--split" not in str(told.value)
