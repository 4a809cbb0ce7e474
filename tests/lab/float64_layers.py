"""Slow, readable float64 twins of the trainer's layers, and finite differences."""

from collections.abc import Callable, Sequence

import numpy as np
import pytest

from xnornode.nn import cache_blocks
from xnornode.nn.layers import BatchNorm
from xnornode.nn.network import Network

Pair = tuple[int, int]


def slopes(f: Callable[[np.ndarray], float], x: np.ndarray, step: float = 1e-5) -> np.ndarray:
    """Central finite differences of the number f(x) by each element of x, in float64."""
    x = x.astype(np.float64)
    out = np.zeros(x.shape)
    for at in np.ndindex(x.shape):
        was = x[at]
        x[at] = was + step
        above = f(x)
        x[at] = was - step
        out[at] = (above - f(x)) / (2 * step)
        x[at] = was
    return out


def bi_real(v: np.ndarray) -> np.ndarray:
    """The curve whose slope is the polynomial STE (Liu et al., "Bi-Real Net")."""
    bounds = [v < -1, v < 0, v < 1]
    return np.select(bounds, [-np.ones_like(v), 2 * v + v**2, 2 * v - v**2], 1.0)


def convolve(
    x: np.ndarray,
    w: np.ndarray,
    kernel: Pair,
    stride: Pair = (1, 1),
    padding: Pair = (0, 0),
    groups: int = 1,
    fill: float = -1,
) -> np.ndarray:
    """z (n, oh, ow, m) of x (n, height, width, channels), by the words of FORMAT.md.

    w: (m, kh * kw * channels / groups), ordered by row, column, channel.
    """
    (kh, kw), (sh, sw), (ph, pw) = kernel, stride, padding
    x = np.pad(x, [(0, 0), (ph, ph), (pw, pw), (0, 0)], constant_values=fill)
    n, height, width, channels = x.shape
    each, m = channels // groups, len(w)
    z = np.zeros((n, (height - kh) // sh + 1, (width - kw) // sw + 1, m))
    for o in range(m):
        first = o // (m // groups) * each
        rows = w[o].reshape(kh, kw, each)
        for i, j in np.ndindex(z.shape[1:3]):
            patch = x[:, i * sh : i * sh + kh, j * sw : j * sw + kw, first : first + each]
            z[:, i, j, o] = (patch * rows).sum(axis=(1, 2, 3))
    return z


def max_pool(z: np.ndarray, size: Pair) -> np.ndarray:
    """The highest of each block; what is left over at the end is dropped."""
    height, width = z.shape[1] // size[0], z.shape[2] // size[1]
    out = np.zeros((len(z), height, width, z.shape[3]))
    for i, j in np.ndindex(height, width):
        rows = slice(i * size[0], (i + 1) * size[0])
        out[:, i, j] = z[:, rows, j * size[1] : (j + 1) * size[1]].max(axis=(1, 2))
    return out


def batch_norm(z: np.ndarray, gamma: np.ndarray, beta: np.ndarray) -> np.ndarray:
    """In training: per channel, by the batch's mean and variance."""
    axes = tuple(range(z.ndim - 1))
    spread = np.sqrt(z.var(axis=axes) + float(BatchNorm.EPS))
    return gamma * (z - z.mean(axis=axes)) / spread + beta


def real_logits(network: Network, x: np.ndarray, values: Sequence[np.ndarray]) -> np.ndarray:
    """What a float network (weights "real", ReLU) with binary inputs gives in training.

    values: by block its weights, gamma and beta.
    """
    x = x.reshape(len(x), *network.spec.input_shape)
    for i, block in enumerate(network.blocks):
        w, gamma, beta = values[3 * i : 3 * i + 3]
        linear, last = block.linear, block is network.blocks[-1]
        if hasattr(linear, "kernel"):
            z = convolve(
                x, w, linear.kernel, linear.stride, linear.padding, linear.groups, linear.fill
            )
            x = max_pool(z, linear.pool)
        else:
            if last and block.input_shape[:2] != (1, 1):
                x = x.mean(axis=(1, 2))
            x = x.reshape(len(x), -1) @ w.T
        x = batch_norm(x, gamma, beta)
        x = x if last else np.maximum(x, 0)
    return x


def small_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have all work cut into as many blocks as there are things, as in large networks."""
    monkeypatch.setattr(cache_blocks, "CACHE_BYTES", 1)
    assert cache_blocks.spans(3, 9) == [(0, 1), (1, 2), (2, 3)]
