"""Convolution and max-pool: forward and backward against slow loops, finite differences, and the
integer reference."""

from typing import NamedTuple

import numpy as np
import pytest

from tests.lab.float64_layers import Pair, convolve, max_pool, slopes, small_blocks
from xnornode.model.layers import IntLayer, Thresholds
from xnornode.nn.conv import BinaryConv
from xnornode.nn.layer_spec import Conv
from xnornode.nn.quantizers import WeightBinarizer

pytestmark = pytest.mark.quick


class Shape(NamedTuple):
    input_shape: tuple[int, int, int]
    outputs: int
    kernel: Pair
    stride: Pair = (1, 1)
    padding: Pair = (0, 0)
    pool: Pair = (1, 1)
    groups: int = 1


SHAPES = [
    Shape((5, 4, 2), 3, (3, 3)),
    Shape((5, 4, 2), 3, (1, 1)),  # where every position sees itself alone
    Shape((4, 3, 2), 5, (4, 3)),  # one position that sees all
    Shape((7, 5, 2), 3, (3, 2), (2, 3)),
    Shape((4, 5, 1), 2, (3, 3), padding=(2, 1)),
    Shape((6, 7, 2), 3, (3, 3), (2, 1), (1, 2), (2, 3)),  # a pool with positions left over
    Shape((5, 5, 3), 2, (2, 2), pool=(1, 3)),
    Shape((5, 4, 4), 6, (3, 2), padding=(1, 0), groups=2),
    Shape((5, 4, 3), 3, (2, 3), (1, 2), (1, 1), groups=3),  # depthwise
    Shape((5, 4, 2), 6, (3, 3), (1, 1), (1, 1), (2, 2), groups=2),  # depthwise, three each, pooled
    Shape((9, 1, 3), 4, (3, 1), (2, 1), (1, 0), (2, 1)),  # a window of samples
]


def layer(shape: Shape, fill: int = -1, kind: str = "sign", first: bool = False) -> BinaryConv:
    rng = np.random.default_rng(1)
    input_shape, *counts = shape
    return BinaryConv(input_shape, Conv(*counts), rng, fill, first, WeightBinarizer(kind))


def slow_layer(conv: BinaryConv, x: np.ndarray, w: np.ndarray) -> np.ndarray:
    z = convolve(x, w, conv.kernel, conv.stride, conv.padding, conv.groups, conv.fill)
    return max_pool(z, conv.pool)


@pytest.mark.parametrize("fill", [-1, 0])
@pytest.mark.parametrize("shape", SHAPES)
def test_forward_is_the_slow_loop_and_the_integer_reference(shape: Shape, fill: int) -> None:
    conv = layer(shape, fill)
    rng = np.random.default_rng(2)
    low, high = (-1, 2) if fill else (-128, 128)
    x = rng.integers(low, high, (6, *shape.input_shape))
    x = np.where(x < 0, -1, 1) if fill else x
    z = conv.forward(x.astype(np.float32), training=False)
    signs = np.where(conv.weights.value < 0, -1, 1).astype(np.int8)
    assert z.shape == (6, *conv.output_shape)
    assert (z == slow_layer(conv, x, signs)).all()
    shaped = signs.reshape(shape.outputs, *shape.kernel, -1)
    kind, empty = "binary" if fill else "int8", Thresholds(np.zeros(shape.outputs, np.int64))
    options = (shape.groups, shape.stride, shape.padding, shape.pool)
    integer = IntLayer(shaped, shape.input_shape, kind, empty, *options)
    assert conv.output_shape == integer.output_shape
    assert (z == max_pool(integer._convolve(x.astype(np.int8)), shape.pool)).all()
    assert (conv.forward(x.astype(np.float32), training=True) == z).all()


@pytest.mark.parametrize("shape", SHAPES)
def test_gradients_by_finite_differences(shape: Shape) -> None:
    conv = layer(shape, kind="real")
    rng = np.random.default_rng(3)
    x = rng.normal(size=(2, *shape.input_shape)).astype(np.float32)
    z = conv.forward(x, training=True)
    w = conv.weights.value
    assert np.allclose(z, slow_layer(conv, x, w), atol=1e-5)
    grad = rng.normal(size=z.shape).astype(np.float32)
    by_x = slopes(lambda v: (grad * slow_layer(conv, v, w)).sum(), x)
    by_w = slopes(lambda v: (grad * slow_layer(conv, x, v)).sum(), w)
    back = conv.backward(grad)
    assert back.shape == x.shape
    assert np.allclose(back, by_x, atol=1e-4)
    assert np.allclose(conv.weights.grad, by_w, atol=1e-4)


def test_binary_weights_get_the_gradient_of_the_signs() -> None:
    shape = SHAPES[5]
    conv = layer(shape)
    rng = np.random.default_rng(4)
    x = rng.normal(size=(3, *shape.input_shape)).astype(np.float32)
    signs = np.where(conv.weights.value < 0, -1, 1)
    grad = rng.normal(size=conv.forward(x, training=True).shape).astype(np.float32)
    by_x = slopes(lambda v: (grad * slow_layer(conv, v, signs)).sum(), x)
    by_w = slopes(lambda v: (grad * slow_layer(conv, x, v)).sum(), signs)
    assert np.allclose(conv.backward(grad), by_x, atol=1e-4)
    assert np.allclose(conv.weights.grad, by_w, atol=1e-4)


def test_of_equal_places_the_first_gets_the_gradient() -> None:
    conv = layer(Shape((4, 4, 1), 1, (1, 1), pool=(2, 2)), kind="real")
    conv.weights.value[:] = 1
    x = np.ones((1, 4, 4, 1), np.float32)
    x[0, 3, 3] = 2
    conv.forward(x, training=True)
    back = conv.backward(np.array([[1, 2], [3, 4]], np.float32).reshape(1, 2, 2, 1))
    expected = [[1, 0, 2, 0], [0, 0, 0, 0], [3, 0, 0, 0], [0, 0, 0, 4]]
    assert back[0, :, :, 0].tolist() == expected


def test_the_first_layer_gives_no_gradient_by_its_input() -> None:
    shape = SHAPES[5]
    first, other = layer(shape, first=True), layer(shape)
    rng = np.random.default_rng(5)
    x = rng.normal(size=(3, *shape.input_shape)).astype(np.float32)
    grad = rng.normal(size=first.forward(x, training=True).shape).astype(np.float32)
    other.forward(x, training=True)
    assert first.backward(grad.copy()).size == 0
    other.backward(grad)
    # The two add up in another order.
    assert np.allclose(first.weights.grad, other.weights.grad, rtol=1e-4, atol=1e-4)


def test_forward_and_backward_leave_the_input_alone() -> None:
    for shape in SHAPES:
        conv = layer(shape)
        x = np.random.default_rng(6).normal(size=(2, *shape.input_shape)).astype(np.float32)
        kept = x.copy()
        conv.backward(np.ones_like(conv.forward(x, training=True)))
        assert (x == kept).all()


@pytest.mark.parametrize("shape", SHAPES)
def test_in_pieces_it_is_the_same(shape: Shape, monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(7)
    x = np.where(rng.random((7, *shape.input_shape)) < 0.5, -1, 1).astype(np.float32)
    whole, parts = layer(shape), layer(shape)
    z = whole.forward(x, training=True)
    grad = rng.normal(size=z.shape).astype(np.float32)
    back = whole.backward(grad.copy())
    small_blocks(monkeypatch)
    assert (parts.forward(x, training=True) == z).all()
    assert np.allclose(parts.backward(grad), back, atol=1e-5)
    assert np.allclose(parts.weights.grad, whole.weights.grad, atol=1e-4)


def test_start_is_within_glorots_bound() -> None:
    conv = layer(Shape((9, 9, 8), 40, (3, 3), groups=2))
    w = conv.weights.value
    assert w.shape == (40, 3 * 3 * 4)
    bound = np.sqrt(6 / (3 * 3 * 4 + 3 * 3 * 20))
    assert 0.98 * bound < abs(w).max() <= bound
    assert abs(w.mean()) < 0.05 * bound
