"""Whether a .txt file is a text or a table of numbers."""

import io
from pathlib import Path

from xnornode.data.cells import is_missing, is_number
from xnornode.data.charset import find_charset
from xnornode.data.csv_columns import HEAD_CHARACTERS
from xnornode.data.layout import find_layout, part_rows
from xnornode.data.line_formats import plain_lines
from xnornode.data.time_text import is_time_text
from xnornode.errors import DataError

LEAST_SHARE = 0.8  # of the rows are as wide as the titles, and of their cells some are numbers
LEAST_ROWS, LEAST_MIXED = 2, 5  # rows of numbers alone, and of numbers and words


def is_table(path: Path, charset: str = "") -> bool:
    """Whether a file holds rows of numbers.

    Parameters
    ----------
    path : Path
        A text file.
    charset : str, default ""
        How the bytes are letters. Default: found out.

    Returns
    -------
    bool
        Whether nearly all rows have as many cells, and at least half of the cells of each are
        numbers or times.
    """
    try:
        charset, _ = find_charset(path, charset)
        with path.open(encoding=charset, newline="") as file:
            rows, names = plain_lines(file)
            if names:
                return True
            lines = list(io.StringIO(rows.read(HEAD_CHARACTERS), newline=""))
        layout = find_layout(lines, path.name, frozenset(), "")
    except DataError:
        return False
    parted = [row for row in part_rows(layout, lines[layout.skip :]) if row][:200]
    if len(parted) < LEAST_ROWS:
        return False
    if len(parted) < LEAST_MIXED and not all(is_number(c) for row in parted for c in row):
        return False
    good = sum(_is_row(row, len(layout.names)) for row in parted)
    return good >= LEAST_SHARE * len(parted)


def _is_row(row: list[str], width: int) -> bool:
    plain = sum(is_number(c) or is_missing(c) or is_time_text(c) for c in row)
    numeric = any(map(is_number, row))
    return numeric and abs(len(row) - width) <= 1 and 2 * plain >= len(row)
