"""Losses against slow formulas and finite differences."""

import numpy as np
import pytest

from tests.lab.float64_layers import slopes
from xnornode.nn.losses import (
    TINY,
    cross_entropy,
    distillation,
    log_softmax,
    squared_hinge,
    targets,
)

pytestmark = pytest.mark.quick

RNG = np.random.default_rng(5)
LOGITS = RNG.normal(0, 2, (6, 4)).astype(np.float32)
LABELS = RNG.integers(0, 4, 6)
WEIGHTS = np.array([0.5, 2, 1, 0, 1.5, 1], np.float32)
TEACHER = RNG.normal(0, 3, (6, 4)).astype(np.float32)


def softmax(logits: np.ndarray) -> np.ndarray:
    e = np.exp(logits.astype(np.float64))
    return e / e.sum(axis=1, keepdims=True)


def test_targets_share_out_the_smoothing() -> None:
    target = targets(np.array([2, 0]), 4, 0.2)
    assert np.allclose(target, [[0.05, 0.05, 0.85, 0.05], [0.85, 0.05, 0.05, 0.05]])
    assert targets(np.array([1]), 3).tolist() == [[0, 1, 0]]
    assert target.dtype == np.float32


def test_log_softmax_of_huge_logits_is_finite() -> None:
    logs = log_softmax(np.array([[1e4, -1e4, 0]], np.float32))
    assert logs.tolist() == [[0, -2e4, -1e4]]
    assert np.allclose(np.exp(log_softmax(LOGITS)), softmax(LOGITS), atol=1e-6)


@pytest.mark.parametrize("weights", [None, WEIGHTS])
@pytest.mark.parametrize("smoothing", [0.0, 0.2])
def test_cross_entropy(smoothing: float, weights: np.ndarray | None) -> None:
    target = targets(LABELS, 4, smoothing)
    each = [1.0] * 6 if weights is None else weights.tolist()
    slow = 0.0
    for row, label, weight in zip(softmax(LOGITS), LABELS, each, strict=True):
        wanted = [smoothing / 4 + (1 - smoothing) * (k == label) for k in range(4)]
        slow -= weight * sum(w * np.log(p) for w, p in zip(wanted, row, strict=True)) / 6
    loss, grad = cross_entropy(LOGITS, target, weights)
    assert loss == pytest.approx(slow, rel=1e-5)
    by_logits = slopes(lambda v: cross_entropy(v, target, weights)[0], LOGITS)
    assert np.allclose(grad, by_logits, atol=1e-6)
    assert grad.dtype == np.float32


@pytest.mark.parametrize("weights", [None, WEIGHTS])
def test_squared_hinge(weights: np.ndarray | None) -> None:
    each = [1.0] * 6 if weights is None else weights.tolist()
    slow = 0.0
    for row, label, weight in zip(LOGITS, LABELS, each, strict=True):
        for k, y in enumerate(row.tolist()):
            slow += weight * max(0, 1 - (1 if k == label else -1) * y) ** 2 / 6
    target = targets(LABELS, 4)
    loss, grad = squared_hinge(LOGITS, target, weights)
    assert loss == pytest.approx(slow, rel=1e-5)
    by_logits = slopes(lambda v: squared_hinge(v, target, weights)[0], LOGITS)
    assert np.allclose(grad, by_logits, atol=1e-6)
    assert grad.dtype == np.float32


def test_squared_hinge_wants_no_more_than_the_margin() -> None:
    loss, grad = squared_hinge(np.array([[1.5, -2]], np.float32), targets(np.array([0]), 2))
    assert loss == 0 and (grad == 0).all()


@pytest.mark.parametrize("temperature", [1.0, 4.0])
def test_distillation(temperature: float) -> None:
    p, q = softmax(TEACHER / temperature), softmax(LOGITS / temperature)
    slow = temperature**2 * (p * np.log(p / q)).sum(axis=1).mean()
    loss, grad = distillation(LOGITS, TEACHER, temperature)
    assert loss == pytest.approx(slow, rel=1e-4)
    by_logits = slopes(lambda v: distillation(v, TEACHER, temperature)[0], LOGITS)
    assert np.allclose(grad, by_logits, atol=1e-5)
    assert grad.dtype == np.float32


def test_a_teacher_that_says_the_same_changes_nothing() -> None:
    loss, grad = distillation(LOGITS, LOGITS + 3, 2)  # softmax does not see what is added to all
    assert loss == pytest.approx(0, abs=1e-6) and abs(grad).max() < 1e-6


@pytest.mark.parametrize("loss", [cross_entropy, squared_hinge])
def test_gradients_have_nothing_below_tiny(loss) -> None:
    logits = np.array([[30, 0, -2], [0, 25, 1]], np.float32)
    _, grad = loss(logits, targets(np.array([0, 1]), 3, 1e-9))
    assert (abs(grad[grad != 0]) >= TINY).all()
    assert (grad == 0).any()
