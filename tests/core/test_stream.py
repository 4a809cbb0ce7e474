"""Windows of levels: the C core against the Python twin, and against whole windows of samples."""

import numpy as np
import pytest

from tests.lab.core import core, under_sanitizers
from tests.lab.stream_sessions import checksum, core_state, model, session
from xnornode.model.file_format import to_bytes
from xnornode.model.level_window import keeps_levels
from xnornode.model.spectrum import Spectrum, band_edges

pytestmark = pytest.mark.quick


@pytest.mark.seconds
def test_random_sessions():
    differ, complete = 0, 0
    for seed in range(40):
        given, wanted = session(seed, core_state)
        differ += core().stream(*given) != wanted
        complete += sum(row[3] != 0 for row in wanted)
    assert differ == 0
    assert complete > 150


def test_the_sanitizers_are_silent():
    made = [session(seed, core_state) for seed in range(200, 208)]
    got = under_sanitizers("stream", [given for given, _ in made])
    assert sum(a != b for a, (_, b) in zip(got, made, strict=True)) == 0


@pytest.mark.parametrize(
    ("frame", "frame_hop", "hop"), [(64, 32, 96), (128, 50, 50), (64, 64, 320)]
)
def test_the_scores_are_those_of_whole_windows(frame, frame_hop, hop):
    features = Spectrum(frame, frame_hop, band_edges(frame, 8, 8000, 60, 4000))
    of = model(features, 330, hop, 2)
    assert keeps_levels(of)
    samples = np.random.default_rng(frame).integers(-3000, 3000, (3000, 2)).astype(np.int16)
    rows = core().stream((to_bytes(of),) * 2, [(1, 0, 0), (1, 0, 1)], samples, [("f", 3000)])
    starts = range(0, 3000 - 330 + 1, hop)
    whole = of.scores(np.stack([samples[at : at + 330] for at in starts]))
    got = [row[3] for row in rows if row[0] == 330]
    assert len(got) == len(starts)
    assert sum(a != checksum(b) for a, b in zip(got, whole, strict=True)) == 0
