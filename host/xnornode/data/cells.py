"""Cells of a table as numbers, in bulk, and what is wrong with those that are none."""

import re
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from xnornode.data.titles import MISSING

Floats = npt.NDArray[np.float64]

_COMMA = re.compile(r"[-+]?(\d+,\d*|,\d+)([eE][-+]?\d+)?")
_THOUSANDS = re.compile(
    r"[-+]?\d{1,3}(?:(,\d{3})+(\.\d*)?|(\.\d{3})+(,\d*)?|([ '\u2019\xa0\u202f]\d{3})+([.,]\d*)?)"
)


def number(cell: str) -> float | None:
    """A cell as a number, with a decimal point or a decimal comma; None if it is none.

    Cells for a missing value (`NA`, `-`, an empty one) are NaN.
    """
    try:
        return float(cell)
    except ValueError:
        cell = cell.strip()
    if _COMMA.fullmatch(cell):
        return float(cell.replace(",", "."))
    return float("nan") if cell.lower() in MISSING else None


def is_number(cell: str) -> bool:
    """Whether a cell holds a number; one for a missing value does not count."""
    value = number(cell)
    return value is not None and value == value and "_" not in cell


def is_numeric(cell: str) -> bool:
    """Whether a cell is meant as a number, also one that is refused for thousands separators."""
    return is_number(cell) or parts_thousands(cell)


def parts_thousands(cell: str) -> bool:
    """Whether a cell is one number with thousands separators, or may be."""
    return _THOUSANDS.fullmatch(cell.strip()) is not None


def is_missing(cell: str) -> bool:
    """Whether a cell stands for a value that is not there."""
    return cell.strip().lower() in MISSING


def numbers(cells: Sequence[str], decimal_comma: bool = True) -> Floats:
    """Cells as numbers.

    Parameters
    ----------
    cells : sequence of str
        Cells with a decimal point or a decimal comma.
    decimal_comma : bool, default True
        Whether 1,234 is 1.234. Otherwise such a comma may part thousands, and is refused.

    Returns
    -------
    ndarray of float64, shape (n,)
        The numbers; NaN for cells that are no finite number.
    """
    try:
        values = np.fromiter(map(float, cells), float, len(cells))
    except ValueError:
        values = _with_commas(cells, decimal_comma)
    values[~np.isfinite(values)] = np.nan
    return values


def problem(cell: str) -> str:
    """What is wrong with a cell that `numbers` does not take."""
    cell = cell.strip()
    if not cell:
        return "the cell is empty"
    if _THOUSANDS.fullmatch(cell):
        return f"{cell!r} has thousands separators: export numbers without them"
    return f"{cell!r} is no finite number"


def _with_commas(cells: Sequence[str], decimal_comma: bool) -> Floats:
    joined = "\0".join(cells)
    if decimal_comma and "." not in joined:
        try:
            return np.fromiter(map(float, joined.replace(",", ".").split("\0")), float, len(cells))
        except ValueError:
            pass  # a cell is no number: one by one
    # 0,125 does not part thousands, so its column does not either.
    decimal_comma |= any(c.strip().lstrip("+-").startswith("0,") for c in cells)
    commas = any(_COMMA.fullmatch(c.strip()) for c in cells)
    return np.array([_one(c, decimal_comma, commas) for c in cells])


def _one(cell: str, decimal_comma: bool, commas: bool) -> float:
    """One cell. commas: another cell of its column has a decimal comma, so a point is none."""
    value = number(cell)
    parted = _THOUSANDS.fullmatch(cell.strip())
    if value is None or (parted and ("," not in cell or not decimal_comma) and commas):
        return float("nan")
    return value
