"""Which networks go on, which are on the Pareto front, and which is chosen."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.lab.search_tasks import trial
from xnornode.model_search.trial import Trial, choose, error_between, pareto, promote

pytestmark = pytest.mark.quick


def test_a_small_network_of_the_front_goes_on_as_well() -> None:
    trials = [trial(i, 0.9 - 0.01 * i, 5000 + i, 100.0) for i in range(8)]
    small = trial(8, 0.5, 200, 10.0)
    chosen = [t.candidate.number for t in promote([*trials, small], 3)]
    assert chosen == [0, 1, 8]


@given(
    st.lists(
        st.tuples(st.integers(0, 4), st.integers(1, 4), st.integers(1, 4)), min_size=1, max_size=12
    )
)
def test_front_is_the_pareto_front(points: list[tuple[int, int, int]]) -> None:
    trials = [trial(i, a / 4, size, float(us)) for i, (a, size, us) in enumerate(points)]

    def beats(x: Trial, y: Trial) -> bool:
        better = (
            x.accuracy - y.accuracy,
            y.cost.bytes - x.cost.bytes,
            y.cost.microseconds - x.cost.microseconds,
        )
        return min(better) >= 0 and max(better) > 0

    front = pareto(trials)
    assert not any(beats(x, y) for x in trials for y in front)
    for t in trials:
        assert t in front or any(beats(x, t) for x in front)
    assert [t.cost.bytes for t in front] == sorted(t.cost.bytes for t in front)


def test_defaults_stay_in_however_bad_they_are() -> None:
    trials = [trial(i, 0.9 - 0.01 * i) for i in range(8)]
    chosen = promote([*trials, trial(8, 0.1, size=900, kept=True)], 3)
    assert [t.candidate.number for t in chosen] == [0, 1, 2, 8]


def test_error_of_a_difference_is_over_groups() -> None:
    a = trial(0, 0.75, counts=(("x", 10, 10), ("y", 5, 10)))
    b = trial(1, 0.50, counts=(("x", 5, 10), ("y", 5, 10)))
    # Ahead by 5 windows in one group and 0 in the other: 0.25 with a deviation of 0.25 each.
    assert error_between(a, b) == pytest.approx(0.25)
    # The same lead in both groups is no luck.
    b = trial(1, 0.50, counts=(("x", 7, 10), ("y", 3, 10)))
    c = trial(0, 0.70, counts=(("x", 9, 10), ("y", 5, 10)))
    assert error_between(c, b) == pytest.approx(0, abs=1e-12)
    one = trial(0, 0.5, counts=(("x", 50, 100),))
    assert error_between(one, one) == pytest.approx(math.sqrt(0.5 / 100))


def test_a_drawn_network_must_be_ahead_of_the_defaults() -> None:
    even = (("x", 8, 10), ("y", 8, 10))
    default = trial(0, 0.8, kept=True, counts=even)
    lucky = trial(1, 0.85, counts=(("x", 10, 10), ("y", 7, 10)))
    ahead = trial(2, 0.84, counts=(("x", 9, 10), ("y", 8, 10)))
    assert choose([default, lucky])[0] is default
    better = trial(3, 0.9, counts=(("x", 9, 10), ("y", 9, 10)))
    assert choose([default, lucky, ahead, better])[0] is better
    assert choose([lucky, ahead])[0] is lucky  # without a default: the most accurate
    smaller = trial(4, 0.8, size=100, kept=True, counts=even)
    assert choose([default, smaller, lucky])[0] is smaller
