"""Layers with forward and backward pass, float32 NumPy.

Each keeps what its backward pass needs from its last forward pass in training. Inputs and outputs
have shape (n, width); a gradient is that of the loss by the layer's output or input.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from xnornode.binarize import ESTIMATORS, Float, sign


@dataclass(eq=False)
class Parameter:
    """Trained numbers and the gradient of the loss by them; `latent` ones are kept in [-1, 1]."""

    value: Float
    grad: Float
    latent: bool = False


def _parameter(value: Float, latent: bool = False) -> Parameter:
    return Parameter(value, np.zeros_like(value), latent)


class Layer(Protocol):
    """What the network asks of a layer."""

    def forward(self, x: Float, training: bool) -> Float: ...

    def backward(self, grad: Float) -> Float: ...

    def parameters(self) -> list[Parameter]: ...


class BinaryDense:
    """z = x @ sign(w).T with latent weights w, float32 (outputs, inputs), no bias.

    The gradient by w is that by sign(w): the clipped estimator, as w stays in [-1, 1]. The start is
    uniform with Glorot's bound (Glorot and Bengio, AISTATS 2010): with weights spread over all of
    [-1, 1] the first epochs change few signs.
    """

    def __init__(
        self, inputs: int, outputs: int, rng: np.random.Generator, first: bool = False
    ) -> None:
        bound = np.sqrt(6 / (inputs + outputs))
        start = rng.uniform(-bound, bound, (outputs, inputs)).astype(np.float32)
        self.weights = _parameter(start, latent=True)
        self.first = first

    def signs(self) -> Float:
        """The weights as they are used, -1 or +1, float32 (outputs, inputs)."""
        return sign(self.weights.value)

    def forward(self, x: Float, training: bool) -> Float:
        signs = self.signs()
        if training:
            self._x, self._signs = x, signs
        return x @ signs.T

    def backward(self, grad: Float) -> Float:
        """The gradient by x; of a network's first layer nobody needs it, it is empty then."""
        np.matmul(grad.T, self._x, out=self.weights.grad)
        if self.first:
            return np.empty((len(grad), 0), np.float32)
        return grad @ self._signs

    def parameters(self) -> list[Parameter]:
        return [self.weights]


class BatchNorm:
    """y = gamma (z - mean) / sqrt(var + eps) + beta per column (Ioffe and Szegedy, ICML 2015).

    In training by the batch's mean and variance, whose running averages `infer` uses.
    """

    EPS = np.float32(1e-5)
    MOMENTUM = np.float32(0.1)

    def __init__(self, width: int) -> None:
        self.gamma = _parameter(np.ones(width, np.float32))
        self.beta = _parameter(np.zeros(width, np.float32))
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
        mean = x.mean(axis=0)
        centred = x - mean
        var = np.square(centred).mean(axis=0)
        self.mean += self.MOMENTUM * (mean - self.mean)
        self.var += self.MOMENTUM * (var - self.var)
        self._inv = 1 / np.sqrt(var + self.EPS)
        centred *= self._inv
        self._normed = centred
        return centred * self.gamma.value + self.beta.value

    def backward(self, grad: Float) -> Float:
        normed = self._normed
        self.beta.grad[...] = grad.sum(axis=0)
        self.gamma.grad[...] = np.einsum("ij,ij->j", grad, normed)
        out = grad - self.beta.grad / np.float32(len(grad))
        out -= normed * (self.gamma.grad / np.float32(len(grad)))
        out *= self.gamma.value * self._inv
        return out

    def parameters(self) -> list[Parameter]:
        return [self.gamma, self.beta]


class Sign:
    """y = sign(x), with the slope of a straight-through estimator in the backward pass."""

    def __init__(self, estimator: str) -> None:
        self._slope: Callable[[Float], Float] = ESTIMATORS[estimator]

    def forward(self, x: Float, training: bool) -> Float:
        if training:
            self._x = x
        return sign(x)

    def backward(self, grad: Float) -> Float:
        return grad * self._slope(self._x)

    def parameters(self) -> list[Parameter]:
        return []
