"""A table in a text file as columns of numbers, of times and of text.

A file is read in one pass, block by block. So a million rows need little more memory than their
numbers. What is wrong with rows and cells is kept with its line: who uses the columns decides.
"""

import csv
import itertools
import unicodedata
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TextIO

import numpy as np
import numpy.typing as npt

from xnornode.data import titles as words
from xnornode.data.cells import is_missing, is_number, numbers, problem
from xnornode.data.charset import find_charset
from xnornode.data.layout import Layout, find_layout, part_rows
from xnornode.data.reading import Guess
from xnornode.data.time_text import TimeTexts, all_times
from xnornode.errors import DataError

Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]

SUFFIXES = (".csv", ".tsv")
BLOCK_ROWS = 10_000
HEAD_CHARACTERS = 65536  # enough for the first lines, which tell the layout
LONGEST_LINE = 1 << 24  # characters: what has no line's end in them is no table
TYPE_ROWS = 1000  # rows that tell whether a column holds numbers
MOST_FAULTS = 20  # faults of a column that are kept with their lines
MOST_WORDS = 100_000  # different texts of a column that are kept once each


@dataclass(frozen=True)
class Fault:
    """One thing that is wrong with a file.

    Parameters
    ----------
    line : int
        The line of the file.
    text : str
        What is wrong: "'n/a' is no finite number".
    column : str, default ""
        The column; "" where the whole row is faulty.
    """

    line: int
    text: str
    column: str = ""

    def __str__(self) -> str:
        column = f"column {self.column}, " if self.column else ""
        return f"{column}line {self.line}: {self.text}"


@dataclass(frozen=True, eq=False)
class Columns:
    """The columns of a table of n rows.

    Parameters
    ----------
    path : Path
        The file.
    names : tuple of str
        The titles of all columns, in order; "0", "1", ... where the file has no header.
    numbers : dict of str to ndarray of float64, shape (n,)
        The columns that hold numbers; NaN where a cell is no finite number.
    texts : dict of str to list of str
        The cells of columns of text.
    lines : ndarray of int64, shape (n,)
        For each row the line of the file where it ends.
    times : dict of str to ndarray of float64, shape (n,)
        The columns of times as text, in seconds; NaN where a cell is no time.
    broken : ndarray of bool, shape (n,), optional
        The rows that have too few or too many cells. Default: none.
    faults : tuple of Fault
        The first faults of each column and of rows, in the order of lines.
    guesses : tuple of Guess
        What may be wrong about charset, titles and dates.
    kind : str, default ""
        What the file is, in words.
    titled : bool, default True
        Whether the file has titles.
    """

    path: Path
    names: tuple[str, ...]
    numbers: dict[str, Floats]
    texts: dict[str, list[str]]
    lines: npt.NDArray[np.int64]
    times: dict[str, Floats] = field(default_factory=dict)
    broken: Bools | None = None
    faults: tuple[Fault, ...] = ()
    guesses: tuple[Guess, ...] = ()
    kind: str = ""
    titled: bool = True

    def __len__(self) -> int:
        return len(self.lines)

    def stack(self, names: Sequence[str]) -> Floats:
        """Columns of numbers beside each other, float64 (n, columns)."""
        return np.stack([self.numbers[name] for name in names], axis=1)

    def strings(self, name: str | None) -> list[str]:
        """A column as text; a number as Python writes it. None: []."""
        if name is None or name in self.texts:
            return self.texts[name] if name else []
        values = self.numbers[name] if name in self.numbers else self.times[name]
        return [format(x, ".0f") if x.is_integer() else repr(x) for x in values.tolist()]

    def codes(self, name: str) -> npt.NDArray[np.int32]:
        """A column as small integers: equal cells have equal ones."""
        if name not in self.texts:
            values = self.numbers[name] if name in self.numbers else self.times[name]
            return np.unique(values, return_inverse=True)[1].astype(np.int32)
        cells = self.texts[name]
        index: dict[str, int] = {}
        return np.fromiter((index.setdefault(c, len(index)) for c in cells), np.int32, len(cells))

    def find(self, named: str) -> str | None:
        """The column that a user names by title, by title without unit or case, or by number."""
        return find_name(self.names, named)

    def take_as_numbers(self, name: str) -> None:
        """Make numbers of a column that was kept as text for its title, if it holds numbers."""
        cells = self.texts[name]
        if _kind(cells[:TYPE_ROWS]) == "numbers":
            self.numbers[name] = numbers(cells)
            del self.texts[name]


def find_name(names: Sequence[str], named: str) -> str | None:
    """The column that a user names; None if there is none.

    A title comes before a number; a number is a place, from 0.
    """
    named = unicodedata.normalize("NFC", named.strip())
    if named in names or not named:
        return named or None
    for plain in (str.casefold, lambda n: words.bare(n).casefold()):
        alike = [name for name in names if plain(name) == named.casefold()]
        if len(alike) == 1:
            return alike[0]
    return names[int(named)] if named.isdecimal() and int(named) < len(names) else None


def read_columns(
    path: Path,
    titles: Collection[str] = (),
    as_text: Collection[str] = (),
    header: str = "",
    charset: str = "",
) -> Columns:
    """Read a table whose columns are parted by comma, semicolon, tab, | or blanks.

    A column holds numbers where at least half of its first cells are numbers, and times where at
    least half are times. Columns whose title says that they name something are text. Numbers may
    have a decimal comma.

    Parameters
    ----------
    path : Path
        The file.
    titles : collection of str, default ()
        Words in lower case. One of them in the first row makes that row a header; so does a first
        row without numbers above one with numbers, and each title that is known.
    as_text : collection of str, default ()
        Columns to take as text, whatever they hold.
    header : {"", "yes", "no"}, default ""
        Whether the first row holds titles. "": found out.
    charset : str, default ""
        How the bytes are letters. "": found out.

    Returns
    -------
    Columns
        All columns of the file.

    Raises
    ------
    DataError
        There are no rows, or the file is no text.
    """
    charset, guess = find_charset(path, charset)
    with path.open(encoding=charset, newline="") as file:
        try:
            return _Reader(file, path, frozenset(titles), header).read(as_text, guess)
        except csv.Error as error:
            raise DataError(f"{path} is no table: {error}") from error


class _Reader:
    """One pass over a file."""

    def __init__(self, file: TextIO, path: Path, titles: frozenset[str], header: str) -> None:
        head = file.read(HEAD_CHARACTERS)
        lines = head.splitlines(keepends=True)
        if len(head) == HEAD_CHARACTERS:
            if len(lines) == 1:
                lines = [head + file.readline(LONGEST_LINE)]
            else:
                lines.pop()  # it may be cut
        if not head.strip():
            raise DataError(f"{path} is empty")
        _check_length(lines[0], path)
        self.layout: Layout = find_layout(lines, path.name, titles, header)
        file.seek(0)
        self._path, self._file = path, file
        self._faults: list[Fault] = []
        self._broken: list[Bools] = []
        self._count = 0

    def read(self, as_text: Collection[str], guess: Guess | None) -> Columns:
        layout, path = self.layout, self._path
        names = layout.names
        forced = {find_name(names, name) for name in as_text}
        forced |= {name for name in names if words.names_things(name)}
        comma = layout.delimiter != ","
        columns = [_Column(name, name in forced, comma) for name in names]
        lines: list[npt.NDArray[np.int64]] = []
        for at, rows in self._blocks():
            for column, cells in zip(columns, zip(*rows, strict=True), strict=True):
                column.add(cells, at, self._broken[-1])
            lines.append(at)
        if not lines:
            raise DataError(f"{path} has a header and no rows")
        guesses = [*([guess] if guess else ()), *layout.guesses]
        for column in columns:
            column.finish(path.name, guesses)
            self._faults += column.faults
        return Columns(
            path=path,
            names=names,
            numbers={c.name: c.values for c in columns if c.kind == "numbers"},
            texts={c.name: c.cells for c in columns if c.kind in ("text", "")},
            lines=np.concatenate(lines),
            times={c.name: c.values for c in columns if c.kind == "times"},
            broken=np.concatenate(self._broken),
            faults=tuple(sorted(self._faults, key=lambda f: f.line)),
            guesses=tuple(guesses),
            kind=layout.kind,
            titled=layout.titled,
        )

    def _blocks(self) -> Iterator[tuple[npt.NDArray[np.int64], list[list[str]]]]:
        """(lines, rows) of each block; each row has as many cells as there are columns."""
        width = len(self.layout.names)
        line = self.layout.skip
        rows = part_rows(self.layout, self._lines())
        while block := list(itertools.islice(rows, BLOCK_ROWS)):
            ends = np.arange(line + 1, line + 1 + len(block))
            if getattr(rows, "line_num", len(block)) != line - self.layout.skip + len(block):
                inside = [sum(c.count("\n") for c in row) for row in block]
                ends += np.cumsum(inside)
            line = int(ends[-1])
            broken = np.zeros(len(block), bool)
            if set(map(len, block)) != {width} or not all(row[0] for row in block):
                block, ends, broken = self._mend(block, ends, width)
            if block:
                self._broken.append(broken)
                yield ends, block
            if hasattr(rows, "line_num"):
                line = self.layout.skip + rows.line_num

    def _mend(
        self, block: list[list[str]], ends: npt.NDArray[np.int64], width: int
    ) -> tuple[list[list[str]], npt.NDArray[np.int64], Bools]:
        """Rows of the right width: empty ones and later comments left out, others marked."""
        kept, at, broken = [], [], []
        for row, end in zip(block, ends.tolist(), strict=True):
            if not any(cell.strip() for cell in row):
                continue
            if len(row) != width and row[0].lstrip().startswith(("#", "%", "//")):
                continue
            faulty = len(row) < width or any(cell.strip() for cell in row[width:])
            if faulty:
                text = f"{len(row)} cells, where the first row has {width}"
                text += ": every row must have a cell for each column"
                self._note(Fault(end, text))
                row = row + [""] * (width - len(row))
            kept.append(row[:width])
            at.append(end)
            broken.append(faulty)
        return kept, np.array(at, np.int64), np.array(broken, bool)

    def _note(self, fault: Fault) -> None:
        if self._count < MOST_FAULTS:
            self._faults.append(fault)
        self._count += 1

    def _lines(self) -> Iterator[str]:
        """The lines of the data. Raises DataError for one that does not end."""
        for number, line in enumerate(iter(lambda: self._file.readline(LONGEST_LINE), "")):
            if len(line) >= LONGEST_LINE:
                _check_length(line, self._path)
            if number >= self.layout.skip:
                yield line


def _check_length(line: str, path: Path) -> None:
    if len(line) >= LONGEST_LINE:
        raise DataError(f"{path} has a line of {LONGEST_LINE:,} characters: it is no table")


class _Column:
    """One column while it is read. kind: "" until a cell says what the cells are."""

    def __init__(self, name: str, is_text: bool, comma: bool) -> None:
        self.name = name
        self.kind = "text" if is_text else ""
        self.cells: list[str] = []
        self.values = np.empty(0)
        self.faults: list[Fault] = []
        self._comma = comma
        self._blocks: list[Floats] = []
        self._words: dict[str, str] = {}
        self._times = TimeTexts()
        self._empty = 0  # rows before the kind is known

    def add(self, cells: Sequence[str], lines: npt.NDArray[np.int64], broken: Bools) -> None:
        if not self.kind:
            self.kind = _kind(cells[:TYPE_ROWS]) or _kind(cells)
            if not self.kind:
                self._empty += len(cells)
                return
            self._blocks = [np.full(self._empty, np.nan)] if self._empty else []
            self._times.missing(self._empty)
        if self.kind == "text":
            self.cells += [""] * self._empty + self._interned(cells)
            self._empty = 0
            return
        self._empty = 0
        if self.kind == "numbers":
            values = numbers(cells, self._comma)
            values[broken] = np.nan
            self._blocks.append(values)
        else:
            values = self._times.add(cells)
        for i in np.flatnonzero(np.isnan(values) & ~broken)[:MOST_FAULTS]:
            if len(self.faults) == MOST_FAULTS:
                break
            text = problem(cells[i])
            if self.kind == "times" and not is_missing(cells[i]):
                text = f"{cells[i].strip()!r} is no time"
            self.faults.append(Fault(int(lines[i]), text, self.name))

    def finish(self, where: str, guesses: list[Guess]) -> None:
        """Join the blocks."""
        if self.kind == "numbers":
            self.values = np.concatenate(self._blocks)
            self._blocks = []
        elif self.kind == "times":
            self.values, guessed = self._times.seconds(f"{where}, column {self.name}")
            guesses.extend(guessed)
        else:
            self.cells = self.cells or [""] * self._empty

    def _interned(self, cells: Sequence[str]) -> list[str]:
        """Cells without blanks around them, in one normal form, equal ones kept once."""
        known = self._words
        if len(known) > MOST_WORDS:
            return [unicodedata.normalize("NFC", cell.strip()) for cell in cells]
        for cell in set(cells).difference(known):
            text = unicodedata.normalize("NFC", cell.strip())
            known[cell] = known.get(text, text)
        return [known[cell] for cell in cells]


def _kind(cells: Sequence[str]) -> str:
    """What cells hold: "numbers", "times", "text"; "" if all are empty or missing."""
    said = [cell for cell in cells if not is_missing(cell)]
    if not said:
        return ""
    if 2 * sum(map(is_number, said)) >= len(said):
        return "numbers"
    return "times" if all_times(said) else "text"
