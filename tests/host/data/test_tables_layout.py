"""How tables lie in their files: separators, titles, units, comments, charsets."""

import numpy as np
import pytest

from tests.lab.tables import MOVES, series_csv, write
from xnornode.data.csv_columns import read_columns
from xnornode.data.read_options import ReadOptions
from xnornode.data.readers import read
from xnornode.errors import DataError

pytestmark = pytest.mark.quick


@pytest.fixture(scope="module")
def plain(tmp_path_factory):
    return read(series_csv(tmp_path_factory.mktemp("plain") / "t.csv"))


def same(path, plain, **options) -> bool:
    dataset = read(path, ReadOptions(**options))
    equal = all(np.allclose(a, b) for a, b in zip(dataset.items, plain.items, strict=True))
    return equal and dataset.labels == plain.labels and dataset.rate_mhz == plain.rate_mhz


@pytest.mark.parametrize("sep", [",", ";", "\t", "|", " ", "   ", " | ", ", ", " ; ", "\t "])
@pytest.mark.parametrize("end", ["", ",", ";", "\t", "|", " "])
@pytest.mark.parametrize("decimal", [".", ","])
@pytest.mark.parametrize("suffix", ["csv", "txt"])
def test_separators(tmp_path, plain, sep, end, decimal, suffix):
    if (end and end not in (sep.strip() or sep, " ")) or (decimal == "," and "," in sep):
        return
    path = series_csv(tmp_path / f"t.{suffix}", sep=sep, end=end, decimal=decimal)
    assert same(path, plain)


@pytest.mark.parametrize(
    "above",
    [
        "# made by a logger\n",
        "% one\n// two\n\n# three, four, five\n",
        "sep=,\n",
        "Logger 3000\nserial;number 5\n\n",
        "\ufeff",
    ],
)
def test_what_stands_above_a_table(tmp_path, plain, above):
    assert same(series_csv(tmp_path / "t.csv", above=above), plain)


@pytest.mark.parametrize("mark", ["# ", "#", "% ", "//"])
@pytest.mark.parametrize("sep", [",", " ", "\t"])
def test_titles_in_a_comment(tmp_path, plain, mark, sep):
    assert same(series_csv(tmp_path / "t.txt", sep=sep, above=f"{mark}of 2024\n{mark}"), plain)


@pytest.mark.parametrize("units", [",,ms,g,deg/s", "-,-,[ms],[g],[dps]", "text,text,(ms),g,g"])
def test_a_row_of_units(tmp_path, plain, units):
    path = series_csv(tmp_path / "t.csv", "time")
    head, rest = path.read_text().split("\n", 1)
    write(path, f"{head}\n{units}\n{rest}")
    assert same(path, plain)
    channels = read(path).channels
    assert channels[0] == "x (g)" and channels[1].startswith("y (")
    assert read(path, ReadOptions(channels=("y",))).channels == channels[1:], "without its unit"


@pytest.mark.parametrize("end", ["\r\n", "\r", "\x85\n", " \n"])
def test_line_ends(tmp_path, plain, end):
    path = series_csv(tmp_path / "t.csv")
    text = path.read_text().replace("\n", end) if end != "\x85\n" else "# \x85\n" + path.read_text()
    path.write_bytes(text.encode())
    assert same(path, plain)


def test_titles_in_one_normal_form(tmp_path):
    path = series_csv(tmp_path / "t.csv", "Tra\u0308gheit", lambda i, g: g * 7919 % 101)
    assert read(path).channels == ("Trägheit", "x", "y")
    options = ReadOptions(channels=("tra\u0308gheit",))
    assert read(path, options).channels == ("Trägheit",)


def test_quoted_numbers_and_markdown(tmp_path, plain):
    lines = series_csv(tmp_path / "t.csv").read_text().splitlines()
    for sep, name in ((",", "q.csv"), ("\t", "q.tsv"), (";", "q.txt")):
        rows = (sep.join(f'"{cell}"' for cell in line.split(",")) for line in lines)
        assert same(write(tmp_path / name, "\n".join(rows)), plain)
    rows = [f"| {' | '.join(line.split(','))} |" for line in lines]
    rows.insert(1, "|---|:---|---:|---|---|")
    assert same(write(tmp_path / "m.txt", "\n".join(rows)), plain)


@pytest.mark.parametrize(
    ("sep", "cell"), [(",", '"1,234.5"'), (";", "1.234,5"), (";", "1 234,5"), (";", "1'234.5")]
)
def test_thousands_separators_are_refused(tmp_path, sep, cell):
    rows = "".join(f"a{sep}{cell}\nb{sep}{cell}\n" for _ in range(3))
    with pytest.raises(DataError, match="has thousands separators: export"):
        read(write(tmp_path / "t.csv", f"label{sep}x\n{rows}"))


def test_german_decimals_of_three_places(tmp_path):
    c = read_columns(write(tmp_path / "g.csv", "a;b\n1,234;x\n-2,250;y\n"))
    assert c.numbers["a"].tolist() == [1.234, -2.25]


def digits(path, header: str = ""):
    rng = np.random.default_rng(3)
    rows = rng.integers(0, 9, (40, 5))
    rows[:, 3] %= 2
    rows[0] = 3, 5, 1, 0, 4
    return write(path, header + "\n".join(",".join(map(str, row)) for row in rows)), rows


def test_columns_named_by_number(tmp_path):
    path, rows = digits(tmp_path / "t.csv")
    dataset = read(path, ReadOptions(label="3"))
    assert list(map(int, dataset.labels)) == rows[:, 3].tolist()
    assert dataset.channels == ("0", "1", "2", "4") and not dataset.reading.guesses
    dataset = read(path, ReadOptions(label="1", group="0", channels=("4", "2")))
    assert (np.array(dataset.labels, int) == rows[:, 1]).all()
    assert (np.array(dataset.groups, int) == rows[:, 0]).all()
    assert (np.asarray(dataset.items)[:, 0] == rows[:, [4, 2]]).all()
    dataset = read(path, ReadOptions(label="0", image=(2, 2)))
    assert (np.array(dataset.labels, int) == rows[:, 0]).all() and dataset.image_shape == (2, 2)
    with pytest.raises(DataError, match="no column '5'"):
        read(path, ReadOptions(label="5"))


def test_numbers_that_are_titles_or_places(tmp_path):
    path, rows = digits(tmp_path / "t.csv", "0,1,3,2,4\n")
    dataset = read(path, ReadOptions(label="3", header="yes"))
    assert (np.array(dataset.labels, int) == rows[:, 2]).all(), "the title"
    assert len(read(path, ReadOptions(label="3", header="no")).items) == 41
    path, rows = digits(tmp_path / "p.csv", "a,b,c,d,e\n")
    dataset = read(path, ReadOptions(label="3"))
    assert (np.array(dataset.labels, int) == rows[:, 3]).all(), "the place"
    assert any("column number 3" in g.text for g in dataset.reading.guesses)
    path, rows = digits(tmp_path / "c.csv", "0,1,2,3,4\n")
    dataset = read(path, ReadOptions(label="3"))
    assert len(dataset.items) == 40, "titles as pandas writes them"
    assert any(g.option == "--header no" and g.doubtful for g in dataset.reading.guesses)


def test_titles_of_tables_of_text(tmp_path):
    rows = "".join(f"{('ham', 'spam')[i % 2]}\tsome words {i}\n" for i in range(8))
    assert len(read(write(tmp_path / "t.tsv", rows)).items) == 8
    dataset = read(write(tmp_path / "h.tsv", "kind\twords\n" + rows))
    assert sorted(set(dataset.labels)) == ["ham", "spam"]
    assert len(read(tmp_path / "h.tsv", ReadOptions(header="no")).items) == 9
    rows = "".join(f"{i},{i * i % 7},{('run', 'no')[i % 2]}\n" for i in (3, 1, 4, 1, 5, 9))
    dataset = read(write(tmp_path / "r.csv", rows))
    assert len(dataset.items) == 6, "a label that is a title elsewhere"


@pytest.mark.parametrize(
    "charset", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "latin-1", "cp1252"]
)
def test_charsets(tmp_path, charset):
    labels = ("läufen", "a\u0301rbol")  # the second one decomposed, as macOS writes names
    if charset in ("latin-1", "cp1252"):
        labels = ("läufen", "árbol")
    path = series_csv(tmp_path / "t.csv", labels=labels, encoding=charset)
    dataset = read(path)
    assert sorted(set(dataset.labels)) == ["läufen", "árbol"]
    guessed = any("--charset" in g.option for g in dataset.reading.guesses)
    assert guessed == (charset in ("utf-16-le", "utf-16-be", "latin-1", "cp1252"))
    named = read(path, ReadOptions(charset=charset))
    assert named.labels == dataset.labels and not named.reading.guesses


def test_charsets_that_are_refused(tmp_path):
    path = series_csv(tmp_path / "t.csv", labels=("läufen", "gehen"), encoding="latin-1")
    with pytest.raises(DataError, match="is not utf-8: byte"):
        read(path, ReadOptions(charset="utf-8"))
    for name in ("klingon", "hex"):
        with pytest.raises(DataError, match=f"no charset '{name}'"):
            read(path, ReadOptions(charset=name))
    (tmp_path / "x.csv").write_bytes(b"PK\x03\x04" + bytes(50))
    with pytest.raises(DataError, match="spreadsheet"):
        read(tmp_path / "x.csv")
    (tmp_path / "z.csv").write_bytes(b"a,b\n1,2\n" + bytes(3))
    with pytest.raises(DataError, match="no text"):
        read(tmp_path / "z.csv")


def test_numbers_in_txt_are_a_table(tmp_path, plain):
    rng = np.random.default_rng(0)
    for label in MOVES:
        (tmp_path / "d" / label).mkdir(parents=True)
        for i in range(3):
            np.savetxt(tmp_path / "d" / label / f"{i}.txt", rng.normal(size=(30, 2)))
    dataset = read(tmp_path / "d")
    assert dataset.kind == "recordings" and {item.shape for item in dataset.items} == {(30, 2)}
    assert read(tmp_path / "d", ReadOptions(text=True)).kind == "texts"
    for i in range(3):
        write(tmp_path / "w" / "ham" / f"{i}.txt", f"Come at 12, or at 5:30.\nBring {i} of 4.")
        write(tmp_path / "w" / "spam" / f"{i}.txt", f"Win 1000\nnow {i}")
    assert read(tmp_path / "w").kind == "texts"
