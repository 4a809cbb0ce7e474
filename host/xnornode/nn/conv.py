"""Convolution and max-pool with binary weights, forward and backward, float32 NumPy.

The patches are copied into a matrix for one small part of the batch at a time (Chellapilla,
Puri, Simard, "High performance convolutional neural networks for document processing", 2006), so
that it stays in the cache: it is never stored, the backward pass makes it again.
"""

from collections.abc import Iterator
from typing import Literal

import numpy as np

from xnornode._typing import Float, Shape
from xnornode.nn import cache_blocks
from xnornode.nn.layer_spec import Conv
from xnornode.nn.layers import Parameter, glorot, parameter
from xnornode.nn.quantizers import WeightBinarizer


class BinaryConv:
    """Convolution over (n, height, width, channels), then max-pool; no bias.

    Latent weights are float32 (outputs, kh * kw * channels / groups), ordered by row, column,
    channel. What the pool leaves over at the end is dropped.

    Parameters
    ----------
    input_shape : tuple of int
        (height, width, channels).
    spec : Conv
        Outputs, kernel, stride, padding, pool and groups.
    rng : Generator
        Draws the first weights.
    fill : {-1, 0}, default -1
        What stands outside the input: -1 for binary inputs, 0 for int8.
    first : bool, default False
        Nobody needs the gradient by the input.
    binarizer : WeightBinarizer, optional
        How latent weights become -1 and +1. Default: by sign.
    """

    def __init__(
        self,
        input_shape: Shape,
        spec: Conv,
        rng: np.random.Generator,
        fill: Literal[-1, 0] = -1,
        first: bool = False,
        binarizer: WeightBinarizer | None = None,
    ) -> None:
        height, width, channels = input_shape
        self.input_shape, self.first = input_shape, first
        self.kernel, self.stride, self.padding = spec.kernel, spec.stride, spec.padding
        self.pool, self.groups, self.outputs = spec.pool, spec.groups, spec.outputs
        self.fill = np.float32(fill)
        # What the pool leaves over at the end is not computed at all.
        (kh, kw), (sh, sw), (ph, pw) = spec.kernel, spec.stride, spec.padding
        self.positions = (
            ((height + 2 * ph - kh) // sh + 1) // spec.pool[0] * spec.pool[0],
            ((width + 2 * pw - kw) // sw + 1) // spec.pool[1] * spec.pool[1],
        )
        inputs = kh * kw * channels // spec.groups
        start = glorot(spec.outputs, inputs, kh * kw * spec.outputs // spec.groups, rng)
        self.binarizer = binarizer or WeightBinarizer()
        self.weights = parameter(start, latent=self.binarizer.kind != "real")

    @property
    def output_shape(self) -> tuple[int, int, int]:
        """(height, width, channels) behind the pool."""
        return (
            self.positions[0] // self.pool[0],
            self.positions[1] // self.pool[1],
            self.outputs,
        )

    def used(self, training: bool = False) -> Float:
        """The weights as they are used, float32 (outputs, kh * kw * channels / groups)."""
        return self.binarizer.use(self.weights.value, training)

    def _padded(self, x: Float) -> Float:
        ph, pw = self.padding
        if not (ph or pw):
            return np.ascontiguousarray(x)
        n, height, width, channels = x.shape
        out = np.full((n, height + 2 * ph, width + 2 * pw, channels), self.fill, np.float32)
        out[:, ph : ph + height, pw : pw + width] = x
        return out

    def _patches(self, x: Float, group: int, position: int | None = None) -> Float:
        """The patches of padded inputs, a view (n, h, w, kh, kw, channels / groups).

        position: those at one position of the pool alone, h and w being those of the output.
        """
        each = x.shape[-1] // self.groups
        n, row, column, item = x.strides
        down, along = row * self.stride[0], column * self.stride[1]
        height, width = self.positions
        if position is not None:
            y, x0 = divmod(position, self.pool[1])
            x = x[:, y * self.stride[0] :, x0 * self.stride[1] :]
            down, along = down * self.pool[0], along * self.pool[1]
            height, width, _ = self.output_shape
        view: Float = np.lib.stride_tricks.as_strided(
            x[..., group * each :],
            (len(x), height, width, *self.kernel, each),
            (n, down, along, row, column, item),
            writeable=False,
        )
        return view

    def _columns(self, patches: Float) -> Float:
        """Patches as the rows of a matrix; a copy unless they are the input itself."""
        return patches.reshape(-1, self.weights.value.shape[1])

    def _parts(self, count: int) -> list[tuple[int, int]]:
        each = self.weights.value.shape[1] + self.outputs
        return cache_blocks.spans(count, 4 * self.positions[0] * self.positions[1] * each)

    def forward(self, x: Float, training: bool) -> Float:
        used = self.used(training)
        out = np.empty((len(x), *self.output_shape), np.float32)
        size = self.pool[0] * self.pool[1]
        higher = np.empty((size - 1 if training else 0, *out.shape), np.bool_)
        x = self._padded(x.reshape(len(x), *self.input_shape))
        if training:
            self._x, self._used, self._higher = x, used, higher
        each = self.outputs // self.groups

        def block(start: int, end: int) -> None:
            # One position of the pool after the other: each is a block of its own.
            best = out[start:end]
            z = best if size == 1 else np.empty_like(best)
            for i in range(size):
                into = (best if i == 0 else z).reshape(-1, self.outputs)
                for g in range(self.groups):
                    own = slice(g * each, (g + 1) * each)
                    patches = self._columns(self._patches(x[start:end], g, i))
                    np.matmul(patches, used[own].T, out=into[:, own])
                if i and training:
                    np.greater(z, best, out=higher[i - 1, start:end])
                if i:
                    np.maximum(best, z, out=best)

        cache_blocks.run(block, self._parts(len(x)))
        return out

    def backward(self, grad: Float) -> Float:
        """The gradient by x; of a network's first layer it is empty."""
        x, parts = self._x, self._parts(len(grad))
        sums = np.zeros((len(parts), *self.weights.value.shape), np.float32)
        starts = {start: i for i, (start, _) in enumerate(parts)}
        back = np.empty((0,), np.float32) if self.first else np.zeros(x.shape, np.float32)
        each, channels = self.outputs // self.groups, x.shape[-1] // self.groups

        def of_weights(start: int, end: int) -> None:
            # Where no gradient by x is wanted, the positions of a pool need not meet again.
            total = sums[starts[start]]
            for i, part in self._highest(grad[start:end], start):
                flat = part.reshape(-1, self.outputs)
                for g in range(self.groups):
                    own = slice(g * each, (g + 1) * each)
                    total[own] += flat[:, own].T @ self._columns(self._patches(x[start:end], g, i))

        def of_both(start: int, end: int) -> None:
            flat = self._spread(grad[start:end], start).reshape(-1, self.outputs)
            for g in range(self.groups):
                own = slice(g * each, (g + 1) * each)
                columns = self._columns(self._patches(x[start:end], g))
                np.matmul(flat[:, own].T, columns, out=sums[starts[start]][own])
                # Where every position sees itself alone, the columns are the inputs themselves.
                columns = np.empty_like(columns) if np.may_share_memory(columns, x) else columns
                np.matmul(flat[:, own], self._used[own], out=columns)
                shape = (end - start, *self.positions, *self.kernel, channels)
                part = back[start:end, ..., g * channels : (g + 1) * channels]
                self._add_patches(part, columns.reshape(shape))

        cache_blocks.run(of_weights if self.first else of_both, parts)
        np.sum(sums, axis=0, out=self.weights.grad)
        self.binarizer.pull_back(self.weights.grad)
        if self.first:
            return back
        ph, pw = self.padding
        height, width, _ = self.input_shape
        return back[:, ph : ph + height, pw : pw + width]

    def _highest(self, grad: Float, start: int) -> Iterator[tuple[int, Float]]:
        """Position by position of the pool, its part of the gradient: all where z is highest."""
        left = grad.copy()
        for i in range(self.pool[0] * self.pool[1] - 1, 0, -1):
            part = left * self._higher[i - 1, start : start + len(grad)]
            left -= part
            yield i, part
        yield 0, left

    def _spread(self, grad: Float, start: int) -> Float:
        """The gradient by z of the gradient behind the pool."""
        rows, columns = self.pool
        if rows * columns == 1:
            return grad
        z = np.empty((len(grad), *self.positions, self.outputs), np.float32)
        for i, part in self._highest(grad, start):
            z[:, i // columns :: rows, i % columns :: columns] = part
        return z

    def _add_patches(self, back: Float, columns: Float) -> None:
        """Add each patch's gradient, (n, oh, ow, kh, kw, channels), to the inputs it came from.

        First down the rows, where whole rows of the kernel lie together, then along them.
        """
        (oh, ow), (kh, kw), (sh, sw) = self.positions, self.kernel, self.stride
        channels = columns.shape[-1]
        whole = columns.reshape(len(columns), oh, ow, kh, kw * channels)
        rows = np.zeros((len(columns), back.shape[1], ow, kw * channels), np.float32)
        for i in range(kh):
            rows[:, i : i + oh * sh : sh] += whole[:, :, :, i]
        for j in range(kw):
            part = back[:, :, j : j + ow * sw : sw]
            part += rows[..., j * channels : (j + 1) * channels]

    def parameters(self) -> list[Parameter]:
        return [self.weights]
