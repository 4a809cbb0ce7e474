"""Checks of what people give a classifier as X and y; each message has the remedy."""

from typing import Any

import numpy as np
import numpy.typing as npt

from xnornode.data.class_labels import as_classes, is_measured, rows_of, some
from xnornode.errors import DataError
from xnornode.model.limits import MAX_CLASSES

Array = npt.NDArray[Any]

SHAPES = "(n, features), (n, length, channels) or (n, height, width[, channels])"


class NotNumbers(DataError, TypeError):
    """X holds objects that are no numbers; scikit-learn's conventions ask for a TypeError."""


def check_rows(x: Any) -> None:
    """Check that X can be taken as finite numbers.

    Parameters
    ----------
    x : array_like or data frame
        What was given.

    Raises
    ------
    DataError
        It is sparse, masked, ragged, or no numbers, or a value is missing or infinite.
    """
    if x is None:
        raise DataError(f"X is None: give an array {SHAPES}")
    _check_kind(x, "X")
    if hasattr(x, "columns") and hasattr(x, "dtypes"):
        _check_columns(x)
    try:
        values = np.asarray(x)
    except (TypeError, ValueError) as error:
        raise DataError(
            f"X is no array ({error}): all rows must have the same shape, {SHAPES}"
        ) from None
    kind = values.dtype.kind
    if kind == "V":
        raise DataError(
            f"X has fields ({some(values.dtype.names or ())}): give numbers, by "
            "numpy.lib.recfunctions.structured_to_unstructured(X)"
        )
    if kind in "US":
        raise DataError("X must be numeric, not text: convert it, X.astype(float)")
    if kind in "Mm":
        raise DataError(f"X must be numeric, not times ({values.dtype}): leave times out")
    if kind == "c":
        raise DataError("Complex data not supported: give the magnitude of X, numpy.abs(X)")
    if values.ndim < 2 and kind != "O":
        remedy = "X.reshape(-1, 1) if it is one feature, X.reshape(1, -1) if it is one row"
        raise DataError(
            f"Reshape your data: X has the shape {values.shape}, not {SHAPES}: {remedy}"
        )
    if kind == "O" and values.ndim >= 2:
        values = _floats(values)
    if values.dtype.kind == "f" and not np.isfinite(values).all():
        bad = ~np.isfinite(values).reshape(len(values), -1).all(axis=1)
        what = "NaN" if np.isnan(values).any() else "infinity or a value too large"
        raise DataError(f"Input X contains {what} in {rows_of(bad)}: clean or drop these rows")


def check_labels(y: Any) -> Any:
    """Check that y holds a class per row.

    Parameters
    ----------
    y : array_like
        What was given.

    Returns
    -------
    ndarray, or None if y is None
        Its values, in a plain type.

    Raises
    ------
    DataError
        A class is missing, y is one-hot, or it holds no classes.
    """
    if y is None:  # scikit-learn has its own message
        return None
    _check_kind(y, "y")
    listed = isinstance(y, list | tuple)
    if listed:
        # As objects first: NumPy would turn None and numbers among text into text.
        objects = np.empty(len(y), object)
        objects[:] = list(y)
        y = objects if all(np.isscalar(v) or v is None for v in y) else y
    try:
        values = np.asarray(y)
    except (TypeError, ValueError) as error:
        raise DataError(f"y is no array ({error}): it must have a class per row") from None
    if values.ndim == 0:
        raise DataError(f"y is one {type(y).__name__}: it must be an array with a class per row")
    classes = as_classes(values)
    if listed and classes.dtype.kind == "O":
        classes = classes.astype(str)
    if classes.dtype.kind == "S":
        raise DataError("y holds bytes: make them text, numpy.char.decode(y, 'utf-8')")
    if is_measured(classes):
        raise DataError(
            f"Unknown label type: y holds measured values ({some(np.unique(classes))}), not "
            "classes. If each value is a class, give y.astype(str)"
        )
    if (count := len(np.unique(classes))) > MAX_CLASSES:
        raise DataError(f"y has {count} different values, more than {MAX_CLASSES}: give classes")
    return classes


def _check_kind(values: Any, what: str) -> None:
    if type(values).__module__.startswith("scipy.sparse"):
        raise DataError(f"{what} is sparse: give dense data, {what}.toarray()")
    if isinstance(values, np.ma.MaskedArray):
        if np.ma.getmaskarray(values).any():
            raise DataError(
                f"{what} is masked in {int(np.ma.getmaskarray(values).sum())} places: fill them "
                f"({what}.filled(0)) or drop their rows"
            )
    elif isinstance(values, set | frozenset | dict | str | bytes) or hasattr(values, "__next__"):
        raise DataError(f"{what} is a {type(values).__name__}: give a list or an array")


def _check_columns(frame: Any) -> None:
    """Name the columns of a data frame that are no numbers."""
    odd = []
    for name, kind in zip(frame.columns, frame.dtypes, strict=True):
        if getattr(kind, "kind", "O") in "biufc" and not hasattr(kind, "categories"):
            continue
        if getattr(kind, "kind", "O") == "O" and not hasattr(kind, "categories"):
            try:
                np.asarray(frame[name]).astype(np.float64)
                continue
            except (TypeError, ValueError):
                pass
        odd.append(f"{name} ({kind})")
    if odd:
        raise DataError(
            f"X must be numeric; columns that are not, or that lack values: {some(odd)}: leave "
            "them out, or turn them into numbers"
        )


def _floats(values: Array) -> Array:
    """Objects as float64; None and pandas' NA as NaN."""
    try:
        return values.astype(np.float64)
    except (TypeError, ValueError, OverflowError) as error:
        lacking = np.array([type(v).__name__ == "NAType" for v in values.ravel()])
        if lacking.any():
            rows: Array = np.any(lacking.reshape(len(values), -1), axis=1)
            raise DataError(
                f"Input X contains NaN in {rows_of(rows)}: clean or drop these rows"
            ) from None
        raise NotNumbers(f"X must be numeric: {error}") from None
