"""One CSV file that holds all, as recordings, windows or texts."""

from collections.abc import Collection
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from xnornode.data.csv_columns import Columns
from xnornode.data.dataset import Dataset, from_windows, identity
from xnornode.data.time_series import (
    GROUPS,
    LABELS,
    RECORDINGS,
    TEXTS,
    ReadOptions,
    channel_columns,
    find,
    join,
    open_table,
    series,
    time_column,
)
from xnornode.errors import DataError
from xnornode.model.limits import MAX_CHANNELS


def read_table(path: Path, options: ReadOptions) -> Dataset:
    """One CSV file that holds all: a label column, and rows that are samples, windows or texts."""
    columns = open_table(path, options)
    label = find(columns, options.label, LABELS, "label")
    if label is None:
        label = _only_text(columns)
    if options.text or (not columns.numbers and not options.rows):
        return _texts(columns, label, options)
    if _is_series(columns, options):
        pieces = series(columns, options, label, "")
        group = find(columns, options.group, GROUPS, "group")
        recording = find(columns, "", RECORDINGS, "recording")
        notes = [f"{path.name}: one sample per row, {len(pieces)} recordings"]
        if group is None and recording is None:
            notes.append(
                "no column names a person or a recording: each stretch of one label is taken for a "
                "recording of its own (name a column with --group)"
            )
        notes += _dropped(columns, (label, group, recording, time_column(columns)))
        return join(path.stem, pieces, group is not None, tuple(notes))
    return _windows(columns, label, options)


def _dropped(columns: Columns, used: Collection[str | None]) -> list[str]:
    """A note on columns that are of no use, as they are text."""
    names = [name for name in columns.texts if name not in used]
    return [f"{columns.path.name}: left out, as it is text: {', '.join(names)}"] if names else []


def _is_series(columns: Columns, options: ReadOptions) -> bool:
    if options.rows:
        return options.rows == "samples"
    if options.shape or options.image:
        return False
    recording = find(columns, "", RECORDINGS, "recording")
    return recording is not None or time_column(columns) is not None


def _only_text(columns: Columns) -> str:
    """The label's column where no title says it: the only one of text, or of two the shorter."""
    texts = sorted(columns.texts, key=lambda n: sum(map(len, columns.texts[n])))
    if len(texts) == 1 and columns.numbers:
        return texts[0]
    if len(texts) == 2 and not columns.numbers:
        return texts[0]
    raise DataError(
        f"{columns.path}: which column is the label? Name it with --label; there are "
        f"{', '.join(columns.names)}"
    )


def _windows(columns: Columns, label: str, options: ReadOptions) -> Dataset:
    """One window, or one set of features, per row."""
    group = find(columns, options.group, GROUPS, "group")
    names = channel_columns(columns, options, {label, *([group] if group else [])})
    values = np.stack([columns.numbers[n] for n in names], axis=1)
    samples, channels = shaped(values, names, options, str(columns.path))
    notes = [
        f"{columns.path.name}: each row is a window of {samples.shape[1]} x {samples.shape[2]} "
        "values (for a time series with one sample per row, give --window)"
    ]
    notes += _dropped(columns, (label, group))
    return from_windows(
        columns.path.stem,
        samples,
        columns.strings(label),
        columns.strings(group) if group else None,
        channels,
        rate_mhz=options.rate_mhz,
        image_shape=options.image,
        notes=tuple(notes),
    )


def shaped(
    values: npt.NDArray[Any], names: tuple[str, ...], options: ReadOptions, where: str
) -> tuple[npt.NDArray[Any], tuple[str, ...]]:
    """Rows of values (n, width) as windows (n, length, channels), and the channels' names.

    Without a shape each value is a channel of its own; where there are more than the format allows,
    all are one channel.
    """
    width = values.shape[1]
    length, channels = options.shape or (1, width)
    if options.image:
        length = options.image[0] * options.image[1]
        channels = max(1, width // length)
    elif not options.shape and width > MAX_CHANNELS:
        length, channels = width, 1
    if length * channels != width:
        raise DataError(f"{where}: {width} values in a row are not {length} x {channels}")
    titles = names if channels == width else tuple(f"channel {i}" for i in range(channels))
    return values.reshape(len(values), length, channels), titles


def _texts(columns: Columns, label: str, options: ReadOptions) -> Dataset:
    group = find(columns, options.group, GROUPS, "group")
    named = options.channels[0] if options.channels else ""
    text = find(columns, named, TEXTS, "text")
    if text is None:
        others = [n for n in columns.texts if n not in (label, group)]
        if len(others) != 1:
            raise DataError(
                f"{columns.path}: which column is the text? Name it with --channels; there are "
                f"{', '.join(columns.names)}"
            )
        text = others[0]
    lines = [cell.encode("utf-8", "surrogateescape") for cell in columns.strings(text)]
    return texts(columns.path.stem, lines, columns.strings(label), columns, group)


def texts(
    name: str, lines: list[bytes], labels: list[str], columns: Columns, group: str | None
) -> Dataset:
    """Lines of text with a label each."""
    return Dataset(
        name=name,
        kind="texts",
        items=lines,
        labels=labels,
        groups=columns.strings(group) if group else identity(lines),
        names=[f"{columns.path}, line {i}" for i in columns.lines],
        grouping="group" if group else "none",
        channels=("text",),
    )
