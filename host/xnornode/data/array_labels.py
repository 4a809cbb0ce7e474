"""Arrays of labels and groups as text, one per row."""

from typing import Any

import numpy as np
import numpy.typing as npt

from xnornode.data.class_labels import as_classes, is_measured, missing, one_hot, rows_of, some
from xnornode.errors import DataError
from xnornode.model.limits import MAX_CLASSES

Array = npt.NDArray[Any]

MAX_CODE = 0x10FFFF  # the last character of Unicode; NumPy's text may hold any number


def read_labels(
    y: Array, rows: int, classes: Array | None, where: str, name: str = "y"
) -> tuple[list[str], list[str]]:
    """The label of each row as text.

    Parameters
    ----------
    y : ndarray, shape (n,), (n, 1), (1, n) or one-hot (n, classes)
        Numbers, text or bytes.
    rows : int
        How many rows there are.
    classes : ndarray, shape (classes,), optional
        The names of the classes, if y holds their indexes.
    where, name : str
        What messages call the file and the array.

    Returns
    -------
    labels : list of str
        A label per row.
    notes : list of str
        What was understood.

    Raises
    ------
    DataError
        Labels are missing, or are no classes.
    """
    what, notes = f"{where}: {name}", list[str]()
    index = one_hot(y) if len(y.shape) == 2 and len(y) == rows else None
    if index is not None:
        notes.append(f"{name} is one-hot: a label is the number of its column")
        y = index
    try:
        y = as_classes(_column(y, rows, what), what).ravel()
    except DataError as error:
        hint = " (--skip leaves them out)" if "has no class" in str(error) else ""
        raise DataError(f"{error}{hint}") from None
    if len(y) != rows:
        raise DataError(f"{where}: X has {rows} rows, {name} {len(y)}: they must be as many")
    values, at = np.unique(y, return_inverse=True)
    if len(values) > MAX_CLASSES:
        kind = "measured values" if is_measured(y) else "different labels"
        raise DataError(
            f"{what} has {len(values)} {kind} ({some(values)}), more than {MAX_CLASSES}: it must "
            "hold classes"
        )
    names = texts_of(values, what, notes)
    if classes is not None:
        names = _named(values, names, classes, what, notes)
    return [names[i] for i in at.tolist()], notes


def read_groups(groups: Array, rows: int, where: str, name: str = "groups") -> list[str]:
    """The group of each row as text. Raises DataError as `read_labels` does."""
    what = f"{where}: {name}"
    groups = _column(groups, rows, what)
    if groups.ndim != 1 and groups.shape[1:] != (1,):
        raise DataError(f"{what} has the shape {groups.shape}: it must be (n,), a group per row")
    groups = groups.ravel()
    if len(groups) != rows:
        raise DataError(f"{where}: X has {rows} rows, {name} {len(groups)}: they must be as many")
    if (gaps := missing(groups)).any():
        raise DataError(f"{what} names no group in {rows_of(gaps)}: name one, or drop these rows")
    values, at = np.unique(groups, return_inverse=True)
    names = texts_of(values, what, [])
    return [names[i] for i in at.tolist()]


def texts_of(values: Array, what: str, notes: list[str]) -> list[str]:
    """Numbers, text or bytes as text.

    Parameters
    ----------
    values : ndarray, shape (n,)
        The values.
    what : str
        What messages call them.
    notes : list of str
        What was understood is added.

    Returns
    -------
    list of str
        Whole numbers without a point, unless others have one. Bytes are UTF-8, else Windows-1252.

    Raises
    ------
    DataError
        The values are no text.
    """
    kind = values.dtype.kind
    if kind == "f":
        # The shortest text that gives the number again; adding 0 turns -0 into 0.
        if is_measured(values):
            return [np.format_float_positional(v + 0, trim="0") for v in values]
        return [np.format_float_positional(v + 0, trim="-") for v in values]
    if kind == "S":
        return _decoded(values, what, notes)
    if kind not in "biuU":
        raise DataError(f"{what} holds {values.dtype}: it must be numbers or text")
    try:
        return [str(v).strip() for v in values.tolist()]
    except (ValueError, SystemError) as error:  # characters beyond MAX_CODE
        raise DataError(f"{what} must be numbers or text ({error})") from error


def _decoded(values: Array, what: str, notes: list[str]) -> list[str]:
    for encoding in ("utf-8", "cp1252", "latin-1"):
        try:
            texts = [v.decode(encoding).strip() for v in values.tolist()]
        except UnicodeDecodeError:
            continue
        if encoding != "utf-8":
            odd = [t for t in texts if not t.isascii()]
            notes.append(f"{what} holds bytes that are no UTF-8: read as {encoding} ({some(odd)})")
        return texts
    raise AssertionError("latin-1 decodes all bytes")


def _column(values: Array, rows: int, what: str) -> Array:
    if values.ndim == 0:
        raise DataError(f"{what} is one value: it must have one per row")
    if values.dtype.kind == "U" and values.size:
        codes = np.ascontiguousarray(values).view(np.uint32)
        if codes.max() > MAX_CODE:
            raise DataError(f"{what} holds text that is no Unicode: it is damaged")
    # MATLAB has no vectors: a list is a matrix of one row.
    return values.T if values.shape == (1, rows) else values


def _named(
    values: Array, texts: list[str], classes: Array, what: str, notes: list[str]
) -> list[str]:
    """The names of the classes whose indexes, or names, the values are."""
    names = texts_of(classes.ravel(), f"{what}, the names of its classes", notes)
    if len(set(names)) != len(names):
        raise DataError(f"{what}: two classes have one name: {some(names)}")
    known = set(texts) <= set(names)
    indexes = values.dtype.kind in "biuf" and not is_measured(values)
    if known and not (indexes and classes.dtype.kind in "SU"):
        return texts
    if not indexes:
        unknown = [t for t in texts if t not in names]
        raise DataError(f"{what} has {some(unknown)}, but the classes are {some(names)}")
    low, high = int(values.min()), int(values.max())
    if low < 0 or high >= len(names):
        if known:
            return texts
        hint = ": it counts from 1, subtract 1" if low == 1 and high == len(names) else ""
        raise DataError(
            f"{what} goes to {high if high >= len(names) else low}, but there are {len(names)} "
            f"classes, 0 to {len(names) - 1}{hint}"
        )
    return [names[int(v)] for v in values]
