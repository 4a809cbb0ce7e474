"""Input encodings: each value becomes binary or int8 inputs (FORMAT.md, "Input encodings").

Twin of `bnn_encode.c`: written to be read, compared with it bit for bit.
"""

from dataclasses import dataclass
from typing import ClassVar, Literal

import numpy as np
import numpy.typing as npt

from xnornode._typing import Int8, Int16, Int64
from xnornode.errors import DataError, ModelError
from xnornode.model.limits import INT16, INT32_MAX, MAX_BITS, MAX_PLANES


def check_affine(factors: Int64, offsets: Int64, shift: int, reach: int, reason: str) -> None:
    """Raise ModelError(reason) unless x * factor + offset fits int32 for all abs(x) <= reach.

    factors and offsets: int64, one per row, factors within int16; shift 0 to 31.
    """
    ok = factors.ndim == 1 and factors.shape == offsets.shape and 0 <= shift <= 31
    ok = ok and bool(((factors >= INT16.min) & (factors <= INT16.max)).all())
    ok = ok and bool((abs(offsets) <= INT32_MAX - reach * abs(factors)).all())
    if not ok:
        text = f"factors (int16), offsets and a shift of 0 to 31 that keep {reach} within int32"
        raise ModelError(reason, f"a layer or input encoding needs {text}")


@dataclass(frozen=True, eq=False)
class Thermometer:
    """Bit j of value i is 1 where x >= thresholds[i mod rows, j].

    Parameters
    ----------
    thresholds : ndarray of int16, shape (rows, bits)
        Each row non-decreasing. 1 to 32 bits per value.

    Raises
    ------
    ModelError
        The thresholds are of another kind.
    """

    KIND: ClassVar[int] = 1
    NAME: ClassVar[str] = "thermometer"
    output: ClassVar[Literal["binary"]] = "binary"
    thresholds: Int16

    def __post_init__(self) -> None:
        t = self.thresholds
        if t.dtype != np.int16 or t.ndim != 2 or not 1 <= t.shape[1] <= MAX_BITS:
            raise ModelError("encoder", f"thresholds must be int16 of shape (rows, 1..{MAX_BITS})")
        if (t[:, 1:] < t[:, :-1]).any():
            raise ModelError("encoder", "thresholds of a row must not decrease")

    @property
    def rows(self) -> int:
        """Rows of thresholds."""
        return int(self.thresholds.shape[0])

    @property
    def bits(self) -> int:
        """Bits per value."""
        return int(self.thresholds.shape[1])

    def width(self, values: int) -> int:
        """Inputs of the network for so many values."""
        return values * self.bits

    def encode(self, values: Int16) -> Int8:
        """Inputs -1 or +1, int8 (n, V * bits), by value, then threshold, of values int16 (n, V)."""
        row = _row_of_value(values, self.rows)
        bits = values[:, :, None] >= self.thresholds[row]
        return _signs(bits.reshape(len(values), -1))


@dataclass(frozen=True, eq=False)
class BitPlanes:
    """Binary digits of (x * factor + offset) >> shift, clipped to 0 .. 2^bits - 1, lowest first.

    Parameters
    ----------
    factors, offsets : ndarray of int64, shape (rows,)
        Value i takes those of row i mod rows. Factors are within int16.
    shift : int
        0 to 31.
    bits : int
        Per value, 1 to 8.

    Raises
    ------
    ModelError
        A value is outside these, or a result would leave int32.
    """

    KIND: ClassVar[int] = 2
    NAME: ClassVar[str] = "bit-planes"
    output: ClassVar[Literal["binary"]] = "binary"
    factors: Int64
    offsets: Int64
    shift: int
    bits: int

    def __post_init__(self) -> None:
        if not 1 <= self.bits <= MAX_PLANES:
            raise ModelError("encoder", f"bit planes have 1 to {MAX_PLANES} bits, not {self.bits}")
        check_affine(self.factors, self.offsets, self.shift, 2**15, "encoder")

    @property
    def rows(self) -> int:
        """Rows of factors and offsets."""
        return len(self.factors)

    def width(self, values: int) -> int:
        """Inputs of the network for so many values."""
        return values * self.bits

    def encode(self, values: Int16) -> Int8:
        """Inputs -1 or +1, int8 (n, V * bits), by value, then digit, of values int16 (n, V)."""
        row = _row_of_value(values, self.rows)
        v = (values * self.factors[row] + self.offsets[row]) >> self.shift
        digits = np.clip(v, 0, 2**self.bits - 1)[:, :, None] >> np.arange(self.bits) & 1
        return _signs(digits.reshape(len(values), -1) == 1)


@dataclass(frozen=True, eq=False)
class Int8Encoding:
    """One int8 per value: (x * factor + offset) >> shift, clipped to -128 .. 127.

    Parameters
    ----------
    factors, offsets : ndarray of int64, shape (rows,)
        Value i takes those of row i mod rows. Factors are within int16.
    shift : int
        0 to 31.

    Raises
    ------
    ModelError
        A value is outside these, or a result would leave int32.
    """

    KIND: ClassVar[int] = 3
    NAME: ClassVar[str] = "int8"
    output: ClassVar[Literal["int8"]] = "int8"
    bits: ClassVar[int] = 8
    factors: Int64
    offsets: Int64
    shift: int

    def __post_init__(self) -> None:
        check_affine(self.factors, self.offsets, self.shift, 2**15, "encoder")

    @property
    def rows(self) -> int:
        """Rows of factors and offsets."""
        return len(self.factors)

    def width(self, values: int) -> int:
        """Inputs of the network for so many values."""
        return values

    def encode(self, values: Int16) -> Int8:
        """Inputs, int8 (n, V), of values int16 (n, V)."""
        row = _row_of_value(values, self.rows)
        v = (values * self.factors[row] + self.offsets[row]) >> self.shift
        return np.clip(v, -128, 127).astype(np.int8)


InputEncoding = Thermometer | BitPlanes | Int8Encoding


def _row_of_value(values: Int16, rows: int) -> npt.NDArray[np.intp]:
    if values.dtype != np.int16 or values.ndim != 2:
        raise DataError(f"values must be int16 of shape (n, V), not {values.dtype} {values.shape}")
    return np.arange(values.shape[1]) % rows


def _signs(bits: npt.NDArray[np.bool_]) -> Int8:
    return 2 * bits.astype(np.int8) - 1
