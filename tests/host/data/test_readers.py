"""Data in: files as people keep them, what is refused, and how they are split."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from xnornode.data.csv_columns import read_columns
from xnornode.data.dataset import Dataset, from_windows
from xnornode.data.prepare import PrepareOptions, Splits, prepare
from xnornode.data.read_options import ReadOptions
from xnornode.data.readers import read
from xnornode.data.recording_file import to_bytes
from xnornode.data.split import choose_groups
from xnornode.errors import DataError

pytestmark = pytest.mark.quick

PEOPLE, MOVES = ("ann", "bob", "cat", "dan"), ("still", "walk")


def write(path: Path, text: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    return path


def rows(count: int, start: float = 0.0, label: str = "") -> str:
    tail = f",{label}" if label else ""
    return "".join(f"{20 * i},{start + i},{start - i}{tail}\n" for i in range(count))


def big_csv(folder: Path) -> Path:
    """One table: two recordings of each person, 30 rows each, time starts anew."""
    text = "time_ms,ax,ay,label,person\n"
    for k, person in enumerate(PEOPLE):
        for move in MOVES:
            for line in rows(30, 100 * k, move).splitlines():
                text += f"{line},{person}\n"
    return write(folder / "moves.csv", text)


def test_one_table_with_label_and_group_columns(tmp_path):
    r = read(big_csv(tmp_path))
    assert (r.kind, r.grouping, r.channels) == ("recordings", "group", ("ax", "ay"))
    assert r.rate_mhz == 50_000
    assert len(r.items) == 8 and list(r.labels) == list(MOVES) * 4
    assert sorted(set(r.groups)) == list(PEOPLE)
    assert (r.items[2] == np.column_stack([100 + np.arange(30), 100 - np.arange(30)])).all()


def test_columns_that_the_user_names(tmp_path):
    path = write(tmp_path / "t.csv", "when,who,what,a,b,c\n" + "1,p,x,1,2,3\n2,q,y,4,5,6\n" * 2)
    r = read(path, ReadOptions(label="what", group="who", channels=("c", "a"), rows="samples"))
    assert r.channels == ("c", "a") and list(r.labels) == ["x", "y", "x", "y"]
    assert r.items[1].tolist() == [[6, 4]] and list(r.groups) == ["p", "q", "p", "q"]


def test_a_recording_ends_where_time_turns_back_or_stops(tmp_path):
    times = [0, 10, 20, 30, 0, 10, 20, 900, 910]
    text = "t,x,label\n" + "".join(f"{t},{i},a\n" for i, t in enumerate(times))
    r = read(write(tmp_path / "t.csv", text + "0,1,b\n"))
    assert [len(item) for item in r.items] == [4, 3, 2, 1]
    assert r.rate_mhz == 0, "no unit says what a step of 10 is"


def test_times_as_text_make_a_series_too(tmp_path):
    rows = [f"2024-05-01 12:00:{s:02},{s},ok,{'ab'[s // 5]}" for s in range(10)]
    path = write(tmp_path / "t.csv", "\n".join(["timestamp,x,remark,label", *rows]))
    r = read(path)
    assert r.kind == "recordings" and [len(item) for item in r.items] == [5, 5]
    assert r.channels == ("x",) and r.notes[-1].endswith("left out, as it is text: remark")


def test_folders_of_csv_by_label(tmp_path):
    for move in MOVES:
        for k in range(3):
            write(tmp_path / "d" / move / f"{k}.csv", "time (s),ax,ay\n" + "0,1,2\n0.02,3,4\n")
    r = read(tmp_path / "d")
    assert list(r.labels) == ["still"] * 3 + ["walk"] * 3
    assert r.grouping == "recording" and len(set(r.groups)) == 6
    assert r.rate_mhz == 50_000 and r.channels == ("ax", "ay")


def test_folders_by_label_and_person(tmp_path):
    for move in MOVES:
        for person in PEOPLE:
            write(tmp_path / "d" / move / person / "1.csv", "1,2\n3,4\n")
    r = read(tmp_path / "d")
    assert r.grouping == "group" and sorted(set(r.groups)) == list(PEOPLE)


def test_label_in_the_files_name(tmp_path):
    for name in ("walk_01", "walk_02", "still-3", "still 4", "run.7.b", "run8"):
        write(tmp_path / "d" / f"{name}.csv", "1,2\n3,4\n")
    assert sorted(read(tmp_path / "d").labels) == ["run"] * 2 + ["still"] * 2 + ["walk"] * 2


def test_a_window_per_row(tmp_path):
    text = "f1,f2,f3,species,note\n" + "".join(f"{i},0.5,{-i},s{i % 2},n\n" for i in range(8))
    r = read(write(tmp_path / "t.csv", text))
    assert (r.kind, r.grouping) == ("windows", "none")
    assert np.shape(r.items) == (8, 1, 3) and r.channels == ("f1", "f2", "f3")
    assert "note" in r.notes[1]
    r = read(tmp_path / "t.csv", ReadOptions(shape=(3, 1)))
    assert np.shape(r.items) == (8, 3, 1)
    with pytest.raises(DataError, match="3 values in a row are not 2 x 2"):
        read(tmp_path / "t.csv", ReadOptions(shape=(2, 2)))


def test_german_and_tab_separated_tables(tmp_path):
    c = read_columns(write(tmp_path / "g.csv", "a;b\n1,5;x\n-2,25;y\n"))
    assert c.numbers["a"].tolist() == [1.5, -2.25] and c.texts["b"] == ["x", "y"]
    c = read_columns(write(tmp_path / "t.tsv", '1\tsay "hi\n2\tx\n'))
    assert c.names == ("0", "1") and c.texts["1"] == ['say "hi', "x"]


def test_large_tables_are_read_in_parts(tmp_path):
    text = "x,label\n" + "".join(f"{i},{'ab'[i // 15_000]}\n" for i in range(25_000))
    c = read_columns(write(tmp_path / "t.csv", text))
    assert (c.numbers["x"] == np.arange(25_000)).all() and c.texts["label"].count("b") == 10_000
    bad = text.replace("\n20000,", "\nthree,")
    with pytest.raises(DataError, match="column x, line 20002: 'three' is no finite number"):
        read_columns(write(tmp_path / "t.csv", bad))


def arrays(folder: Path, **changed: np.ndarray) -> Path:
    rng = np.random.default_rng(0)
    named = {
        "X": rng.integers(-500, 500, (24, 10, 2)).astype(np.int16),
        "y": np.arange(24) % 3,
        "groups": np.arange(24) // 6,
    }
    np.savez(folder / "set.npz", **{**named, **changed})
    return folder / "set.npz"


def test_arrays(tmp_path):
    r = read(arrays(tmp_path))
    assert np.shape(r.items) == (24, 10, 2) and sorted(set(r.labels)) == ["0", "1", "2"]
    assert r.grouping == "group" and sorted(set(r.groups)) == ["0", "1", "2", "3"]
    r = read(arrays(tmp_path, classes=np.array(["sit", "run", "fly"])))
    assert list(r.labels[:3]) == ["sit", "run", "fly"]


@pytest.mark.parametrize("shape", [(24, 8, 8), (24, 8, 8, 3)])
def test_images(tmp_path, shape):
    r = read(arrays(tmp_path, X=np.zeros(shape, np.uint8)))
    assert r.image_shape == (8, 8) and np.shape(r.items) == (
        24,
        64,
        shape[3] if len(shape) == 4 else 1,
    )


def test_arrays_beside_each_other_and_split_already(tmp_path):
    x, y = np.arange(40.0).reshape(20, 2), np.arange(20) % 2
    np.save(tmp_path / "X.npy", x)
    np.save(tmp_path / "y.npy", y)
    assert np.shape(read(tmp_path).items) == np.shape(read(tmp_path / "X.npy").items) == (20, 1, 2)
    np.savez(tmp_path / "k.npz", x_train=x, y_train=y, x_test=x[:6] + 0.5, y_test=y[:6])
    parts = prepare(read(tmp_path / "k.npz"))
    assert len(parts.test) == 6 and parts.held_out == ("test",) and not parts.warnings


def test_texts(tmp_path):
    lines = "".join(f"{'ham' if i % 3 else 'spam'}\tcaf\u00e9 number {i}\n" for i in range(30))
    r = read(write(tmp_path / "sms.tsv", lines))
    assert r.kind == "texts" and r.items[1] == "caf\u00e9 number 1".encode()
    assert r.labels[:2] == ["spam", "ham"]
    for label in MOVES:
        for k in range(4):
            write(tmp_path / "d" / label / f"{k}.txt", f"{label} {k}")
    parts = prepare(read(tmp_path / "d"))
    assert parts.window.channels == ("text",) and set(parts.train.items) <= set(
        read(tmp_path / "d").items
    )
    assert len(parts.train) + len(parts.validation or ()) + len(parts.test) == 8


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "is empty"),
        ("x,label\n", "no rows"),
        ("x,label\n1,a\n2\n", "line 3: 1 cells, where the first row has 2"),
        ("x,label\n1,a\nnan,b\n", "line 3: 'nan' is no finite number"),
        ("x,label\n1,a\n,b\n", "'an empty cell' is no finite number"),
        ("x,label\n1,a\ninf,b\n", "'inf' is no finite number"),
        ("x,x,label\n1,2,a\n", "two columns are called x"),
        ("time,label\n1,a\n2,b\n", "no column of numbers"),
        ("1,2\n3,4\n", "which column is the label"),
        ("x,label\n1,\n2,b\n", "has no label"),
    ],
)
def test_tables_that_are_refused(tmp_path, text, says):
    with pytest.raises(DataError, match=says):
        read(write(tmp_path / "t.csv", text))


@pytest.mark.parametrize(
    ("changed", "says"),
    [
        ({"X": np.full((24, 3), np.nan)}, "sample 0, channel feature 0: nan"),
        ({"X": np.full((24, 3), np.inf)}, "infinite"),
        ({"X": np.zeros((23, 3))}, "X has 23 rows, y 24"),
        ({"groups": np.zeros(3)}, "groups 3"),
        ({"X": np.zeros(24)}, r"shape \(24,\)"),
        ({"X": np.array(["a"] * 24)}, "must be numbers"),
        ({"X": np.array([None] * 24)}, "without objects|Python objects"),
        ({"y": np.arange(24), "classes": np.array(["a", "b"])}, "y goes to 23"),
    ],
)
def test_arrays_that_are_refused(tmp_path, changed, says):
    with pytest.raises(DataError, match=says):
        read(arrays(tmp_path, **changed))


def test_files_that_are_refused(tmp_path):
    with pytest.raises(DataError, match="there is no file or folder"):
        read(tmp_path / "none.csv")
    with pytest.raises(DataError, match=r"no \.rec, \.csv"):
        read(tmp_path)
    with pytest.raises(DataError, match="of no kind"):
        read(write(tmp_path / "a.wav", "RIFF"))
    write(tmp_path / "b.csv", "1,2\n")
    write(tmp_path / "c.txt", "x")
    with pytest.raises(DataError, match=r"different kinds, \.csv, \.txt"):
        read(tmp_path)
    with pytest.raises(DataError, match="no column 'mood'"):
        read(big_csv(tmp_path), ReadOptions(label="mood"))
    with pytest.raises(DataError, match="no column of numbers 'az'"):
        read(big_csv(tmp_path), ReadOptions(channels=("az",)))


def test_recordings_that_differ_are_refused(tmp_path):
    write(tmp_path / "a" / "1.csv", "x,y\n1,2\n")
    write(tmp_path / "b" / "2.csv", "x,z\n1,2\n")
    with pytest.raises(DataError, match="has the channels x, z"):
        read(tmp_path)


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


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"test": ("eve",)}, "group eve: the groups are ann, bob, cat, dan"),
        ({"test": PEOPLE}, "would take every group"),
        ({"length": 31}, "30 samples, a window 31: choose a shorter window"),
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


def test_float_data_get_a_scale_from_the_training_part():
    dataset = floats(0.3)
    parts = prepare(dataset)
    peak = np.abs(parts.train.items).max(axis=(0, 1))
    assert ((peak > 16_000) & (peak < 16_500)).all(), "half of int16, by the training part"
    real = np.asarray(dataset.items)[np.isin(dataset.groups, parts.held_out)]
    again = parts.test.items * np.array(parts.window.scales) / 1e9
    assert np.abs(again - real).max() <= max(parts.window.scales) / 2e9


def test_whole_numbers_stay_as_they_are():
    whole = np.rint(floats(100).items)
    dataset = from_windows("whole", whole, floats(1).labels, floats(1).groups)
    parts = prepare(dataset)
    assert parts.window.scales == (0, 0)
    assert (parts.test.items == whole[np.isin(dataset.groups, parts.held_out)]).all()


def test_scales_that_lose_what_the_data_say():
    assert any("subtract a fixed value" in w for w in prepare(floats(0.05, 1000.0)).warnings)
    with pytest.raises(DataError, match="use a larger unit"):
        prepare(floats(1e9))


def test_records_and_their_channels(tmp_path, record):
    for person in PEOPLE:
        for label in ("slow", "fast"):
            (tmp_path / f"{person}-{label}.rec").write_bytes(to_bytes(record(label, person)))
    r = read(tmp_path, ReadOptions(channels=("ch1",)))
    assert r.channels == ("ch1 (g)",) and r.scales == (488_281,) and r.rate_mhz == 50_000
    parts = prepare(r)
    assert parts.held_out == ("dan",)
    assert (parts.test.items[0] == r.items[-2][:128]).all(), "samples are counts already"
    with pytest.raises(DataError, match="no channel 'ch7'"):
        read(tmp_path, ReadOptions(channels=("ch7",)))
