"""One table whose rows are samples, windows or texts."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from xnornode.data import data_frames
from xnornode.data.cells import is_missing
from xnornode.data.column_roles import TEXT, Roles, changes, find_roles
from xnornode.data.column_times import NUMBERS_ROWS
from xnornode.data.columns import Columns
from xnornode.data.csv_columns import read_columns
from xnornode.data.dataset import Dataset, from_windows, group_equal_items
from xnornode.data.faults import faulty_rows, list_faults, refuse, tell_dropped
from xnornode.data.read_options import ReadOptions
from xnornode.data.reading import ColumnUse, Guess, Reading, Role
from xnornode.data.row_shapes import shape_rows
from xnornode.data.time_series import keep, split_recordings
from xnornode.data.titles import is_time
from xnornode.errors import DataError

LONG_STRETCH = 20  # rows of one label: they may be samples of a recording


def read_table(path: Path, options: ReadOptions, label: str | None = None) -> Dataset:
    """Read a table.

    Parameters
    ----------
    path : Path
        A .csv, .tsv or .txt file.
    options : ReadOptions
        What the user says about it.
    label : str, optional
        The label of all rows where no column is the label. Default: `label_all` of the options;
        without that there must be such a column.

    Returns
    -------
    Dataset
        Recordings, windows or texts; its reading says what was understood.

    Raises
    ------
    DataError
        The file is no table, nothing says what its columns are used for, or rows are faulty.
    """
    # Columns that name things are text even where they hold numbers.
    named = {options.label, options.group} - {""}
    time = {options.time} - {"", "none"}
    titles = {name.lower() for name in (*named, *time, *options.channels)}
    if path.suffix.lower() in data_frames.SUFFIXES:
        columns = data_frames.read_frame(path, named)
    else:
        columns = read_columns(path, titles, named, options.header, options.charset)
    if label is None and options.label_all:
        label = options.label_all
    roles = find_roles(columns, options, label is None)
    if roles.rows == "samples":
        dataset = split_recordings(columns, roles, label or "", options)
    else:
        columns, dropped = _whole_rows(columns, roles, options)
        make = _texts if roles.rows == "texts" else _windows
        dataset = make(columns, roles, options, label or "")
        kind = {"texts": "one text per row", "windows": "one window per row"}[roles.rows]
        reading = replace(dataset.reading, files=1, kind=f"{columns.kind}, {kind}", dropped=dropped)
        dataset = replace(dataset, reading=reading)
    dataset = replace(dataset, reading=_told(dataset, columns, roles))
    texts = [name for name, why in roles.left_out.items() if why == TEXT]
    if not texts or roles.rows == "texts":
        return dataset
    odd = [
        name
        for name in texts
        if is_time(name) or (not columns.titled and any(map(str.isdigit, columns.texts[name][0])))
    ]
    if odd:  # without titles, nobody wrote a remark: a separator was not understood
        text = f"{path}: column {odd[0]} is left out, as {columns.texts[odd[0]][0]!r} is no number"
        guess = Guess(text, "write numbers, or times such as 12:00:00.250", doubtful=True)
        told = replace(dataset.reading, guesses=(*dataset.reading.guesses, guess))
        dataset = replace(dataset, reading=told)
    note = f"{path.name}: left out, as it is text: {', '.join(texts)}"
    return replace(dataset, notes=(*dataset.notes, note))


def _whole_rows(
    columns: Columns, roles: Roles, options: ReadOptions
) -> tuple[Columns, tuple[str, ...]]:
    """The table without faulty rows, and what was left out."""
    used = list(roles.channels)
    bad = faulty_rows(columns, used, roles.label)
    if not bad.any():
        return columns, ()
    faults = list_faults(columns, bad, used, roles.label)
    if not options.skip:
        raise refuse(columns, bad, faults)
    if bad.all():
        raise DataError(f"{columns.path}: every row is faulty: {faults[0]}")
    return keep(columns, ~bad), tell_dropped(columns, int(bad.sum()), faults)


def _windows(columns: Columns, roles: Roles, options: ReadOptions, label: str) -> Dataset:
    """One window, or one set of features, per row."""
    values = columns.stack(roles.channels)
    shaped = shape_rows(values, roles.channels, options, str(columns.path))
    samples = shaped.windows
    note = (
        f"{columns.path.name}: each row is a window of {samples.shape[1]} x {samples.shape[2]} "
        "values (for a time series with one sample per row, give --window)"
    )
    guesses = list(shaped.guesses)
    if not (options.rows or options.shape or options.image):
        guesses += _maybe_samples(columns, roles)
    return from_windows(
        columns.path.stem,
        samples,
        columns.strings(roles.label) or [label] * len(columns),
        _groups(columns, roles) or None,
        shaped.channels,
        rate_mhz=options.rate_mhz,
        image_shape=options.image,
        notes=(note,),
        reading=Reading(guesses=tuple(guesses)),
    )


def _maybe_samples(columns: Columns, roles: Roles) -> list[Guess]:
    """A guess, where rows that are taken for windows may be samples of recordings."""
    stretches = int(changes(columns, (roles.label, roles.group)).sum())
    if len(columns) < LONG_STRETCH * stretches:
        return []
    text = (
        f"each row is taken for a window of its own, but the label stays the same for "
        f"{len(columns) // stretches:,} rows: these may be the samples of recordings"
    )
    numbered = NUMBERS_ROWS in roles.left_out.values()
    return [Guess(text, "--window N if a row is one sample", doubtful=numbered)]


def _texts(columns: Columns, roles: Roles, options: ReadOptions, label: str) -> Dataset:
    """One text per row."""
    texts = [cell.encode("utf-8") for cell in columns.strings(roles.channels[0])]
    return Dataset(
        name=columns.path.stem,
        kind="texts",
        items=texts,
        labels=columns.strings(roles.label) or [label] * len(columns),
        groups=_groups(columns, roles) or group_equal_items(texts),
        names=[f"{columns.path}, line {line}" for line in columns.lines.tolist()],
        grouping="group" if roles.group else "none",
        channels=("text",),
    )


def _groups(columns: Columns, roles: Roles) -> list[str]:
    return [group or "(none)" for group in columns.strings(roles.group)]


def _told(dataset: Dataset, columns: Columns, roles: Roles) -> Reading:
    """What is known of a table: how its columns are used, and what may be wrong."""
    found: dict[str, Role] = {name: "channel" for name in roles.channels}
    if roles.rows == "texts":
        found = {name: "text" for name in roles.channels}
    known: tuple[tuple[str | None, Role], ...] = (
        (roles.time, "time"),
        (roles.recording, "recording"),
        (roles.group, "group"),
        (roles.label, "label"),
    )
    found |= {name: role for name, role in known if name}
    uses = tuple(
        ColumnUse(
            name, found.get(name, "left out"), roles.left_out.get(name) or roles.why.get(name, "")
        )
        for name in columns.names
    )
    guesses = [*columns.guesses, *roles.guesses, *dataset.reading.guesses]
    for names, what in ((dataset.labels, "label"), (dataset.groups, "group")):
        if roles.group if what == "group" else roles.label:
            guesses += alike_names(names, what)
    return replace(dataset.reading, columns=uses, guesses=tuple(guesses))


def alike_names(names: Sequence[str], what: str) -> list[Guess]:
    """Guesses about names that may mean the same, or nothing.

    Parameters
    ----------
    names : sequence of str
        Labels or groups.
    what : {"label", "group"}
        What they are.

    Returns
    -------
    list of Guess
        One for each set of names that differ in case only or are one number, written differently;
        one for a name that usually stands for a missing value.
    """
    guesses = []
    different = sorted(set(names))
    for how, key in (("one number", _as_number), ("one word but for case", _folded)):
        same: dict[Any, list[str]] = {}
        for name in different:
            same.setdefault(key(name), []).append(name)
        for value, alike in same.items():
            if len(alike) > 1 and value is not None:
                text = f"the {what}s {', '.join(alike)} are {how}, and are kept apart"
                guesses.append(Guess(text, "write them alike in the data", doubtful=True))
    for name in different:
        if name and is_missing(name):
            text = f"the {what} {name!r} is taken for a name, not for a missing one"
            guesses.append(Guess(text, "leave the cell empty, and --skip", doubtful=True))
    return guesses


def _as_number(name: str) -> float | None:
    try:
        value = float(name.replace(",", "."))
    except ValueError:
        return None
    return value if value == value else None


def _folded(name: str) -> str | None:
    return " ".join(name.casefold().split()) or None
