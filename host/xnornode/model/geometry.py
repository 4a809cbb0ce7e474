"""The shapes of a layer, and which ones a model file may have (FORMAT.md, "Layers")."""

from dataclasses import dataclass, replace
from functools import cached_property
from math import prod
from typing import Literal

from xnornode._typing import Activation, Pair, Shape
from xnornode.errors import ModelError
from xnornode.model.limits import (
    LIST,
    MAX_CLASSES,
    MAX_COLUMNS,
    MAX_INPUTS,
    MAX_OUTPUTS,
    MAX_SHAPE,
)

Given = Literal["binary", "int8", "scores"]


def check_layer(ok: bool, message: str) -> None:
    """Raise ModelError("layer", message) unless ok."""
    if not ok:
        raise ModelError("layer", message)


@dataclass(frozen=True)
class Geometry:
    """A layer's shapes (FORMAT.md, "Layers"). Raises ModelError for what is not allowed."""

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
            f"an input shape of {self.input_shape}: 1 to 65535 each",
        )
        check_layer(
            prod(self.input_shape) <= MAX_SHAPE,
            f"an input shape of {self.input_shape}: above {MAX_SHAPE} inputs",
        )
        check_layer(1 <= g <= 65535 and c % g == m % g == 0, f"{g} groups of {c} and {m} channels")
        for size, k, s, p in zip((h, w), self.kernel, self.stride, self.padding, strict=True):
            ok = 1 <= k <= 255 and 1 <= s <= 255 and 0 <= p < k and k <= size + 2 * p
            check_layer(ok, f"kernel {k}, stride {s}, padding {p} on {size} positions")
        check_layer(
            self.inputs <= MAX_INPUTS, f"{self.inputs} inputs of a neuron: at most {MAX_INPUTS}"
        )
        for positions, q in zip(self.convolved, self.pool, strict=True):
            check_layer(1 <= q <= 255 and q <= positions, f"pool {q} on {positions} positions")
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
    binary = inputs == outputs == "binary"
    return binary and geometry.groups == 1 and geometry.inputs <= MAX_COLUMNS


def lying(g: Geometry) -> Geometry:
    """Input shape and kernel of width 1 as columns see them: of height 1."""
    if g.input_shape[1] > 1 or g.kernel[1] > 1:
        return g
    height, width, channels = g.input_shape
    sides = {name: getattr(g, name)[::-1] for name in ("kernel", "stride", "padding", "pool")}
    return replace(g, input_shape=(width, height, channels), **sides)


def span(g: Geometry) -> int:
    """Neighbouring output positions that one list serves; `g` is lying."""
    fit = max(g.inputs, LIST) // (g.kernel[0] * g.input_shape[2])
    return min((fit - g.kernel[1]) // g.stride[1] + 1, g.output_shape[1] * g.pool[1])
