"""Folders as people have them: parts, names, copies, rates, several faulty files."""

import os
import shutil

import numpy as np
import pytest

from tests.lab.tables import write
from xnornode.data.copies import find_copies
from xnornode.data.dataset import hash_rows
from xnornode.data.faulty_files import report_faults
from xnornode.data.paths import label_in_name
from xnornode.data.prepare import prepare
from xnornode.data.read_options import ReadOptions
from xnornode.data.readers import read
from xnornode.data.reading import Timing
from xnornode.data.recording_folder import kept
from xnornode.data.resample import bring_to_one_rate, resample
from xnornode.errors import DataError, XnorNodeError

pytestmark = pytest.mark.quick
RNG = np.random.default_rng(0)


def csv(path, samples=None, header="x,y"):
    samples = RNG.integers(-900, 900, (40, header.count(",") + 1)) if samples is None else samples
    path.parent.mkdir(parents=True, exist_ok=True)
    np.savetxt(path, samples, "%d", ",", header=header, comments="")
    return samples


@pytest.mark.parametrize(
    ("name", "label"),
    [
        ("walk_01.csv", "walk"),
        ("walk.csv", "walk"),
        ("walk (1).csv", "walk"),
        ("walk(12).csv", "walk"),
        ("walk - Copy.csv", "walk"),
        ("walk - Copy (3).csv", "walk"),
        ("walk - Kopie.csv", "walk"),
        ("walk_1 (2).csv", "walk"),
        ("2026-11-20_circle-1.csv", "circle"),
        ("20261120T101500_circle.csv", "circle"),
        ("2026-11-20 10-15-00 circle.csv", "circle"),
        ("circle_2026-11-20.csv", "circle"),
        ("circle-2026-11-20T10:15:00.csv", "circle"),
        ("walk.q3f9k2.csv", "walk"),
        ("walk.csv.3k2j1l9a.json", "walk"),
        ("yes.2d8f01ab.ingestion-55d9b-xyz.json", "yes"),
        ("01_walk.csv", "walk"),
        ("slow walk 3.csv", "slow walk"),
        ("run8.csv", "run"),
        ("läufen_3.csv", "läufen"),
        ("la\u0308ufen_3.csv", "läufen"),
        ("0007.csv", ""),
    ],
)
def test_labels_in_names(name, label):
    assert label_in_name(name) == label


@pytest.mark.parametrize(
    "parts",
    [
        ("train", "test"),
        ("training", "testing"),
        ("Train", "TEST"),
        ("train", "validation", "test"),
    ],
)
def test_folders_on_top_that_are_parts(tmp_path, parts):
    for part in parts:
        for label in ("walk", "run"):
            for i in range(3):
                csv(tmp_path / part / label / f"{i}.csv")
    d = read(tmp_path)
    assert sorted(set(d.labels)) == ["run", "walk"]
    splits = prepare(d, length=20)
    assert len(splits.held_out) == 6 and all("test" in g.lower() for g in splits.held_out)
    assert (splits.validation is not None) == (len(parts) == 3)


def test_parts_with_labels_in_names_and_with_people(tmp_path):
    for part in ("train", "test"):
        for i in range(3):
            csv(tmp_path / "a" / part / f"walk_{i}.csv")
            csv(tmp_path / "a" / part / f"run_{i}.csv")
            csv(tmp_path / "b" / part / "walk" / "ann" / f"{i}.csv")
            csv(tmp_path / "b" / part / "run" / "bob" / f"{i}.csv")
    assert set(read(tmp_path / "a").labels) == {"walk", "run"}
    d = read(tmp_path / "b")
    assert len(set(d.groups)) == 4 and set(d.test_groups) == {"ann (test)", "bob (test)"}


def test_classes_that_are_called_like_parts(tmp_path):
    for label in ("train", "car", "bus"):
        csv(tmp_path / label / "1.csv")
    assert set(read(tmp_path).labels) == {"train", "car", "bus"}


def test_names_with_a_label_each_are_a_doubtful_guess(tmp_path):
    for name in ("alpha", "beta", "gamma"):
        csv(tmp_path / f"{name}.csv")
    assert any(g.doubtful and "--label-all" in g.option for g in read(tmp_path).reading.guesses)


def test_copies_are_left_out_and_listed(tmp_path):
    for label in ("walk", "run"):
        for i in range(4):
            csv(tmp_path / label / f"{i}.csv")
    shutil.copy(tmp_path / "walk" / "3.csv", tmp_path / "walk" / "1 (1).csv")
    samples = np.loadtxt(tmp_path / "run" / "2.csv", delimiter=",", skiprows=1)
    csv(tmp_path / "run" / "again.csv", samples[:, ::-1], "y,x")
    d = read(tmp_path)
    assert len(d.items) == 8 and len(d.reading.dropped) == 2
    assert all("a copy of" in text for text in d.reading.dropped)


def test_copies_in_other_kinds_of_files():
    a = RNG.normal(size=(50, 2))
    items = [a, RNG.normal(size=(50, 2)), a.astype(np.float32), np.round(a, 6), a + 0.01, a[:40]]
    assert find_copies(items) == {2: 0, 3: 0}
    assert find_copies([np.zeros((50, 2)), np.zeros((50, 2))]) == {}, "silence is like silence"


def test_a_copy_with_another_label_is_said_and_stays_on_one_side(tmp_path):
    for label in ("walk", "run"):
        for i in range(8):
            csv(tmp_path / label / f"{i}.csv")
    shutil.copy(tmp_path / "walk" / "3.csv", tmp_path / "run" / "9.csv")
    d = read(tmp_path)
    assert len(d.items) == 17
    where = {name: group for name, group in zip(d.names, d.groups, strict=True)}
    assert where[str(tmp_path / "walk" / "3.csv")] == where[str(tmp_path / "run" / "9.csv")]
    assert any(g.doubtful and "one of the labels is wrong" in g.text for g in d.reading.guesses)


def test_rates_that_differ_are_brought_to_the_lowest(tmp_path):
    for label, step in (("a", 20), ("b", 10)):
        for i in range(4):
            t = np.arange(400) * step
            samples = np.c_[t, 900 * np.sin(t / 1000 * 18 + i), RNG.normal(0, 90, 400)]
            csv(tmp_path / label / f"{i}.csv", samples, "time_ms,x,y")
    d = read(tmp_path)
    assert d.rate_mhz == 50_000 and {len(item) for item in d.items} == {400, 200}
    guess = next(g for g in d.reading.guesses if "resampled to 50 Hz" in g.text)
    assert guess.doubtful and guess.option == "--resample 50"
    assert read(tmp_path, ReadOptions(resample=25)).rate_mhz == 25_000


@pytest.mark.parametrize("rates", [(50.0, 100.0), (100.0, 62.5), (20.0, 50.0), (16000.0, 8000.0)])
def test_resampling_keeps_a_slow_wave(rates):
    old, new = rates
    t = np.arange(int(old * 4)) / old
    wave = np.stack([np.sin(2 * np.pi * t * 1.3), np.cos(2 * np.pi * t * 0.7)], axis=1)
    got = resample(wave, old, new)
    at = np.arange(len(got)) / new
    want = np.stack([np.sin(2 * np.pi * at * 1.3), np.cos(2 * np.pi * at * 0.7)], axis=1)
    assert np.abs(got - want)[2:-2].max() < 0.03
    counts = resample(np.rint(1000 * wave).astype(np.int16), old, new)
    assert counts.dtype == np.int16 and np.abs(counts / 1000 - want)[2:-2].max() < 0.03


def test_resampling_does_not_fold_fast_parts_into_slow_ones():
    t = np.arange(4000) / 1000
    fast = np.sin(2 * np.pi * t * 410)[:, None]
    assert np.abs(resample(fast, 1000, 100))[1:-1].max() < 0.2, "410 Hz would look like 10 Hz"


def test_clocks_that_differ_a_little_are_one_rate(tmp_path):
    csv(tmp_path / "a" / "1.csv", np.c_[np.arange(60) * 20, np.arange(60) % 7], "time_ms,x")
    csv(tmp_path / "b" / "1.csv", np.c_[np.arange(60) * 20.2, np.arange(60) % 5], "time_ms,x")
    d = read(tmp_path)
    assert {len(i) for i in d.items} == {60} and not any(
        "resampled" in g.text for g in d.reading.guesses
    )
    with pytest.raises(DataError, match="--resample needs the sample rate"):
        bring_to_one_rate(read_without_times(tmp_path), 50)


def read_without_times(folder):
    csv(folder / "c" / "a" / "1.csv")
    csv(folder / "c" / "b" / "1.csv")
    return read(folder / "c")


def test_uneven_times_are_said(tmp_path):
    csv(tmp_path / "a" / "1.csv")
    csv(tmp_path / "b" / "1.csv")
    d = read(tmp_path)
    reading = d.reading.__class__(timings=(Timing(50.0, 0.4), Timing(50.0, 0.01)))
    d = d.__class__(**{**vars(d), "reading": reading})
    assert any("vary by 40%" in g.text and g.doubtful for g in bring_to_one_rate(d).reading.guesses)


def test_all_faulty_files_are_named_and_skipped(tmp_path):
    for label in ("walk", "run"):
        for i in range(4):
            csv(tmp_path / label / f"{i}.csv")
    write(tmp_path / "walk" / "bad.csv", "x,y\n1,2\n3,oops\n")
    write(tmp_path / "walk" / "empty.csv", "")
    csv(tmp_path / "run" / "other.csv", header="x,z")
    with pytest.raises(DataError, match="3 of 11 files cannot be used") as error:
        read(tmp_path)
    assert all(name in str(error.value) for name in ("bad.csv", "empty.csv", "other.csv", "--skip"))
    d = read(tmp_path, ReadOptions(skip=True))
    assert len(d.items) >= 8 and len(d.reading.dropped) >= 2


def test_channels_in_another_order_are_the_same(tmp_path):
    first = csv(tmp_path / "a" / "1.csv", header="x,y")
    csv(tmp_path / "a" / "2.csv", header="x,y")
    csv(tmp_path / "b" / "1.csv", first[:, ::-1] + 1, header="y,x")
    d = read(tmp_path)
    assert d.channels == ("x", "y") and (d.items[2] == first + 1).all()


def test_numbers_in_txt_are_recordings_and_words_are_texts(tmp_path):
    for label in ("walk", "run"):
        for i in range(2):
            (tmp_path / "h" / label).mkdir(parents=True, exist_ok=True)
            np.savetxt(tmp_path / "h" / label / f"{i}.txt", RNG.integers(-9, 9, (30, 2)), "%d", ",")
            write(tmp_path / "t" / label / f"{i}.txt", f"I {label} home at {i} o'clock\n" * 4)
    d = read(tmp_path / "h")
    assert d.kind == "recordings" and d.items[0].shape == (30, 2)
    assert read(tmp_path / "t").kind == "texts"


def test_a_note_beside_recordings_is_left_out_and_listed(tmp_path):
    for label in ("walk", "run"):
        for i in range(3):
            csv(tmp_path / label / f"{i}.csv")
    write(tmp_path / "README.txt", "what these files are\n")
    write(tmp_path / "walk" / "photo.heic", "x")
    write(tmp_path / "__MACOSX" / "walk" / "._1.csv", "x")
    d = read(tmp_path)
    assert len(d.items) == 6 and len(d.reading.dropped) == 2


def test_one_label_for_all(tmp_path):
    csv(tmp_path / "1.csv")
    csv(tmp_path / "2.csv")
    with pytest.raises(DataError, match="--label-all"):
        read(tmp_path)
    assert set(read(tmp_path, ReadOptions(label_all="wave")).labels) == {"wave"}
    columns = read(tmp_path, ReadOptions(label_all="wave")).reading.columns
    assert not any(use.role == "label" for use in columns)
    single = write(
        tmp_path / "s.csv", "time_ms,x\n" + "".join(f"{20 * i},{i % 7}\n" for i in range(60))
    )
    assert read(single, ReadOptions(label_all="wave")).labels == ["wave"]


@pytest.mark.parametrize("kind", ["u1", "i2", "f4", "f8"])
def test_rows_are_hashed_alike_only_if_they_are_equal(kind):
    rows = RNG.integers(0, 4, (5000, 3, 1)).astype(kind)
    hashes = hash_rows(rows)
    assert len(np.unique(hashes)) == len(np.unique(rows.reshape(5000, 3), axis=0)) == 64
    assert (hashes[:2500] == hash_rows(rows[:2500].copy())).all()
    many = RNG.normal(size=(20_000, 7)).astype(kind)
    assert len(np.unique(hash_rows(many))) == len(np.unique(many, axis=0))


def test_what_is_to_be_done_is_said_once():
    faults = [f"{i}.csv has 1 faulty row:\n  line 2: 'x'\nfill it in" for i in range(3)]
    told = report_faults(faults, 5).splitlines()
    assert told.count("fill it in") == 1 and told[-1] == "fill it in"
    assert told[:3] == ["3 of 5 files cannot be used (--skip leaves them out):",
                        "  0.csv has 1 faulty row:", "    line 2: 'x'"]  # fmt: skip
    assert "fill it in" not in report_faults(["a.csv is empty", "b.csv is cut"], 2)


@pytest.mark.quick
def test_a_wrong_column_is_said_once():
    """An option names it, for all files."""
    why = "has no column 'act' for the label: it has x, y"
    faults = [f"{k} b.csv {why}" for k in range(20)] + ["c.csv is empty", "d.csv is empty"]
    assert report_faults(faults, 22).splitlines() == [
        "none of 22 files can be used:",
        f"  0 b.csv {why}",
        "  the same in 1 b.csv, 2 b.csv, 3 b.csv and 16 more",
        "  c.csv is empty",
        "  d.csv is empty",
    ]


def test_a_rate_that_changes_within_a_recording_is_said(tmp_path):
    for label in ("walk", "run"):
        for i in range(4):
            times = np.cumsum(np.where(np.arange(300) < 200, 20, 10))
            csv(tmp_path / label / f"{i}.csv", np.c_[times, RNG.integers(-9, 9, 300)], "time_ms,x")
    assert any("the steps of time vary by 24%" in w for w in prepare(read(tmp_path)).warnings)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="this system has no named pipes")
def test_pipes_are_left_out_and_said(tmp_path):
    for label in ("walk", "run"):
        csv(tmp_path / label / "1.csv")
    os.mkfifo(tmp_path / "walk" / "pipe.csv")
    os.mkfifo(tmp_path / "walk" / "pipe.rec")
    (tmp_path / "run" / "gone.csv").symlink_to("nowhere")
    dataset = read(tmp_path)
    assert len(dataset.items) == 2
    left = {line for line in dataset.reading.dropped if line.endswith("no regular file: left out")}
    assert {line.split(" ")[0] for line in left} == {
        str(tmp_path / name) for name in ("walk/pipe.csv", "walk/pipe.rec", "run/gone.csv")
    }
    assert list(kept(tmp_path)) == []
    with pytest.raises(XnorNodeError, match="is a pipe"):
        read(tmp_path / "walk" / "pipe.csv")


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="this system has no named pipes")
def test_a_folder_of_arrays_opens_no_pipe(tmp_path):
    np.savez(tmp_path / "all.npz", X=RNG.integers(0, 9, (4, 8, 1)), y=["a", "b"] * 2)
    os.mkfifo(tmp_path / "pipe.npz")
    assert len(read(tmp_path).items) == 4
