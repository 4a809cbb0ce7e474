"""Sign, the STEs and the ways of latent weights, against their formulas."""

from collections.abc import Callable

import numpy as np
import pytest

from tests.lab.float64_layers import bi_real, slopes
from xnornode.nn.quantizers import (
    SOFT_UNTIL,
    STES,
    WEIGHTS,
    WeightBinarizer,
    ede,
    sharpness,
    sign,
)

pytestmark = pytest.mark.quick

POINTS = np.linspace(-2, 2, 80).astype(np.float32)  # none of them on a kink


CURVES: dict[str, Callable[[np.ndarray], np.ndarray]] = {
    "identity": lambda v: v,
    "clipped": lambda v: np.clip(v, -1, 1),
    "polynomial": bi_real,
    "relu": lambda v: np.maximum(v, 0),
}


def latent_weights(seed: int = 1) -> np.ndarray:
    return np.random.default_rng(seed).uniform(-0.9, 0.9, (3, 7)).astype(np.float32)


def standardized(w: np.ndarray) -> np.ndarray:
    return (w - w.mean(axis=1, keepdims=True)) / w.std(axis=1, keepdims=True)


def pulled(binarizer: WeightBinarizer, latent: np.ndarray, grad: np.ndarray) -> np.ndarray:
    binarizer.use(latent, training=True)
    out = grad.copy()
    binarizer.pull_back(out)
    return out


def test_sign_of_zero_is_plus_one() -> None:
    x = np.array([-2, -1e-40, -0.0, 0.0, 1e-40, 3], np.float32)
    assert sign(x).tolist() == [-1, -1, 1, 1, 1, 1]
    assert sign(x).dtype == np.float32
    assert np.signbit(x[2]), "the input stays as it was"


def test_sign_into_an_array_of_the_callers() -> None:
    x = np.array([-0.5, 0.5], np.float32)
    assert sign(x, out=x) is x
    assert x.tolist() == [-1, 1]


@pytest.mark.parametrize("name", list(STES))
def test_ste_is_the_slope_of_its_curve(name: str) -> None:
    given = POINTS.copy()
    slope = STES[name](given)
    expected = slopes(lambda v: CURVES[name](v).sum(), POINTS, 1e-6)
    assert slope.dtype == np.float32
    assert np.allclose(slope, expected, atol=1e-5)
    assert (given == POINTS).all()


def test_stes_at_their_kinks() -> None:
    x = np.array([-1, 0, 1], np.float32)
    at = {name: f(x).tolist() for name, f in STES.items()}
    assert at == {
        "identity": [1, 1, 1],
        "clipped": [1, 1, 1],
        "polynomial": [0, 2, 0],
        "relu": [0, 0, 1],
    }


def test_sharpness_rises_geometrically() -> None:
    t = [float(sharpness(done)) for done in (0, 0.25, 0.5, 0.75, 1)]
    assert t[0] == pytest.approx(0.1) and t[-1] == pytest.approx(10)
    assert np.allclose(np.divide(t[1:], t[:-1]), 100**0.25)
    assert sharpness(-1) == sharpness(0) and sharpness(2) == sharpness(1)


@pytest.mark.parametrize("done", [0.0, 0.3, 0.5, 0.9, 1.0])
def test_ede_is_the_slope_of_k_tanh(done: float) -> None:
    t = float(sharpness(done))
    k = max(1 / t, 1)
    expected = slopes(lambda v: (k * np.tanh(t * v)).sum(), POINTS, 1e-6)
    assert np.allclose(ede(POINTS, np.float32(t)), expected, atol=1e-4)


@pytest.mark.parametrize("standardize", [False, True])
@pytest.mark.parametrize("kind", WEIGHTS)
def test_out_of_training_all_weights_are_signs(kind: str, standardize: bool) -> None:
    latent = latent_weights() + np.float32(0.3)
    for done in (0.0, 0.5, 1.0):
        binarizer = WeightBinarizer(kind, standardize, real_until=0.7, done=done)
        centred = latent - latent.mean(axis=1, keepdims=True) if standardize else latent
        assert (binarizer.use(latent, training=False) == np.where(centred < 0, -1, 1)).all()


def test_sign_weights_get_the_gradient_as_it_is() -> None:
    latent, grad = latent_weights(), latent_weights(2)
    binarizer = WeightBinarizer("sign")
    assert (binarizer.use(latent, training=True) == np.where(latent < 0, -1, 1)).all()
    assert (pulled(binarizer, latent, grad) == grad).all()


def test_ede_weights_get_the_gradient_times_its_slope() -> None:
    latent, grad = latent_weights(), latent_weights(2)
    binarizer = WeightBinarizer("ede", done=0.4)
    assert (binarizer.use(latent, training=True) == np.where(latent < 0, -1, 1)).all()
    expected = grad * ede(latent, sharpness(0.4))
    assert np.allclose(pulled(binarizer, latent, grad), expected, atol=1e-6)


@pytest.mark.parametrize("standardize", [False, True])
@pytest.mark.parametrize("done", [0.0, 0.3, 0.6, 0.79])
def test_soft_weights_by_finite_differences(done: float, standardize: bool) -> None:
    latent, grad = latent_weights(), latent_weights(2)
    binarizer = WeightBinarizer("soft", standardize, done=done)
    t = 0.1 * 100 ** (done / SOFT_UNTIL)

    def soft(v: np.ndarray) -> np.ndarray:
        w = standardized(v) if standardize else v
        return np.tanh(t * w) / np.tanh(t)

    assert np.allclose(binarizer.use(latent, training=True), soft(latent), atol=1e-5)
    expected = slopes(lambda v: (grad * soft(v)).sum(), latent, 1e-6)
    assert np.allclose(pulled(binarizer, latent, grad), expected, rtol=1e-3, atol=1e-4)


def test_soft_weights_end_as_signs() -> None:
    latent, grad = latent_weights(), latent_weights(2)
    binarizer = WeightBinarizer("soft", done=SOFT_UNTIL)
    assert set(np.unique(binarizer.use(latent, training=True))) == {-1, 1}
    assert (pulled(binarizer, latent, grad) == grad).all()


@pytest.mark.parametrize("kind", ["real", "sign"])
def test_standardized_weights_by_finite_differences(kind: str) -> None:
    latent, grad = latent_weights(), latent_weights(2)
    # Real weights show the standardization itself; behind a sign its gradient is the same.
    expected = slopes(lambda v: (grad * standardized(v)).sum(), latent, 1e-6)
    binarizer = WeightBinarizer(kind, standardize=True)
    used = binarizer.use(latent, training=True)
    wanted = standardized(latent)
    assert np.allclose(used, wanted if kind == "real" else np.sign(wanted), atol=1e-5)
    assert np.allclose(pulled(binarizer, latent, grad), expected, atol=1e-4)


def test_equal_weights_have_no_deviation_and_stay_finite() -> None:
    latent = np.full((2, 5), 0.25, np.float32)
    binarizer = WeightBinarizer("sign", standardize=True)
    assert (binarizer.use(latent, training=True) == 1).all()
    assert np.isfinite(pulled(binarizer, latent, latent_weights()[:2, :5])).all()


@pytest.mark.parametrize("kind", WEIGHTS)
def test_two_stages(kind: str) -> None:
    latent, grad = latent_weights(), latent_weights(2)
    binarizer = WeightBinarizer(kind, real_until=0.5, done=0.49)
    assert (binarizer.use(latent, training=True) == latent).all()
    assert (pulled(binarizer, latent, grad) == grad).all()
    binarizer.done = 0.5
    assert not (binarizer.use(latent, training=True) == latent).any()


def test_use_leaves_the_latent_weights_alone() -> None:
    for kind in (*WEIGHTS, "real"):
        latent = latent_weights()
        WeightBinarizer(kind, standardize=True).use(latent, training=True)
        assert (latent == latent_weights()).all()
