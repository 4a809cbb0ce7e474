"""What each column of a table is used for.

A column may be named by the user. Otherwise its title and its values tell.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Literal

import numpy as np

from xnornode.data import titles
from xnornode.data.column_times import TimeColumns, find_times
from xnornode.data.columns import Columns
from xnornode.data.counters import Bools
from xnornode.data.read_options import ReadOptions
from xnornode.data.reading import Guess
from xnornode.data.second_labels import second_labels
from xnornode.errors import DataError

TITLES = frozenset((*titles.LABELS, *titles.GROUPS, *titles.RECORDINGS, *titles.TIMES))
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
    why : mapping of str to str
        Why columns have their roles.
    guesses : tuple of Guess
        What may be wrong.
    """

    rows: Rows
    channels: tuple[str, ...]
    label: str | None
    group: str | None
    recording: str | None
    time: str | None
    left_out: Mapping[str, str]
    why: Mapping[str, str] = field(default_factory=dict, compare=False)
    guesses: tuple[Guess, ...] = field(default=(), compare=False)


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
    why: dict[str, str] = {}
    guesses: list[Guess] = []
    label = _find(columns, options.label, titles.LABELS, "label", why, guesses)
    group = _find(columns, options.group, titles.GROUPS, "group", why, guesses)
    named = {columns.find(name) for name in (*options.channels, options.time) if name}
    if label is None and needs_label and not options.label_all:
        label = _only_text(columns, {group, *named})
        why[label] = "no other column is text" if columns.numbers else "it is the shorter text"
    recording = _recording(columns, (label, group), named, why)
    used = {name for name in (label, group, recording) if name}
    for name in list(columns.texts):
        if name not in used and titles.names_things(name):
            columns.take_as_numbers(name)
            if name in columns.numbers and titles.squeeze(name) in titles.RECORDINGS:
                text = f"the title of {name} says recording, but its values change from row to row"
                guesses.append(Guess(text, "--channels"))
    begins = changes(columns, (label, group, recording))
    times = find_times(columns, options, used, begins)
    rows: Rows = options.rows or "windows"
    if options.text or not (columns.numbers or options.rows):
        rows = "texts"
    elif not (options.rows or options.shape or options.image) and (
        recording or times.series or (options.label_all and label is None)
    ):
        rows = "samples"
    if rows != "samples":
        recording = None
        times = _without_time(times, rows, options)
    if times.time:
        why[times.time] = times.why
    used = {n for n in (label, group, recording, times.time) if n}
    guesses += times.guesses
    if rows == "texts":
        channels = _text(columns, options, used)
    else:
        if not options.channels:
            again = second_labels(columns, label, {*used, *times.left_out}, begins, guesses)
            times.left_out.update(again)
        channels = _channels(columns, options, {*used, *times.left_out}, guesses)
    rest = [name for name in columns.names if name not in {*used, *channels}]
    left_out = {name: times.left_out.get(name) or _why_left_out(name, columns) for name in rest}
    return Roles(rows, channels, label, group, recording, times.time, left_out, why, tuple(guesses))


def changes(columns: Columns, names: Collection[str | None]) -> Bools:
    """Where one of some columns has another value than in the row before; in row 0."""
    begins = np.zeros(len(columns), bool)
    begins[0] = True
    for name in names:
        if name:
            begins[1:] |= np.diff(columns.codes(name)) != 0
    return begins


def _find(
    columns: Columns,
    named: str,
    known: Collection[str],
    what: str,
    why: dict[str, str],
    guesses: list[Guess],
) -> str | None:
    """The column that the user named, or the first one that has a known title."""
    if not named:
        plain = {name: titles.squeeze(name) for name in columns.names}
        found = next((n for k in known for n in columns.names if plain[n] == k), None)
        if found:
            why[found] = "its title says so"
        return found
    found = columns.find(named)
    if found is None:
        raise DataError(
            f"{columns.path} has no column {named!r} for the {what}: it has "
            f"{', '.join(columns.names)}"
        )
    why[found] = f"--{what} names it"
    _tell_place(columns, named, found, f"--{what}", guesses)
    return found


def _tell_place(
    columns: Columns, named: str, found: str, option: str, guesses: list[Guess]
) -> None:
    """A guess, where a number names a column that has a title."""
    if columns.titled and named.strip().isdecimal() and found != named.strip():
        text = f"{option} {named} is taken for column number {named} from 0, {found}"
        guesses.append(Guess(text, f"{option} TITLE, --header no"))


def _only_text(columns: Columns, others: Collection[str | None]) -> str:
    """The label without a title that says so: the only text, or the shorter one of two."""
    texts = sorted(
        (n for n in columns.texts if n not in others and any(columns.texts[n])),
        key=lambda n: sum(map(len, columns.texts[n])),
    )
    if len(texts) == (1 if columns.numbers else 2):
        return texts[0]
    raise DataError(
        f"{columns.path}: which column is the label? Name it with --label, or give the label of "
        "all rows with --label-all; there are "
        f"{', '.join(columns.names)}"
    )


def _recording(
    columns: Columns,
    others: Collection[str | None],
    named: Collection[str | None],
    why: dict[str, str],
) -> str | None:
    """The column that names recordings: its title says so, and it stays the same for stretches."""
    begins = changes(columns, others)
    steps = len(columns) - int(begins.sum())
    for known in titles.RECORDINGS:
        for name in columns.names:
            if titles.squeeze(name) != known or name in others or name in named:
                continue
            changed = changes(columns, (name,))
            if 2 * int((changed & ~begins).sum()) <= steps:
                why[name] = "its title says so, and it stays the same for stretches"
                return name
    return None


def _without_time(times: TimeColumns, rows: Rows, options: ReadOptions) -> TimeColumns:
    """Rows that are windows have no times: what numbers them is left out, all else a value."""
    if options.shape or options.image or options.rows or rows == "texts":
        return TimeColumns()
    left_out = dict(times.left_out)
    if times.time:
        left_out[times.time] = times.why
    return TimeColumns(left_out=left_out, guesses=times.guesses)


def _text(columns: Columns, options: ReadOptions, used: Collection[str]) -> tuple[str, ...]:
    """The column of the text: named, known by its title, or the only text that is left."""
    named = columns.find("".join(options.channels[:1])) if options.channels else None
    if options.channels and named is None:
        raise DataError(
            f"{columns.path} has no column {options.channels[0]!r} for the text: it has "
            f"{', '.join(columns.names)}"
        )
    by_title = (n for k in titles.TEXTS for n in columns.names if titles.squeeze(n) == k)
    found = named or next((n for n in by_title if n not in used), None)
    others = [found] if found else [n for n in columns.texts if n not in used]
    if len(others) != 1:
        raise DataError(
            f"{columns.path}: which column is the text? Name it with --channels; there are "
            f"{', '.join(columns.names)}"
        )
    return tuple(others)


def _channels(
    columns: Columns, options: ReadOptions, used: Collection[str], guesses: list[Guess]
) -> tuple[str, ...]:
    """The channels: the columns that were named, or all numbers that have no other role."""
    named = []
    for name in options.channels:
        found = columns.find(name)
        if found in columns.texts:
            columns.take_as_numbers(found)
        if found is None or found not in columns.numbers:
            have = ", ".join(columns.numbers) or "none"
            raise DataError(f"{columns.path} has no column of numbers {name!r}: it has {have}")
        _tell_place(columns, name, found, "--channels", guesses)
        named.append(found)
    rest = (n for n in columns.names if n in columns.numbers and n not in used)
    found_all = tuple(named) or tuple(rest)
    if not found_all:
        raise DataError(
            f"{columns.path} has no column of numbers to use as a channel: its columns are "
            f"{', '.join(columns.names)}. Write numbers, a column for each channel"
        )
    return found_all


def _why_left_out(name: str, columns: Columns) -> str:
    if name in columns.times:
        return "it holds times"
    if name in columns.texts:
        return TEXT if any(columns.texts[name]) else "it is empty"
    return "--channels does not name it"
