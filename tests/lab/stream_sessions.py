"""What happens to the windows of a stream, at random: twins of what the core and nodes do.

The operations are those of shim_stream() in core_shim.c.
"""

from base64 import b64encode
from binascii import crc32
from dataclasses import replace

import numpy as np

from tests.lab.feature_nets import model_of
from xnornode.model.file_format import to_bytes
from xnornode.model.input_encoding import Int8Encoding
from xnornode.model.level_window import LevelWindow, keeps_levels
from xnornode.model.model import Window as ModelWindow
from xnornode.model.spectrum import SUMMARIES, Spectrum, band_edges, frame_aligned
from xnornode.model.window import Window

MASK = 2**32 - 1


def model(features, length, hop, channels):
    """One whose scores differ where a level does."""
    rows = features.rows(length, channels)
    names = tuple(f"ch{i}" for i in range(channels))
    encoding = Int8Encoding(np.ones(rows, np.int64), np.full(rows, -1000), 3)
    return model_of(features, ModelWindow(names, length, hop, 0, (0,) * channels), encoding, "int8")


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


def session(seed, state):
    """Files, ratios, samples and operations, and the rows that they must give."""
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
    return given, expected(models, *given[1:], state)


def opened(of, ratios, width):
    if keeps_levels(of):
        return LevelWindow(of, ratios, width)
    w = of.window
    return Window(w.length, len(w.channels), w.hop, ratios, w.scales, width)


def expected(models, ratios, samples, operations, state):
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


def scores_of(of, window):
    """Scores of a window that is complete, else none."""
    if not window.complete:
        return []
    if isinstance(window, LevelWindow):
        values = of.features.values_of(window.levels[None]).astype(np.int16)
        return of.layers[-1].forward(of.encoding.encode(values))[0].tolist()
    return of.scores(window.samples[None])[0].tolist()


def core_state(of, window):
    """A row as shim_stream() writes it."""
    levels = window.levels.ravel() if isinstance(window, LevelWindow) else []
    return [window.at, window.saturated, checksum(levels), checksum(scores_of(of, window))]


def node_state(of, window):
    """A row as node_scripts/level_window.py prints it."""
    held = 0
    if window.complete:
        levels = isinstance(window, LevelWindow)
        held = crc32(window.levels.astype(np.uint8) if levels else window.samples)
    return [window.at, int(window.complete), window.saturated, held, scores_of(of, window)]


def checksum(numbers):
    total = 0
    for number in np.asarray(numbers, np.int64).tolist():
        total = (31 * total + number) & MASK
    return total


def as_json(files, ratios, samples, operations):
    """What a session is given, for a node."""
    packed = [b64encode(data).decode() for data in (*files, samples.astype("<i2").tobytes())]
    return [*packed, ratios, samples.shape[1], operations]
