"""Files as people keep them: what is read, and what is refused."""

from pathlib import Path

import numpy as np
import pytest

from tests.lab.tables import MOVES, PEOPLE, big_csv, write
from xnornode.data.csv_columns import read_columns
from xnornode.data.prepare import prepare
from xnornode.data.read_options import ReadOptions
from xnornode.data.readers import read
from xnornode.data.recording_file import to_bytes
from xnornode.errors import DataError

pytestmark = pytest.mark.quick


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


def test_large_tables_are_read_in_blocks(tmp_path):
    text = "x,label\n" + "".join(f"{i},{'ab'[i // 15_000]}\n" for i in range(25_000))
    c = read_columns(write(tmp_path / "t.csv", text))
    assert (c.numbers["x"] == np.arange(25_000)).all() and c.texts["label"].count("b") == 10_000
    bad = text.replace("\n20000,", "\nthree,")
    path = write(tmp_path / "t.csv", bad)
    assert np.isnan(read_columns(path).numbers["x"]).nonzero()[0].tolist() == [20_000]
    with pytest.raises(DataError, match="column x, line 20002: 'three' is no finite number"):
        read(path)


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
        ("x,label\n1,a\n,b\n", "the cell is empty: fill in"),
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
    with pytest.raises(DataError, match=r"holds no file of a kind that is read here \(\.csv"):
        read(tmp_path)
    with pytest.raises(DataError, match="of no kind"):
        read(write(tmp_path / "a.mp4", "x"))
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


def test_records_and_their_channels(tmp_path, record):
    for i, person in enumerate(PEOPLE):
        for label in ("slow", "fast"):
            (tmp_path / f"{person}-{label}.rec").write_bytes(to_bytes(record(label, person, i)))
    r = read(tmp_path, ReadOptions(channels=("ch1",)))
    assert r.channels == ("ch1 (g)",) and r.scales == (488_281,) and r.rate_mhz == 50_000
    parts = prepare(r)
    assert parts.held_out == ("dan",)
    assert (parts.test.items[0] == r.items[-2][:128]).all(), "samples are counts already"
    with pytest.raises(DataError, match="no channel 'ch7'"):
        read(tmp_path, ReadOptions(channels=("ch7",)))


def test_names_with_an_equals_sign_are_a_plotters_lines(tmp_path):
    for label in ("walk", "run"):
        (tmp_path / label).mkdir()
        for i in range(3):
            lines = [f"X={v}, Y={v * 3 % 17}" for v in range(i, 40 + i)]
            (tmp_path / label / f"{i}.txt").write_text("\n".join(lines))
    dataset = read(tmp_path)
    assert (dataset.kind, dataset.channels) == ("recordings", ("X", "Y"))


def test_texts_of_digits_are_refused(tmp_path):
    for label in ("walk", "run"):
        (tmp_path / label).mkdir()
        for i in range(3):
            lines = [f"({v * 7919} {v * 104729})" for v in range(i + 100, 140 + i)]
            (tmp_path / label / f"{i}.txt").write_text("\n".join(lines))
    with pytest.raises(DataError, match=r"digits.*--text"):
        read(tmp_path)
    assert read(tmp_path, ReadOptions(text=True)).kind == "texts"


def test_one_label_for_a_table_makes_it_a_recording(tmp_path):
    path = tmp_path / "wave.csv"
    path.write_text("\n".join(f"{i * 7 % 31},{i * 5 % 37}" for i in range(300)))
    dataset = read(path, ReadOptions(label_all="wave"))
    assert (dataset.kind, len(dataset.items), dataset.labels) == ("recordings", 1, ["wave"])


def test_json_lines_of_lists(tmp_path):
    for label in ("walk", "run"):
        (tmp_path / label).mkdir()
        lines = [f"[{i * 7 % 31}, {i * 5 % 37}]" for i in range(300)]
        (tmp_path / label / "1.jsonl").write_text("\n".join(lines) + f"\n[1, {len(label)}]\n")
    assert read(tmp_path).channels == ("0", "1")


@pytest.mark.parametrize(
    ("word", "charset", "doubtful"),
    [
        ("Jörg", "cp1252", False),
        ("temp °C", "cp1252", False),
        ("cavação", "cp1252", False),
        ("жук", "cp1251", True),
        ("歩く", "shift_jis", True),
        ("läufen", "mac_roman", True),
    ],
)
def test_a_charset_that_gives_odd_words_is_doubted(tmp_path, word, charset, doubtful):
    path = tmp_path / "t.csv"
    rows = "".join(f"{label},{i}\n" for label in (word, "b") for i in range(30))
    path.write_bytes(("label,x\n" + rows).encode(charset))
    guess = next(g for g in read(path).reading.guesses if "not UTF-8" in g.text)
    assert (guess.doubtful, guess.option) == (doubtful, "--charset NAME")


def test_a_comment_of_other_words_is_no_title(tmp_path):
    for mark in ("%", "//", "#"):
        folder = tmp_path / str(ord(mark[0]))
        for label in ("walk", "run"):
            (folder / label).mkdir(parents=True)
            rows = "".join(f"{i * 7 % 31} {len(label) + i * 5 % 37}\n" for i in range(60))
            (folder / label / "1.txt").write_text(f"{mark} comment\n{rows}")
        assert read(folder).channels == ("0", "1")
