"""What each column of a table is used for.

A column may be named by the user. Otherwise its title tells, as most people and loggers write it.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Literal

from xnornode.data.csv_columns import Columns
from xnornode.data.read_options import ReadOptions
from xnornode.errors import DataError

LABELS = ("label", "class", "target", "activity", "category", "species")
GROUPS = ("group", "subject", "person", "participant", "user", "patient", "device", "place")
RECORDINGS = ("recording", "file", "filename", "session", "trial", "sequence")
TIMES = ("time", "timestamp", "t", "datetime", "date", "millis", "seconds")
TEXTS = ("text", "message", "line", "sentence", "content", "body")
TITLES = frozenset((*LABELS, *GROUPS, *RECORDINGS, *TIMES, *TEXTS))
INDEX = ("index", "unnamed: 0")  # row numbers, as pandas writes them
TEXT = "it is text"  # why a column is left out

Rows = Literal["samples", "windows", "texts"]


@dataclass(frozen=True)
class Roles:
    """What the columns of a table are used for; None where no column has that role.

    Parameters
    ----------
    rows : {"samples", "windows", "texts"}
        What one row of the table is.
    channels : tuple of str
        The columns of samples or features, in order; of texts, the column of the text.
    label, group : str or None
        The columns of the classes, and of who or what was recorded.
    recording, time : str or None
        The columns that name a recording, and that say when a sample was taken. Only rows that
        are samples have them.
    left_out : mapping of str to str
        The columns that are not used, and why.
    """

    rows: Rows
    channels: tuple[str, ...]
    label: str | None
    group: str | None
    recording: str | None
    time: str | None
    left_out: Mapping[str, str]


def find_roles(columns: Columns, options: ReadOptions, needs_label: bool = True) -> Roles:
    """Work out what each column is used for.

    Parameters
    ----------
    columns : Columns
        The table.
    options : ReadOptions
        What the user says about it.
    needs_label : bool, default True
        Whether one column must be the label. Not so where a file's path says it.

    Returns
    -------
    Roles
        The roles; each column has one, or is left out.

    Raises
    ------
    DataError
        A column that was named does not exist, or nothing says which column is the label, the
        text or a channel.
    """
    label = _find(columns, options.label, LABELS, "label")
    if label is None and needs_label:
        label = _only_text(columns)
    group = _find(columns, options.group, GROUPS, "group")
    recording = _find(columns, "", RECORDINGS, "recording")
    time = next((n for n in columns.names if title_words(n)[0] in TIMES), None)
    rows: Rows = options.rows or "windows"
    if options.text or not (columns.numbers or options.rows):
        rows = "texts"
    elif not (options.rows or options.shape or options.image) and (recording or time):
        rows = "samples"
    if rows != "samples":
        recording = time = None
    used = {name for name in (label, group, recording, time) if name}
    channels = (_text if rows == "texts" else _channels)(columns, options, used)
    rest = [name for name in columns.names if name not in {*used, *channels}]
    left_out = {name: _why_left_out(name, columns) for name in rest}
    return Roles(rows, channels, label, group, recording, time, left_out)


def title_words(title: str) -> list[str]:
    """The words of a column's title in lower case: time and ms of `Time (ms)` and of `time_ms`."""
    return "".join(c if c.isalnum() else " " for c in title.lower()).split() or [""]


def _find(columns: Columns, named: str, known: Collection[str], what: str) -> str | None:
    """The column that the user named, or the first one that has a known title."""
    if named and named not in columns.names:
        raise DataError(
            f"{columns.path} has no column {named!r} for the {what}: it has "
            f"{', '.join(columns.names)}"
        )
    return named or next((n for k in known for n in columns.names if n.lower() == k), None)


def _only_text(columns: Columns) -> str:
    """The label without a title that says so: the only text, or the shorter one of two."""
    texts = sorted(columns.texts, key=lambda n: sum(map(len, columns.texts[n])))
    if len(texts) == (1 if columns.numbers else 2):
        return texts[0]
    raise DataError(
        f"{columns.path}: which column is the label? Name it with --label; there are "
        f"{', '.join(columns.names)}"
    )


def _text(columns: Columns, options: ReadOptions, used: Collection[str]) -> tuple[str, ...]:
    """The column of the text: named, known by its title, or the only text that is left."""
    found = _find(columns, "".join(options.channels[:1]), TEXTS, "text")
    others = [found] if found else [n for n in columns.texts if n not in used]
    if len(others) != 1:
        raise DataError(
            f"{columns.path}: which column is the text? Name it with --channels; there are "
            f"{', '.join(columns.names)}"
        )
    return tuple(others)


def _channels(columns: Columns, options: ReadOptions, used: Collection[str]) -> tuple[str, ...]:
    """The channels: the columns that were named, or all numbers that have no other role."""
    for name in options.channels:
        if name not in columns.numbers:
            have = ", ".join(columns.numbers) or "none"
            raise DataError(f"{columns.path} has no column of numbers {name!r}: it has {have}")
    rest = (n for n in columns.numbers if n not in used and n.lower() not in INDEX)
    found = options.channels or tuple(rest)
    if not found:
        raise DataError(
            f"{columns.path} has no column of numbers to use as a channel: its columns are "
            f"{', '.join(columns.names)}"
        )
    return found


def _why_left_out(name: str, columns: Columns) -> str:
    if name in columns.texts:
        return TEXT
    return "it numbers the rows" if name.lower() in INDEX else "--channels does not name it"
