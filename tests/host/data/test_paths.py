"""What folders and file names say: parts in other spellings, persons on top, folders in common."""

import numpy as np
import pytest

from xnornode.data.part_names import part_of
from xnornode.data.paths import label_in_name, read_paths
from xnornode.data.prepare import prepare
from xnornode.data.readers import read

pytestmark = pytest.mark.quick
RNG = np.random.default_rng(0)


def facts(folder, *names):
    found = read_paths([folder / name for name in names], folder)
    return [(fact.part, fact.label, fact.group) for fact in found], {fact.doubt for fact in found}


def csv(path, label=""):
    """A recording; with a label, that is a column of it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    head = "x,y,label\n" if label else "x,y\n"
    rows = RNG.integers(-900, 900, (200, 2)).tolist()
    path.write_text(head + "".join(",".join(map(str, [*r, *([label] * bool(label))])) + "\n"
                                   for r in rows))  # fmt: skip


@pytest.mark.parametrize(
    ("train", "test"),
    [
        ("train_set", "test_set"),
        ("01_train", "02_test"),
        ("TrainData", "TestData"),
        ("Trainingsdaten", "Testdaten"),
        ("entrenamiento", "prueba"),
        ("entraînement", "évaluation"),
        ("train-split", "holdout"),
        ("训练", "测试"),
    ],
)
def test_parts_in_other_spellings(tmp_path, train, test):
    said, _ = facts(tmp_path, f"{train}/walk/1.csv", f"{train}/run/1.csv", f"{test}/walk/1.csv")
    assert said == [("training", "walk", ""), ("training", "run", ""), ("test", "walk", "")]


def test_classes_are_no_parts(tmp_path):
    assert [part_of(name) for name in ("walk", "set", "testing walk", "1")] == ["", "", "", ""]
    said, _ = facts(tmp_path, "test/1.csv", "rest/1.csv")
    assert [label for _, label, _ in said] == ["test", "rest"]


def test_parts_below_labels_and_in_names(tmp_path):
    said, _ = facts(tmp_path, "walk/train/1.csv", "walk/test/1.csv", "run/train/p1/1.csv")
    assert said == [("training", "walk", ""), ("test", "walk", ""), ("training", "run", "p1")]
    said, _ = facts(tmp_path, "walk_train_1.csv", "test_run_1.csv")
    assert said == [("training", "walk", ""), ("test", "run", "")]


def test_files_that_are_parts(tmp_path):
    for part, stretches in (("train", 4), ("test", 2)):
        rows = [(*RNG.integers(99, size=2), "ab"[i // 150 % 2]) for i in range(150 * stretches)]
        lines = [",".join(map(str, row)) for row in (("x", "y", "label"), *rows)]
        (tmp_path / f"{part}.csv").write_text("\n".join(lines))
    dataset = read(tmp_path)
    assert dataset.test_groups == ("test.csv",) and set(dataset.labels) == {"a", "b"}
    assert [c.role for c in dataset.reading.columns][:2] == ["part", "channel"]


def test_folders_of_persons_with_labels_in_them(tmp_path):
    said, doubts = facts(tmp_path, "p1/walk/1.csv", "p1/run/1.csv", "p2/walk/1.csv")
    assert said == [("", "walk", "p1"), ("", "run", "p1"), ("", "walk", "p2")]
    assert "groups" in doubts.pop()
    said, _ = facts(tmp_path, "Subject_01/walk.csv", "Subject_02/run.csv")
    assert said == [("", "walk", "Subject_01"), ("", "run", "Subject_02")]
    said, doubts = facts(tmp_path, "walk/p1/1.csv", "run/p1/1.csv")
    assert said == [("", "walk", "p1"), ("", "run", "p1")] and doubts == {""}


def test_a_person_before_the_label_in_a_name(tmp_path):
    said, _ = facts(tmp_path, "p1_walk_1.csv", "S02-run.csv")
    assert said == [("", "walk", "p1"), ("", "run", "S02")]
    assert [label_in_name(n) for n in ("p1.csv", "u2_3.csv", "walk.json.0k3j.cbor")] == [
        "p", "u", "walk",
    ]  # fmt: skip


def test_folders_that_all_files_share_are_no_labels(tmp_path):
    said, doubts = facts(tmp_path, "data/raw/walk/1.csv", "data/raw/run/1.csv")
    assert said == [("", "walk", ""), ("", "run", "")] and "labels" in doubts.pop()
    said, doubts = facts(tmp_path, "walk/1.csv", "walk/2.csv")
    assert {label for _, label, _ in said} == {"walk"} and doubts == {""}
    for label in ("walk", "run"):
        for i in range(4):
            csv(tmp_path / "data" / label / f"{i}.csv")
    assert any("all files are in the folder data" in w for w in prepare(read(tmp_path)).warnings)


def test_a_column_that_contradicts_the_folder_is_said(tmp_path):
    for label, other in (("walk", "run"), ("run", "walk")):
        for i in range(4):
            csv(tmp_path / label / f"{i}.csv", other)
    dataset = read(tmp_path)
    path = dataset.reading.columns[0]
    assert (path.role, path.why) == ("left out", "the column label is the label")
    assert any("its column label says" in w for w in prepare(dataset).warnings)


@pytest.mark.parametrize("tops", ["session1 session2", "2026-11-20 2026-11-21", "fold_1 fold_2"])
def test_folders_of_occasions_with_labels_in_them(tmp_path, tops):
    one, two = tops.split()
    said, doubts = facts(tmp_path, f"{one}/walk/1.csv", f"{one}/run/1.csv", f"{two}/walk/1.csv")
    assert said == [("", "walk", one), ("", "run", one), ("", "walk", two)]
    assert "groups" in doubts.pop()


def test_a_person_after_the_label_in_a_name(tmp_path):
    said, _ = facts(tmp_path, "walk_p1.csv", "run-S02_3.csv", "sit_u1 (2).csv")
    assert said == [("", "walk", "p1"), ("", "run", "S02"), ("", "sit", "u1")]


def test_folders_that_differ_little_are_said(tmp_path):
    for label in ("walk", "WALK", "01", "1"):
        for i in range(3):
            csv(tmp_path / label / f"{i}.csv")
    warnings = prepare(read(tmp_path)).warnings
    assert any("the labels WALK, walk are one word" in w for w in warnings)
    assert any("the labels 01, 1 are one number" in w for w in warnings)
