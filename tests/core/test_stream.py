"""Windows of levels: the C core against the Python twin, and against whole windows of samples."""

from dataclasses import replace

import numpy as np
import pytest

from tests.lab.core import core, under_sanitizers
from tests.lab.feature_nets import model_of
from xnornode.model.file_format import to_bytes
from xnornode.model.input_encoding import Int8Encoding
from xnornode.model.level_window import LevelWindow, keeps_levels
from xnornode.model.model import Window as ModelWindow
from xnornode.model.spectrum import SUMMARIES, Spectrum, band_edges, frame_aligned
from xnornode.model.window import Window

pytestmark = pytest.mark.quick

MASK = 2**32 - 1


def model(features, length, hop, channels):
    """One whose scores differ where a level does."""
    rows = features.rows(length, channels)
    names = tuple(f"ch{i}" for i in range(channels))
    encoding = Int8Encoding(np.ones(rows, np.int64), np.full(rows, -1000), 3)
    return model_of(
        features, ModelWindow(names, length, hop, 0, (0,) * channels), encoding, "int8"
    )


def random_model(rng, channels):
    frame = int(rng.choice([64, 128]))
    frame_hop = int(rng.choice([frame, frame // 2, int(rng.integers(frame // 4, frame + 1))]))
    length = int(rng.integers(frame, 5 * frame))
    hop = int(rng.choice([length, frame_hop, int(rng.integers(1, length + 1))]))
    if rng.random() < 0.9:
        hop = min(frame_aligned(hop, frame_hop), length)
    edges = band_edges(frame, int(rng.integers(1, 9)), 8000, 60, 4000)
    summary = tuple(s for s in SUMMARIES if rng.random() < 0.2)
    features = Spectrum(frame, frame_hop, edges, 3000, summary, not summary and rng.random() < 0.5)
    return model(features, length, hop, channels)


def other_model(rng, first):
    """One that is to take the window of the first: often of the same frames."""
    channels = len(first.window.channels)
    features = first.features
    if rng.random() < 0.3:
        return random_model(rng, channels)
    if rng.random() < 0.2:
        features = replace(features, floor=features.floor + 1)
    length = int(rng.integers(features.frame, 5 * features.frame))
    hop = min(frame_aligned(int(rng.integers(1, length + 1)), features.hop), length)
    return model(features, length, hop, channels)


def session(seed):
    """Files, ratios, samples and operations, and what they must give."""
    rng = np.random.default_rng(seed)
    channels = int(rng.integers(1, 4))
    width = int(rng.integers(channels, 5))
    first = random_model(rng, channels)
    models = (first, other_model(rng, first))
    ratios = [(int(rng.integers(1, 5)), int(rng.integers(0, 3)), i) for i in range(channels)]
    operations = [
        ("f" if rng.random() < 0.6 else "a", int(rng.integers(0, 2 * first.window.length)))
        if (kind := rng.random()) < 0.8
        else ("t" if kind < 0.93 else "c", 0)
        for _ in range(9)
    ]
    size = sum(count for name, count in operations if name in "fa")
    samples = rng.integers(-20_000, 20_000, (size, width)).astype(np.int16)
    given = (tuple(map(to_bytes, models)), ratios, samples, operations)
    return given, expected(models, *given[1:])


def opened(of, ratios, width):
    if keeps_levels(of):
        return LevelWindow(of, ratios, width)
    w = of.window
    return Window(w.length, len(w.channels), w.hop, ratios, w.scales, width)


def expected(models, ratios, samples, operations):
    width = samples.shape[1]
    windows = [opened(m, ratios, width) for m in models]
    rows, which = [], 0
    for name, count in operations:
        while True:
            window, taken = windows[which], 0
            if name in "fa":
                taken = window.fill(samples[:count])
            elif name == "c":
                window.clear()
            else:
                which = not which
                windows[which].take(window)
                window = windows[which]
            samples, count = samples[taken:], count - taken
            rows.append(state(models[which], window))
            if count <= 0:
                break
    return rows


def state(of, window):
    """A row as shim_stream() writes it."""
    levels, scores = [], []
    if isinstance(window, LevelWindow):
        levels = window.levels.ravel()
        if window.complete:
            inputs = of.encoding.encode(of.features.values_of(window.levels[None]).astype(np.int16))
            scores = of.layers[-1].forward(inputs)[0]
    elif window.complete:
        scores = of.scores(window.samples[None])[0]
    return [window.at, window.saturated, checksum(levels), checksum(scores)]


def checksum(numbers):
    total = 0
    for number in np.asarray(numbers, np.int64).tolist():
        total = (31 * total + number) & MASK
    return total


def test_random_sessions():
    differ, complete = 0, 0
    for seed in range(40):
        given, wanted = session(seed)
        differ += core().stream(*given) != wanted
        complete += sum(row[3] != 0 for row in wanted)
    assert differ == 0
    assert complete > 150


def test_the_sanitizers_are_silent():
    made = [session(seed) for seed in range(200, 208)]
    got = under_sanitizers("stream", [given for given, _ in made])
    assert sum(a != b for a, (_, b) in zip(got, made, strict=True)) == 0


@pytest.mark.parametrize(("frame", "frame_hop", "hop"), [(64, 32, 96), (128, 50, 50), (64, 64, 320)])
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
