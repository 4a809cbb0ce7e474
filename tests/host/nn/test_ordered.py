"""Labels that are steps of one quantity."""

import numpy as np
import pytest

from xnornode.errors import DataError
from xnornode.nn.losses import targets
from xnornode.nn.ordered import distances, steps, target_shares

pytestmark = pytest.mark.quick

TENTHS = [f"{i / 10:.1f}" for i in range(100)]


@pytest.mark.parametrize(
    ("labels", "expected"),
    [
        (TENTHS, range(100)),
        (["0", "45", "90", "315"], [0, 1, 2, 7]),
        (["10", "-5", "0"], [3, 0, 1]),
        (["0.333", "0.667", "1.0"], [0, 1, 2]),
        (["1e3", "2000"], [0, 1]),
    ],
)
def test_steps_go_by_the_numbers(labels, expected) -> None:
    assert steps(labels).tolist() == list(expected)


@pytest.mark.parametrize(
    ("labels", "message"),
    [
        (["low", "1"], "numbers, and 'low' is none"),
        (["0", "1", "unknown"], "numbers, and 'unknown' is none"),
        (["0", "nan"], "numbers, and 'nan' is none"),
        (["0", "inf"], "numbers, and 'inf' is none"),
        (["1"], "two labels or more"),
        (["1", "1.0", "2"], "each another number"),
        (["8", "2", "1", "3.5"], "multiples of one step, and those from 1, 2 on are not"),
    ],
)
def test_other_labels_are_refused_with_the_reason(labels, message: str) -> None:
    with pytest.raises(DataError, match=message):
        steps(labels)


def test_the_last_is_beside_the_first_on_a_circle_alone() -> None:
    at = steps(TENTHS)
    line, circle = distances(at, False), distances(at, True)
    first, last, near, opposite = 0, 99, 2, 50
    assert (line[first, last], circle[first, last]) == (99, 1)
    assert (line[near, last], circle[near, last]) == (97, 3)
    assert line[first, opposite] == circle[first, opposite] == 50
    for away in (line, circle):
        assert (away == away.T).all() and (np.diag(away) == 0).all()
    assert circle.max() == 50 and (np.sort(circle)[:, :4] == [0, 1, 1, 2]).all()


def test_shares_fall_with_the_distance() -> None:
    shares = target_shares(distances(steps(["0", "1", "2", "4"]), False), 0.8)
    assert shares.dtype == np.float32 and np.allclose(shares.sum(axis=1), 1, atol=1e-6)
    from_one = np.exp([-0.5 / 0.64, 0, -0.5 / 0.64, -4.5 / 0.64])
    assert np.allclose(shares[1], from_one / from_one.sum(), atol=1e-6)
    assert (shares.argmax(axis=1) == np.arange(4)).all()
    narrow = target_shares(distances(steps(TENTHS), True), 1e-3)
    assert (narrow == np.eye(100)).all()


def test_targets_have_the_shares_of_their_label_beside_the_smoothing() -> None:
    shares = np.array([[0.75, 0.25], [0.5, 0.5]], np.float32)
    target = targets(np.array([1, 0, 0]), 2, 0.2, shares)
    assert np.allclose(target, [[0.5, 0.5], [0.7, 0.3], [0.7, 0.3]])
    assert target.dtype == np.float32
