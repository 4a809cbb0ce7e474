"""Faulty rows, labels as they are written, and recordings that are too short."""

import numpy as np
import pytest

from tests.lab.tables import PEOPLE, series_csv, write
from xnornode.data.prepare import prepare
from xnornode.data.read_options import ReadOptions
from xnornode.data.readers import read
from xnornode.errors import DataError

pytestmark = pytest.mark.quick

MISSING = ("", "NaN", "nan", "NA", "n/a", "null", "-", "inf", "?", "#N/A", "None")


def spoiled(tmp_path, changes: dict[int, str]):
    """A series whose lines are changed: "cut" ends in the middle, else the cell of x is new."""
    path = series_csv(tmp_path / "t.csv")
    lines = path.read_text().splitlines()
    for line, cell in changes.items():
        cells = lines[line - 1].split(",")
        lines[line - 1] = ",".join(cells[:2] if cell == "cut" else [*cells[:3], cell, cells[4]])
    return write(path, "\n".join(lines))


@pytest.mark.parametrize("cell", [*MISSING, "abc"])
def test_one_faulty_cell(tmp_path, cell):
    path = spoiled(tmp_path, {12: cell})
    with pytest.raises(DataError, match=r"column x, line 12: .*--skip"):
        read(path)
    skipped = read(path, ReadOptions(skip=True))
    assert [len(item) for item in skipped.items] == [10, 29, 40, 40, 40]
    assert len(skipped.reading.dropped) == 1 and "line 12" in skipped.reading.dropped[0]
    filled = read(path, ReadOptions(fill=1))
    assert [len(item) for item in filled.items] == [40] * 4
    around = filled.items[0]
    assert np.allclose(around[10, 0], (around[9, 0] + around[11, 0]) / 2)
    assert around[10, 1] == skipped.items[0][9, 1] or np.isfinite(around).all()
    assert read(path, ReadOptions(channels=("y",))).channels == ("y",), "x is not used"


def test_all_faults_are_told_at_once(tmp_path):
    path = spoiled(tmp_path, {5: "", 20: "NA", 21: "abc", 161: "cut"})
    with pytest.raises(DataError) as error:
        read(path)
    told = str(error.value)
    assert "4 faulty rows" in told
    for part in (
        "line 5: the cell is empty",
        "line 20: 'NA'",
        "line 21: 'abc'",
        "line 161: 2 cell",
    ):
        assert part in told
    skipped = read(path, ReadOptions(skip=True))
    assert sum(map(len, skipped.items)) == 156
    both = read(path, ReadOptions(skip=True, fill=2))
    assert sum(map(len, both.items)) == 159 and len(both.reading.dropped) == 2
    assert [len(item) for item in both.items] == [40, 40, 40, 39]
    with pytest.raises(DataError, match="line 161: 2 cells"):
        read(path, ReadOptions(fill=2))


def test_long_runs_of_faults_are_told_in_one_line(tmp_path):
    path = spoiled(tmp_path, {line: "" for line in range(5, 30)})
    with pytest.raises(
        DataError, match=r"25 faulty rows:\n.*lines 5 to 24: the cell is empty\n.*25"
    ):
        read(path)
    assert [len(item) for item in read(path, ReadOptions(skip=True)).items][:2] == [3, 12]
    assert len(read(path, ReadOptions(fill=25)).items) == 4
    with pytest.raises(DataError, match="faulty rows"):
        read(path, ReadOptions(fill=24))


def test_faulty_rows_of_windows_and_labels(tmp_path):
    text = "x,label\n1,a\n,b\n3,\n4,b\n5,a\n"
    with pytest.raises(DataError, match=r"line 3: the cell is empty\n.*line 4: has no label"):
        read(write(tmp_path / "t.csv", text))
    dataset = read(tmp_path / "t.csv", ReadOptions(skip=True))
    assert list(dataset.labels) == ["a", "b", "a"] and len(dataset.reading.dropped) == 1
    with pytest.raises(DataError, match="every row is faulty"):
        read(write(tmp_path / "e.csv", "x,label\n1,\n2,\n"), ReadOptions(skip=True))


def test_empty_texts_are_faulty(tmp_path):
    path = write(tmp_path / "t.tsv", "ham\tcome\nspam\t\nham\tto lunch\nspam\tbuy this now\n")
    with pytest.raises(DataError, match="line 2: the cell is empty"):
        read(path)
    assert len(read(path, ReadOptions(skip=True)).items) == 3


def test_columns_that_are_not_used_may_have_faults(tmp_path):
    rows = "".join(f"{i},{'' if i > 4 else 'ok'},,{'ab'[i % 2]}\n" for i in range(1, 9))
    dataset = read(write(tmp_path / "t.csv", "x,remark,gps,label\n" + rows))
    told = {c.name: (c.role, c.why) for c in dataset.reading.columns}
    assert told["remark"] == ("left out", "it is text")
    assert told["gps"] == ("left out", "it is empty")


def test_text_columns_of_files_in_a_folder_are_told(tmp_path):
    for label in ("a", "b"):
        write(tmp_path / label / "1.csv", "x,remark\n1,good\n2,bad\n3,good\n")
    told = {c.name: (c.role, c.why) for c in read(tmp_path).reading.columns}
    assert told["remark"] == ("left out", "it is text")


@pytest.mark.parametrize(
    ("labels", "doubt"),
    [
        (("0.5", "1.5"), ""),
        (("01", "1", "2"), "01, 1 are one number"),
        (("1e3", "1000"), "1000, 1e3 are one number"),
        (("3", "3.0"), "3, 3.0 are one number"),
        (("0", "1", "unknown"), ""),
        (("Walk", "walk"), "Walk, walk are one word"),
        (("a", "nan"), "'nan' is taken for a name"),
        (("true", "false"), ""),
    ],
)
@pytest.mark.parametrize("title", ["label", "group"])
def test_names_are_text_as_written(tmp_path, labels, doubt, title):
    rows = "".join(f"{i * i % 11}, {labels[i % len(labels)]} ,z{i % 2}\n" for i in range(24))
    titles = "x,label,person" if title == "label" else "x,group,label"
    dataset = read(write(tmp_path / "t.csv", f"{titles}\n{rows}"))
    found = dataset.labels if title == "label" else dataset.groups
    assert sorted(set(found)) == sorted(labels)
    doubts = " ".join(g.text for g in dataset.reading.guesses if g.doubtful)
    assert (doubt in doubts) if doubt else not doubts


def test_labels_in_a_column_that_the_user_names(tmp_path):
    rows = "".join(f"{i * i % 11},{('01', '1')[i % 2]}\n" for i in range(24))
    dataset = read(write(tmp_path / "t.csv", "x,code\n" + rows), ReadOptions(label="code"))
    assert sorted(set(dataset.labels)) == ["01", "1"]


def test_a_pause_does_not_stop_a_training(tmp_path):
    def paused(i: int, g: int) -> int:
        return 20 * i + (500 if i >= 10 and g < 40 else 0)

    path = series_csv(tmp_path / "t.csv", cell=paused, people=PEOPLE)
    dataset = read(path)
    assert [len(item) for item in dataset.items][:3] == [10, 30, 40]
    splits = prepare(dataset, length=16)
    assert splits.understood.gaps == (0.52,)
    assert any("lines 2 to 11: 10 samples" in text for text in splits.understood.dropped)
    assert any("shorter than a window" in note and "1 rec" in note for note in splits.notes)
    assert not any("shorter" in warning for warning in splits.warnings)
    with pytest.raises(DataError, match="a window of 41 samples is too long"):
        prepare(dataset, length=41)


def test_a_class_that_loses_much_is_a_warning(tmp_path):
    def paused(i: int, g: int) -> int:
        return 20 * i + 500 * (i // 10) * (g % 80 < 40 and g >= 80)

    splits = prepare(read(series_csv(tmp_path / "t.csv", cell=paused, people=PEOPLE)), length=16)
    assert any("75% of the samples of class still" in w for w in splits.warnings)


def test_rows_that_may_be_samples_are_a_guess(tmp_path):
    path = series_csv(tmp_path / "t.csv", "Id", lambda i, g: g + 1)
    guess = next(g for g in read(path).reading.guesses if "--window" in g.option)
    assert guess.doubtful and "40 rows" in guess.text
    shuffled = [*path.read_text().splitlines()]
    order = np.random.default_rng(0).permutation(np.arange(1, len(shuffled)))
    write(path, "\n".join([shuffled[0], *(shuffled[i] for i in order)]))
    assert not any("--window" in g.option for g in read(path).reading.guesses)
