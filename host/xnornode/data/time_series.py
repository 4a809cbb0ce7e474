"""Tables of one sample per row: which column is what, and where a recording ends.

A column may be named by the user; else it is known by its title (LABELS, GROUPS, ...), as most
people and loggers write it.
"""

from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np

from xnornode.data.csv_columns import Columns, Floats, read_columns
from xnornode.data.dataset import Dataset
from xnornode.errors import DataError

LABELS = ("label", "class", "target", "activity", "category", "species")
GROUPS = ("group", "subject", "person", "participant", "user", "patient", "device", "place")
RECORDINGS = ("recording", "file", "filename", "session", "trial", "sequence")
INDEX = ("index", "unnamed: 0")  # row numbers, as pandas writes them
TIMES = ("time", "timestamp", "t", "datetime", "date", "millis", "seconds")
TEXTS = ("text", "message", "line", "sentence", "content", "body")
UNITS = {"ms": 1e-3, "millis": 1e-3, "us": 1e-6, "micros": 1e-6, "ns": 1e-9, "s": 1.0, "sec": 1.0}
UNITS |= {"seconds": 1.0}
GAP = 10  # usual steps of time without a sample: a recording does not go on over that


@dataclass(frozen=True)
class ReadOptions:
    """What a user says about their files; what is empty is found out.

    label, group: titles of columns, or their numbers from 0 where there is no header. channels: the
    columns to use, in this order. rate: hertz, 0 unknown. rows: what one row of a CSV file is.
    shape: (length, channels) of a window that lies in one row. image: (height, width) likewise, or
    for arrays. text: the items are texts.
    """

    label: str = ""
    group: str = ""
    channels: tuple[str, ...] = ()
    rate: float = 0.0
    rows: Literal["", "samples", "windows"] = ""
    shape: tuple[int, int] | None = None
    image: tuple[int, int] | None = None
    text: bool = False

    @property
    def rate_mhz(self) -> int:
        return round(1000 * self.rate)


def open_table(path: Path, options: ReadOptions) -> Columns:
    """The file's columns; those that name things are text even where they hold numbers."""
    named = {n for n in (options.label, options.group) if n}
    known = {*LABELS, *GROUPS, *RECORDINGS, *TIMES, *TEXTS}
    titles = known | {n.lower() for n in (*named, *options.channels)}
    return read_columns(path, titles, as_text=named)


def find(columns: Columns, named: str, known: Collection[str], what: str) -> str | None:
    """The column that the user named, or the first whose title is known; None without."""
    if named:
        if named not in columns.names:
            raise DataError(
                f"{columns.path} has no column {named!r} for the {what}: it has "
                f"{', '.join(columns.names)}"
            )
        return named
    return next((n for k in known for n in columns.names if n.lower() == k), None)


def time_column(columns: Columns) -> str | None:
    """The column of times: known by the first word of its title, as in `time (ms)`, `t_ms`."""
    return next((name for name in columns.names if _words(name)[0] in TIMES), None)


def _words(title: str) -> list[str]:
    return "".join(c if c.isalnum() else " " for c in title.lower()).split() or [""]


@dataclass(frozen=True, eq=False)
class Piece:
    """A stretch of rows without a break: samples float64 (n, channels)."""

    samples: Floats
    label: str
    group: str
    name: str
    channels: tuple[str, ...]
    rate_mhz: int


def series(columns: Columns, options: ReadOptions, label: str | None, fixed: str) -> list[Piece]:
    """The recordings in a table of one sample per row.

    A recording ends where the label, the group or the recording's name changes, where time turns
    back, and at a gap in time. label: a column; without it all rows have the label `fixed`.
    """
    group = find(columns, options.group, GROUPS, "group")
    recording = find(columns, "", RECORDINGS, "recording")
    time = time_column(columns)
    kept = [c for c in (label, group, recording) if c]
    marks = {c: columns.strings(c) for c in kept}
    channels = channel_columns(columns, options, {*kept, *([time] if time else [])})
    samples = np.stack([columns.numbers[c] for c in channels], axis=1)
    breaks = np.zeros(len(columns), bool)
    for cells in marks.values():
        breaks[1:] |= np.array(cells[1:]) != np.array(cells[:-1])
    rate = options.rate_mhz
    if time in columns.numbers:
        steps = np.diff(columns.numbers[time])
        usual = float(np.median(steps[steps > 0])) if (steps > 0).any() else 0.0
        breaks[1:] |= (steps < 0) | (steps > GAP * usual)
        rate = rate or _rate(time, usual)
    starts = [0, *np.flatnonzero(breaks).tolist()]
    pieces = []
    for start, end in zip(starts, [*starts[1:], len(columns)], strict=True):
        lines = f"lines {columns.lines[start]} to {columns.lines[end - 1]}"
        name = f"{columns.path}, {lines}" if len(starts) > 1 else str(columns.path)
        owner = group or recording
        pieces.append(
            Piece(
                samples[start:end],
                marks[label][start] if label else fixed,
                marks[owner][start] if owner else name,
                name,
                channels,
                rate,
            )
        )
    return pieces


def join(
    name: str,
    pieces: list[Piece],
    grouped: bool,
    notes: tuple[str, ...] = (),
) -> Dataset:
    """The pieces of one or more files as a dataset; DataError where their channels differ."""
    first = pieces[0]
    for piece in pieces:
        if piece.channels != first.channels:
            raise DataError(
                f"{piece.name} has the channels {', '.join(piece.channels)}, "
                f"{first.name} {', '.join(first.channels)}: all must have the same"
            )
    return Dataset(
        name=name,
        kind="recordings",
        items=[p.samples for p in pieces],
        labels=[p.label for p in pieces],
        groups=[p.group for p in pieces],
        names=[p.name for p in pieces],
        grouping="group" if grouped else "recording",
        channels=first.channels,
        rate_mhz=first.rate_mhz,
        notes=notes,
    )


def channel_columns(
    columns: Columns, options: ReadOptions, other: Collection[str]
) -> tuple[str, ...]:
    """The columns to use as channels: those that were named, or all numbers that mean nothing else.

    Raises DataError when there is none, or one that was named holds no numbers.
    """
    for name in options.channels:
        if name not in columns.numbers:
            have = ", ".join(columns.numbers) or "none"
            raise DataError(f"{columns.path} has no column of numbers {name!r}: it has {have}")
    rest = (n for n in columns.numbers if n not in other and n.lower() not in INDEX)
    found = options.channels or tuple(rest)
    if not found:
        raise DataError(
            f"{columns.path} has no column of numbers to use as a channel: its columns are "
            f"{', '.join(columns.names)}"
        )
    return found


def _rate(title: str, step: float) -> int:
    """Sample rate in mHz by the usual step of a time column; 0 where its unit is not known."""
    unit = next((UNITS[w] for w in reversed(_words(title)) if w in UNITS), None)
    return round(1000 / (step * unit)) if unit and step else 0
