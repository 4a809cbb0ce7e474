"""Optimizers against slow references in float64, and the schedules."""

import numpy as np
import pytest

from tests.lab.float64_layers import small_blocks
from xnornode.nn.layers import Parameter, parameter
from xnornode.nn.optimizers import FLUSH_EVERY, Adam, Bop, learning_rate

pytestmark = pytest.mark.quick


def some_parameters(seed: int = 6) -> list[Parameter]:
    """Latent weights among others, one kept above 0.5."""
    rng = np.random.default_rng(seed)
    return [
        parameter(rng.uniform(-1, 1, 5).astype(np.float32)),
        parameter(rng.uniform(-1, 1, (3, 4)).astype(np.float32), latent=True),
        parameter(rng.uniform(0.5, 1, 6).astype(np.float32), floor=0.5),
        parameter(rng.uniform(-1, 1, (2, 5)).astype(np.float32), latent=True),
    ]


def set_gradients(parameters: list[Parameter], rng: np.random.Generator, size: float = 1) -> None:
    for p in parameters:
        p.grad[...] = size * rng.normal(size=p.grad.shape)


class SlowAdam:
    """Algorithm 1 of Kingma and Ba, on one array in float64."""

    def __init__(self, start: np.ndarray) -> None:
        self.x = start.astype(np.float64)
        self.m, self.v, self.t = np.zeros_like(self.x), np.zeros_like(self.x), 0

    def step(self, grad: np.ndarray, learning_rate: float) -> None:
        grad = grad.astype(np.float64)
        self.t += 1
        self.m = 0.9 * self.m + 0.1 * grad
        self.v = 0.999 * self.v + 0.001 * grad**2
        unbiased = self.m / (1 - 0.9**self.t), self.v / (1 - 0.999**self.t)
        self.x -= learning_rate * unbiased[0] / (np.sqrt(unbiased[1]) + 1e-8)


@pytest.mark.parametrize("cut", [False, True])
@pytest.mark.parametrize("size", [1.0, 1e-7])  # gradients as small as the division's epsilon too
def test_adam_follows_its_algorithm(
    size: float, cut: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    if cut:
        small_blocks(monkeypatch)
    parameters, rng = some_parameters(), np.random.default_rng(1)
    slow = [SlowAdam(p.value) for p in parameters]
    optimizer = Adam(parameters)
    for step in range(2 * FLUSH_EVERY + 3):
        learning_rate = 0.02 / (1 + step)
        set_gradients(parameters, rng, size)
        optimizer.step(learning_rate)
        for p, one in zip(parameters, slow, strict=True):
            one.step(p.grad, learning_rate)
            if p.latent:
                one.x = np.clip(one.x, -1, 1)
            if p.floor:
                one.x = np.maximum(one.x, p.floor)
            assert np.allclose(p.value, one.x, atol=1e-5)


def test_latent_weights_and_floors_hold_while_others_run_free() -> None:
    parameters = some_parameters()
    optimizer = Adam(parameters)
    for p in parameters:
        p.grad[...] = 1
    for _ in range(40):
        optimizer.step(0.1)
    free, latent, floored, other = (p.value for p in parameters)
    assert free.max() < -2
    assert (latent == -1).all() and (other == -1).all()
    assert (floored == 0.5).all()


def test_the_gradient_and_the_value_stay_the_parameters_own() -> None:
    parameters = some_parameters()
    before = [p.value.copy() for p in parameters]
    Adam(parameters)
    for p, was in zip(parameters, before, strict=True):
        assert p.value.shape == p.grad.shape == was.shape
        assert (p.value == was).all() and (p.grad == 0).all()


@pytest.mark.parametrize("size", [1e-15, 1.2e-19])  # the square of the latter is just normal
@pytest.mark.parametrize("kind", [Adam, Bop])
def test_no_denormals_remain_after_gradients_have_died(kind: type[Adam], size: float) -> None:
    parameters = some_parameters()
    optimizer = Bop(parameters, 0.1) if kind is Bop else Adam(parameters)
    for p in parameters:
        p.grad[...] = size
    optimizer.step(0.1)
    for p in parameters:
        p.grad[...] = 0
    for _ in range(20 * FLUSH_EVERY):
        optimizer.step(0.1)
        for state in optimizer.state():
            least = np.abs(state[state != 0]).min(initial=1)
            assert least >= np.finfo(np.float32).tiny
    assert (optimizer.first == 0).all(), "the averages of dead gradients become zero"
    before = [p.value.copy() for p in parameters]
    optimizer.step(0.1)
    assert all((p.value == was).all() for p, was in zip(parameters, before, strict=True))


def test_bop_flips_by_the_average_of_the_gradients() -> None:
    parameters, rng = some_parameters(), np.random.default_rng(3)
    binary = [p for p in parameters if p.latent]
    slow = [SlowAdam(p.value) for p in parameters]
    peak = 0.01
    optimizer = Bop(parameters, peak)
    weights = [np.where(p.value < 0, -1, 1).ravel() for p in binary]
    assert all((p.value.ravel() == w).all() for p, w in zip(binary, weights, strict=True))
    averages = [[0.0] * p.value.size for p in binary]
    flips = small = 0
    for step in range(60):
        rate = learning_rate("cosine", step / 60, peak)
        # About the threshold, so that some averages are below it.
        set_gradients(parameters, rng, 3e-5)
        optimizer.step(rate)
        gamma = 1e-3 * rate / peak
        for p, w, average in zip(binary, weights, averages, strict=True):
            for i, grad in enumerate(p.grad.ravel()):
                average[i] = (1 - gamma) * average[i] + gamma * float(grad)
                same = (average[i] > 0) == (w[i] > 0)
                small += same and abs(average[i]) <= 1e-8
                if same and abs(average[i]) > 1e-8:
                    w[i] = -w[i]
                    flips += 1
            assert (p.value.ravel() == w).all()
        for p, one in zip(parameters, slow, strict=True):
            one.step(p.grad, rate)
            if p.floor:
                one.x = np.maximum(one.x, p.floor)
            assert p.latent or np.allclose(p.value, one.x, atol=1e-5)
    assert flips > 30 and small > 5


def test_an_optimizer_goes_on_from_its_state() -> None:
    for kind in (Adam, lambda parameters: Bop(parameters, 0.1)):
        one, other = some_parameters(), some_parameters()
        first, second = kind(one), kind(other)
        rng = np.random.default_rng(4)
        for _ in range(5):
            set_gradients(one, rng)
            first.step(0.1)
        for mine, its in zip(other, one, strict=True):
            mine.value[...] = its.value
        for mine, its in zip(second.state(), first.state(), strict=True):
            mine[...] = its
        second.steps = first.steps
        set_gradients(one, np.random.default_rng(5))
        set_gradients(other, np.random.default_rng(5))
        first.step(0.1)
        second.step(0.1)
        assert all((a.value == b.value).all() for a, b in zip(one, other, strict=True))


def test_schedules() -> None:
    rates = [learning_rate("cosine", step / 10, 0.4) for step in range(11)]
    assert rates[0] == 0.4
    assert rates[5] == pytest.approx(0.2)
    assert rates[10] == pytest.approx(0)
    assert np.allclose(rates, 0.2 * (1 + np.cos(np.pi * np.arange(11) / 10)))
    assert {learning_rate("constant", step / 10, 0.4) for step in range(11)} == {0.4}
