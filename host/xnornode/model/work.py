"""The work of one window, in operations, and its limit (FORMAT.md, "Work of a window").

Twin of `bnn_work.c`. It follows from the shapes alone, and bounds what a node computes before
anything runs. `xnornode.cost` estimates times.
"""

from collections.abc import Sequence
from math import prod

from xnornode.errors import ModelError
from xnornode.model.features import Features
from xnornode.model.geometry import Geometry, lying, span
from xnornode.model.input_encoding import InputEncoding
from xnornode.model.layers import IntLayer
from xnornode.model.limits import MAX_WORK
from xnornode.model.ngrams import NGrams
from xnornode.model.spectrum import Spectrum
from xnornode.model.statistics import COVARIANCE, LAGGED, SORTED, Statistics


def work(
    features: Features,
    encoding: InputEncoding | None,
    layers: Sequence[IntLayer],
    length: int,
    channels: int,
) -> int:
    """Operations of one window or text. Raises ModelError("work") above the limit."""
    total = _features(features, encoding.bits if encoding else 0, length, channels)
    total += sum(_layer(layer) for layer in layers)
    if total > MAX_WORK:
        text = f"a window takes {total:,} operations, the format allows {MAX_WORK:,}"
        raise ModelError("work", f"{text}: make the network smaller")
    return total


def frame_work(f: Spectrum) -> int:
    """Operations of a frame of one channel, but for its levels' logarithms."""
    return f.frame * (f.frame.bit_length() - 1 + 8) + 16 * f.bands


def _words(n: int) -> int:
    return -(-n // 32)


def _features(features: Features, bits: int, length: int, channels: int) -> int:
    """Of the features and the input encoding."""
    values = features.count(length, channels)
    if isinstance(features, NGrams):
        return (length + 2) * (24 + 4 * features.longest) + _words(values)
    if isinstance(features, Spectrum):
        bands = features.bands
        frames = features.frames(length) * channels
        each = frame_work(features) + 4 * bands
        return frames * each + 16 * bands + values * (bits + 64)
    if not isinstance(features, Statistics):
        return values * (bits + 8)
    whole, parts = set(features.statistics), set(features.part_statistics)
    sample = 4 * features.bands
    for names in (whole, parts):
        sample += 24 * bool(names) + 2 * length.bit_length() * bool(names & SORTED)
    pairs = (COVARIANCE in whole) * channels * (channels - 1) // 2 + (LAGGED in whole) * channels**2
    return length * (channels * sample + 8 * pairs) + values * (bits + 64)


def _layer(layer: IntLayer) -> int:
    g, m = layer.geometry, layer.geometry.outputs
    h, w = layer.input_shape[:2] if g.scores else g.output_shape[:2]
    positions = h * w * prod(g.pool)
    if layer.in_columns:
        return 64 + _lists(lying(g)) + positions * _words(m) * (32 + g.inputs)
    words, runs = _words(g.inputs), prod(g.kernel) if g.groups > 1 else g.kernel[0]
    patch = words if layer.inputs == "binary" else -(-g.inputs // 4)
    rows = m * (6 + words + patch // 2)
    return 64 + positions * (rows + g.groups * (8 + 11 * (runs + patch)))


def _lists(g: Geometry) -> int:
    """Of the lists of a layer with weights in columns."""
    shared = span(g)
    rows, width = (n * q for n, q in zip(g.output_shape[:2], g.pool, strict=True))
    columns = -(-width // shared) * ((shared - 1) * g.stride[1] + g.kernel[1])
    channels = g.input_shape[2]
    return rows * columns * (8 + g.kernel[0] * (18 * _words(channels) + channels // 4))
