"""Logs of serial ports, the serial plotter's lines, JSON lines, data frames."""

import json

import numpy as np
import pyarrow as pa
import pytest

from tests.lab.tables import write
from xnornode.data.csv_columns import read_columns
from xnornode.data.line_formats import flat
from xnornode.data.read_options import ReadOptions
from xnornode.data.readers import read
from xnornode.errors import DataError

pytestmark = pytest.mark.quick
ROWS = [(i, 0.25 * (i * 7 % 11) - 1, 9.81 + 0.01 * (i * 5 % 13)) for i in range(60)]


def stamp(i: int) -> str:
    return f"12:34:{50 + i // 50:02d}.{i % 50 * 20:03d}"


@pytest.mark.parametrize(
    "text",
    [
        "".join(f"{stamp(i)} -> {a},{b}\n" for i, a, b in ROWS),
        "".join(f"{stamp(i)} -> {a} {b}\n" for i, a, b in ROWS),
        "".join(f"{stamp(i)} -> {a}\t{b}\n" for i, a, b in ROWS),
        "".join(f"[{stamp(i)}] {a};{b}\n" for i, a, b in ROWS),
        f"{stamp(0)} -> a,b\n" + "".join(f"{stamp(i)} -> {a},{b}\n" for i, a, b in ROWS),
        "".join(f"{stamp(i)} -> ax:{a},ay:{b}\n" for i, a, b in ROWS),
    ],
)
def test_logs_with_times(tmp_path, text):
    write(tmp_path / "wave_1.log", text)
    write(tmp_path / "idle_1.log", text.replace("9.8", "3.1"))
    d = read(tmp_path)
    assert set(d.labels) == {"wave", "idle"} and d.rate_mhz == 50_000 and len(d.channels) == 2
    assert np.allclose(d.items[1], [row[1:] for row in ROWS])


@pytest.mark.parametrize(
    "text",
    [
        "".join(f"ax:{a},ay:{b}\n" for _, a, b in ROWS),
        "".join(f"ax: {a} ay: {b}\n" for _, a, b in ROWS),
        "".join(f"ax:{a}\tay:{b}\r\n" for _, a, b in ROWS),
        "\n".join(json.dumps({"ax": a, "ay": b}) for _, a, b in ROWS),
    ],
)
def test_lines_that_name_their_values(tmp_path, text):
    write(tmp_path / "wave" / "1.txt", text)
    write(tmp_path / "idle" / "1.txt", text.replace("9.8", "3.1"))
    d = read(tmp_path)
    assert d.kind == "recordings" and d.channels == ("ax", "ay")
    assert np.allclose(d.items[1], [row[1:] for row in ROWS])


def test_json_lines_with_nested_values_and_labels(tmp_path):
    lines = [
        json.dumps(
            {"t": 20 * i, "acc": {"x": a, "y": b}, "mag": [i % 7, 1, None], "label": "wv"[i // 30]}
        )
        for i, a, b in ROWS
    ]
    c = read_columns(write(tmp_path / "a.jsonl", "\n".join(lines)))
    assert c.names == ("t", "acc.x", "acc.y", "mag.0", "mag.1", "mag.2", "label")
    assert c.numbers["acc.y"][3] == ROWS[3][2] and c.texts["label"][59] == "v"
    assert flat({"a": {"b": [1, {"c": 2}]}}) == {"a.b.0": 1, "a.b.1.c": 2}
    bad = "\n".join([*lines[:10], '{"t": 3, "acc"', *lines[10:]])
    with pytest.raises(DataError, match="line 11"):
        read(write(tmp_path / "b.jsonl", bad), ReadOptions(channels=("acc.x", "acc.y")))


def test_a_data_forwarders_output_without_labels(tmp_path):
    text = "".join(f"{a},{b}\n" for _, a, b in ROWS)
    path = write(tmp_path / "wave.log", text)
    d = read(path, ReadOptions(label_all="wave", rows="samples"))
    assert d.labels == ["wave"] and d.items[0].shape == (60, 2)


def test_words_and_times_in_a_text_are_no_log(tmp_path):
    mail = "From: a@b.c\nTo: d@e.f\nDate: 12:00:00\n\nhello: 3 people came at 12:30:00\n" * 4
    for label in ("ham", "spam"):
        for i in range(3):
            write(tmp_path / label / f"{i}.txt", mail + f"{label} {i}\n")
    assert read(tmp_path).kind == "texts"


@pytest.fixture(params=["parquet", "feather"])
def frame(request, tmp_path):
    times = np.datetime64("2024-05-01T10:00:00", "ns") + np.arange(60) * np.timedelta64(20_000_000)

    def save(**changed):
        columns = {
            "time": pa.array(times),
            "ax": pa.array([row[1] for row in ROWS], pa.float32()),
            "label": pa.array(["walk" if i < 30 else "run" for i in range(60)]).dictionary_encode(),
            "person": pa.array([i // 15 for i in range(60)], pa.int8()),
            **changed,
        }
        path = tmp_path / f"a.{request.param}"
        table = pa.table(columns)
        if request.param == "parquet":
            from pyarrow import parquet

            parquet.write_table(table, path)
        else:
            from pyarrow import feather

            feather.write_feather(table, path)
        return path

    return save


def test_data_frames(frame):
    d = read(frame())
    assert (
        d.channels == ("ax",)
        and d.rate_mhz == 50_000
        and list(d.labels) == ["walk"] * 2 + ["run"] * 2
    )
    assert d.grouping == "group" and set(d.groups) == {"0", "1", "2", "3"}
    assert "data frame" in d.reading.kind


def test_data_frames_that_are_refused(frame):
    with pytest.raises(DataError, match="column ax holds list"):
        read(frame(ax=pa.array([[1, 2]] * 60)))
    path = frame()
    path.write_bytes(path.read_bytes()[:200])
    with pytest.raises(DataError, match="is damaged"):
        read(path)
    gaps = [None if i == 20 else 0.5 * (i % 9) for i in range(60)]
    with pytest.raises(DataError, match="ax"):
        read(frame(ax=pa.array(gaps)))
    assert len(read(frame(ax=pa.array(gaps)), ReadOptions(skip=True)).items) >= 4


@pytest.mark.parametrize(
    "form", ["{t} -> {a},{b}", "[{t:6d}] {a} {b}", "{t}: {a},{b}", "[{t}] x:{a} y:{b}"]
)
def test_stamps_that_are_numbers(tmp_path, form):
    for label in ("walk", "run"):
        (tmp_path / label).mkdir()
        lines = [form.format(t=20 * i, a=i * 7 % 31, b=i * len(label) % 37) for i in range(60)]
        (tmp_path / label / "1.log").write_text("\n".join(lines))
    dataset = read(tmp_path)
    assert len(dataset.channels) == 2 and dataset.rate_mhz == 50_000


def test_a_column_without_title_that_is_no_number_is_said(tmp_path):
    for label in ("walk", "run"):
        (tmp_path / label).mkdir()
        lines = [f"{i * 7 % 31}g, {i * len(label) % 37}" for i in range(60)]
        (tmp_path / label / "1.log").write_text("\n".join(lines))
    assert any(g.doubtful and "'0g'" in g.text for g in read(tmp_path).reading.guesses)


def test_times_that_are_not_understood_are_said(tmp_path):
    lines = [f"{'ab'[i // 150]},{20 * i:#x},{i * 7 % 31}" for i in range(300)]
    (tmp_path / "t.csv").write_text("label,ts,x\n" + "\n".join(lines))
    dataset = read(tmp_path / "t.csv")
    assert any(g.doubtful and "'0x0'" in g.text for g in dataset.reading.guesses)
