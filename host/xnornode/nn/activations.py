"""Activations with forward and backward pass, float32 NumPy: layers without parameters."""

from collections.abc import Callable

import numpy as np

from xnornode._typing import Float
from xnornode.nn import cache_blocks
from xnornode.nn.layers import Parameter
from xnornode.nn.quantizers import STES, sign


class Sign:
    """y = sign(x), with the slope of the STE of this name in the backward pass."""

    def __init__(self, ste: str) -> None:
        self._slope: Callable[[Float], Float] = STES[ste]

    def forward(self, x: Float, training: bool) -> Float:
        if training:
            self._x = x
        out = np.empty_like(x)
        parts = cache_blocks.spans(len(x), 8 * x[0].size)
        cache_blocks.run(lambda a, b: sign(x[a:b], out=out[a:b]), parts)
        return out

    def backward(self, grad: Float) -> Float:
        def slope(start: int, end: int) -> None:
            grad[start:end] *= self._slope(self._x[start:end])

        cache_blocks.run(slope, cache_blocks.spans(len(grad), 16 * grad[0].size))
        return grad

    def parameters(self) -> list[Parameter]:
        return []


class Int8ReLU:
    """y = floor(clip(x, 0, below 2) * 64 + 1/2) / 64: the steps of an int8 activation.

    The gradient passes where x is neither below 0 nor beyond the last step.
    """

    STEPS = 64
    LAST = np.float32(127)

    def forward(self, x: Float, training: bool) -> Float:
        y = x * np.float32(self.STEPS)
        y += np.float32(0.5)
        np.floor(y, out=y)
        np.clip(y, 0, self.LAST, out=y)
        if training:
            self._inside = (x > 0) & (y < self.LAST)
        y /= np.float32(self.STEPS)
        return y

    def backward(self, grad: Float) -> Float:
        grad *= self._inside
        return grad

    def parameters(self) -> list[Parameter]:
        return []


class ReLU:
    """y = max(x, 0), for float networks."""

    def forward(self, x: Float, training: bool) -> Float:
        if training:
            self._above = x > 0
        return np.maximum(x, np.float32(0))

    def backward(self, grad: Float) -> Float:
        grad *= self._above
        return grad

    def parameters(self) -> list[Parameter]:
        return []
