"""Counting a keyword's events, and choosing its threshold."""

import numpy as np
import pytest

from xnornode.events.wake_choice import choose_wake, hold_off_of, threshold_for
from xnornode.events.wake_counting import (
    Heard,
    confidences,
    count,
    events,
    highest_rate,
    means,
    taken_for,
)
from xnornode.model.answers import Answers, AnswerStream, probabilities

pytestmark = pytest.mark.quick

NONE = np.zeros((0, 3), np.int64)


@pytest.mark.parametrize("seed", range(6))
def test_events_are_those_of_a_node(seed):
    rng = np.random.default_rng(seed)
    scores = (rng.normal(0, 90, (600, 2)) + 60 * np.sin(np.arange(600) / 9)[:, None]).astype(int)
    scores[rng.random(600) < 0.1] = 7  # equal ones
    windows, hold_off = int(rng.integers(1, 5)), int(rng.integers(0, 9))
    answers = Answers(*Answers.scaled(0.02), windows, 45_000, hold_off, (0,))
    stream = AnswerStream(answers, 2)
    expected = [i for i, row in enumerate(scores) if stream.add(row).detected]
    sure = confidences(probabilities(scores, answers), scores, windows)
    assert events(sure, 45_000, hold_off) == expected
    assert len(expected) > 5


def heard(kind, peaks, utterances=NONE, seconds=3600.0):
    """A stream that is as sure as `peaks` says at some windows."""
    logits = np.zeros((100, 2))
    logits[:, 0] = 8
    for at, sure in peaks.items():
        logits[at : at + 2, 1] = 8 + sure
    return Heard(kind, logits, np.array(utterances, np.int64).reshape(-1, 3), seconds)


def test_words_are_found_missed_repeated_and_what_lies_between_them_is_false():
    words = [(10, 20, 0), (40, 50, 1), (70, 90, 2)]
    streams = [
        heard("word", {12: 5, 30: 5, 72: 5, 85: 5}, words),
        heard("talk", {12: 5, 42: 1}, words),
        heard("noise", {60: 5}),
    ]
    sure = [means(h.logits, 1.0, 1) for h in streams]
    found = count(streams, sure, 60_000, 0)
    assert (found.words, found.missed, found.repeated) == (3, 1, 1)
    assert (found.talk, found.noise) == (1, 2)
    assert found.talk_rate == 1.0 and found.noise_rate == 2.0 and found.rate == 2.0
    assert [*taken_for(streams, sure, 60_000, 0)] == [0]
    assert count(streams, sure, 60_000, 20).repeated == 0  # the hold-off is long enough
    assert [*taken_for(streams, sure, 33_000, 0)] == [0, 1]


def test_the_threshold_is_the_lowest_that_keeps_the_rate():
    talk = [heard("talk", {10 * i: 0.5 * i for i in range(1, 9)}, seconds=1800.0)]
    streams = [*talk, heard("noise", {}), heard("word", {50: 3}, [(45, 60, 0)])]
    sure = [means(h.logits, 1.0, 1) for h in streams]
    at = {rate: threshold_for(streams, sure, 0, rate) for rate in (0.0, 1.9, 2.0, 4.0, 100.0)}
    found = {rate: count(streams, sure, t, 0).talk for rate, t in at.items()}
    assert found == {0.0: 0, 1.9: 0, 2.0: 1, 4.0: 2, 100.0: 8}
    assert at[0.0] == at[1.9] > at[2.0] > at[4.0] > at[100.0] == 32768
    assert count(streams, sure, at[4.0] - 1, 0).talk == 3


def test_a_choice_keeps_the_wish_and_knows_when_it_does_not_hear():
    words = [(40, 50, 0), (70, 80, 1)]
    streams = [
        heard("talk", {10: 1, 30: 2}),
        heard("noise", {20: 3}),
        heard("word", {42: 5, 72: 2.5}, words),
    ]
    all_kept = choose_wake(streams, 1.0, 4000, 500)
    assert all_kept.count.missed == 0 and all_kept.count.rate <= 1
    assert all_kept.hold_off == hold_off_of(4000, 500, all_kept.windows)
    none = choose_wake(streams, 0.0, 4000, 500)
    assert (none.count.rate, none.count.missed) == (0.0, 1)
    thresholds = [t for t, _ in none.curve]
    assert thresholds == sorted(thresholds, reverse=True) and none.threshold in thresholds


def test_the_highest_rate_is_that_of_three_by_the_hours_and_of_poissons_bounds():
    assert highest_rate(0, 3.0) == pytest.approx(-np.log(0.05) / 3)
    assert highest_rate(10, 1.0) == pytest.approx(16.962, abs=0.001)  # of tables of Poisson
    assert highest_rate(0, 0.0) == float("inf")
