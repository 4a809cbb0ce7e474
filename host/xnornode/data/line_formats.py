"""Lines that are no table yet: JSON lines, the serial plotter's `name:value`, logs with times.

Each line becomes one line of a table with commas, so that messages name the right line.
"""

import csv
import io
import json
import re
from collections.abc import Callable, Iterator, Sequence
from typing import Any, Protocol, TextIO

HEAD = 50
"""Lines that tell the format."""
MOST = 0.8
"""The share of these lines that must have it."""
MOST_NAMES = 1000
MOST_DEPTH = 4

NUMBER = r"[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?|nan|inf"
PAIR = re.compile(rf"\s*([^\d\s:=,;|][^:,;|=\t]*?)\s*[:=]\s*({NUMBER})\s*(?:[,;|\t ]|$)", re.I)
STAMP = re.compile(
    r"\s*\[?((?:\d{4}-\d\d-\d\d[T ])?\d{1,2}:\d\d:\d\d(?:[.,]\d+)?)\]?\s*(?:->|>|:|\])?\s+"
)
COUNTED = re.compile(
    r"\s*(?=\[|\d+(?:\.\d+)?\s*(?:->|>|:\s))\[?\s*(\d+(?:\.\d+)?)\s*(?:\]:?|->|>|:)\s*"
)
"""A stamp that is a number, such as millis(): `[1200] 1 2`, `1200 -> 1,2`, `1200: 1 2`."""

Convert = Callable[[str], str]


class Lines(Protocol):
    """What is asked of a text file."""

    def readline(self, size: int = -1, /) -> str:
        """The next line, or a part of it."""

    def read(self, size: int = -1, /) -> str:
        """The next characters."""

    def seek(self, offset: int, /) -> int:
        """Go to a place; 0 is the start."""


def plain_lines(file: TextIO) -> tuple[Lines, tuple[str, ...]]:
    """A file whose lines are rows of a table.

    Parameters
    ----------
    file : text file
        A file of lines, at its start.

    Returns
    -------
    file : text file
        The same one, at its start, if its lines are no known format; else the rows.
    names : tuple of str
        The columns' titles if the lines say them; else ().
    """
    head = [line for line, _ in zip(_filled(file), range(HEAD), strict=False)]
    file.seek(0)
    stamped = _share(head, lambda line: _stamp(line) is not None)
    bare = [_after_stamp(line) if stamped else line for line in head]
    if _share(
        bare, lambda line: line.lstrip().startswith(("{", "[")) and _object(line) is not None
    ):
        names = _names([list(_object(line) or {}) for line in bare])
        return _Converted(file, _stamped(_from_json(names), stamped)), _timed(names, stamped)
    if _share(bare, lambda line: bool(_pairs(line))):
        names = _names([list(_pairs(line)) for line in bare])
        return _Converted(file, _stamped(_from_pairs(names), stamped)), _timed(names, stamped)
    if stamped:
        return _Converted(file, _from_log), ()
    return file, ()


def _stamp(line: str) -> re.Match[str] | None:
    return STAMP.match(line) or COUNTED.match(line)


def _after_stamp(line: str) -> str:
    found = _stamp(line)
    return line[found.end() :] if found else line


def _filled(file: TextIO) -> Iterator[str]:
    """The first lines that hold something, none longer than 64 KiB."""
    while line := file.readline(1 << 16):
        if line.strip():
            yield line


def _share(lines: Sequence[str], is_one: Callable[[str], bool]) -> bool:
    return bool(lines) and sum(map(is_one, lines)) >= MOST * len(lines)


def _names(found: Sequence[Sequence[str]]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(name for names in found for name in names))[:MOST_NAMES]


def _timed(names: tuple[str, ...], stamped: bool) -> tuple[str, ...]:
    title = "time" if "time" not in names else "time of the log"
    return (title, *names) if stamped else names


def _stamped(convert: Convert, stamped: bool) -> Convert:
    """Rows that begin with the time before a line, if lines have one."""
    if not stamped:
        return convert

    def row(line: str) -> str:
        found = _stamp(line)
        if not found:
            return line
        return f"{found[1].replace(',', '.')},{convert(line[found.end() :])}"

    return row


def _from_json(names: Sequence[str]) -> Convert:
    def row(line: str) -> str:
        values = _object(line)
        if values is None:
            return line  # a faulty row, which the table's reader reports
        return to_row(values.get(name, "") for name in names)

    return row


def _object(line: str) -> dict[str, Any] | None:
    try:
        content = json.loads(line)
    except (ValueError, RecursionError):
        return None
    return flat(content) if isinstance(content, dict | list) and content else None


def flat(content: Any, before: str = "", depth: int = 0) -> dict[str, Any]:
    """The numbers and texts of nested objects and lists, by names such as `acc.x` and `acc.0`."""
    pairs = content.items() if isinstance(content, dict) else enumerate(content)
    found: dict[str, Any] = {}
    for key, value in pairs:
        name = f"{before}.{key}" if before else str(key)
        if isinstance(value, dict | list) and depth < MOST_DEPTH and len(value) <= MOST_NAMES:
            found |= flat(value, name, depth + 1)
        else:
            found[name] = "" if value is None else value
    return found


def to_row(cells: Any) -> str:
    """Cells as a line of a table with commas; line breaks within them become blanks."""
    text = io.StringIO()
    plain = (str(cell).replace("\r", " ").replace("\n", " ") for cell in cells)
    csv.writer(text, lineterminator="\n").writerow(plain)
    return text.getvalue()


def _pairs(line: str) -> dict[str, str]:
    """Names and values of a line of the serial plotter; {} if it is none."""
    found, at = {}, 0
    text = line.rstrip()
    while at < len(text):
        pair = PAIR.match(text, at)
        if not pair:
            return {}
        found[pair[1]] = pair[2]
        at = pair.end()
    return found


def _from_pairs(names: Sequence[str]) -> Convert:
    def row(line: str) -> str:
        pairs = _pairs(line)
        return to_row(pairs.get(name, "") for name in names) if pairs else line

    return row


def _from_log(line: str) -> str:
    found = _stamp(line)
    if not found:
        return line
    rest = line[found.end() :]
    separator = next((d for d in "\t;|," if d in rest), "," if len(rest.split()) == 1 else " ")
    first = re.split(r"[\t;|,\s]+", rest.strip())[0]
    numeric = re.fullmatch(NUMBER, first, re.I) is not None
    time = found[1].replace(",", ".").replace(" ", "T") if numeric else "time"
    return f"{time}{separator}{rest}"


class _Converted:
    """A text file whose lines are converted as they are read."""

    def __init__(self, file: TextIO, convert: Convert) -> None:
        self._file, self._convert = file, convert

    def readline(self, size: int = -1, /) -> str:
        line = self._file.readline(size)
        if not line.strip():
            return line
        made = self._convert(line)
        return made if made.endswith("\n") else made + "\n"

    def read(self, size: int = -1, /) -> str:
        parts, length = [], 0
        while (size < 0 or length < size) and (line := self.readline(1 << 24)):
            parts.append(line)
            length += len(line)
        return "".join(parts)

    def seek(self, offset: int, /) -> int:
        return self._file.seek(offset)
