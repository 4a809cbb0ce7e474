"""Parquet and Feather files as columns, read with pyarrow."""

from collections.abc import Collection
from pathlib import Path
from typing import Any

import numpy as np

from xnornode._extras import load_extra
from xnornode._words import because
from xnornode.data.columns import Columns, find_name
from xnornode.data.titles import names_things
from xnornode.errors import DataError

SUFFIXES = (".parquet", ".pq", ".feather", ".arrow")


def read_frame(path: Path, as_text: Collection[str] = ()) -> Columns:
    """Read a data frame.

    Parameters
    ----------
    path : Path
        A .parquet or .feather file. It needs pyarrow.
    as_text : collection of str, default ()
        Columns to take as text, whatever they hold.

    Returns
    -------
    Columns
        Its columns: numbers as float64 with NaN where a value is missing, times in seconds, all
        others as text.

    Raises
    ------
    DataError
        The file is damaged, empty, or has a column of lists or the like.
    """
    arrow = load_extra("pyarrow", "tables")
    try:
        if path.suffix.lower() in (".parquet", ".pq"):
            table = load_extra("pyarrow.parquet", "tables").read_table(str(path))
        else:
            table = load_extra("pyarrow.feather", "tables").read_table(str(path))
        names = tuple(str(name) for name in table.column_names)
        if twice := sorted({name for name in names if names.count(name) > 1}):
            raise DataError(f"{path}: two columns are called {', '.join(twice)}: rename one")
        if not names or not table.num_rows:
            raise DataError(f"{path} has no rows")
        forced = {find_name(names, name) for name in as_text}
        forced |= {name for name in names if names_things(name)}
        found = Columns(
            path,
            names,
            {},
            {},
            np.arange(1, table.num_rows + 1),
            {},
            np.zeros(table.num_rows, bool),
            kind=f"{path.suffix.lower()[1:]} data frame",
        )
        for name, column in zip(names, table.columns, strict=True):
            _add(found, name, column, name in forced, arrow)
    except arrow.ArrowException as error:
        raise DataError(f"{path} is damaged, or no such file{because(error)}") from error
    except OSError as error:  # pyarrow's own, without a reason of the system
        if error.errno:
            raise
        raise DataError(f"{path} is damaged{because(error)}") from error
    return found


def _add(found: Columns, name: str, column: Any, as_text: bool, arrow: Any) -> None:
    types = arrow.types
    kind = column.type
    if types.is_dictionary(kind):
        column = column.cast(kind.value_type)
        kind = column.type
    numeric = types.is_integer(kind) or types.is_floating(kind) or types.is_boolean(kind)
    if types.is_decimal(kind):
        column, numeric = column.cast(arrow.float64()), True
    if (types.is_timestamp(kind) or types.is_time(kind) or types.is_date(kind)) and not as_text:
        nanoseconds = column.cast(arrow.timestamp("ns")) if not types.is_time(kind) else column
        whole = (
            nanoseconds.cast(arrow.int64())
            if not types.is_time32(kind)
            else column.cast(arrow.time64("ns")).cast(arrow.int64())
        )
        unit = 1e-6 if types.is_time64(kind) and kind.unit == "us" else 1e-9
        found.times[name] = _floats(whole) * unit
    elif numeric and not as_text:
        if types.is_boolean(kind):
            column = column.cast(arrow.int8())
        found.numbers[name] = _floats(column)
    elif types.is_nested(kind):
        raise DataError(
            f"{found.path}: column {name} holds {kind}: write a column for each value of it"
        )
    else:
        found.texts[name] = ["" if v is None else _text(v) for v in column.to_pylist()]


def _floats(column: Any) -> Any:
    """The values as float64, with NaN for those that are missing."""
    return np.concatenate(
        [chunk.to_numpy(zero_copy_only=False).astype(np.float64) for chunk in column.chunks]
        or [np.zeros(0)]
    )


def _text(value: Any) -> str:
    if isinstance(value, bytes):
        return value.decode("utf-8", "replace")
    return str(value).strip()
