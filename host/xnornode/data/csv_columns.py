"""A CSV file as columns of numbers and columns of text.

A file is read in one pass, block by block. So a million rows need little more memory than their
numbers. A message about a mistake names the line.
"""

import csv
import itertools
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, TextIO

import numpy as np
import numpy.typing as npt

from xnornode._files import refuse_pipe
from xnornode.errors import DataError

Floats = npt.NDArray[np.float64]

SUFFIXES = (".csv", ".tsv")
BLOCK_ROWS = 10_000
HEAD_CHARACTERS = 65536  # enough for the first line, which tells the delimiter
LONGEST_LINE = 1 << 24  # characters: what has no line's end in them is no table
TYPE_ROWS = 1000  # rows that tell whether a column holds numbers


@dataclass(frozen=True, eq=False)
class Columns:
    """The columns of a CSV file of n rows.

    Parameters
    ----------
    path : Path
        The file.
    names : tuple of str
        The titles of all columns, in order; "0", "1", ... where the file has no header.
    numbers : dict of str to ndarray of float64, shape (n,)
        The columns that hold numbers.
    texts : dict of str to list of str
        The cells of the other columns.
    lines : ndarray of int64, shape (n,)
        For each row the line of the file where it ends.
    """

    path: Path
    names: tuple[str, ...]
    numbers: dict[str, Floats]
    texts: dict[str, list[str]]
    lines: npt.NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.lines)

    def stack(self, names: Sequence[str]) -> Floats:
        """Columns of numbers beside each other, float64 (n, columns)."""
        return np.stack([self.numbers[name] for name in names], axis=1)

    def strings(self, name: str | None) -> list[str]:
        """A column as text, whole numbers without a point: 3 and 3.0 are one label. None: []."""
        if name is None or name in self.texts:
            return self.texts[name] if name else []
        return [format(x, ".0f") if x.is_integer() else repr(x) for x in self.numbers[name]]


def read_columns(
    path: Path, titles: Collection[str] = (), as_text: Collection[str] = ()
) -> Columns:
    """Read a file separated by comma, semicolon or tab, with or without a header.

    A column holds numbers where at least half of its first 1000 cells are numbers. In a file with
    semicolons, numbers may have a decimal comma. In a file with tabs, quotes are plain letters.

    Parameters
    ----------
    path : Path
        The file, UTF-8. Other bytes are kept as surrogate escapes.
    titles : collection of str, default ()
        Words in lower case. One of them in the first row makes that row a header; so does a first
        row without numbers above one with numbers.
    as_text : collection of str, default ()
        Columns to take as text, whatever they hold.

    Returns
    -------
    Columns
        All columns of the file.

    Raises
    ------
    DataError
        There are no rows, a row has too few or too many cells, or a cell in a column of numbers is
        no finite number.
    """
    refuse_pipe(path)
    # Bytes that are not UTF-8 become surrogates, so that text can be had back byte for byte.
    with path.open(encoding="utf-8-sig", errors="surrogateescape", newline="") as file:
        try:
            return _read(file, path, titles, as_text)
        except csv.Error as error:
            raise DataError(f"{path} is no CSV file: {error}") from error


def _read(file: TextIO, path: Path, titles: Collection[str], as_text: Collection[str]) -> Columns:
    delimiter = _delimiter(file.read(HEAD_CHARACTERS))
    comma = delimiter == ";"
    file.seek(0)
    plain = delimiter == "\t"
    quoting: Literal[0, 3] = csv.QUOTE_NONE if plain else csv.QUOTE_MINIMAL
    rows = _rows(csv.reader(_lines(file, path), delimiter=delimiter, quoting=quoting), path)
    head = list(itertools.islice(rows, 2))
    if not head:
        raise DataError(f"{path} is empty")
    names, head = _names(head, titles, comma, path)
    lines: list[int] = []
    numbers: dict[str, list[Floats]] = {}
    texts: dict[str, list[str]] = {}
    rows = itertools.chain(head, rows)
    while block := list(itertools.islice(rows, BLOCK_ROWS)):
        columns = dict(zip(names, zip(*(row for _, row in block), strict=True), strict=True))
        if not lines:
            for name, cells in columns.items():
                if name not in as_text and _mostly_numbers(cells, comma):
                    numbers[name] = []
                else:
                    texts[name] = []
        at = [line for line, _ in block]
        for name in numbers:
            numbers[name].append(_numbers(columns[name], comma, f"{path}, column {name}", at))
        for name in texts:
            texts[name] += [cell.strip() for cell in columns[name]]
        lines += at
    if not lines:
        raise DataError(f"{path} has a header and no rows")
    joined = {name: np.concatenate(blocks) for name, blocks in numbers.items()}
    return Columns(path, names, joined, texts, np.array(lines, np.int64))


def _delimiter(start: str) -> str:
    """The separator that is most frequent in the first line."""
    line = start.lstrip("\r\n").split("\n", 1)[0]
    return max(",;\t", key=line.count)


def _lines(file: TextIO, path: Path) -> Iterator[str]:
    """The lines of a file with their ends. Raises DataError for one that does not end."""
    while line := file.readline(LONGEST_LINE):
        if len(line) == LONGEST_LINE:
            raise DataError(f"{path} has a line of {LONGEST_LINE:,} characters: it is no table")
        yield line


def _rows(reader: Any, path: Path) -> Iterator[tuple[int, list[str]]]:
    """(line, cells) of each row that is not empty. Raises DataError where lengths differ."""
    width = 0
    for row in reader:
        if not any(cell.strip() for cell in row):
            continue
        width = width or len(row)
        if len(row) != width:
            raise DataError(
                f"{path}, line {reader.line_num}: {len(row)} cells, where the first row has "
                f"{width}: every row must have a cell for each column"
            )
        yield reader.line_num, row


def _names(
    head: list[tuple[int, list[str]]], titles: Collection[str], comma: bool, path: Path
) -> tuple[tuple[str, ...], list[tuple[int, list[str]]]]:
    """The columns' names, and the rows of `head` that are data."""
    first = [cell.strip() for cell in head[0][1]]
    numeric = [_number(cell, comma) is not None for cell in first]
    below = [_number(cell, comma) is not None for cell in head[-1][1]]
    titled = any(b and not a for a, b in zip(numeric, below, strict=True))
    if not titled and not any(name.lower() in titles for name in first):
        return tuple(str(i) for i in range(len(first))), head
    first[0] = first[0] or "index"  # as pandas writes it
    names = tuple(name or f"column {i + 1}" for i, name in enumerate(first))
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise DataError(f"{path}: two columns are called {', '.join(twice)}: rename one")
    return names, head[1:]


def _number(cell: str, comma: bool) -> float | None:
    try:
        return float(cell.replace(",", ".") if comma else cell)
    except ValueError:
        return None


def _mostly_numbers(cells: Sequence[str], comma: bool) -> bool:
    first = cells[:TYPE_ROWS]
    return 2 * sum(_number(cell, comma) is not None for cell in first) >= max(1, len(first))


def _numbers(cells: Sequence[str], comma: bool, where: str, lines: Sequence[int]) -> Floats:
    """The cells as finite numbers. Raises DataError, with the line of the first other cell."""
    try:
        values = np.array([c.replace(",", ".") for c in cells] if comma else cells).astype(float)
    except ValueError:
        at = next(i for i, cell in enumerate(cells) if _number(cell, comma) is None)
    else:
        bad = np.flatnonzero(~np.isfinite(values))
        if not len(bad):
            return values
        at = int(bad[0])
    cell = cells[at].strip()
    problem = f"{cell!r} is no finite number" if cell else "the cell is empty"
    raise DataError(
        f"{where}, line {lines[at]}: {problem}: "
        "fill in or drop what is missing, or leave the column out with --channels"
    )
