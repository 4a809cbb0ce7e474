"""Layers, estimators, loss and optimiser against their formulas and finite differences."""

from collections.abc import Callable

import numpy as np
import pytest
from xnornode.binarize import clipped, polynomial, sign
from xnornode.layers import BatchNorm, BinaryDense, Parameter, Sign
from xnornode.optim import Adam, cosine
from xnornode.train import cross_entropy

pytestmark = pytest.mark.quick


def slopes(f: Callable[[np.ndarray], float], x: np.ndarray, step: float) -> np.ndarray:
    """Central finite differences of the number f(x) by each element of x; x stays as it was."""
    out = np.zeros(x.shape)
    for at in np.ndindex(x.shape):
        was = x[at]
        x[at] = was + step
        above = f(x)
        x[at] = was - step
        out[at] = (above - f(x)) / (2 * step)
        x[at] = was
    return out


def test_sign_of_zero_is_plus_one() -> None:
    x = np.array([-2, -1e-40, -0.0, 0.0, 1e-40, 3], np.float32)
    assert sign(x).tolist() == [-1, -1, 1, 1, 1, 1]
    assert sign(x).dtype == np.float32


def test_clipped_is_the_slope_of_clip() -> None:
    x = np.linspace(-2, 2, 80)  # no point on a kink
    assert np.allclose(clipped(x), slopes(lambda v: np.clip(v, -1, 1).sum(), x, 1e-6))


def test_polynomial_is_the_slope_of_bi_reals_curve() -> None:
    def curve(v: np.ndarray) -> float:
        pieces = [v < -1, v < 0, v < 1]
        return np.select(pieces, [-np.ones_like(v), 2 * v + v**2, 2 * v - v**2], 1.0).sum()

    x = np.linspace(-2, 2, 80)
    assert np.allclose(polynomial(x), slopes(curve, x, 1e-6), atol=1e-5)


@pytest.mark.parametrize("name", ["clipped", "polynomial"])
def test_sign_layer_passes_the_gradient_times_the_slope(name: str) -> None:
    rng = np.random.default_rng(1)
    x, grad = rng.normal(size=(2, 9, 5)).astype(np.float32)
    layer = Sign(name)
    layer.forward(x, training=True)
    slope = np.where(abs(x) <= 1, 1, 0) if name == "clipped" else np.maximum(2 - 2 * abs(x), 0)
    assert np.allclose(layer.backward(grad), grad * slope)


def test_dense_gradients() -> None:
    rng = np.random.default_rng(2)
    layer = BinaryDense(7, 4, rng)
    x, grad = rng.normal(size=(6, 7)), rng.normal(size=(6, 4))
    z = layer.forward(x, training=True)
    signs = np.where(layer.weights.value >= 0, 1.0, -1.0)
    assert np.allclose(z, x @ signs.T)
    back = layer.backward(grad)
    assert np.allclose(back, slopes(lambda v: (grad * (v @ signs.T)).sum(), x, 1e-5), atol=1e-6)
    # By the signs, as real numbers: what the estimator hands on to the latent weights.
    expected = slopes(lambda v: (grad * (x @ v.T)).sum(), signs.copy(), 1e-5)
    assert np.allclose(layer.weights.grad, expected, atol=1e-5)


def test_batch_norm_gradients() -> None:
    rng = np.random.default_rng(3)
    layer = BatchNorm(3)
    layer.gamma.value[:] = 1.5, -0.5, 0.25
    layer.beta.value[:] = 0.5, 0.0, -1.0
    x, grad = rng.normal(1, 2, size=(8, 3)), rng.normal(size=(8, 3))

    def loss(_: np.ndarray) -> float:
        return (grad * layer.forward(x, training=True)).sum()

    expected = slopes(loss, x, 1e-5)
    by_gamma = slopes(loss, layer.gamma.value, 2**-6)
    by_beta = slopes(loss, layer.beta.value, 2**-6)
    loss(x)
    assert np.allclose(layer.backward(grad), expected, atol=1e-6)
    assert np.allclose(layer.gamma.grad, by_gamma, atol=1e-4)
    assert np.allclose(layer.beta.grad, by_beta, atol=1e-4)


def test_batch_norm_infers_by_running_statistics() -> None:
    rng = np.random.default_rng(4)
    layer = BatchNorm(3)
    x = rng.normal(5, 3, size=(64, 3)).astype(np.float32)
    for _ in range(200):
        trained = layer.forward(x, training=True)
    assert np.allclose(layer.mean, x.mean(axis=0), rtol=1e-4)
    assert np.allclose(layer.var, x.var(axis=0), rtol=1e-4)
    assert np.allclose(layer.forward(x, training=False), trained, atol=1e-3)


@pytest.mark.parametrize("smoothing", [0.0, 0.2])
def test_cross_entropy_gradient(smoothing: float) -> None:
    rng = np.random.default_rng(5)
    logits, labels = rng.normal(0, 3, size=(6, 4)), rng.integers(0, 4, 6)
    _, grad = cross_entropy(logits, labels, smoothing)
    expected = slopes(lambda v: cross_entropy(v, labels, smoothing)[0], logits, 1e-5)
    assert np.allclose(grad, expected, atol=1e-7)


def test_cross_entropy_of_huge_logits_is_finite() -> None:
    loss, grad = cross_entropy(np.array([[1e4, -1e4]], np.float32), np.array([1]))
    assert loss == pytest.approx(2e4)
    assert grad.tolist() == [[1, -1]]


def test_adam_follows_its_formula_and_clips_latent_weights() -> None:
    rng = np.random.default_rng(6)
    start = rng.uniform(-1, 1, 50).astype(np.float32)
    free, latent = (Parameter(start.copy(), np.zeros(50, np.float32), clip) for clip in (0, 1))
    optimiser = Adam([free, latent])
    x, m, v = start.astype(np.float64), np.zeros(50), np.zeros(50)
    for t in range(1, 21):
        grad = rng.normal(size=50).astype(np.float32)
        for p in (free, latent):
            p.grad[:] = grad
        optimiser.step(0.1)
        m, v = 0.9 * m + 0.1 * grad, 0.999 * v + 0.001 * grad**2.0
        x -= 0.1 * (m / (1 - 0.9**t)) / (np.sqrt(v / (1 - 0.999**t)) + 1e-8)
    assert np.allclose(free.value, x, atol=1e-4)
    assert abs(free.value).max() > 1
    assert abs(latent.value).max() == 1


def test_adam_keeps_no_denormals() -> None:
    p = Parameter(np.zeros(9, np.float32), np.ones(9, np.float32))
    optimiser = Adam([p])
    optimiser.step(0.1)
    p.grad[:] = 0
    for _ in range(3000):
        optimiser.step(0.1)
    before = p.value.copy()
    optimiser.step(0.1)
    assert (p.value == before).all(), "the floor moves a weight"
    for state in (*optimiser.first, *optimiser.second):
        assert (state >= np.finfo(np.float32).tiny).all()


def test_cosine_schedule() -> None:
    rates = [cosine(step / 10, 0.4) for step in range(11)]
    assert rates[0] == 0.4
    assert rates[5] == pytest.approx(0.2)
    assert rates[10] == pytest.approx(0)
    assert rates == sorted(rates, reverse=True)
