"""Which settings are chosen on streams made by hand."""

import doctest

import numpy as np
import pytest

from tests.host.events.test_counting import streams
from xnornode.events import choose as module
from xnornode.events.choose import choose, excess, mean_temperature
from xnornode.events.streams import Streams
from xnornode.events.wish import Wish
from xnornode.export.answers import fit_temperature

pytestmark = pytest.mark.quick


def noisy(seed: int = 0, recordings: int = 12, length: int = 40, noise: float = 1.0) -> Streams:
    """Logits that favour the true class by 1 at each window, under noise."""
    rng = np.random.default_rng(seed)
    numbers = np.repeat(np.arange(recordings), length)
    labels = numbers % 3
    scores = rng.normal(0, noise, (len(numbers), 3))
    scores[np.arange(len(numbers)), labels] += 1
    ends = 1.0 + np.tile(np.arange(length), recordings)
    gains = np.full(len(numbers), 1000.0)
    groups = np.array([f"p{n % 4}" for n in numbers])
    return Streams((1000 * scores).astype(np.int32), gains, labels, groups, numbers, ends, True)


def test_examples():
    assert doctest.testmod(module).failed == 0


def test_limits_are_kept_where_they_can_be():
    given = noisy()
    for wish in (Wish(unknown=0.05), Wish(right=0.9), Wish(false_per_hour=20), Wish(missed=0.1)):
        choice = choose(given, wish)
        assert choice.kept and not excess(choice.outcome, wish)
        assert [o for t, o in choice.table if t == choice.settings.threshold] == [choice.outcome]
        assert [t for t, _ in choice.table] == sorted({t for t, _ in choice.table})
    single, mean = choose(noisy(length=1), Wish(unknown=0.05)), choose(given, Wish(unknown=0.05))
    assert single.settings.windows == 1 < mean.settings.windows <= 10
    assert (single.outcome.accuracy or 1) < 0.8 < 0.9 < (mean.outcome.accuracy or 0)


def test_a_mean_is_of_a_fourth_of_a_usual_recording_at_most():
    assert choose(noisy(length=8), Wish(unknown=0.05)).settings.windows <= 2
    choice = choose(noisy(length=8), Wish(false_per_hour=5))
    assert choice.settings.hold_off <= 2 * choice.settings.windows


def test_of_equally_good_means_the_shortest():
    given = streams((0, "0" * 40), (1, "1" * 40), (2, "2" * 40))
    assert choose(given, Wish(unknown=0.05)).settings.windows == 1
    assert choose(given, Wish(false_per_hour=1)).settings.hold_off == 0


def test_fewer_unknown_ones_where_that_is_all_that_is_open():
    given = noisy()
    easy, hard = (choose(given, Wish(right=share)) for share in (0.9, 0.98))
    assert easy.kept and hard.kept and easy.outcome.unknown < hard.outcome.unknown


def test_what_nothing_keeps_is_said_and_the_nearest_taken():
    given = noisy(noise=10)
    choice = choose(given, Wish(unknown=0.0, right=0.999))
    assert not choice.kept and excess(choice.outcome, Wish(unknown=0.0, right=0.999))


def test_streams_in_no_order_have_no_means():
    given = noisy(length=1)
    loose = Streams(*{**vars(given), "ordered": False}.values())
    settings = choose(loose, Wish(unknown=0.2)).settings
    assert settings.windows == 1 and settings.hold_off == 0 and settings.threshold


def test_one_window_has_the_temperature_of_its_logits_and_a_mean_a_colder_one():
    given = noisy()
    wanted = fit_temperature(given.logits(), given.labels)
    one, eight = mean_temperature(given, 1), mean_temperature(given, 8)
    assert one == pytest.approx(wanted, rel=0.01) and eight < one


def test_excess_is_in_shares_of_the_limits():
    outcome = choose(streams((0, "01"), (1, "?1")), Wish(unknown=1.0)).outcome
    assert outcome.accuracy is not None
    assert excess(outcome, Wish(right=0.0, unknown=1.0, missed=1.0)) == 0
    assert excess(outcome, Wish(false_per_hour=outcome.false_per_hour)) == 0
