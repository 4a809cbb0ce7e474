"""Sensors of the emulated Pico lose no sample, and take none late, whatever the line does."""

from pathlib import Path

import numpy as np

from tests.lab.keeping_pico import keep
from tests.lab.samplinglab import Kind, Outcome, motion, sampling_node, sound, volts


def busy(kind: Kind, firmware: Path, folder: Path, speed: float = 4) -> Outcome:
    """What a node gave that classified during a push, a rollback and another push.

    No window is missing, and the scores are the reference's on exactly what was played.
    """
    first, second = kind.model(1, hidden=(8,)), kind.model(2, hidden=(24,))
    if not kind.fast:
        first, second = kind.model(1), kind.model(2, hidden=(200, 40))
    with sampling_node(folder, firmware, kind, first, speed=speed) as (node, outcomes):
        node.busy_line(first, second)
    (outcome,) = outcomes
    assert outcome.overruns == 0
    numbers = [p.seq for p in outcome.predictions]
    assert numbers == list(range(numbers[0], numbers[0] + len(numbers)))
    assert len(numbers) > 8
    outcome.models = {1: first, 2: second}
    return outcome


def test_motion_through_the_fifo(pico_firmware, tmp_path):
    """Each sample comes once, in order and at its time."""
    outcome = busy(motion(), pico_firmware, tmp_path)
    assert np.count_nonzero(outcome.lateness) == 0
    assert outcome.whole
    assert outcome.disagreements(revision=1) == 0
    assert outcome.most < 85, "which the FIFO holds"


def test_volts_by_the_clock_of_the_adc(pico_firmware, tmp_path):
    """Each is the mean of readings of 10 ms: where the voltage falls back, those are of both."""
    outcome = busy(volts(), pico_firmware, tmp_path)
    late = outcome.times.astype(np.int64) - outcome.times[0] - 80 * np.arange(len(outcome.times))
    late = (late + 16_384) % 32_768 - 16_384  # in eighths of a millisecond
    assert np.count_nonzero(np.abs(late) > 8) <= outcome.count * 10 // 4096 + 1


def test_sound_by_pio(pico_firmware, tmp_path):
    """16,000 samples a second; flash that is written stops interrupts for 45 ms at a time."""
    outcome = busy(sound(), pico_firmware, tmp_path)
    assert outcome.whole
    assert outcome.disagreements(revision=1) == 0


def test_sound_while_windows_are_kept_and_fetched(pico_firmware, tmp_path):
    """A window each second; its file erases flash, and all of them come as they were played."""
    found = keep(sound(), pico_firmware, tmp_path, windows=2, speed=4)
    assert found.outcome.overruns == 0 and found.outcome.whole
    assert len(found.windows) == found.facts.windows >= 2
    places = found.places()
    assert len({*places}) == len(places) and not found.facts.why
