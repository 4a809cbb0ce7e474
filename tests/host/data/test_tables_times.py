"""Which column of a table is time or counts rows, and what the times say."""

import datetime

import numpy as np
import pytest

from tests.lab.tables import series_csv, write
from xnornode.data.dataset import Dataset
from xnornode.data.read_options import ReadOptions, Seconds
from xnornode.data.readers import read
from xnornode.errors import DataError

pytestmark = pytest.mark.quick


def uses(dataset: Dataset) -> dict[str, str]:
    return {c.name: c.role for c in dataset.reading.columns}


def doubts(dataset: Dataset) -> str:
    return " ".join(f"{g.text} {g.option}" for g in dataset.reading.guesses if g.doubtful)


COUNTERS = (
    "ts ms ticks_ms frame sample seq n Id elapsed_s Zeit Uhrzeit temps tiempo tempo tijd # i foo "
    "Zeitstempel packet_no Frame-Nr. Zähler sequence compteur"
)


@pytest.mark.parametrize("title", [*COUNTERS.split(), ""])
@pytest.mark.parametrize("restarts", [False, True])
def test_what_counts_is_never_a_channel(tmp_path, title, restarts):
    path = series_csv(tmp_path / "t.csv", title, lambda i, g: i if restarts else g)
    dataset = read(path)
    assert dataset.channels == ("x", "y")
    name = title or "column 3"
    assert uses(dataset)[name] in ("time", "left out")
    why = next(c.why for c in dataset.reading.columns if c.name == name)
    assert why


@pytest.mark.parametrize(
    "cell",
    [
        lambda i, g: 20 * g + (7 * g) % 5,
        lambda i, g: (65_000 + 20 * g) % 2**16,
        lambda i, g: (2**30 - 500 + 20 * g) % 2**30,
        lambda i, g: f"{0.02 * g:.2f}",
        lambda i, g: g + 1000,
        lambda i, g: 20 * i,
    ],
)
def test_counters_without_a_title_that_says_so(tmp_path, cell):
    dataset = read(series_csv(tmp_path / "t.csv", "foo", cell), ReadOptions(rows="samples"))
    assert dataset.channels == ("x", "y") and uses(dataset)["foo"] == "time"
    assert "foo only rises" in doubts(dataset) and "--channels" in doubts(dataset)
    assert [len(item) for item in dataset.items] == [40] * 4, "a wrap does not end a recording"


def test_a_counter_is_a_channel_where_the_user_names_it(tmp_path):
    path = series_csv(tmp_path / "t.csv", "foo", lambda i, g: g)
    dataset = read(path, ReadOptions(channels=("foo", "x")))
    assert dataset.channels == ("foo", "x")
    assert "channel foo only rises" in doubts(dataset)


def test_a_sensor_that_rises_evenly_stays_with_a_word(tmp_path):
    dataset = read(
        series_csv(tmp_path / "t.csv", "ax", lambda i, g: g), ReadOptions(rows="samples")
    )
    assert dataset.channels == ("ax", "x", "y") and "channel ax only rises" in doubts(dataset)


def drifting(i: int, g: int) -> float:
    return 20 + 4 * (g // 40 % 2) + i / 500


@pytest.mark.parametrize("title", ["T", "t"])
def test_a_temperature_is_no_time(tmp_path, title):
    path = series_csv(tmp_path / "t.csv", title, drifting)
    dataset = read(path)
    assert dataset.channels == (title, "x", "y")
    assert "--time" in doubts(dataset), "it rises by equal steps"
    assert read(path, ReadOptions(time="none")).channels == (title, "x", "y")
    named = read(path, ReadOptions(time=title))
    assert named.channels == ("x", "y") and uses(named)[title] == "time"
    one = series_csv(tmp_path / "o.csv", title, lambda i, g: 20 + g / 500, labels=("a",))
    assert read(one).channels == (title, "x", "y"), "it begins far from 0"
    noisy = series_csv(tmp_path / "n.csv", title, lambda i, g: 20 + (g * 7919 % 101) / 10)
    assert read(noisy).channels == (title, "x", "y")


@pytest.mark.parametrize("title", ["T", "t", "T (ms)", "T [s]", "t_ms"])
def test_a_time_called_t(tmp_path, title):
    dataset = read(series_csv(tmp_path / "t.csv", title))
    assert dataset.channels == ("x", "y") and uses(dataset)[title] == "time"


def test_time_that_is_named_or_refused(tmp_path):
    path = series_csv(tmp_path / "t.csv", "when")
    assert read(path, ReadOptions(time="when", sample_rate=50)).rate_mhz == 50_000
    assert read(path, ReadOptions(time="2")).channels == ("x", "y"), "by its place"
    with pytest.raises(DataError, match="no column 'wehn' for the time"):
        read(path, ReadOptions(time="wehn"))
    with pytest.raises(DataError, match="'still' is no time"):
        read(path, ReadOptions(time="label", label="person"))


@pytest.mark.parametrize("title", ["sequence", "session", "trial", "Aufnahme", "essai"])
def test_recordings_are_named_by_what_stays_the_same(tmp_path, title):
    path = series_csv(tmp_path / "t.csv", title, lambda i, g: g // 20)
    dataset = read(path)
    assert uses(dataset)[title] == "recording" and len(dataset.items) == 8
    noisy = series_csv(tmp_path / "n.csv", title, lambda i, g: g * 7919 % 101)
    dataset = read(noisy)
    assert uses(dataset)[title] == "channel"
    assert any(title in g.text for g in dataset.reading.guesses)


START = datetime.datetime(2024, 5, 13, 11, 59, 58)
FORMATS = (
    "%Y-%m-%dT%H:%M:%S.%f",
    "%Y-%m-%dT%H:%M:%S.%fZ",
    "%Y-%m-%d %H:%M:%S.%f+02:00",
    "%Y-%m-%d %H:%M:%S,%f",
    "%d.%m.%Y %H:%M:%S.%f",
    "%d.%m.%y %H:%M:%S,%f",
    "%m/%d/%Y %I:%M:%S.%f %p",
    "%d-%b-%Y %H:%M:%S.%f",
    "%Y%m%dT%H%M%S.%f",
    "%H:%M:%S.%f",
    "%H:%M:%S:%f",
    "%M:%S.%f",
)


def clock(form: str, step: float = 0.02, pause: float = 0.0):
    """Cells of a time that goes on over the table; `pause` comes in the middle of recordings."""

    def cell(i: int, g: int) -> str:
        seconds = step * g + 600 * (pause > 0) + pause * (g // 40 + (i >= 25))
        return (START + datetime.timedelta(seconds=seconds)).strftime(form)

    return cell


@pytest.mark.parametrize("form", FORMATS)
@pytest.mark.parametrize("title", ["time", "Uhrzeit", "foo"])
def test_times_as_text_give_rate_and_gaps(tmp_path, form, title):
    dataset = read(series_csv(tmp_path / "t.csv", title, clock(form), sep=";"))
    assert dataset.channels == ("x", "y") and uses(dataset)[title] == "time"
    assert dataset.rate_mhz == 50_000 and len(dataset.items) == 4
    assert all(t.rate == 50 and t.jitter < 1e-3 and not t.gaps for t in dataset.reading.timings)
    dataset = read(series_csv(tmp_path / "p.csv", title, clock(form, pause=300), sep=";"))
    assert [len(item) for item in dataset.items] == [25, 15] * 4
    assert sorted(g for t in dataset.reading.timings for g in t.gaps) == pytest.approx([300.02] * 4)


@pytest.mark.parametrize("form", ["%Y-%m-%d %H:%M:%S", "%d.%m.%Y %H:%M:%S", "%I:%M:%S %p"])
def test_whole_seconds_are_no_rate_of_one(tmp_path, form):
    dataset = read(series_csv(tmp_path / "t.csv", "time", clock(form), rows=120))
    assert dataset.rate_mhz == 50_000 and len(dataset.items) == 4
    dataset = read(series_csv(tmp_path / "s.csv", "time_s", lambda i, g: i // 50, rows=300))
    assert dataset.rate_mhz == 50_000 and {t.rate for t in dataset.reading.timings} == {50.0}


def test_midnight_and_the_order_of_day_and_month(tmp_path):
    late = datetime.datetime(2024, 5, 13, 23, 59, 59)
    path = series_csv(
        tmp_path / "t.csv",
        "clock",
        lambda i, g: (late + datetime.timedelta(seconds=0.02 * g)).strftime("%H:%M:%S.%f"),
    )
    assert [len(item) for item in read(path).items] == [40] * 4
    days = series_csv(tmp_path / "d.csv", "when", lambda i, g: f"0{1 + g // 80}/02/2024 10:00:{i}")
    assert "day, month, year" in doubts(read(days))
    days = series_csv(tmp_path / "u.csv", "when", lambda i, g: f"02/{13 + g // 80}/2024 10:00:{i}")
    assert "day, month" not in doubts(read(days))


@pytest.mark.parametrize(
    ("cell", "hertz"),
    [
        (lambda i, g: f"{1.7e9 + 0.02 * g:.3f}", 50),
        (lambda i, g: 1_700_000_000_000 + 20 * g, 50),
        (lambda i, g: 1_700_000_000_000_000 + 20_000 * g, 50),
        (lambda i, g: 1_700_000_000_000_000_000 + 20_000_000 * g, 50),
        (lambda i, g: f"{0.02 * i:.2f}", 50),
        (lambda i, g: 20 * i, 50),
        (lambda i, g: 10_000 * i, 100),
        (lambda i, g: i, 0),
    ],
)
def test_units_that_no_title_names(tmp_path, cell, hertz):
    dataset = read(series_csv(tmp_path / "t.csv", "time", cell))
    assert dataset.rate_mhz == 1000 * hertz
    assert any(g.option == "--rate HZ" for g in dataset.reading.guesses) == bool(hertz)
    dataset = read(tmp_path / "t.csv", ReadOptions(sample_rate=25))
    assert dataset.rate_mhz == 25_000


def test_stamps_of_whole_milliseconds(tmp_path):
    dataset = read(
        series_csv(tmp_path / "t.csv", "ms", lambda i, g: round(g * 1000 / 60), rows=200)
    )
    assert dataset.rate_mhz == pytest.approx(60_000, rel=1e-3), "not 1000 / 17"
    assert 0.01 < dataset.reading.timings[0].jitter < 0.05


def test_gaps_are_filled_where_few_samples_are_missing(tmp_path):
    def paused(i: int, g: int) -> int:
        return 20 * i + 100 * (i >= 10) + 600 * (i >= 30)

    path = series_csv(tmp_path / "t.csv", "ms", paused)
    assert [len(item) for item in read(path).items] == [30, 10] * 4
    filled = read(path, ReadOptions(fill=5))
    assert [len(item) for item in filled.items] == [35, 10] * 4 and len(filled.reading.dropped) == 4
    before, after = read(path).items[0][9:11]
    assert np.allclose(filled.items[0][12], (before + after) / 2), "three of six steps"
    filled = read(path, ReadOptions(fill=Seconds(0.7)))
    assert [len(item) for item in filled.items] == [75] * 4
    assert all(t.jitter < 1e-6 and not t.gaps for t in filled.reading.timings)


def test_fill_in_seconds_needs_a_rate(tmp_path):
    path = series_csv(tmp_path / "t.csv", "frame", lambda i, g: i)
    write(path, path.read_text().replace("still,ann,5,", "still,ann,5,x"))
    with pytest.raises(DataError, match="--rate"):
        read(path, ReadOptions(fill=Seconds(0.5)))
