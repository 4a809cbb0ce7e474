"""Arrays of classes as people have them: what is missing, one-hot, measured or no class at all."""

from typing import Any

import numpy as np
import numpy.typing as npt

from xnornode.errors import DataError

Array = npt.NDArray[Any]

MISSING_TEXTS = ("", "nan", "NaN", "<NA>", "NaT")
"""What a missing label is once it has become text."""
SHOWN = 5  # rows, names or values that a message lists


def as_classes(y: Array, what: str = "y") -> Array:
    """Check that an array holds a class per row, and give it a plain type.

    Parameters
    ----------
    y : ndarray, shape (n,) or (n, 1)
        Numbers, text, bool, bytes or objects that are one of these.
    what : str, default "y"
        What messages call it.

    Returns
    -------
    ndarray
        The same values; objects that are numbers as numbers.

    Raises
    ------
    DataError
        A class is missing, or the values are no classes.
    """
    if y.ndim != 1 and y.shape[1:] != (1,):
        raise DataError(_no_column(y, what))
    gaps = missing(y).ravel()
    if gaps.any():
        raise DataError(
            f"{what} has no class (NaN, None or empty) in {rows_of(gaps)}: drop these rows, or "
            "name a class for them"
        )
    if y.dtype.kind == "O":
        y = _plain(y, what)
    if y.dtype.kind == "c":
        raise DataError(f"Complex data not supported: {what} must hold a class per row")
    if y.dtype.kind == "V":
        fields = ", ".join(y.dtype.names or ())
        raise DataError(f"{what} has several fields ({fields}): give the one that is the class")
    if y.dtype.kind in "Mm":
        raise DataError(f"{what} holds times ({y.dtype}), not classes: give the classes as text")
    return y


def missing(values: Array) -> npt.NDArray[np.bool_]:
    """Where an array has no value: NaN, infinity, None, or the text that one of them becomes."""
    kind = values.dtype.kind
    if kind == "f":
        return ~np.isfinite(values)
    if kind == "O":
        found = [is_missing(v) or (isinstance(v, str) and _blank(v)) for v in values.ravel()]
        return np.array(found, bool).reshape(values.shape)
    if kind in "US":
        texts, at = np.unique(values, return_inverse=True)
        return np.array([_blank(t) for t in texts.tolist()], bool)[at].reshape(values.shape)
    return np.zeros(values.shape, bool)


def is_missing(value: Any) -> bool:
    """Whether an object stands for a missing value: None, NaN, pandas' NA and NaT."""
    if value is None or type(value).__name__ in ("NAType", "NaTType"):
        return True
    return isinstance(value, float | np.floating) and not np.isfinite(value)


def one_hot(y: Array) -> Array | None:
    """The index of the class of each row, if rows hold one 1 and else 0, or else -1."""
    if y.ndim != 2 or y.shape[1] < 2 or y.dtype.kind not in "biuf" or not len(y):
        return None
    ones = y == 1
    rest = y[~ones]
    # 1 and -1 is the target of a hinge loss.
    if not (ones.sum(axis=1) == 1).all() or not ((rest == 0).all() or (rest == -1).all()):
        return None
    return ones.argmax(axis=1)


def is_measured(y: Array) -> bool:
    """Whether numbers are not whole, so that they are rather measured than classes."""
    return y.dtype.kind == "f" and bool((y != np.rint(y)).any())


def rows_of(mask: Array) -> str:
    """The rows where a mask is true, in words: `rows 2, 5 and 8 (3 of 60)`."""
    at = np.flatnonzero(mask)
    shown = ", ".join(str(i) for i in at[:SHOWN])
    more = ", ..." if len(at) > SHOWN else ""
    return f"row{'s' if len(at) > 1 else ''} {shown}{more} ({len(at)} of {len(mask)})"


def some(values: Any) -> str:
    """The first values, separated by commas."""
    texts = [str(v) for v in values]
    return ", ".join(texts[:SHOWN]) + (", ..." if len(texts) > SHOWN else "")


def _blank(text: str | bytes) -> bool:
    stripped = text.strip()
    return stripped in MISSING_TEXTS if isinstance(stripped, str) else not stripped


def _no_column(y: Array, what: str) -> str:
    if one_hot(y) is not None:
        return f"{what} is one-hot, shape {y.shape}: give numpy.argmax({what}, axis=1)"
    if y.ndim == 2 and y.dtype.kind in "biuf" and y.shape[1]:
        if ((y == 0) | (y == 1)).all():
            return (
                f"{what} has the shape {y.shape}, with several classes or none in a row: a row "
                "has exactly one class here"
            )
        if (y >= 0).all() and np.allclose(y.sum(axis=1), 1, atol=1e-3):
            return f"{what} holds probabilities, shape {y.shape}: give numpy.argmax({what}, axis=1)"
    return (
        f"{what} has the shape {y.shape}: it must be (n,), a class per row. Give the column of "
        f"the class, as {what}[:, 0]"
    )


def _plain(y: Array, what: str) -> Array:
    """Objects as numbers, bool or bytes where all of them are; text stays as it is."""
    flat = y.ravel()
    if not flat.size:
        return y.astype(np.int64)
    kinds = {_kind(v) for v in flat}
    if kinds == {"text"}:
        return y
    if len(kinds) == 1 and kinds <= {"bool", "number", "bytes"}:
        try:
            plain = np.array(flat.tolist())
        except OverflowError as error:
            raise DataError(f"{what}: {error}: give the classes as text") from error
        if plain.dtype.kind != "O":
            return plain.reshape(y.shape)
    if kinds <= {"bool", "number", "bytes", "text"}:
        raise DataError(
            f"{what} mixes types ({', '.join(sorted({type(v).__name__ for v in flat}))}): make "
            "all classes strings, or all numbers"
        )
    other = next(v for v in flat if _kind(v) == "")
    raise DataError(
        f"{what} holds objects of type {type(other).__name__}: make all classes strings, or all "
        "numbers"
    )


def _kind(value: Any) -> str:
    if isinstance(value, bool | np.bool_):
        return "bool"
    if isinstance(value, int | float | np.integer | np.floating):
        return "number"
    return "text" if isinstance(value, str) else "bytes" if isinstance(value, bytes) else ""
