"""A table in a text file as columns of numbers, of times and of text.

A file is read in one pass, block by block. So a million rows need little more memory than their
numbers. What is wrong with rows and cells is kept with its line: who uses the columns decides.
"""

import csv
import io
import itertools
from collections.abc import Collection, Iterator
from pathlib import Path

import numpy as np
import numpy.typing as npt

from xnornode._files import refuse_pipe
from xnornode.data.charset import LONGEST_LINE, check_length, find_charset
from xnornode.data.column_cells import MOST_FAULTS, Bools, ColumnCells, Fault
from xnornode.data.columns import Columns, find_name
from xnornode.data.layout import Layout, find_layout, part_rows
from xnornode.data.line_formats import Lines, plain_lines
from xnornode.data.reading import Guess
from xnornode.data.titles import names_things
from xnornode.errors import DataError

SUFFIXES = (".csv", ".tsv", ".log", ".dat", ".jsonl", ".ndjson")
BLOCK_ROWS = 10_000
HEAD_CHARACTERS = 65536  # enough for the first lines, which tell the layout


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
    refuse_pipe(path)
    charset, guess = find_charset(path, charset)
    with path.open(encoding=charset, newline="") as file:
        try:
            rows, names = plain_lines(file)
            reader = _Reader(rows, path, frozenset(titles), header, names)
            return reader.read(as_text, guess)
        except csv.Error as error:
            raise DataError(f"{path} is no table: {error}") from error


class _Reader:
    """One pass over a file."""

    def __init__(
        self,
        file: Lines,
        path: Path,
        titles: frozenset[str],
        header: str,
        names: tuple[str, ...] = (),
    ) -> None:
        head = file.read(HEAD_CHARACTERS)
        lines = list(io.StringIO(head, newline=""))  # as `readline` parts them
        if len(head) == HEAD_CHARACTERS:
            if len(lines) == 1:
                lines = [head + file.readline(LONGEST_LINE)]
            else:
                lines.pop()  # it may be cut
        if not head.strip():
            raise DataError(f"{path} is empty")
        check_length(len(lines[0]), path)
        self.layout: Layout = (
            Layout(",", True, 0, names, True)
            if names
            else find_layout(lines, str(path), titles, header)
        )
        file.seek(0)
        self._path, self._file = path, file
        self._faults: list[Fault] = []
        self._broken: list[Bools] = []
        self._count = 0

    def read(self, as_text: Collection[str], guess: Guess | None) -> Columns:
        layout, path = self.layout, self._path
        names = layout.names
        forced = {find_name(names, name) for name in as_text}
        forced |= {name for name in names if names_things(name)}
        comma = layout.delimiter != ","
        columns = [ColumnCells(name, name in forced, comma) for name in names]
        lines: list[npt.NDArray[np.int64]] = []
        for at, rows in self._blocks():
            for column, cells in zip(columns, zip(*rows, strict=True), strict=True):
                column.add(cells, at, self._broken[-1])
            lines.append(at)
        if not lines:
            raise DataError(f"{path} has a header and no rows")
        guesses = [*([guess] if guess else ()), *layout.guesses]
        for column in columns:
            column.finish(str(path), guesses)
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
                check_length(len(line), self._path)
            if number >= self.layout.skip:
                yield line
