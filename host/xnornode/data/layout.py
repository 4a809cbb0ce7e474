"""How a table lies in its file: separator, what stands before it, titles, units."""

import csv
import itertools
import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

from xnornode.data.cells import is_number, parts_thousands
from xnornode.data.header import is_header, units_row, with_unit
from xnornode.data.reading import Guess
from xnornode.errors import DataError

BLANKS = " "  # runs of blanks and tabs
DELIMITERS = ("\t", ";", "|", ",")
NAMES = {"\t": "tabs", ";": "semicolons", "|": "|", ",": "commas", BLANKS: "blanks"}
COMMENTS = ("#", "%", "//")
HEAD_ROWS = 60  # rows that tell the layout
MOST_BEFORE = 40  # lines that may stand before a table
ALIKE = 0.15  # shares of lines of one width that are taken for equal

_MANY_NUMBERS = re.compile(r"[-+]?[\d.,]+([ ;|\t]+[-+]?[\d.,]+)+")
_RULE = re.compile(r":?-{2,}:?")


@dataclass(frozen=True)
class Layout:
    """How a table lies in its file.

    Parameters
    ----------
    delimiter : str
        What parts the cells of a row; a blank stands for runs of blanks and tabs.
    quoted : bool
        Whether quotation marks may surround a cell.
    skip : int
        Lines of the file before the first row of data.
    names : tuple of str
        The columns' titles; "0", "1", ... where there are none.
    titled : bool
        Whether the file has titles.
    guesses : tuple of Guess
        What may be wrong.
    """

    delimiter: str
    quoted: bool
    skip: int
    names: tuple[str, ...]
    titled: bool
    guesses: tuple[Guess, ...] = ()

    @property
    def kind(self) -> str:
        """What the file is, in words."""
        return f"table separated by {NAMES.get(self.delimiter, repr(self.delimiter))}"


def find_layout(lines: Sequence[str], where: str, titles: frozenset[str], header: str) -> Layout:
    """Find the layout of a table.

    Parameters
    ----------
    lines : sequence of str
        The first lines of the file.
    where : str
        What messages call the file.
    titles : frozenset of str
        Titles in lower case that the user names: one of them makes the first row a header.
    header : {"", "yes", "no"}
        Whether the first row holds titles. "": found out.

    Returns
    -------
    Layout
        The layout.

    Raises
    ------
    DataError
        There is no row, or two columns have one title.
    """
    named = re.fullmatch(r"\s*\"?sep=(.)\"?\s*", lines[0]) if lines else None  # as Excel writes
    first = 1 if named else 0
    begin, comment = _after_comments(lines, first)
    body = [(i, line) for i, line in enumerate(lines) if i >= begin and line.strip()][:HEAD_ROWS]
    if not body:
        raise DataError(f"{where} is empty" if begin == first else f"{where} holds comments alone")
    delimiter = named[1] if named else _delimiter([line for _, line in body])
    quoted = delimiter != "\t" or _whole_quotes([line for _, line in body])
    layout = Layout(delimiter, quoted, begin, (), False)
    rows = _parted(lines, layout)
    width = Counter(len(r) for _, r in rows[1:] or rows).most_common(1)[0][0]
    guesses = list[Guess]()
    before = _before(rows, width)
    if before and header != "no":
        text = f"{where}: what stands above the titles is no part of the table ({before} lines)"
        guesses.append(Guess(text, "--header yes|no"))
        layout, rows = replace(layout, skip=rows[before][0]), rows[before:]
    said = _commented_titles(comment, layout, rows, width)
    if said and header != "no":
        titled, head, rest = True, said, rows
    else:
        titled = is_header(rows, titles, header, guesses, where)
        head, rest = (rows[0][1], rows[1:]) if titled else (rows[0][1], rows)
    rule = [cell for cell in rest[0][1] if cell] if rest else []
    if rule and titled and all(map(_RULE.fullmatch, rule)):
        rest = rest[1:]  # the rule of a Markdown table
    units = units_row(rest) if titled else None
    skip = rest[0][0] if rest else len(lines)
    if units:
        head = [with_unit(title, unit) for title, unit in itertools.zip_longest(head, units[0])]
        skip = rest[1][0]
    count = len(head) if titled else _without_last(rows, len(head))
    names = _names(head, where) if titled else tuple(str(i) for i in range(count))
    return replace(layout, skip=skip, names=names, titled=titled, guesses=tuple(guesses))


def part_rows(layout: Layout, lines: Iterable[str]) -> Any:
    """The rows of lines as lists of cells; of `csv.reader`, if quotes may surround cells."""
    if layout.delimiter == BLANKS:
        if not layout.quoted:
            return (line.split() for line in lines)
        lines = (" ".join(line.split()) + "\n" if '"' not in line else line for line in lines)
    return csv.reader(
        lines,
        delimiter=layout.delimiter,
        quoting=csv.QUOTE_MINIMAL if layout.quoted else csv.QUOTE_NONE,
        skipinitialspace=layout.delimiter != "\t",
    )


def _after_comments(lines: Sequence[str], first: int) -> tuple[int, str]:
    """The first line that is neither blank nor a comment, and the last comment before it."""
    comment = ""
    for i, line in enumerate(lines[first:], first):
        text = line.strip()
        if text and not text.startswith(COMMENTS):
            return i, comment
        comment = text or comment
    return len(lines), comment


def _delimiter(lines: Sequence[str]) -> str:
    """The separator that parts most lines into equally many cells, none of several numbers."""
    shares = {}
    for delimiter in DELIMITERS:
        rows = [[c.strip() for c in row] for row in _rows(lines, delimiter) if row]
        width, count = Counter(map(len, rows)).most_common(1)[0] if rows else (1, 0)
        cells = [c for row in rows[len(rows) // 2 :] for c in row]
        joined = any(_MANY_NUMBERS.fullmatch(c) and not parts_thousands(c) for c in cells)
        if width > 1 and not joined:
            shares[delimiter] = count / len(rows)
    if shares:
        best = max(shares.values())
        return next(d for d in DELIMITERS if shares.get(d, 0) > best - ALIKE)
    rows = [line.split() for line in lines]
    width, count = Counter(map(len, rows)).most_common(1)[0]
    # Sentences have blanks, too: a table by blanks has numbers.
    numeric = sum(is_number(c) for row in rows for c in row) / max(1, sum(map(len, rows)))
    if width > 1 and count > len(rows) / 2 and numeric > 0.3:
        return BLANKS
    return max((*DELIMITERS[::-1],), key=lambda d: sum(line.count(d) for line in lines))


def _rows(lines: Sequence[str], delimiter: str) -> list[list[str]]:
    layout = Layout(delimiter, delimiter != "\t", 0, (), False)
    try:
        return list(part_rows(layout, lines))
    except csv.Error:
        return []


def _whole_quotes(lines: Sequence[str]) -> bool:
    """Whether each quotation mark begins or ends a cell: in texts they stand anywhere."""
    cells = [c.strip() for line in lines for c in line.split("\t") if '"' in c]
    return bool(cells) and all(
        len(c) > 1 and c[0] == c[-1] == '"' and c.count('"') % 2 == 0 for c in cells
    )


def _parted(lines: Sequence[str], layout: Layout) -> list[tuple[int, list[str]]]:
    """(line, cells) of the first rows; the line is that where the row begins, from 0."""
    at = layout.skip
    found: list[tuple[int, list[str]]] = []
    taken = [at]

    def counted() -> Iterator[str]:
        for line in lines[at:]:
            taken[0] += 1
            yield line

    for row in part_rows(layout, counted()):
        end = taken[0]
        if any(cell.strip() for cell in row):
            found.append((at, [cell.strip() for cell in row]))
        at = end
        if len(found) == HEAD_ROWS:
            break
    if not found:
        raise DataError("the table has no rows")
    return found


def _before(rows: Sequence[tuple[int, list[str]]], width: int) -> int:
    """How many rows stand before the titles: other widths than the table's, and no numbers."""
    at = next((i for i, (_, r) in enumerate(rows) if width - 1 <= len(r) <= width), 0)
    while at + 1 < len(rows) and width > 1 and len(rows[at][1]) == 1:
        at += 1
    if not 0 < at <= MOST_BEFORE or at + 1 >= len(rows) or width < 2:
        return 0
    head, below = rows[at][1], rows[at + 1][1]
    is_head = not any(map(is_number, head)) and any(map(is_number, below))
    alone = all(len(r) == 1 and not is_number(r[0]) for _, r in rows[:at])
    return at if is_head or alone else 0


def _commented_titles(
    comment: str, layout: Layout, rows: Sequence[tuple[int, list[str]]], width: int
) -> list[str]:
    """Titles in the last comment line, as NumPy writes them; [] if there are none."""
    mark = next((m for m in COMMENTS if comment.startswith(m)), "")
    if not mark or not any(map(is_number, rows[0][1])):
        return []
    text = comment[len(mark) :]
    if layout.delimiter == BLANKS:
        text = text.strip()
    cells: list[str] = next(iter(part_rows(layout, [text])), [])
    cells = [cell.strip() for cell in cells]
    if len(cells) == width - 1 and layout.delimiter == BLANKS and mark == "#" and _counts(rows):
        cells = [mark, *cells]
    if len(cells) != width or any(map(is_number, cells)) or width == 1:
        return []
    return [cells[0] or mark, *cells[1:]]


def _counts(rows: Sequence[tuple[int, list[str]]]) -> bool:
    """Whether the first column numbers the rows, so that its title may be `#`."""
    first = [row[0] for _, row in rows]
    return all(map(str.isdecimal, first)) and len({int(c) - i for i, c in enumerate(first)}) == 1


def _without_last(rows: Sequence[tuple[int, list[str]]], width: int) -> int:
    """The width of a table without titles: a separator at each line's end begins no column."""
    same = [r for _, r in rows if len(r) == width]
    return width - 1 if width > 1 and all(not r[-1] for r in same) else width


def _names(head: Sequence[str], where: str) -> tuple[str, ...]:
    cells = [unicodedata.normalize("NFC", cell) for cell in head]
    while len(cells) > 1 and not cells[-1]:
        cells.pop()  # a separator at the line's end
    cells[0] = cells[0] or "index"  # as pandas writes it
    names = tuple(name or f"column {i + 1}" for i, name in enumerate(cells))
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise DataError(f"{where}: two columns are called {', '.join(twice)}: rename one")
    return names
