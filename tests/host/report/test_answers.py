"""The expected calibration error, and what the report says of answers."""

import doctest
import json
from dataclasses import replace

import numpy as np
import pytest

from tests.lab.waves import trained
from xnornode.events.chosen import choose_answers, with_temperature
from xnornode.events.wish import Wish
from xnornode.model.answers import ONE, AnswerStream, probabilities
from xnornode.report import answers
from xnornode.report.answers import expected_calibration_error
from xnornode.report.html import to_html
from xnornode.report.metrics import Report, make_report, to_json
from xnornode.report.text import to_text


@pytest.mark.quick
def test_examples():
    assert doctest.testmod(answers).failed == 0


@pytest.mark.quick
@pytest.mark.parametrize(
    ("confidence", "right", "bins", "error"),
    [
        ([0.5, 0.5], [True, False], 15, 0.0),
        ([0.8] * 5, [True, True, True, True, False], 15, 0.0),
        ([1.0, 1.0], [False, False], 15, 1.0),
        ([0.25, 0.75], [True, True], 2, 0.5 * 0.75 + 0.5 * 0.25),
        # In one bin the errors cancel, in two they do not; 0.5 is in the lower one of two.
        ([0.5, 0.9], [True, False], 1, 0.2),
        ([0.5, 0.9], [True, False], 2, 0.5 * 0.5 + 0.5 * 0.9),
        ([0.0, 0.5], [False, True], 2, 0.25),
    ],
)
def test_calibration_errors_by_hand(confidence, right, bins, error):
    found = expected_calibration_error(np.array(confidence), np.array(right), bins)
    assert found == pytest.approx(error, abs=1e-12)


@pytest.mark.quick
def test_confidence_that_is_the_share_of_right_windows_has_hardly_an_error():
    rng = np.random.default_rng(0)
    confidence = rng.uniform(0.2, 1, 100_000)
    right = rng.random(100_000) < confidence
    assert expected_calibration_error(confidence, right) < 0.01
    assert expected_calibration_error(confidence, rng.random(100_000) < confidence**2) > 0.1


@pytest.fixture(scope="module")
def chosen() -> Report:
    model, done, parts = trained()
    model, by = choose_answers(model, done, parts, Wish(unknown=0.1))
    return make_report(model, with_temperature(done, by), parts, chosen=by)


@pytest.mark.quick
def test_the_error_is_that_of_the_integers_of_the_node():
    model, done, parts = trained()
    report = make_report(model, done, parts)
    scores = model.scores(parts.test.items)
    confidence = probabilities(scores, model.answers).max(axis=1) / ONE
    right = scores.argmax(axis=1) == parts.test.labels
    wanted = expected_calibration_error(confidence, right)
    assert report.answers.calibration.test_after == pytest.approx(wanted, abs=1e-12)
    assert report.answers.calibration.windows == len(parts.validation)
    text = to_text(report)
    assert "\ntemperature " in text and "\ncalibration error validation " in text
    assert "wanted" not in text and "which say little" in report.notes[-1]


@pytest.mark.quick
def test_the_outcome_on_the_test_is_that_of_a_node(chosen):
    model, done, parts = trained()
    model, _ = choose_answers(model, done, parts, Wish(unknown=0.1))
    place, found = parts.test.places, []
    scores = model.scores(parts.test.items)
    for recording in np.unique(place[:, 0]):
        stream = AnswerStream(model.answers, 2)
        found += [stream.add(s) for s in scores[place[:, 0] == recording]]
    answered = np.array([answer.index >= 0 for answer in found])
    index = np.array([answer.index for answer in found])
    assert chosen.answers.test.answered == answered.sum()
    assert chosen.answers.test.right == (index == parts.test.labels).sum()
    assert chosen.answers.test.events == 4


@pytest.mark.quick
def test_what_was_chosen_is_in_all_forms(chosen):
    text, page = to_text(chosen), to_html(chosen)
    for said in ("at most 10 % unknown", "on the test", "threshold", "false/hour", "0 of 2"):
        assert said in text and said in page
    assert sum(row.chosen for row in chosen.answers.table) == 1
    content = json.loads(to_json(chosen))["answers"]
    assert content["wish"] == "at most 10 % unknown" and content["kept"]
    assert max(map(len, text.splitlines())) <= 80


@pytest.mark.quick
def test_limits_that_are_not_kept_are_a_warning():
    model, done, parts = trained()
    labels = parts.validation.labels.copy()
    labels[::2] = 1 - labels[::2]
    torn = replace(parts, validation=replace(parts.validation, labels=labels))
    model, by = choose_answers(model, done, torn, Wish(unknown=0.0, right=0.99))
    assert not by.choice.kept
    report = make_report(model, done, parts, chosen=by)
    assert any("no settings keep 'at most 0 % unknown" in text for text in report.warnings)


@pytest.mark.quick
def test_windows_in_no_order_have_no_events_in_the_report():
    model, done, parts = trained()
    loose = {name: replace(getattr(parts, name), places=None) for name in ("validation", "test")}
    parts = replace(parts, **loose)
    model, by = choose_answers(model, done, parts, Wish(unknown=0.1))
    text = to_text(make_report(model, done, parts, chosen=by))
    assert "threshold  unknown" in text and "missed" not in text and "false" not in text


@pytest.mark.quick
def test_answers_and_events_have_intervals():
    model, done, parts = trained()
    model, by = choose_answers(model, done, parts, Wish(unknown=0.1))
    report = make_report(model, done, parts, chosen=by)
    figures = report.answers
    (low, high), test = figures.intervals.right, figures.test
    assert low <= test.accuracy <= high and high - low > 0.02
    assert figures.intervals.how.startswith("cluster bootstrap over 2 groups")
    low, high = figures.intervals.missed
    assert low <= test.missed_share <= high
    text = " ".join(to_text(report).split())
    assert f"{test.accuracy:.1%} of answers right (95 % interval" in text
    loose = replace(parts, test=replace(parts.test, places=None), held_out=())
    assert make_report(model, done, loose, chosen=by).answers.intervals.missed is None
