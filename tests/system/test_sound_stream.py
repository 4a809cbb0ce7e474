"""A keyword model runs on and on from the emulated Pico's microphone, and loses no sample.

Its frames are computed while DMA takes the next samples. Each score is the reference's.
"""

from dataclasses import replace

import pytest

from tests.lab.samplinglab import sampling_node
from tests.lab.soundlab import microphone, tone_model
from xnornode.model.level_window import keeps_levels

PREDICTIONS = 12


@pytest.mark.parametrize("rate", [8000, 16_000])
def test_no_sample_is_lost_and_no_score_differs(rate, pico_firmware, tmp_path):
    """Of two models; the second one is pushed meanwhile, and goes on with the levels."""
    first = replace(tone_model(rate), revision=1)
    *hidden, last = first.layers
    second = replace(first, revision=2, layers=(*hidden, replace(last, weights=-last.weights)))
    assert keeps_levels(first)
    with sampling_node(tmp_path, pico_firmware, microphone(rate), first) as (node, outcomes):
        node.follow(PREDICTIONS // 2)
        node.push(second)
        node.follow(PREDICTIONS // 2)
    (outcome,) = outcomes
    outcome.models = {1: first, 2: second}
    assert outcome.overruns == 0
    assert outcome.whole, "each sample is the one of its time"
    numbers = [p.seq for p in outcome.predictions]
    assert numbers == list(range(numbers[0], numbers[0] + len(numbers)))
    assert len(numbers) >= PREDICTIONS
    assert len({p.label for p in outcome.predictions}) > 1
    assert outcome.disagreements(revision=1) == 0
