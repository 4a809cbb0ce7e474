"""The same decisions from fewer inputs that are counted (FORMAT.md, "Columns").

A node adds up the columns of those inputs that have a layer's counted value. The fewer these are,
the faster it is. Neurons that mostly fire are inverted, and each layer counts the less frequent
value.
"""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from xnornode._typing import Float, Int8
from xnornode.model.layers import IntLayer, Thresholds

LEAST_THRESHOLD = 1 - 2**31  # of int8 inputs: its negative still fits


def choose_polarity(layers: Sequence[IntLayer], shares: Sequence[Float]) -> tuple[IntLayer, ...]:
    """Layers with the same scores that count fewer inputs.

    shares: per layer the share of 1s among its inputs, float32 (channels,), padding left out. They
    do not matter for int8 inputs.
    """
    layers, shares = list(layers), list(shares)
    for i in range(len(layers) - 1):
        own, behind = layers[i], layers[i + 1]
        if not _can_invert(own, behind):
            continue
        mostly = shares[i + 1].reshape(-1, len(own.weights)).mean(axis=0) > 0.5
        if isinstance(own.output, Thresholds) and own.inputs == "int8":
            mostly &= own.output.values >= LEAST_THRESHOLD
        layers[i], layers[i + 1] = _inverted(own, mostly), _reading(behind, mostly)
        again = np.resize(mostly, shares[i + 1].shape)
        shares[i + 1] = np.where(again, 1 - shares[i + 1], shares[i + 1])
    return tuple(_counting(*pair) for pair in zip(layers, shares, strict=True))


def _can_invert(own: IntLayer, behind: IntLayer) -> bool:
    """Not behind a pool, as the OR of complements is no complement, nor before padding, which
    stands for -1."""
    plain = isinstance(own.output, Thresholds) and own.geometry.pool == (1, 1)
    return plain and behind.in_columns and behind.padding == (0, 0)


def _inverted(layer: IntLayer, mostly: np.ndarray) -> IntLayer:
    """The layer with these neurons, bool (m,), firing where they did not."""
    assert isinstance(layer.output, Thresholds)
    thresholds = layer.output.values
    # Of n inputs, n - d differ from the negated weights; -z >= 1 - threshold where z < threshold.
    inverted = (1 if layer.inputs == "int8" else layer.geometry.inputs + 1) - thresholds
    sign = np.where(mostly, -1, 1).astype(np.int8)[:, None, None, None]
    output = Thresholds(np.where(mostly, inverted, thresholds))
    return replace(layer, weights=layer.weights * sign, output=output)


def _reading(layer: IntLayer, mostly: np.ndarray) -> IntLayer:
    """The layer as it reads the inverted ones, which repeat at each position of a flat input."""
    sign: Int8 = np.where(np.resize(mostly, layer.input_shape[2]), -1, 1).astype(np.int8)
    return replace(layer, weights=layer.weights * sign)


def _counting(layer: IntLayer, share: Float) -> IntLayer:
    if not layer.in_columns:
        return layer
    (height, width, _), (ph, pw) = layer.input_shape, layer.padding
    inside = height * width / ((height + 2 * ph) * (width + 2 * pw))
    return replace(layer, counted=0 if inside * share.mean() > 0.5 else 1)
