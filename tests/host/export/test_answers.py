"""The temperature that a folded network gets, and its background classes."""

import doctest
import math
from dataclasses import replace

import numpy as np
import pytest

from tests.lab.small_waves import CONFIG, train_on, waves
from xnornode.export import answers
from xnornode.export.answers import doubt, fit_temperature, guess_background, temperature_of
from xnornode.export.fold import fold, score_gain
from xnornode.model.answers import probabilities
from xnornode.model.file_format import from_bytes, to_bytes
from xnornode.training.trained import Temperature


@pytest.mark.quick
def test_examples():
    assert doctest.testmod(answers).failed == 0


def drawn(temperature: float, count: int = 20_000) -> tuple[np.ndarray, np.ndarray]:
    """Logits, and labels drawn by the softmax of the logits divided by the temperature."""
    rng = np.random.default_rng(0)
    logits = rng.normal(0, 3, (count, 4))
    share = np.exp(logits / temperature)
    share /= share.sum(axis=1, keepdims=True)
    return logits, (share.cumsum(axis=1) < rng.random((count, 1))).sum(axis=1)


@pytest.mark.quick
@pytest.mark.parametrize("true", [0.5, 1.0, 3.0])
def test_the_temperature_that_labels_were_drawn_by_is_found(true):
    found = fit_temperature(*drawn(true))
    assert found == pytest.approx(true, rel=0.04)


@pytest.mark.quick
def test_a_temperature_of_few_windows_that_are_all_right_is_not_without_limit():
    logits, labels = np.array([[4.0, 0.0], [0.0, 4.0], [4.0, 0.0]]), np.array([0, 1, 0])
    found = fit_temperature(logits, labels)
    # The right class shall have 1 - 1/5 + 1/10 in the mean: a softmax of 0.9.
    assert 1 / (1 + math.exp(-4 / found)) == pytest.approx(0.9, abs=1e-6)
    hopeless = fit_temperature(logits, 1 - labels)
    assert hopeless == pytest.approx(answers.HOTTEST, rel=1e-6)


@pytest.mark.quick
def test_a_model_has_the_temperature_of_its_validation_part():
    validation = waves(5, "z", 300, noise=900)
    trained = train_on(waves(1, "ab"), CONFIG, validation)
    model, gain = fold(trained), score_gain(trained.network.blocks[-1])
    wanted = fit_temperature(model.scores(validation.items) / gain, validation.labels)
    found = temperature_of(model, trained, gain)
    assert found.value == pytest.approx(wanted, rel=1e-3) and found.windows == 300
    assert not doubt(found)
    assert doubt(replace(found, windows=99)).startswith("the confidence was fitted on 99 windows")
    again = from_bytes(to_bytes(model))
    assert again.answers == model.answers and model.answers is not None
    assert (model.answers.windows, model.answers.threshold, model.answers.hold_off) == (1, 0, 0)
    assert len(to_bytes(model)) == len(to_bytes(replace(model, answers=None))) + 12


@pytest.mark.quick
def test_without_a_validation_part_confidence_is_the_softmax_of_the_logits():
    trained = train_on(waves(1, "ab"), CONFIG)
    model, items = fold(trained), waves(2, "c", 60).items
    assert model.answers is not None
    logits = trained.logits(items).astype(np.float64)
    power = np.exp(logits - logits.max(axis=1, keepdims=True))
    softmax = power / power.sum(axis=1, keepdims=True)
    found = probabilities(model.scores(items), model.answers) / 65535
    assert np.abs(found - softmax).max() < 0.01
    found = temperature_of(model, trained, score_gain(trained.network.blocks[-1]))
    assert found.value == pytest.approx(1, rel=1e-3) and not found.windows
    assert "no validation part" in doubt(found)
    other = fold(replace(trained, temperature=Temperature(2.0, 500, "elsewhere")))
    assert other.answers is not None
    ratio = model.answers.inverse_temperature / other.answers.inverse_temperature
    assert ratio == pytest.approx(2, rel=1e-3)


@pytest.mark.quick
def test_background_by_name():
    labels = ("walk", "Noise", "idle ", "run", "unknown", "noisy")
    assert guess_background(labels) == (1, 2, 4)
    trained = train_on(waves(1, "ab"), replace(CONFIG, epochs=1))
    named = fold(replace(trained, labels=("nothing", "fast", "slow")))
    assert named.answers is not None and named.answers.background == (0,)
