"""Input encodings fitted to training values."""

from typing import Literal

import numpy as np
import numpy.typing as npt

from xnornode._typing import Int16
from xnornode.errors import DataError
from xnornode.model.input_encoding import BitPlanes, InputEncoding, Int8Encoding, Thermometer
from xnornode.model.limits import INT16, MAX_PLANES

ENCODINGS = ("thermometer", "learned-thermometer", "bit-planes", "int8")

EncodingName = Literal["thermometer", "learned-thermometer", "bit-planes", "int8"]

# Rare extremes are cut off, so that the steps are spent where the values are.
TAIL = 0.002

QUANTILE_ROWS = 1_000_000

SHIFT_MAX = 22  # 127 << 22 leaves room in int32

# Rows share one shift: by more than this their factors do not differ, or that of the row with the
# widest range would be a handful of steps, or 0.
FACTOR_RATIO = 2048


def fit_encoding(values: Int16, rows: int, name: EncodingName, bits: int) -> InputEncoding:
    """The encoding whose steps suit `values`, int16 (n, V). Value i is of row i mod rows.

    thermometer: thresholds at quantiles. bit-planes, int8: steps of equal size over nearly all of
    the range; with int8, data that is never negative keeps its zero. Raises DataError for too many
    bits.
    """
    table = sample_rows(values.reshape(-1, rows))
    if name == "thermometer":
        # Rounding up keeps x >= threshold the same for integers as for the real quantile.
        cuts = np.ceil(_quantiles(table, bits))
        return Thermometer(np.ascontiguousarray(cuts.astype(np.int16)))
    low, high = np.quantile(table, [TAIL, 1 - TAIL], axis=0)
    if name == "bit-planes":
        if bits > MAX_PLANES:
            raise DataError(f"bit planes are at most {MAX_PLANES}, not {bits}")
        first, last = 0, 2**bits - 1
        start = low
    else:
        first, last = -127, 127
        positive = table.min() >= 0
        if positive:
            first, low = 0, np.zeros(rows)
        start = low
    span = np.maximum(high - start, 1.0)
    gain = (last - first) / span
    gain[high <= start] = gain.min()  # a row that never changes needs no steps
    gain = np.minimum(gain, FACTOR_RATIO * gain.min())
    shift = int(np.clip(np.floor(np.log2(INT16.max / gain.max())), 0, SHIFT_MAX))
    factors = np.rint(gain * 2**shift).astype(np.int64)
    half = 2**shift // 2
    offsets = np.rint(first * 2**shift - start * factors).astype(np.int64) + half
    return (
        BitPlanes(factors, offsets, shift, bits)
        if name == "bit-planes"
        else Int8Encoding(factors, offsets, shift)
    )


def sample_rows(table: Int16) -> Int16:
    """Some million rows of `table`, (n, columns), at equal steps: enough for its quantiles."""
    return table[:: max(1, len(table) // QUANTILE_ROWS)]


def _quantiles(table: Int16, bits: int) -> npt.NDArray[np.float64]:
    """Thresholds that cut each column of `table` into bits + 1 equally full parts, (columns, bits).

    The column's least value is left out: where most of an image is black, cuts at black would make
    bits that are always 1. A single bit tells dark from light: it cuts between their means.
    """
    levels = np.arange(1, bits + 1) / (bits + 1)
    cuts = np.empty((table.shape[1], bits))
    for row, column in zip(cuts, table.T, strict=True):
        above = column[column > column.min()]
        if bits == 1:
            row[:] = _between_means(column)
        else:
            row[:] = np.quantile(above if len(above) else column, levels)
    return cuts


def _between_means(column: Int16) -> float:
    """The cut that lies halfway between the means of what is below it and of the rest.

    Ridler and Calvard, "Picture thresholding using an iterative selection method", 1978.
    """
    values, counts = np.unique(column, return_counts=True)
    cut = float(np.average(values, weights=counts))
    for _ in range(len(values)):
        low = values < cut
        if low.all() or not low.any():
            break
        means = [np.average(values[part], weights=counts[part]) for part in (low, ~low)]
        cut, last = float(sum(means) / 2), cut
        if cut == last:
            break
    return cut
