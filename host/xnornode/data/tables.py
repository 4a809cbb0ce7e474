"""One table whose rows are samples, windows or texts."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy.typing as npt

from xnornode.data.column_roles import TEXT, TITLES, Roles, find_roles
from xnornode.data.csv_columns import Columns, read_columns
from xnornode.data.dataset import Dataset, from_windows, group_equal_items
from xnornode.data.read_options import ReadOptions
from xnornode.data.time_series import split_recordings
from xnornode.errors import DataError
from xnornode.model.limits import MAX_CHANNELS


def read_table(path: Path, options: ReadOptions, label: str | None = None) -> Dataset:
    """Read a table.

    Parameters
    ----------
    path : Path
        A .csv, .tsv or .txt file.
    options : ReadOptions
        What the user says about it.
    label : str, optional
        The label of all rows where no column is the label. Default: there must be such a column.

    Returns
    -------
    Dataset
        Recordings, windows or texts; its notes say what was understood.

    Raises
    ------
    DataError
        The file is no table, or nothing says what its columns are used for.
    """
    # Columns that name things are text even where they hold numbers.
    named = {options.label, options.group} - {""}
    titles = TITLES | {name.lower() for name in (*named, *options.channels)}
    columns = read_columns(path, titles, as_text=named)
    roles = find_roles(columns, options, label is None)
    if roles.rows == "texts":
        return _texts(columns, roles)
    if roles.rows == "windows":
        dataset = _windows(columns, roles, options)
    else:
        dataset = split_recordings(columns, roles, label or "", options.rate_mhz)
    texts = [name for name, why in roles.left_out.items() if why == TEXT]
    if not texts:
        return dataset
    note = f"{path.name}: left out, as it is text: {', '.join(texts)}"
    return replace(dataset, notes=(*dataset.notes, note))


def shape_rows(
    values: npt.NDArray[Any], names: tuple[str, ...], options: ReadOptions, where: str
) -> tuple[npt.NDArray[Any], tuple[str, ...]]:
    """Give each row of values the shape of a window.

    Parameters
    ----------
    values : ndarray, shape (n, width)
        A window in each row.
    names : tuple of str
        The names of the values.
    options : ReadOptions
        Its `shape` or `image` is the shape. Without them each value is a channel of its own; if
        there are more than the model file allows, all are one channel.
    where : str
        What messages call the data.

    Returns
    -------
    windows : ndarray, shape (n, length, channels)
        The same values.
    channels : tuple of str
        The names of the channels.

    Raises
    ------
    DataError
        The shape does not fit the width.
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


def _windows(columns: Columns, roles: Roles, options: ReadOptions) -> Dataset:
    """One window, or one set of features, per row."""
    values = columns.stack(roles.channels)
    samples, channels = shape_rows(values, roles.channels, options, str(columns.path))
    note = (
        f"{columns.path.name}: each row is a window of {samples.shape[1]} x {samples.shape[2]} "
        "values (for a time series with one sample per row, give --window)"
    )
    return from_windows(
        columns.path.stem,
        samples,
        columns.strings(roles.label),
        columns.strings(roles.group) or None,
        channels,
        rate_mhz=options.rate_mhz,
        image_shape=options.image,
        notes=(note,),
    )


def _texts(columns: Columns, roles: Roles) -> Dataset:
    """One text per row."""
    cells = columns.strings(roles.channels[0])
    texts = [cell.encode("utf-8", "surrogateescape") for cell in cells]
    return Dataset(
        name=columns.path.stem,
        kind="texts",
        items=texts,
        labels=columns.strings(roles.label),
        groups=columns.strings(roles.group) or group_equal_items(texts),
        names=[f"{columns.path}, line {line}" for line in columns.lines],
        grouping="group" if roles.group else "none",
        channels=("text",),
    )
