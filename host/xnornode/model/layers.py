"""The layers of the integer network: slow, readable, and the reference for the C core.

Every layer is a convolution with weights -1 and +1 over binary inputs (-1 and +1 here) or int8 ones
(FORMAT.md, "Layers"). A dense layer has an input of height and width 1. Only the definition is
shared with the packed kernels.
"""

from dataclasses import dataclass
from functools import cached_property
from math import prod
from typing import Any

import numpy as np
import numpy.typing as npt

from xnornode._typing import Activation, Int8, Int64, Pair, Shape
from xnornode.model.geometry import Geometry, Given, check_layer, in_columns
from xnornode.model.input_encoding import check_affine
from xnornode.model.limits import INT32_MAX

CHUNK = 2**22  # float32 numbers that are unfolded at a time


@dataclass(frozen=True, eq=False)
class Thresholds:
    """Binary output.

    Parameters
    ----------
    values : ndarray of int64, shape (m,)
        Of binary inputs: the output is 1 where fewer inputs than this differ from the neuron's
        weights, 0 to n + 1. Of int8 inputs: 1 where z is at least this, within int32.
    """

    values: Int64


@dataclass(frozen=True, eq=False)
class Requantize:
    """int8 output: (z * factor + offset) >> shift, clipped to 0 .. 127.

    Parameters
    ----------
    factors : ndarray of int64, shape (m,)
        Within int16.
    offsets : ndarray of int64, shape (m,)
        Such that nothing leaves int32.
    shift : int
        0 to 31.
    """

    factors: Int64
    offsets: Int64
    shift: int


@dataclass(frozen=True, eq=False)
class Scores:
    """Scores of the last layer: scale * Z + offset, Z the sum of z over all positions.

    Parameters
    ----------
    scales : ndarray of int64, shape (m,)
        Within int16.
    offsets : ndarray of int64, shape (m,)
        Such that nothing leaves int32.
    """

    scales: Int64
    offsets: Int64


Output = Thresholds | Requantize | Scores


@dataclass(frozen=True, eq=False)
class IntLayer:
    """A layer of the integer network.

    Parameters
    ----------
    weights : ndarray of int8, shape (m, kh, kw, C // groups)
        Each -1 or +1.
    input_shape : tuple of int
        Height H, width W and channels C of the input.
    inputs : {"binary", "int8"}
        What the input is.
    output : Thresholds, Requantize or Scores
        What becomes of z.
    groups : int, default 1
        Divides C and m.
    stride, padding, pool : tuple of int
        Down and along. Default: (1, 1), (0, 0) and (1, 1).
    counted : {1, 0}, default 1
        The input value that the node counts where weights are in columns. It changes no output;
        the less frequent value takes less time. 1 with weights in rows.

    Raises
    ------
    ModelError
        FORMAT.md does not allow the layer.
    """

    weights: Int8
    input_shape: Shape
    inputs: Activation
    output: Output
    groups: int = 1
    stride: Pair = (1, 1)
    padding: Pair = (0, 0)
    pool: Pair = (1, 1)
    counted: int = 1

    def __post_init__(self) -> None:
        w = self.weights
        ok = w.ndim == 4 and w.dtype == np.int8 and bool((abs(w) == 1).all())
        check_layer(ok, "weights must be int8 of shape (m, kh, kw, C // groups), each -1 or +1")
        n = self.geometry.inputs
        check_layer(w[0].size == n, f"weights of {w[0].size} inputs, the input shape gives {n}")
        self._check_output(n)
        check_layer(self.counted in (0, 1), f"counted value {self.counted}: 0 or 1")
        check_layer(self.counted == 1 or self.in_columns, "only columns count the inputs of 0")

    def _check_output(self, n: int) -> None:
        out, m = self.output, len(self.weights)
        largest = 128 if self.inputs == "int8" else 1
        match out:
            case Thresholds(values):
                low, high = (-(2**31), INT32_MAX) if self.inputs == "int8" else (0, n + 1)
                ok = values.shape == (m,) and bool(((values >= low) & (values <= high)).all())
                check_layer(ok, f"thresholds must be {m} integers from {low} to {high}")
            case Requantize(factors, offsets, shift):
                check_layer(factors.shape == (m,), f"{m} factors")
                check_affine(factors, offsets, shift, largest * n, "layer")
            case Scores(scales, offsets):
                check_layer(scales.shape == (m,), f"{m} scales")
                reach = largest * prod(self.input_shape)
                check_layer(
                    reach <= INT32_MAX, f"{prod(self.input_shape)} int8 inputs of a scores layer"
                )
                check_affine(scales, offsets, 0, reach, "layer")

    @cached_property
    def geometry(self) -> Geometry:
        """The layer's shapes."""
        m, kh, kw, _ = self.weights.shape
        scores = isinstance(self.output, Scores)
        options = (self.groups, self.stride, self.padding, self.pool)
        return Geometry(m, self.input_shape, (kh, kw), *options, scores)

    @property
    def output_shape(self) -> Shape:
        """Height, width and channels of the output; (1, 1, m) of scores."""
        return self.geometry.output_shape

    @property
    def in_columns(self) -> bool:
        """Whether the file keeps the weights in columns, not in rows."""
        return in_columns(self.inputs, self.outputs, self.geometry)

    @property
    def outputs(self) -> Given:
        """What the output is."""
        match self.output:
            case Thresholds():
                return "binary"
            case Requantize():
                return "int8"
            case Scores():
                return "scores"

    def operations(self) -> int:
        """Multiply-accumulates for one window, binary or int8 as `inputs` says."""
        if isinstance(self.output, Scores):
            positions = self.input_shape[0] * self.input_shape[1]
        else:
            h, w, _ = self.output_shape
            positions = h * w * prod(self.pool)
        return positions * self.weights.size

    def forward(self, x: Int8) -> npt.NDArray[Any]:
        """Outputs of inputs int8 (n, H, W, C), or of any shape with as many values.

        Activations are int8 (n, h, w, m), -1 and +1 or 0 .. 127; scores int32 (n, m).
        """
        x = x.reshape(len(x), *self.input_shape)
        unfolded = prod(self.geometry.convolved) * self.groups * self.geometry.inputs
        step = max(1, CHUNK // unfolded)
        parts = [self._forward(x[i : i + step]) for i in range(0, len(x), step)]
        return np.concatenate(parts) if parts else self._forward(x)

    def _forward(self, x: Int8) -> npt.NDArray[Any]:
        z = self._convolve(x)
        match self.output:
            case Thresholds(values) if self.inputs == "binary":
                differing = (self.geometry.inputs - z) // 2
                return self._pool(np.where(differing < values, 1, -1).astype(np.int8))
            case Thresholds(values):
                return self._pool(np.where(z >= values, 1, -1).astype(np.int8))
            case Requantize(factors, offsets, shift):
                v = (z * factors + offsets) >> shift
                return self._pool(np.clip(v, 0, 127).astype(np.int8))
            case Scores(scales, offsets):
                return (scales * z.sum(axis=(1, 2)) + offsets).astype(np.int32)

    def _convolve(self, x: Int8) -> Int64:
        """z, int64 (n, h, w, m), at each position of the convolution."""
        (ph, pw), (sh, sw), g = self.padding, self.stride, self.groups
        if ph or pw:
            outside = -1 if self.inputs == "binary" else 0
            x = np.pad(x, [(0, 0), (ph, ph), (pw, pw), (0, 0)], constant_values=outside)
        # float32 holds every sum: at most 128 * 65534 < 2^24; and BLAS makes it fast.
        x32 = x.astype(np.float32)
        m, kh, kw, depth = self.weights.shape
        patches = np.lib.stride_tricks.sliding_window_view(x32, (kh, kw), axis=(1, 2))
        patches = patches[:, ::sh, ::sw]
        n, h, w = patches.shape[:3]
        patches = patches.reshape(n, h, w, g, depth, kh, kw).transpose(3, 0, 1, 2, 5, 6, 4)
        rows = self.weights.reshape(g, m // g, kh * kw * depth).transpose(0, 2, 1)
        z = patches.reshape(g, n * h * w, kh * kw * depth) @ rows.astype(np.float32)
        return z.transpose(1, 0, 2).reshape(n, h, w, m).astype(np.int64)

    def _pool(self, y: Int8) -> Int8:
        (h, w, m), (qh, qw) = self.output_shape, self.pool
        if (qh, qw) == (1, 1):
            return y
        return y[:, : h * qh, : w * qw].reshape(len(y), h, qh, w, qw, m).max(axis=(2, 4))


def dense(weights: Int8, inputs: Activation, output: Output) -> IntLayer:
    """Fully connected layer. weights: int8 (m, n), each -1 or +1."""
    m, n = weights.shape
    return IntLayer(weights.reshape(m, 1, 1, n), (1, 1, n), inputs, output)
