"""Probabilities, answers and events by the words of FORMAT.md."""

import numpy as np
import pytest

from xnornode.errors import ModelError
from xnornode.model.answers import Answers, AnswerStream, probabilities

pytestmark = pytest.mark.quick

SHARP = {"factor": 65535, "shift": 0}  # the highest score has the probability 1


def stream(classes=3, **fields):
    return AnswerStream(Answers(**{**SHARP, **fields}), classes)


def told(answers, text):
    """The events of a stream: each letter is the class of a window, `.` an unknown one."""
    scores = {".": (0, 0, 0), "0": (9, 0, 0), "1": (0, 9, 0), "2": (0, 0, 9)}
    return "".join("-!"[answers.add(scores[letter]).detected] for letter in text)


@pytest.mark.parametrize("temperature", [0.3, 1, 40, 5000, 2.0**21])
@pytest.mark.parametrize("classes", [1, 2, 5, 16, 255])
def test_probabilities_are_a_softmax(temperature, classes):
    answers = Answers(*Answers.scaled(1 / temperature))
    assert answers.inverse_temperature == pytest.approx(1 / temperature, rel=2e-2)
    rng = np.random.default_rng(classes)
    scores = (rng.normal(0, 4 * temperature, (200, classes))).clip(-(2**31), 2**31 - 1).astype(int)
    power = np.exp((scores - scores.max(axis=1, keepdims=True)) * answers.inverse_temperature)
    expected = power / power.sum(axis=1, keepdims=True)
    got = probabilities(scores, answers)
    assert np.abs(got / 65535 - expected).max() < (1e-3 if classes < 255 else 5e-3)
    sums = got.sum(axis=1, dtype=int)
    assert sums.max() <= 65535 and sums.min() >= (65500 if classes <= 16 else 65000)


def test_weights_never_rise_with_the_distance():
    """From the highest score to one 2**16 steps below it, where the weight is 0."""
    below = -np.arange(65537 * 2)
    pairs = np.stack([np.zeros_like(below), below], axis=1)
    got = probabilities(pairs, Answers(1, 0))[:, 1].astype(int)
    assert (np.diff(got) <= 0).all() and got[0] == 32767 and (got[65536:] == 0).all()


def test_the_arithmetic_of_the_specification():
    answers = Answers(50_000, 9)
    d = [0, 70, 200]
    e = [min(x, (2**32 - 1) // 50_000) * 50_000 >> 9 for x in d]
    f = [x % 4096 * 16 for x in e]
    m = [65535 - (x * (45331 - (x * (15166 - (x * 2605 >> 16)) >> 16)) >> 16) for x in f]
    w = [x >> (y >> 12) for x, y in zip(m, e, strict=True)]
    share = 65535 * 65536 // sum(w)
    expected = [x * share >> 16 for x in w]
    assert probabilities(np.array([[500, 430, 300]]), answers).tolist() == [expected]
    assert expected == [48500, 15254, 1779]


def test_an_answer_is_from_the_mean_of_the_windows_that_there_are():
    answers = stream(2, windows=3)
    got = [answers.add(scores) for scores in ((9, 0), (0, 9), (0, 9), (0, 9), (9, 0))]
    assert [a.index for a in got] == [0, 1, 1, 1, 1]
    assert [a.confidence for a in got] == [65535, 32767, 43690, 65535, 43690]
    answers.clear()
    assert answers.add((9, 0)).confidence == 65535


def test_of_equal_means_the_newest_windows_score_decides():
    answers = stream(3, windows=2)
    assert [answers.add(s).index for s in ((9, 0, 0), (0, 9, 0), (9, 0, 0))] == [0, 1, 0]
    assert AnswerStream(Answers(1, 15), 3).add((5, 6, 6)).index == 1


def test_below_the_threshold_an_answer_is_unknown():
    answers = stream(2, windows=2, threshold=32768)
    got = [answers.add(scores) for scores in ((9, 0), (0, 9), (0, 9))]
    assert [(a.index, a.best) for a in got] == [(0, 0), (-1, 1), (1, 1)]
    assert AnswerStream(Answers(1, 0, threshold=32767), 2).add((0, 0)).index == 0


def test_a_class_that_goes_on_is_detected_once():
    assert told(stream(threshold=40_000), "0001110") == "!--!--!"
    assert told(stream(threshold=40_000), "00..00") == "!---!-"
    assert told(stream(background=(0, 2)), "0102212") == "-!---!-"


def test_the_hold_off():
    """Within it nothing is detected and nothing is forgotten."""
    assert told(stream(threshold=40_000, hold_off=2), "0.0000") == "!-----"
    assert told(stream(threshold=40_000, hold_off=2), "0..0..0") == "!-----!"
    assert told(stream(threshold=40_000, hold_off=2), "011111") == "!--!--"
    assert told(stream(threshold=40_000, hold_off=2), "01.000") == "!-----"
    answers = stream(hold_off=65535)
    assert told(answers, "01") == "!-"
    answers.clear()
    assert told(answers, "1") == "!"


@pytest.mark.parametrize(
    "fields",
    [
        {"factor": 0}, {"factor": 65536}, {"shift": 16}, {"shift": -1}, {"windows": 0},
        {"windows": 33}, {"threshold": 65536}, {"hold_off": -1}, {"background": (1, 0)},
        {"background": (-1,)}, {"background": (1, 1)},
    ],
)  # fmt: skip
def test_what_the_format_cannot_hold_is_refused(fields):
    with pytest.raises(ModelError) as refused:
        Answers(**{**SHARP, **fields})
    assert refused.value.reason == "answers"


def test_a_background_class_that_there_is_not_is_refused():
    with pytest.raises(ModelError, match="of 3 classes"):
        stream(background=(3,))
