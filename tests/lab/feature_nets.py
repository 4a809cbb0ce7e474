"""Models with statistics and n-grams, and what to feed them, for the tests of twins."""

from pathlib import Path

import numpy as np

from xnornode.model.file_format import to_bytes
from xnornode.model.input_encoding import Int8Encoding
from xnornode.model.layers import Scores, dense
from xnornode.model.model import Model, Window
from xnornode.model.ngrams import NGrams
from xnornode.model.spectrum import Spectrum, band_edges
from xnornode.model.statistics import COVARIANCE, LAGGED, STATISTICS, Statistics

EVERYTHING = Statistics((*STATISTICS, COVARIANCE, LAGGED), lag=1)
CLASSES = 40
LINES = Path(__file__).read_bytes().splitlines()
TEXTS = [
    *(b"", b" ", b"a", b"A", b"\0", b"ab", b"  Two\twords \r\n", b"don't", b"3.14", "Ünï".encode()),
    *(bytes([i]) for i in range(256)),
    *(b"x" * 300, b" " * 300, b"a b " * 200, bytes(range(256)) * 2, bytes(range(255, -1, -1))),
    *LINES,
]
TEXT_FEATURES = [
    NGrams("characters", 1, 1, 1, 1),
    NGrams("characters", 1, 8, 1000, 65535),
    NGrams("characters", 3, 5, 65534, 40),
    NGrams("characters", 8, 8, 31, 256),
    NGrams("words", 1, 1, 33, 65535),
    NGrams("words", 1, 2, 2048, 300),
    NGrams("words", 2, 8, 65534, 1000),
]


def random_scores(seed, inputs, kind):
    """A scores layer of random weights: that two inputs have the same 40 scores is no accident."""
    weights = np.random.default_rng(seed).choice(np.array([-1, 1], np.int8), (CLASSES, inputs))
    ones, zeros = np.ones(CLASSES, np.int64), np.zeros(CLASSES, np.int64)
    return dense(weights, kind, Scores(ones, zeros))


def model_of(features, window, encoding, kind):
    width = features.count(window.length, len(window.channels))
    labels = tuple(f"c{i}" for i in range(CLASSES))
    return Model("features", labels, window, features, encoding, (random_scores(1, width, kind),))


def features_model(features, length, channels, expected):
    """A model that takes the `expected` values away, so that all its scores are 0 if they come."""
    names = tuple(f"ch{i}" for i in range(channels))
    encoding = Int8Encoding(np.ones(len(expected), np.int64), -expected.astype(np.int64), 0)
    return model_of(features, Window(names, length, length, 0, (0,) * channels), encoding, "int8")


def spectra_models():
    """Models with spectra of all lengths of a frame, each with three hops to a window."""
    for frame, channels, options in (
        (64, 2, {}),
        (128, 1, {"summary": ("mean", "largest", "change"), "centred": False}),
        (256, 1, {"differences": True}),
        (512, 2, {"centred": False}),
        (1024, 1, {"floor": 3000, "differences": True, "centred": False}),
    ):
        edges = band_edges(frame, 12, 8000, 60, 4000)
        features = Spectrum(frame, frame // 2 - 3, edges, **options)
        length = 2 * frame
        names = tuple(f"ch{i}" for i in range(channels))
        window = Window(names, length, length, 0, (0,) * channels)
        rows = features.rows(length, channels)
        encoding = Int8Encoding(np.ones(rows, np.int64), np.zeros(rows, np.int64), 4)
        yield model_of(features, window, encoding, "int8")


def text_model(features):
    return model_of(
        features, Window(("text",), features.length, features.length, 0, (0,)), None, "binary"
    )


def feature_jobs(features, windows):
    """One file for each window, with that window's values in it."""
    files = [features_model(features, *w.shape, features.values(w[None])[0]) for w in windows]
    return [(to_bytes(m), w[None], CLASSES) for m, w in zip(files, windows, strict=True)]


def awkward_windows(length, channels, seed=0):
    """Both extremes, alone and in turn, constants, noise of any size, slow waves."""
    rng = np.random.default_rng(seed)
    shape = (length, channels)
    t = np.arange(length)[:, None] + np.zeros(channels)
    turns = np.where((np.arange(length)[:, None] + np.arange(channels)) % 2, 32767, -32768)
    step = np.where(t < length / 2, -32768, 32767)
    impulse = np.zeros(shape)
    impulse[length // 2] = -32768
    windows = [np.full(shape, v) for v in (-32768, -1, 0, 1, 32767)]
    windows += [turns, -1 - turns, step, impulse, 32767 * np.sin(t / 5 + np.arange(channels))]
    windows += [rng.integers(-a, a + 1, shape) for a in (1, 3, 100, 5000, 32767)]
    return np.array(windows).astype(np.int16)
