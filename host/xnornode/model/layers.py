"""The layers of the integer network: slow, readable, and the reference for the C core.

Every layer is a convolution with weights -1 and +1 over a grid of bits (kept as -1 and +1 here) or
of bytes (FORMAT.md, "Layers"); a dense layer is one over a grid of height and width 1. Nothing is
shared with the packed kernels but the definition.
"""

from dataclasses import dataclass
from functools import cached_property
from math import prod
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from xnornode._typing import Activation, Int8, Int64, Pair, Shape
from xnornode.errors import ModelError
from xnornode.model.input_encoding import check_affine
from xnornode.model.limits import (
    INT32_MAX,
    MAX_CLASSES,
    MAX_COLUMNS,
    MAX_INPUTS,
    MAX_OUTPUTS,
    MAX_SHAPE,
)

Given = Literal["binary", "int8", "scores"]

CHUNK = 2**22  # float32 numbers that are unfolded at a time


def check_layer(ok: bool, message: str) -> None:
    """Raise ModelError("layer", message) unless ok."""
    if not ok:
        raise ModelError("layer", message)


@dataclass(frozen=True, eq=False)
class Thresholds:
    """Output bits. values: int64 (m,).

    Of input bits: 1 where fewer than the limit differ from the neuron's weights, 0 to n + 1. Of
    input bytes: 1 where z >= limit, the limit in int32.
    """

    values: Int64


@dataclass(frozen=True, eq=False)
class Requantize:
    """Output bytes: (z * factor + offset) >> shift, limited to 0 .. 127.

    factors, offsets: int64 (m,), within int16, and such that nothing leaves int32; shift 0 to 31.
    """

    factors: Int64
    offsets: Int64
    shift: int


@dataclass(frozen=True, eq=False)
class Scores:
    """Scores of the last layer: scale * Z + offset, Z the sum of z over all places of the grid.

    scales, offsets: int64 (m,), within int16, and such that nothing leaves int32.
    """

    scales: Int64
    offsets: Int64


Output = Thresholds | Requantize | Scores


@dataclass(frozen=True)
class Geometry:
    """The counts of a layer (FORMAT.md, "Layers"). Raises ModelError for what is not allowed."""

    outputs: int
    input_shape: Shape
    kernel: Pair
    groups: int = 1
    stride: Pair = (1, 1)
    padding: Pair = (0, 0)
    pool: Pair = (1, 1)
    scores: bool = False

    def __post_init__(self) -> None:
        h, w, c = self.input_shape
        m, g = self.outputs, self.groups
        check_layer(1 <= m <= (MAX_CLASSES if self.scores else MAX_OUTPUTS), f"{m} outputs")
        check_layer(
            all(1 <= n <= 65535 for n in self.input_shape),
            f"a grid of {self.input_shape}: 1 to 65535 each",
        )
        check_layer(
            prod(self.input_shape) <= MAX_SHAPE,
            f"a grid of {self.input_shape}: above {MAX_SHAPE} inputs",
        )
        check_layer(1 <= g <= 65535 and c % g == m % g == 0, f"{g} groups of {c} and {m} channels")
        for size, k, s, p in zip((h, w), self.kernel, self.stride, self.padding, strict=True):
            ok = 1 <= k <= 255 and 1 <= s <= 255 and 0 <= p < k and k <= size + 2 * p
            check_layer(ok, f"kernel {k}, stride {s}, padding {p} on {size} places")
        check_layer(
            self.inputs <= MAX_INPUTS, f"{self.inputs} inputs of a neuron: at most {MAX_INPUTS}"
        )
        for places, q in zip(self.convolved, self.pool, strict=True):
            check_layer(1 <= q <= 255 and q <= places, f"pool {q} on {places} places")
        if self.scores:
            ones = (g, *self.kernel, *self.stride, *self.pool)
            plain = set(ones) == {1} and self.padding == (0, 0)
            check_layer(plain, "a scores layer has groups, kernel, stride and pool 1, padding 0")
        else:
            check_layer(prod(self.output_shape) <= MAX_SHAPE, f"an output of {self.output_shape}")

    @cached_property
    def inputs(self) -> int:
        """Inputs that a neuron sees, n."""
        return self.kernel[0] * self.kernel[1] * (self.input_shape[2] // self.groups)

    @cached_property
    def convolved(self) -> Pair:
        """Height and width of the convolution, before the pool."""
        (h, w, _), (kh, kw), (sh, sw), (ph, pw) = (
            self.input_shape,
            self.kernel,
            self.stride,
            self.padding,
        )
        return (h + 2 * ph - kh) // sh + 1, (w + 2 * pw - kw) // sw + 1

    @cached_property
    def output_shape(self) -> Shape:
        """Height, width and channels of the output."""
        if self.scores:
            return 1, 1, self.outputs
        h, w = self.convolved
        return h // self.pool[0], w // self.pool[1], self.outputs


def in_columns(inputs: Activation, outputs: Given, geometry: Geometry) -> bool:
    """Whether the file keeps a layer's weights in columns, not in rows (FORMAT.md, "Layers")."""
    bits = inputs == outputs == "binary"
    return bits and geometry.groups == 1 and geometry.inputs <= MAX_COLUMNS


@dataclass(frozen=True, eq=False)
class IntLayer:
    """A layer of the integer network.

    weights: int8 (m, kh, kw, C // groups), each -1 or +1. grid: height H, width W and channels C of
    the input. inputs: what the input is. counted: which inputs the node counts where weights are in
    columns, those of 1 or of 0; it changes no output, and the rarer take less time. 1 with weights
    in rows. Raises ModelError for what FORMAT.md does not allow.
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
        check_layer(w[0].size == n, f"weights of {w[0].size} inputs, the grid gives {n}")
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
                check_layer(ok, f"limits must be {m} integers from {low} to {high}")
            case Requantize(factors, offsets, shift):
                check_layer(factors.shape == (m,), f"{m} factors")
                check_affine(factors, offsets, shift, largest * n, "layer")
            case Scores(scales, offsets):
                check_layer(scales.shape == (m,), f"{m} scales")
                reach = largest * prod(self.input_shape)
                check_layer(
                    reach <= INT32_MAX, f"{prod(self.input_shape)} bytes into a scores layer"
                )
                check_affine(scales, offsets, 0, reach, "layer")

    @cached_property
    def geometry(self) -> Geometry:
        """The layer's counts."""
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
        """Multiply-accumulates of one input, binary or of bytes by what `inputs` is."""
        if isinstance(self.output, Scores):
            places = self.input_shape[0] * self.input_shape[1]
        else:
            h, w, _ = self.output_shape
            places = h * w * prod(self.pool)
        return places * self.weights.size

    def forward(self, x: Int8) -> npt.NDArray[Any]:
        """Outputs of inputs int8 (n, H, W, C), or any shape that has as many: -1 and +1, or bytes.

        Bits give -1 and +1, int8 (n, h, w, m); bytes 0 .. 127, likewise; scores int32 (n, m).
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
        """z, int64 (n, h, w, m), at each place of the convolution."""
        (ph, pw), (sh, sw), g = self.padding, self.stride, self.groups
        if ph or pw:
            outside = -1 if self.inputs == "binary" else 0
            x = np.pad(x, [(0, 0), (ph, ph), (pw, pw), (0, 0)], constant_values=outside)
        # float32 holds every sum: at most 128 * 65534 < 2^24; and BLAS makes it fast.
        x32 = x.astype(np.float32)
        m, kh, kw, depth = self.weights.shape
        fields = np.lib.stride_tricks.sliding_window_view(x32, (kh, kw), axis=(1, 2))
        fields = fields[:, ::sh, ::sw]
        n, h, w = fields.shape[:3]
        fields = fields.reshape(n, h, w, g, depth, kh, kw).transpose(3, 0, 1, 2, 5, 6, 4)
        rows = self.weights.reshape(g, m // g, kh * kw * depth).transpose(0, 2, 1)
        z = fields.reshape(g, n * h * w, kh * kw * depth) @ rows.astype(np.float32)
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
