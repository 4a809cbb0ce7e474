"""The answers in the C core against the Python reference, bit for bit."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.lab.core import core
from tests.lab.nets import random_model
from xnornode.model.answers import Answers, AnswerStream
from xnornode.model.file_format import to_bytes

pytestmark = pytest.mark.quick

LOWEST, HIGHEST = -(2**31), 2**31 - 1


def reference(model, scores, gaps):
    stream, rows = AnswerStream(model.answers, len(model.labels)), []
    for row, gap in zip(scores, gaps, strict=True):
        if gap:
            stream.clear()
        answer = stream.add(row)
        rows.append((answer.index, answer.confidence, answer.detected))
    return np.array(rows)


def answering(classes, **fields):
    return replace(random_model(1, 1, 1, 1, (classes,)), answers=Answers(**fields))


@st.composite
def answers(draw, classes):
    background = draw(st.sets(st.integers(0, classes - 1), max_size=5))
    return {
        "factor": draw(st.integers(1, 65535)),
        "shift": draw(st.integers(0, 15)),
        "windows": draw(st.integers(1, 32)),
        "threshold": draw(st.integers(0, 65535)),
        "hold_off": draw(st.sampled_from([0, 1, 2, 7, 65535])),
        "background": tuple(sorted(background)),
    }


def stream_of_scores(seed, classes, spread, count):
    """Scores in which a class goes on for some windows, with ties and both ends of int32."""
    rng = np.random.default_rng(seed)
    scores = rng.integers(-spread, spread + 1, (count, classes))
    leader = np.repeat(rng.integers(0, classes, count), 4)[:count]
    scores[np.arange(count), leader] += spread
    ends = rng.random((count, classes))
    scores[ends < 0.02], scores[ends > 0.98] = LOWEST, HIGHEST
    return scores.clip(LOWEST, HIGHEST)


@pytest.mark.seconds
@settings(max_examples=50, derandomize=True)
@given(data=st.data())
def test_any_answers_to_any_scores(data):
    classes = data.draw(st.sampled_from([1, 2, 3, 5, 31, 32, 33, 64, 254, 255]))
    model = answering(classes, **data.draw(answers(classes)))
    spread = 2 ** data.draw(st.integers(0, 31))
    scores = stream_of_scores(data.draw(st.integers(0, 2**31)), classes, spread, 50)
    gaps = np.random.default_rng(data.draw(st.integers(0, 99))).random(50) < 0.03
    got = core().answers(to_bytes(model), scores, gaps)
    assert (got != reference(model, scores, gaps)).sum() == 0


@pytest.mark.parametrize("windows", range(1, 33))
@pytest.mark.parametrize("hold_off", [0, 65535])
def test_each_length_of_the_mean(windows, hold_off):
    """With scores of a network's size, where all outcomes occur."""
    fields = {"factor": 2000, "shift": 0, "windows": windows, "hold_off": hold_off}
    model = answering(5, **fields, threshold=20_000, background=(1,))
    scores = stream_of_scores(windows, 5, 8, 300)
    gaps = np.arange(300) % 150 == 0
    got = core().answers(to_bytes(model), scores, gaps)
    assert (got != reference(model, scores, gaps)).sum() == 0
    assert {-1, 0, 1, 2, 3, 4} >= set(got[:, 0]) and (got[:, 0] == -1).any()
    assert got[:, 2].any() and (hold_off == 0 or got[:, 2].sum() <= 2)


def test_a_hold_off_ends_after_as_many_windows_as_it_has():
    model = answering(2, factor=65535, shift=0, hold_off=65535, background=(1,))
    scores = np.tile([[1, 0], [0, 1]], (70_000, 1))
    got = core().answers(to_bytes(model), scores, np.zeros(len(scores), bool))
    # The event's window, then 65535 of the hold-off. After it class 0 goes on for one window more.
    assert np.flatnonzero(got[:, 2]).tolist() == [0, 65538, 2 * 65538]


def test_extreme_scores_and_factors():
    ends = np.array([[LOWEST, HIGHEST], [HIGHEST, LOWEST], [LOWEST, LOWEST], [HIGHEST, HIGHEST]])
    near = np.array([[HIGHEST, HIGHEST - 1], [LOWEST, LOWEST + 1], [0, -1], [-1, 0]])
    scores, gaps = np.concatenate([ends, near]), np.ones(8, bool)
    for factor in (1, 2, 32767, 65535):
        for shift in range(16):
            model = answering(2, factor=factor, shift=shift)
            got = core().answers(to_bytes(model), scores, gaps)
            assert (got == reference(model, scores, gaps)).all()
            assert got[:, 0].tolist() == [1, 0, 0, 0, 0, 1, 0, 1]
            assert got[0, 1] == 65535 and got[2, 1] == 32767
