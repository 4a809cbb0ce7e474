"""What the network is trained on: the front and the code of the node, fitted to the data.

Training sees exactly the bits or bytes that the node will compute.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

from xnornode.binarize import Float, polynomial
from xnornode.encode import INT16, MAX_PLANES, BitPlanes, ByteCode, Code, Int16, Thermometer
from xnornode.errors import DataError
from xnornode.fronts import Front, TextFront
from xnornode.layers import Parameter, parameter

CODES = ("thermometer", "learned", "planes", "bytes")
CodeName = Literal["thermometer", "learned", "planes", "bytes"]

# Rare extremes are cut off, so that the steps are spent where the values are.
TAIL = 0.002
QUANTILE_ROWS = 1_000_000
SHIFT_MAX = 22  # 127 << 22 leaves room in int32
BYTE_STEPS = 128  # a byte is this many times its float value
# Rows share one shift: by more than this their factors do not differ, or that of the row with the
# widest range would be a handful of steps, or 0.
FACTOR_RATIO = 2048

Given = Int16 | Sequence[bytes]


@dataclass(frozen=True, eq=False)
class Inputs:
    """From what a node is given to the network's input, as training computes it.

    code: None behind a text front, and where thresholds are learned, which is in the network then.
    """

    front: Front
    code: Code | None

    @property
    def kind(self) -> Literal["bits", "bytes", "values"]:
        """What the network is given: "values" are samples, for thresholds to be learned."""
        if isinstance(self.front, TextFront):
            return "bits"
        return self.code.output if self.code else "values"

    def compact(self, given: Given) -> npt.NDArray[np.integer]:
        """The network's input as small integers (n, width): int16 values, or int8."""
        if isinstance(self.front, TextFront):
            assert not isinstance(given, np.ndarray)
            return self.front.bits(given)
        assert isinstance(given, np.ndarray)
        values = self.front.values(given)
        return self.code.encode(values) if self.code else values

    def floats(self, compact: npt.NDArray[np.integer]) -> Float:
        """The same as float32, bytes divided by 128."""
        x = compact.astype(np.float32)
        if self.kind == "bytes":
            x /= np.float32(BYTE_STEPS)
        return x


def fit_code(values: Int16, rows: int, name: CodeName, bits: int) -> Code:
    """The code whose steps suit `values`, int16 (n, V), of which value i is of row i mod rows.

    thermometer: thresholds at quantiles. planes, bytes: steps of equal size over nearly all of the
    range; as bytes, data that is never negative keeps its zero. Raises DataError for too many bits.
    """
    table = sample_rows(values.reshape(-1, rows))
    if name == "thermometer":
        # Rounding up keeps x >= threshold the same for integers as for the real quantile.
        cuts = np.ceil(_quantiles(table, bits))
        return Thermometer(np.ascontiguousarray(cuts.astype(np.int16)))
    low, high = np.quantile(table, [TAIL, 1 - TAIL], axis=0)
    if name == "planes":
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
        if name == "planes"
        else ByteCode(factors, offsets, shift)
    )


def sample_rows(table: Int16) -> Int16:
    """Some million rows of `table`, (n, columns), at equal steps: enough for its quantiles."""
    return table[:: max(1, len(table) // QUANTILE_ROWS)]


def _quantiles(table: Int16, bits: int) -> npt.NDArray[np.float64]:
    """What cuts each column of `table` into bits + 1 equally full parts, (columns, bits).

    The column's least value is left out: where most of an image is black, cuts at black would make
    bits that are always 1. A single bit is to tell dark from light, and cuts between the two means.
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


class LearnedThermometer:
    """Thermometer bits of values whose thresholds are trained with the network.

    Bit j of value x, of row r, is the sign of x / scale[r] - threshold[r, j]. The start is at
    quantiles, in deviations of the row.
    """

    def __init__(self, values: Int16, rows: int, bits: int) -> None:
        table = sample_rows(values.reshape(-1, rows))
        self.rows, self.bits = rows, bits
        self.inv = (1 / np.maximum(table.std(axis=0), 1)).astype(np.float32)
        start = _quantiles(table, bits) * self.inv[:, None]
        self.thresholds = parameter(np.ascontiguousarray(start.astype(np.float32)))

    def distances(self, x: Float) -> Float:
        """x / scale - threshold, float32 (n, V, bits): the expression that `fold` evaluates."""
        count = x.shape[1] // self.rows
        scaled = x * np.tile(self.inv, count)
        spread: Float = scaled.reshape(len(x), count, self.rows, 1) - self.thresholds.value
        return spread

    def forward(self, x: Float, training: bool) -> Float:
        self._settle()
        away = self.distances(x.reshape(len(x), -1))
        if training:
            self._away = away
        bits: Float = np.where(away >= 0, np.float32(1), np.float32(-1))
        return bits.reshape(len(x), -1)

    def _settle(self) -> None:
        """Make the thresholds such that a code can have them: sorted, and within int16."""
        thresholds = self.thresholds.value
        np.minimum(thresholds, INT16.max * self.inv[:, None], out=thresholds)
        thresholds.sort(axis=1)  # two that have just met change places

    def backward(self, grad: Float) -> Float:
        slope = polynomial(self._away)
        slope *= grad.reshape(self._away.shape)
        np.sum(slope, axis=(0, 1), out=self.thresholds.grad)
        self.thresholds.grad *= -1
        return np.empty((len(grad), 0), np.float32)

    def parameters(self) -> list[Parameter]:
        return [self.thresholds]

    def code(self) -> Thermometer:
        """The integers at which the bits change, found by bisection on the float expression."""
        self._settle()
        low = np.full((self.rows, self.bits), INT16.min, np.int64)
        high = np.full_like(low, INT16.max)
        while (low < high).any():
            middle = (low + high) >> 1
            x = middle.astype(np.float32) * self.inv[:, None]
            above = x - self.thresholds.value >= 0
            low, high = np.where(above, low, middle + 1), np.where(above, middle, high)
        return Thermometer(low.astype(np.int16))
