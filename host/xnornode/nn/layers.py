"""Layers with forward and backward pass, float32 NumPy.

Each keeps what its backward pass needs from its last forward pass in training. Arrays between
layers have the channels last: (n, width) or (n, height, width, channels). A gradient is that of the
loss by the layer's output or input, and a layer may overwrite the one it is given.
"""

from dataclasses import dataclass
from typing import Protocol

import numpy as np

from xnornode._typing import Float
from xnornode.nn import cache_blocks
from xnornode.nn.quantizers import WeightBinarizer


@dataclass(eq=False)
class Parameter:
    """Trained numbers and the gradient of the loss by them.

    Parameters
    ----------
    value : ndarray of float32
        The numbers.
    grad : ndarray of float32
        The gradient, of the same shape.
    latent : bool, default False
        Weights that are used by their sign. They are kept in [-1, 1].
    floor : float, optional
        The least value allowed.
    """

    value: Float
    grad: Float
    latent: bool = False
    floor: float | None = None


def parameter(value: Float, latent: bool = False, floor: float | None = None) -> Parameter:
    """A parameter that starts at `value`."""
    return Parameter(value, np.zeros_like(value), latent, floor)


class Layer(Protocol):
    """What the network asks of a layer."""

    def forward(self, x: Float, training: bool) -> Float: ...

    def backward(self, grad: Float) -> Float: ...

    def parameters(self) -> list[Parameter]: ...


def glorot(outputs: int, inputs: int, fan_out: int, rng: np.random.Generator) -> Float:
    """Uniform start with Glorot's bound (Glorot and Bengio, AISTATS 2010), (outputs, inputs).

    With latent weights spread over all of [-1, 1] instead, the first epochs change few signs.
    """
    bound = np.sqrt(6 / (inputs + fan_out))
    return rng.uniform(-bound, bound, (outputs, inputs)).astype(np.float32)


class BinaryDense:
    """z = x @ w.T with w from latent weights, float32 (outputs, inputs), no bias.

    The input is flattened.

    Parameters
    ----------
    inputs, outputs : int
        Width of the input, and neurons.
    rng : Generator
        Draws the first weights.
    first : bool, default False
        Nobody needs the gradient by the input.
    binarizer : WeightBinarizer, optional
        How latent weights become -1 and +1. Default: by sign.
    """

    def __init__(
        self,
        inputs: int,
        outputs: int,
        rng: np.random.Generator,
        first: bool = False,
        binarizer: WeightBinarizer | None = None,
    ) -> None:
        start = glorot(outputs, inputs, outputs, rng)
        self.binarizer = binarizer or WeightBinarizer()
        self.weights = parameter(start, latent=self.binarizer.kind != "real")
        self.first = first

    def used(self, training: bool = False) -> Float:
        """The weights as they are used, float32 (outputs, inputs)."""
        return self.binarizer.use(self.weights.value, training)

    def forward(self, x: Float, training: bool) -> Float:
        used = self.used(training)
        if training:
            self._shape, self._used = x.shape, used
        x = x.reshape(len(x), -1)
        if training:
            self._x = x
        out = np.empty((len(x), len(used)), np.float32)
        parts = cache_blocks.spans(len(used), 8 * used.shape[1])
        cache_blocks.run(lambda a, b: np.matmul(x, used[a:b].T, out=out[:, a:b]), parts)
        return out

    def backward(self, grad: Float) -> Float:
        """The gradient by x; of a network's first layer it is empty."""
        x, to = self._x, self.weights.grad
        parts = cache_blocks.spans(len(to), 8 * to.shape[1])
        cache_blocks.run(lambda a, b: np.matmul(grad[:, a:b].T, x, out=to[a:b]), parts)
        self.binarizer.pull_back(self.weights.grad)
        if self.first:
            return np.empty((len(grad), 0), np.float32)
        back: Float = (grad @ self._used).reshape(self._shape)
        return back

    def parameters(self) -> list[Parameter]:
        return [self.weights]


class GlobalAveragePooling:
    """(n, height, width, channels) to each channel's mean, (n, channels)."""

    def forward(self, x: Float, training: bool) -> Float:
        self._shape = x.shape
        return np.asarray(x.mean(axis=(1, 2)))

    def backward(self, grad: Float) -> Float:
        _, height, width, _ = self._shape
        spread = grad[:, None, None, :] / np.float32(height * width)
        return np.ascontiguousarray(np.broadcast_to(spread, self._shape))

    def parameters(self) -> list[Parameter]:
        return []


class BatchNorm:
    """y = gamma (z - mean) / sqrt(var + eps) + beta per channel (Ioffe, Szegedy, ICML 2015).

    Training uses the batch's mean and variance, `infer` their running averages.

    Parameters
    ----------
    width : int
        Channels.
    rising : bool, default False
        gamma stays positive: behind a max-pool the maximum must stay the maximum.
    """

    EPS = np.float32(1e-5)
    MOMENTUM = np.float32(0.1)
    LEAST_GAMMA = 0.01

    def __init__(self, width: int, rising: bool = False) -> None:
        floor = self.LEAST_GAMMA if rising else None
        self.gamma = parameter(np.ones(width, np.float32), floor=floor)
        self.beta = parameter(np.zeros(width, np.float32))
        self.mean = np.zeros(width, np.float32)
        self.var = np.ones(width, np.float32)

    def scale(self) -> Float:
        """gamma / sqrt(var + eps) of inference, float32 (width,)."""
        return self.gamma.value / np.sqrt(self.var + self.EPS)

    def infer(self, z: Float) -> Float:
        """(z - mean) * scale + beta in float32: the expression that `fold` turns into integers."""
        return (z - self.mean) * self.scale() + self.beta.value

    def forward(self, x: Float, training: bool) -> Float:
        if not training:
            return self.infer(x)
        width = x.shape[-1]
        z = x.reshape(-1, width)
        count = np.float32(len(z))
        mean = np.ones(len(z), np.float32) @ z / count
        parts = cache_blocks.spans(len(z), 12 * width)
        squares = np.empty((len(parts), width), np.float32)
        starts = {start: i for i, (start, _) in enumerate(parts)}
        centred, y = np.empty_like(z), np.empty_like(z)

        def centre(start: int, end: int) -> None:
            c = np.subtract(z[start:end], mean, out=centred[start:end])
            np.einsum("ij,ij->j", c, c, out=squares[starts[start]])

        cache_blocks.run(centre, parts)
        var = squares.sum(axis=0) / count
        self.mean += self.MOMENTUM * (mean - self.mean)
        self.var += self.MOMENTUM * (var - self.var)
        self._inv = 1 / np.sqrt(var + self.EPS)
        scale = self.gamma.value * self._inv

        def stretch(start: int, end: int) -> None:
            out = np.multiply(centred[start:end], scale, out=y[start:end])
            out += self.beta.value

        cache_blocks.run(stretch, parts)
        self._centred = centred
        return y.reshape(x.shape)

    def backward(self, grad: Float) -> Float:
        shape, width = grad.shape, grad.shape[-1]
        grad = grad.reshape(-1, width)
        centred, count = self._centred, np.float32(len(grad))
        parts = cache_blocks.spans(len(grad), 8 * width)
        sums = np.empty((len(parts), 2, width), np.float32)
        starts = {start: i for i, (start, _) in enumerate(parts)}

        def sum_up(start: int, end: int) -> None:
            part = sums[starts[start]]
            np.matmul(np.ones(end - start, np.float32), grad[start:end], out=part[0])
            np.einsum("ij,ij->j", grad[start:end], centred[start:end], out=part[1])

        cache_blocks.run(sum_up, parts)
        total = sums.sum(axis=0)
        self.beta.grad[...] = total[0]
        self.gamma.grad[...] = total[1] * self._inv
        slope = total[1] * np.square(self._inv) / count
        mean = total[0] / count
        scale = self.gamma.value * self._inv

        def pull(start: int, end: int) -> None:
            c, g = centred[start:end], grad[start:end]
            c *= slope
            g -= c
            g -= mean
            g *= scale

        cache_blocks.run(pull, parts)
        return grad.reshape(shape)

    def parameters(self) -> list[Parameter]:
        return [self.gamma, self.beta]
