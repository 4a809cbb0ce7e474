"""Models of few bytes and much work, which a loader must refuse (FORMAT.md, "Work of a window")."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from unittest import mock

import numpy as np

from xnornode.model.features import Features, Raw
from xnornode.model.file_format import to_bytes
from xnornode.model.input_encoding import InputEncoding, Int8Encoding, Thermometer
from xnornode.model.layers import IntLayer, Output, Requantize, Scores, Thresholds
from xnornode.model.model import Model, Window
from xnornode.model.ngrams import NGrams
from xnornode.model.spectrum import Spectrum
from xnornode.model.statistics import COVARIANCE, LAGGED, Statistics

ZEROS = np.zeros(32, np.int64)
EDGES = (0, 300, 700, 1024)


@contextmanager
def any_work() -> Iterator[None]:
    """Models may take any number of operations."""
    with mock.patch("xnornode.model.work.MAX_WORK", 2**62):
        yield


def layer(outputs, input_shape, kernel=(1, 1), kind="binary", output="binary", **options):
    """A layer whose weights are all +1."""
    weights = np.ones((outputs, *kernel, input_shape[2] // options.get("groups", 1)), np.int8)
    zeros = np.zeros(outputs, np.int64)
    made: Output = Thresholds(zeros)
    if output != "binary":
        made = Scores(zeros, zeros) if output == "scores" else Requantize(zeros, zeros, 0)
    return IntLayer(weights, input_shape, kind, made, **options)


def model_file(
    layers: list[IntLayer],
    length: int,
    features: Features | None = None,
    channels: int = 1,
    encoding: InputEncoding | None = None,
) -> bytes:
    """The file of a model with these layers and a scores layer, whatever its work."""
    features = features or Raw()
    rows = features.rows(length, channels)
    if rows and not encoding:
        encoding = Thermometer(np.zeros((rows, 1), np.int16))
    with any_work():
        values = features.count(length, channels)
        bits = encoding.width(values) // values if encoding else 1
        shape = (length, 1, channels * bits) if isinstance(features, Raw) else (1, 1, values * bits)
        kind = encoding.output if encoding else "binary"
        if layers:
            kind, shape = layers[-1].outputs, layers[-1].output_shape
        last = layer(1, shape, kind=kind, output="scores")
        window = Window(("x",) * channels, length, length, 0, (0,) * channels)
        scores = np.zeros(1, np.int32)
        parts = ("m", ("a",), window, features, encoding, (*layers, last))
        return to_bytes(Model(*parts, expected=scores))


def attack(kernels: int = 9) -> bytes:
    """Layers of 16 outputs on one input, then kernels of 255x1 in 2 groups with 2 outputs.

    Each of the latter takes 92 bytes, and 4 s on a Pico.
    """
    wide = [layer(16, (2048, 1, 1)), layer(16, (32768, 1, 1))]
    tall = layer(2, (512, 512, 2), (255, 1), groups=2, padding=(127, 0))
    return model_file([*wide, *[tall] * kernels], 2048)


GROWING: dict[str, Callable[[int], bytes]] = {
    "samples": lambda n: model_file([], n, channels=32),
    "int8 samples": lambda n: model_file(
        [], n, channels=32, encoding=Int8Encoding(ZEROS, ZEROS, 0)
    ),
    "sorting": lambda n: model_file([], n, Statistics(("median",)), 8),
    "parts": lambda n: model_file([], n + 15, Statistics((), 0, 16, ("mean", "median")), 20),
    "bands": lambda n: model_file([], n + 510, Statistics((), 8), 255),
    "covariances": lambda n: model_file([], n + 1, Statistics((COVARIANCE, LAGGED), lag=1), 40),
    "frames": lambda n: model_file([], n + 63, Spectrum(64, 1, EDGES, 0, ("mean",), False)),
    "n-grams": lambda n: model_file(
        [layer(1, (65_000, 1, 1), (15, 1), output="int8")],
        n,
        NGrams("characters", 1, 8, 65_000, n),
    ),
    "rows": lambda n: model_file([layer(40, (n, 1, 9), (9, 1), output="int8")], n, channels=9),
    "groups": lambda n: model_file([layer(4, (n, 3, 2), (3, 2), groups=2)], n, channels=6),
    "int8 rows": lambda n: model_file(
        [layer(40, (n, 1, 9), (9, 1), kind="int8")],
        n,
        channels=9,
        encoding=Int8Encoding(ZEROS[:9], ZEROS[:9], 0),
    ),
    "columns": lambda n: model_file(
        [layer(40, (n, 1, 4), (5, 1), padding=(2, 0), pool=(2, 1)), layer(49, (n // 2, 1, 40))],
        n,
        channels=4,
    ),
    "wide steps": lambda n: model_file(
        [layer(17, (9, n, 3), (9, 2), stride=(1, 7))], n, channels=27
    ),
}
"""Files of models whose work grows with n, and leaves the limit behind below 65,000."""
