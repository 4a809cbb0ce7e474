"""Intervals of an accuracy: they hold what they promise where groups differ."""

import doctest
from dataclasses import replace

import numpy as np
import pytest

from tests.lab.waves import dataset, trained
from xnornode.data.prepare import prepare
from xnornode.report import intervals
from xnornode.report.accuracy import wilson
from xnornode.report.intervals import accuracy_interval, clusters_of, difference_interval
from xnornode.report.metrics import make_report

pytestmark = pytest.mark.quick


def test_examples():
    assert doctest.testmod(intervals).failed == 0


@pytest.mark.parametrize(("number", "least"), [(5, 0.86), (10, 0.91), (30, 0.91)])
def test_interval_covers_the_accuracy_on_other_people(monkeypatch, number, least):
    """People whose own accuracies are of beta(7, 3): 70 % in the mean, 15 % apart."""
    monkeypatch.setattr(intervals, "DRAWS", 500)
    rng, times = np.random.default_rng(0), 200
    covered = naive = 0
    for _ in range(times):
        sizes = rng.integers(20, 200, number)
        people = np.repeat(np.arange(number), sizes)
        right = rng.random(len(people)) < np.repeat(rng.beta(7, 3, number), sizes)
        low, high, _ = accuracy_interval(right, people)
        covered += low <= 0.7 <= high
        low, high = wilson(int(right.sum()), len(right))
        naive += low <= 0.7 <= high
    assert least <= covered / times <= 0.99 and naive / times < 0.6


def test_a_group_weighs_by_its_windows():
    people = np.repeat(["a", "b", "c", "d", "e", "f"], [5, 200, 200, 200, 200, 200])
    rng = np.random.default_rng(0)
    right = rng.random(len(people)) < 0.8
    usual = accuracy_interval(right, people)
    assert accuracy_interval(right & (people != "a"), people)[0] > usual[0] - 0.03
    assert accuracy_interval(right & (people != "b"), people)[0] < usual[0] - 0.1


def test_interval_is_the_same_again_and_not_narrower_than_of_independent_windows():
    people, right = np.repeat(np.arange(8), 50), np.ones(400, bool)
    first = accuracy_interval(right, people)
    assert first == accuracy_interval(right, people)
    assert first[:2] == wilson(400, 400) and first[0] < 1


def test_few_groups_are_said():
    right = np.arange(300) % 4 > 0
    assert "so few groups" in accuracy_interval(right, np.arange(300) // 100)[2]
    assert "so few" not in accuracy_interval(right, np.arange(300) // 30)[2]
    low, high, how = accuracy_interval(right, np.array(["ann"] * 300))
    assert (low, high) == wilson(225, 300) and "as if 300 windows" in how
    assert len(accuracy_interval(right[:1], None)) == 3


def test_difference_is_of_the_same_windows():
    rng = np.random.default_rng(0)
    hard = rng.random(400) < 0.5  # windows that both get wrong do not widen the interval
    first, second = ~hard, ~hard & (np.arange(400) % 20 > 0)
    low, high = difference_interval(first, second, np.arange(400) // 40)
    assert 0 < low < first.mean() - second.mean() < high < 0.06
    swapped = difference_interval(second, first, np.arange(400) // 40)
    assert swapped == pytest.approx((-high, -low), abs=0.003)
    assert difference_interval(first, first, None) == (0, 0)


def test_clusters_are_groups_then_recordings_then_windows():
    *_, splits = trained()
    clusters = clusters_of(splits)
    assert clusters.what == "groups" and set(clusters.names) == {"p6", "p7"}
    one = prepare(dataset(), length=32, test=("p7",))
    clusters = clusters_of(one)
    assert clusters.what == "recordings" and set(clusters.names) == {0, 1}
    assert "one group" in clusters.of
    in_time = clusters_of(prepare(dataset(), length=32, split="time"))
    assert (in_time.what, in_time.of) == ("recordings", "") and len(set(in_time.names)) == 16
    each = prepare(replace(dataset(), grouping="recording", groups=dataset().names), length=32)
    assert clusters_of(each).what == "recordings"
    test = replace(splits.tested(), places=None)
    assert clusters_of(replace(splits, test=test, held_out=())).names is None


def test_report_says_what_its_interval_rests_on():
    report = make_report(*trained())
    assert report.interval_how.startswith("cluster bootstrap over 2 groups")


def test_groups_that_happen_to_agree_prove_no_difference():
    """One window of 50 lost in each of two groups, or three."""
    for groups in (2, 3):
        first = np.arange(50 * groups) % 50 > 0
        low, high = difference_interval(
            first, np.ones(len(first), bool), np.arange(len(first)) // 50
        )
        assert low < -0.04 and high >= 0
