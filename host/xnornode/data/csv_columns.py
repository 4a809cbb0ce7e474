"""A CSV file as columns: numbers where they are numbers, text where they are not.

Read in one pass and in parts, so that a file of a million rows needs little more memory than its
numbers. What is wrong is said with the file's line.
"""

import csv
import itertools
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, TextIO

import numpy as np
import numpy.typing as npt

from xnornode.errors import DataError

Floats = npt.NDArray[np.float64]

SUFFIXES = (".csv", ".tsv")
PART = 10_000  # rows
LOOK = 65536  # characters from which the delimiter is told


@dataclass(frozen=True, eq=False)
class Columns:
    """The columns of a CSV file.

    names: all of them, in order; "0", "1", ... where the file has no header. numbers: float64 (n,)
    of each column that holds numbers. texts: cells of each other column. lines: for each row the
    line where it ends, int64 (n,).
    """

    path: Path
    names: tuple[str, ...]
    numbers: dict[str, Floats]
    texts: dict[str, list[str]]
    lines: npt.NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.lines)

    def strings(self, name: str) -> list[str]:
        """A column as text; whole numbers without a point, so that 3 and 3.0 are one label."""
        if name in self.texts:
            return self.texts[name]
        return [format(x, ".0f") if x.is_integer() else repr(x) for x in self.numbers[name]]


def read_columns(
    path: Path, titles: Collection[str] = (), as_text: Collection[str] = ()
) -> Columns:
    """The columns of a file separated by comma, semicolon or tab, with or without a header.

    titles: words, in lower case, that make the first row a header; so does a first row without
    numbers above one with numbers. as_text: columns to take as text whatever they hold. With
    semicolons, numbers may have a decimal comma; with tabs, quotes are letters like others.
    A column is of numbers where at least half of its first cells are. Raises DataError for ragged
    rows, no rows, and in a column of numbers for any cell that is no finite number.
    """
    # Undecodable bytes survive as surrogates, so that text can be had back byte for byte.
    with path.open(encoding="utf-8-sig", errors="surrogateescape", newline="") as file:
        try:
            return _read(file, path, titles, as_text)
        except csv.Error as error:
            raise DataError(f"{path} is no CSV file: {error}") from error


def _read(file: TextIO, path: Path, titles: Collection[str], as_text: Collection[str]) -> Columns:
    delimiter = _delimiter(file.read(LOOK))
    comma = delimiter == ";"
    file.seek(0)
    plain = delimiter == "\t"
    quoting: Literal[0, 3] = csv.QUOTE_NONE if plain else csv.QUOTE_MINIMAL
    rows = _rows(csv.reader(file, delimiter=delimiter, quoting=quoting), path)
    head = list(itertools.islice(rows, 2))
    if not head:
        raise DataError(f"{path} is empty")
    names, head = _names(head, titles, comma, path)
    lines: list[int] = []
    numbers: dict[str, list[Floats]] = {}
    texts: dict[str, list[str]] = {}
    rows = itertools.chain(head, rows)
    while part := list(itertools.islice(rows, PART)):
        columns = dict(zip(names, zip(*(row for _, row in part), strict=True), strict=True))
        if not lines:
            for name, cells in columns.items():
                if name not in as_text and _mostly_numbers(cells, comma):
                    numbers[name] = []
                else:
                    texts[name] = []
        at = [line for line, _ in part]
        for name in numbers:
            numbers[name].append(_numbers(columns[name], comma, f"{path}, column {name}", at))
        for name in texts:
            texts[name] += [cell.strip() for cell in columns[name]]
        lines += at
    if not lines:
        raise DataError(f"{path} has a header and no rows")
    joined = {name: np.concatenate(parts) for name, parts in numbers.items()}
    return Columns(path, names, joined, texts, np.array(lines, np.int64))


def _delimiter(start: str) -> str:
    """The separator that the first line has most of."""
    line = start.lstrip("\r\n").split("\n", 1)[0]
    return max(",;\t", key=line.count)


def _rows(reader: Any, path: Path) -> Iterator[tuple[int, list[str]]]:
    """(line, cells) of each row that is not empty. Raises DataError for one of another length."""
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
    filled = [cell for cell in cells[:1000] if cell.strip()]
    return 2 * sum(_number(cell, comma) is not None for cell in filled) >= max(1, len(cells[:1000]))


def _numbers(cells: Sequence[str], comma: bool, where: str, lines: Sequence[int]) -> Floats:
    """The cells as finite numbers; DataError names the line of the first that is none."""
    try:
        values = np.array([c.replace(",", ".") for c in cells] if comma else cells).astype(float)
    except ValueError:
        at = next(i for i, cell in enumerate(cells) if _number(cell, comma) is None)
    else:
        bad = np.flatnonzero(~np.isfinite(values))
        if not len(bad):
            return values
        at = int(bad[0])
    raise DataError(
        f"{where}, line {lines[at]}: {cells[at].strip() or 'an empty cell'!r} is no finite number: "
        "fill in or drop what is missing, or leave the column out with --channels"
    )
