"""Sensors of the emulated Pico lose no sample, and take none late, whatever the line does."""

import numpy as np

from tests.lab.samplinglab import motion, sampling_node


def check_sampling(outcome, most: int) -> None:
    """Each sample came once, in order and at its time; one read found at most so many waiting."""
    assert outcome.overruns == 0
    assert np.count_nonzero(outcome.lateness) == 0
    assert outcome.whole
    assert outcome.most < most


def test_motion_during_pushes_and_a_rollback(pico_firmware, tmp_path):
    """And the scores are the reference's on exactly what was played; no window is missing."""
    kind = motion(rate=100)
    first, second = kind.model(1), kind.model(2, hidden=(200, 40))
    with sampling_node(tmp_path, pico_firmware, kind, first, speed=4) as (node, outcomes):
        node.busy_line(first, second)
    (outcome,) = outcomes
    check_sampling(outcome, most=85)  # which the FIFO holds
    numbers = [p.seq for p in outcome.predictions]
    assert numbers == list(range(numbers[0], numbers[0] + len(numbers)))
    assert len(numbers) > 8
    assert outcome.disagreements({1: first, 2: second}, revision=1) == 0
