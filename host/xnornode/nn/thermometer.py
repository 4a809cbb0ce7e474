"""A thermometer encoding whose thresholds are learned."""

import numpy as np

from xnornode._typing import Float, Int16
from xnornode.model.fit_encoding import _quantiles, sample_rows
from xnornode.model.input_encoding import Thermometer
from xnornode.model.limits import INT16
from xnornode.nn.layers import Parameter, parameter
from xnornode.nn.quantizers import polynomial

INT8_STEPS = 128  # an int8 input is this many times its float value


class LearnedThermometer:
    """A thermometer encoding whose thresholds are trained with the network.

    Bit j of value x, of row r, is the sign of x / scale[r] - threshold[r, j]. Thresholds start at
    quantiles, in deviations of the row.

    Parameters
    ----------
    values : ndarray of int16, shape (n, V)
        Training values; value i is of row i mod rows.
    rows : int
        Rows of thresholds.
    bits : int
        Thresholds per row.
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
        """Make the thresholds such that a model can have them: sorted, and within int16."""
        thresholds = self.thresholds.value
        np.minimum(thresholds, INT16.max * self.inv[:, None], out=thresholds)
        thresholds.sort(axis=1)  # two that have just met are swapped

    def backward(self, grad: Float) -> Float:
        slope = polynomial(self._away)
        slope *= grad.reshape(self._away.shape)
        np.sum(slope, axis=(0, 1), out=self.thresholds.grad)
        self.thresholds.grad *= -1
        return np.empty((len(grad), 0), np.float32)

    def parameters(self) -> list[Parameter]:
        return [self.thresholds]

    def encoding(self) -> Thermometer:
        """The integers at which bits change, by bisection of the float expression."""
        self._settle()
        low = np.full((self.rows, self.bits), INT16.min, np.int64)
        high = np.full_like(low, INT16.max)
        while (low < high).any():
            middle = (low + high) >> 1
            x = middle.astype(np.float32) * self.inv[:, None]
            above = x - self.thresholds.value >= 0
            low, high = np.where(above, low, middle + 1), np.where(above, middle, high)
        return Thermometer(low.astype(np.int16))
