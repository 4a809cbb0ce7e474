"""Whether the first row of a table holds titles, and the second one units."""

from collections.abc import Sequence

from xnornode.data.cells import is_missing, is_number
from xnornode.data.reading import Guess
from xnornode.data.time_text import is_time_text
from xnornode.data.titles import is_title, time_unit

LEAST_TITLES = 4  # 0, 1, 2, 3 as a first row are titles that pandas writes
LONGEST_UNIT = 12  # letters
Rows = Sequence[tuple[int, list[str]]]


def is_header(
    rows: Sequence[tuple[int, list[str]]],
    titles: frozenset[str],
    header: str,
    guesses: list[Guess],
    where: str,
) -> bool:
    if header:
        return header == "yes"
    first, below = rows[0][1], [r for _, r in rows[1:]]
    plain = [is_number(c) or is_missing(c) or is_time_text(c) for c in first]
    for i, is_plain in enumerate(plain):
        cells = [r[i] for r in below if i < len(r) and not is_missing(r[i])]
        numeric = sum(is_number(c) or is_time_text(c) for c in cells)
        if not is_plain and cells and numeric > len(cells) / 2:
            return True
    # A digit names a column by its place, so it does not make a first row of numbers a header.
    wanted = {t for t in titles if not t.isdecimal()}
    if any(c.lower() in wanted for c in first):
        return True
    # A label may be a word that is a title elsewhere: run, line. A title does not come again.
    again = [{r[i] for r in below if i < len(r)} for i in range(len(first))]
    known = any(is_title(c) and c not in again[i] for i, c in enumerate(first))
    if known and [c for c in first if is_number(c)] in _counts(sum(map(is_number, first))):
        return True
    counted = first in _counts(len(first))
    if counted and len(first) >= LEAST_TITLES and below:
        text = f"{where}: the first row, {first[0]} to {first[-1]}, is taken for titles"
        guesses.append(Guess(text, "--header no", doubtful=True))
        return True
    return not any(plain) and _never_again(first, below)


def _counts(width: int) -> list[list[str]]:
    """0, 1, 2, ... and 1, 2, 3, ...: titles that programs write."""
    return [[str(i + k) for i in range(width)] for k in (0, 1)]


def _never_again(first: Sequence[str], below: Sequence[Sequence[str]]) -> bool:
    """Whether a column of few words, all of them repeated, has another word in its first row."""
    for i, cell in enumerate(first):
        cells = [r[i] for r in below if i < len(r)]
        if len(cells) >= 4 and 2 * len(set(cells)) <= len(cells) and cell not in cells:
            return True
    return False


def units_row(rest: Sequence[tuple[int, list[str]]]) -> tuple[list[str]] | None:
    """The row of units below the titles: no numbers there, numbers below."""
    if len(rest) < 2:
        return None
    first, below = rest[0][1], [r for _, r in rest[1:]]
    numeric = [
        i
        for i in range(len(first))
        if sum(i < len(r) and (is_number(r[i]) or is_time_text(r[i])) for r in below)
        > len(below) / 2
    ]
    cells = [first[i] for i in numeric]
    said = [c for c in cells if not is_missing(c)]
    if not said or any(is_number(c) or is_time_text(c) for c in cells) or len(numeric) < 1:
        return None
    unit = all(len(c) <= LONGEST_UNIT for c in said) and len(said) * 2 >= len(cells)
    return ([c if i in numeric else "" for i, c in enumerate(first)],) if unit else None


def with_unit(title: str, unit: str | None) -> str:
    unit = (unit or "").strip("[]() ")
    if not title or is_missing(unit) or title.endswith((")", "]")) or unit == "-":
        return title
    if time_unit(title) and time_unit(title) == time_unit(unit):
        return title
    return f"{title} ({unit})"
