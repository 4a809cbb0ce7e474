"""A keyword model runs on and on from the emulated Pico's microphone, and loses no sample.

Its frames are computed while DMA takes the next samples. Each score is the reference's.
"""

import pytest

from tests.lab.samplinglab import sampling_node
from tests.lab.soundlab import microphone, tone_model
from xnornode.model.level_window import keeps_levels

PREDICTIONS = 12


@pytest.mark.parametrize("rate", [8000, 16_000])
def test_no_sample_is_lost_and_no_score_differs(rate, pico_firmware, tmp_path):
    model = tone_model(rate)
    assert keeps_levels(model)
    with sampling_node(tmp_path, pico_firmware, microphone(rate), model, speed=4) as (
        node,
        outcomes,
    ):
        node.follow(PREDICTIONS)
    (outcome,) = outcomes
    outcome.models = {model.revision: model}
    assert outcome.overruns == 0
    assert outcome.whole, "each sample is the one of its time"
    numbers = [p.seq for p in outcome.predictions]
    assert numbers == list(range(numbers[0], numbers[0] + len(numbers)))
    assert len(numbers) >= PREDICTIONS
    assert len({p.label for p in outcome.predictions}) > 1
    assert outcome.disagreements(model.revision) == 0
