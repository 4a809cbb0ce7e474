"""The C core against the Python reference, bit for bit."""

import numpy as np
import pytest
from core import core, sanitized
from hypothesis import given, settings
from hypothesis import strategies as st
from nets import awkward_models, random_model, random_windows, sealed
from xnornode.fileformat import from_bytes, to_bytes

pytestmark = pytest.mark.quick


@pytest.mark.parametrize("model", awkward_models(), ids=lambda m: m.name)
def test_scores_of_awkward_networks(model):
    windows = random_windows(model, 40)
    answer = core().classify(to_bytes(model), windows, len(model.labels))
    expected = model.scores(windows)
    assert answer.reason == "ok" and answer.selftest
    assert (answer.scores != expected).sum() == 0
    assert (answer.classes != expected.argmax(axis=1)).sum() == 0


@settings(max_examples=100, deadline=None, derandomize=True)
@given(
    seed=st.integers(0, 2**31),
    length=st.integers(1, 40),
    channels=st.integers(1, 5),
    bits=st.integers(1, 32),
    widths=st.lists(st.integers(1, 70), min_size=1, max_size=5),
)
def test_scores_of_any_network(seed, length, channels, bits, widths):
    model = random_model(seed, length, channels, bits, tuple(widths))
    windows = random_windows(model, 10)
    answer = core().classify(to_bytes(model), windows, len(model.labels))
    assert answer.reason == "ok" and answer.selftest
    assert (answer.scores == model.scores(windows)).all()


def test_the_windows_exercise_both_outcomes():
    """Parity of constants would say nothing: neurons and classes must vary over the windows."""
    model = random_model(3, 20, 2, 4, (64, 32, 5))
    windows = random_windows(model, 200)
    *_, hidden = model.activations(windows)
    assert ((hidden == 1).any(axis=0) & (hidden == -1).any(axis=0)).mean() > 0.8
    assert len(set(model.predict(windows))) == 5


def test_awkward_networks_under_sanitizers():
    models = awkward_models()
    jobs = [(to_bytes(m), random_windows(m, 5), len(m.labels)) for m in models]
    for model, job, answer in zip(models, jobs, sanitized(jobs), strict=True):
        assert answer.reason == "ok" and answer.selftest, model.name
        assert (answer.scores == model.scores(job[1])).all(), model.name


def test_ties_go_to_the_first_class():
    model = random_model(5, 4, 1, 1, (3,))
    head = model.head
    head.weights[1] = head.weights[2]
    head.scales[1:] = 50
    head.offsets[1:] = 9000
    windows = random_windows(model, 50)
    assert (model.scores(windows)[:, 1] == model.scores(windows)[:, 2]).all()
    answer = core().classify(to_bytes(model), windows, 3)
    assert (answer.classes == 1).all() and (model.predict(windows) == 1).all()


def test_extreme_scores_stay_in_int32():
    model = random_model(6, 2047, 1, 32, (2,))
    head, inputs = model.head, 2047 * 32
    head.weights[:] = 1
    head.scales[:] = (-32768, 32767)
    head.offsets[:] = (-(2**31 - 1 - 32768 * inputs), 2**31 - 1 - 32767 * inputs)
    windows = np.full((2, 2047, 1), 32767, np.int16)
    windows[1] = -32768
    model.encoder.thresholds[:] = 0
    answer = core().classify(to_bytes(model), windows, 2)
    assert answer.scores[0].tolist() == [-(2**31 - 1), 2**31 - 1]
    assert (answer.scores == model.scores(windows)).all()


def test_a_wrong_selftest_is_noticed():
    model = random_model(8, 6, 2, 3, (40, 4))
    data = bytearray(to_bytes(model))
    at = data.index(np.asarray(model.selftest_scores(), "<i4").tobytes())
    data[at] ^= 1
    wrong = sealed(bytes(data))
    assert not from_bytes(wrong).selftest()
    answer = core().classify(wrong)
    assert answer.reason == "ok" and not answer.selftest


def test_the_file_must_lie_at_a_multiple_of_4():
    data = to_bytes(random_model(9, 6, 2, 3, (4,)))
    reasons = [core().load_at(data, offset) for offset in range(5)]
    assert reasons == ["ok", "size", "size", "size", "ok"]
