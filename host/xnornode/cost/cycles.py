"""Cycles of one classification: how often the C core does what, times what that takes on a chip.

`work` names and counts; `Chip.costs` has a price for each name, fitted by tools/bench/fit_chips.py.
Features, a statistic, encoding or layer that is not known here is a KeyError, never free.
"""

import re
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import islice
from math import ceil, log2, prod

import numpy as np

from xnornode._typing import Int8
from xnornode.cost.chips import Chip
from xnornode.model.column_weights import planes, strips
from xnornode.model.features import Items, Raw
from xnornode.model.geometry import lying, span
from xnornode.model.input_encoding import BitPlanes, Int8Encoding, Thermometer
from xnornode.model.layers import IntLayer, Scores
from xnornode.model.level_window import known_frames
from xnornode.model.model import Model
from xnornode.model.ngrams import NGrams
from xnornode.model.spectrum import STEPS, Spectrum
from xnornode.model.statistics import COVARIANCE, LAGGED, STATISTICS, Statistics

Work = defaultdict[str, float]

MEASURED = 32  # windows or texts at most that a usage is measured on
KERNEL_ROWS = 64  # of a call of a kernel
NARROW = 8  # channels and rows of a kernel that are listed by rows

# What a statistic of a run of samples takes, beside the pass that serves them all.
NEEDS: dict[str, tuple[str, ...]] = {
    "mean": (),
    "minimum": (),
    "maximum": (),
    "deviation": ("root",),
    "log variance": ("log",),
    "log power": ("log",),
    "log change": ("log",),
    "crossings": (),
    "above mean": (),
    "rises": (),
    "lower quartile": ("sorting",),
    "median": ("sorting",),
    "upper quartile": ("sorting",),
    "interquartile range": ("sorting",),
    "asymmetry": ("root", "change"),
}
PREPROCESSING: dict[type, str] = {
    Raw: "raw value",
    Statistics: "feature",
    Spectrum: "spectrum value",
}
UNIT = {"binary": 1, "int8": 8, "scores": 32}  # bits of an output
ENCODINGS: dict[type, str] = {
    Thermometer: "thermometer",
    BitPlanes: "bit-planes",
    Int8Encoding: "int8",
}


@dataclass(frozen=True)
class LayerUsage:
    """What a layer with weights in columns is given, as shares.

    counted: of the inputs of an output position, those with the counted value. empty: output
    positions without any. occupied: columns of the input with any. The defaults are the most that
    is to be expected, as a layer counts the rarer value.
    """

    counted: float = 0.5
    empty: float = 0.0
    occupied: float = 1.0


@dataclass(frozen=True)
class Usage:
    """What the work of a classification depends on besides shapes.

    ones: share of 1s that a thermometer gives. words: of a byte of text. layers: by number; of the
    others the defaults hold.
    """

    ones: float = 0.5
    words: float = 0.25
    layers: tuple[LayerUsage, ...] = ()

    def layer(self, i: int) -> LayerUsage:
        """Of layer `i`."""
        return self.layers[i] if i < len(self.layers) else LayerUsage()


def cycles(model: Model, chip: Chip, usage: Usage | None = None) -> float:
    """Estimated cycles of one classification; of a text as long as is read."""
    done = work(model, usage or Usage())
    return sum(amount * chip.costs[name] for name, amount in done.items()) + _drift(model, chip)


def _drift(model: Model, chip: Chip) -> float:
    """Of the drift of a window."""
    if not model.drift:
        return 0.0
    inputs, directions = model.drift.weights.shape
    counts = (inputs, inputs * directions, len(model.drift.sums))
    return sum(count * cost for count, cost in zip(counts, chip.drift, strict=True))


def measure(model: Model, given: Items, layers: int | None = None) -> Usage:
    """The usage of some of these windows or texts, by so many of the first layers, or by all.

    Texts are joined to texts as long as is read.
    """
    given = given[:: ceil(len(given) / MEASURED)]
    if model.features.data_kind == "texts":
        given = joined([bytes(text) for text in given], model.window.length)
    count = len(model.layers) if layers is None else layers
    activations = list(islice(model.activations(given), max(1, count)))
    usage = Usage(layers=tuple(map(_layer_usage, model.layers, activations[:count])))
    if model.features.data_kind == "texts":
        words = [len(re.findall(rb"[0-9A-Za-z\x80-\xff]+", text)) / len(text) for text in given]
        return replace(usage, words=sum(words) / len(words))
    if isinstance(model.encoding, Thermometer):
        return replace(usage, ones=float((activations[0] > 0).mean()))
    return usage


def joined(texts: Sequence[bytes], length: int) -> list[bytes]:
    """Texts of `length` bytes that have the words of `texts`."""
    whole = b" ".join(texts) or b" "
    whole *= ceil(length / len(whole))
    return [whole[i : i + length] for i in range(0, len(whole) - length + 1, length)]


def _layer_usage(layer: IntLayer, x: Int8) -> LayerUsage:
    if not layer.in_columns:
        return LayerUsage()
    around = [(0, 0), *((p, p) for p in layer.padding)]
    x = x.reshape(-1, *layer.input_shape)
    counted = ((x > 0) == layer.counted).sum(axis=3)
    outside = 0 if layer.counted else layer.input_shape[2]
    counted = np.pad(counted, around, constant_values=outside)
    if lying(layer.geometry) != layer.geometry:
        counted = counted.swapaxes(1, 2)
    g = lying(layer.geometry)
    windows = np.lib.stride_tricks.sliding_window_view
    columns = windows(counted, g.kernel[0], 1)[:, :: g.stride[0]].sum(axis=-1)
    patches = windows(columns, g.kernel[1], 2)[:, :, :: g.stride[1]].sum(axis=-1)
    return LayerUsage(
        float(patches.mean() / g.inputs), float((patches == 0).mean()), float((columns > 0).mean())
    )


def work(model: Model, usage: Usage) -> Work:
    """What a classification consists of, by the names that prices go by."""
    done: Work = defaultdict(float)
    _preprocess(done, model, usage)
    for i, layer in enumerate(model.layers):
        done["layer"] += 1
        done["written word"] += ceil(prod(layer.output_shape) * UNIT[layer.outputs] / 32)
        if layer.in_columns:
            _columns(done, layer, usage.layer(i))
        else:
            _rows(done, layer)
    return done


def _preprocess(done: Work, model: Model, usage: Usage) -> None:
    """From a window or text to the first layer's input."""
    features, length, channels = model.features, model.window.length, len(model.window.channels)
    values = features.count(length, channels)
    if isinstance(features, NGrams):
        units = length * {"characters": 1.0, "words": usage.words}[features.unit]
        done["written word"] += ceil(values / 32)
        done["text byte"] += length
        done["hash"] += length * features.longest
        done["text unit"] += units
        done["n-gram"] += units * (features.longest - features.shortest + 1)
        return
    if isinstance(features, Statistics):
        _features(done, features, length, channels)
    if isinstance(features, Spectrum):
        _spectrum(done, features, length, channels)
    encoding = ENCODINGS[type(model.encoding)]
    if isinstance(features, Raw) and isinstance(model.encoding, Thermometer) and channels == 1:
        bits = model.encoding.bits
        done["block of samples"] += values // 32
        done["odd sample"] += values % 32
        done["written word"] += ceil(values * bits / 32)
        if bits > 1:
            done["sample in turn"] += values
            done["reached threshold"] += values * bits * usage.ones
        return
    done[PREPROCESSING[type(features)]] += values
    done[f"{encoding} value"] += values
    if isinstance(model.encoding, Thermometer):
        done["threshold"] += values * model.encoding.bits * usage.ones


def known_cycles(model: Model, chip: Chip) -> float:
    """Cycles of the frames that a node has computed for the window before (`known_frames`)."""
    features, known = model.features, known_frames(model)
    if not isinstance(features, Spectrum) or not known:
        return 0.0
    done: Work = defaultdict(float)
    _frames(done, features, known * len(model.window.channels))
    return sum(amount * chip.costs[name] for name, amount in done.items())


def _features(done: Work, f: Statistics, length: int, channels: int) -> None:
    whole = [name for name in f.statistics if name in STATISTICS]
    _statistics(done, whole, channels, channels * length, f.lag)
    _statistics(done, f.part_statistics, channels * f.parts, channels * length, f.lag)
    if f.bands:
        done["band read"] += channels * length
        left = sum(length - 2 * (2 ** (k + 1) - 1) for k in range(f.bands))
        done["band sample"] += channels * left
        done["log"] += channels * f.bands
    pairs = {COVARIANCE: channels * (channels - 1) // 2, LAGGED: channels**2}
    centred = {COVARIANCE: channels - 1, LAGGED: channels}
    of_pairs = [name for name in f.statistics if name not in STATISTICS]
    if of_pairs:
        done["read sample"] += channels * length
    for name in of_pairs:
        done["centred sample"] += centred[name] * length
        done["product"] += pairs[name] * (length - (f.lag if name == LAGGED else 0))
        done["root"] += pairs[name]


def _spectrum(done: Work, f: Spectrum, length: int, channels: int) -> None:
    frames = f.frames(length) * channels
    _frames(done, f, frames)
    done["summed level"] += frames * f.bands * (f.centred + (f.reach > 0) + len(f.summary))
    done["mean of levels"] += channels * f.bands * (f.centred + len({*f.summary} - {"largest"}))


def _frames(done: Work, f: Spectrum, frames: int) -> None:
    """From samples to levels."""
    log2 = f.frame.bit_length() - 1
    done["frame sample"] += frames * f.frame
    # Of two points and of four, but for the first two stages, which the samples go through
    done["butterfly of 2"] += frames * f.frame // 4 * ((log2 - 3) % 2)
    done["butterfly of 4"] += frames * f.frame // 8 * ((log2 - 3) // 2)
    done["frequency"] += frames * (f.edges[-1] - f.edges[0]) / STEPS
    done["level"] += frames * f.bands


def _statistics(done: Work, names: Sequence[str], runs: int, samples: int, lag: int) -> None:
    """Statistics of so many runs of samples, of so many samples together."""
    needs = Counter(need for name in names for need in NEEDS[name])
    if not names:
        return
    done["run"] += runs
    done["sample"] += samples
    done["root"] += runs * needs["root"]
    done["log"] += runs * needs["log"]
    if needs["sorting"]:
        done["sorting"] += samples * log2(max(2, samples / runs))
    if needs["change"]:
        done["change"] += max(0, samples - runs * lag)


def _rows(done: Work, layer: IntLayer) -> None:
    """A layer with weights in rows."""
    g, at = layer.geometry, output_positions(layer)
    patches, outputs = at * g.groups, g.outputs // g.groups
    calls, rows = patches * ceil(outputs / KERNEL_ROWS), patches * outputs
    # The scores of one output position are taken from the sums as they are.
    if not (isinstance(layer.output, Scores) and at == 1 and outputs <= KERNEL_ROWS):
        done[f"{layer.inputs} to {layer.outputs}"] += rows
    if layer.inputs == "int8":
        fours = ceil(g.inputs / 4)
        words, rest = divmod(fours, 8)
        done["table"] += calls * fours
        done["int8 word"] += rows * words
        if rest:
            done["odd int8 word"] += rows
            done["four"] += rows * rest
    else:
        blocks, rest = divmod(ceil(g.inputs / 32), 8)
        done["rows"] += calls
        done["block"] += rows * blocks
        if blocks:  # the adders' sums, once a row
            done["row of blocks"] += rows
        done["word"] += rows * rest
    if gathers(layer):
        unit = UNIT[layer.inputs]
        words = patches * ceil(g.inputs * unit / 32)
        done["patch run"] += patches * _patch_runs(layer)
        done["written word"] += words
        if g.input_shape[2] * unit // g.groups % 32:
            done["copied byte"] += 4 * words
        else:
            done["written word"] += words


def _columns(done: Work, layer: IntLayer, usage: LayerUsage) -> None:
    """A layer with weights in columns."""
    g, at = lying(layer.geometry), output_positions(layer)
    (height, width), channels = g.kernel, g.input_shape[2]
    rows, across = g.output_shape[0] * g.pool[0], g.output_shape[1] * g.pool[1]
    lists = ceil(across / span(g))
    columns = rows * ((across - lists) * g.stride[1] + lists * width)
    bits = columns * height * channels
    done["column"] += columns
    if max(channels, height) <= NARROW:
        done["look ahead"] += height * ceil(columns / (32 // channels))
        done["few row"] += columns * height * usage.occupied
        done["few bit"] += bits * usage.counted
    else:
        odd = "odd " if channels % 32 else ""
        done[f"{odd}run"] += columns * height
        done[f"{odd}word of bits"] += columns * height * ceil(channels / 32)
        done["listed bit"] += bits * usage.counted
    digits, listed = planes(g.inputs), g.inputs * usage.counted
    for _, unit in strips(g.outputs):
        counting = at * (1 - usage.empty) if unit == 32 else at
        done["strip"] += rows * lists
        done[f"strip of {unit}"] += at
        done["counting"] += counting
        done["plane"] += counting * digits
        done["high planes"] += counting * (digits > 8)
        done[f"column of {unit}"] += at * listed


def output_positions(layer: IntLayer) -> int:
    """Output positions of the convolution, before the pool, that are used."""
    return layer.operations() // layer.weights.size


def gathers(layer: IntLayer) -> bool:
    """Whether patches are gathered: elsewhere the only one is the whole input."""
    return layer.geometry.inputs != prod(layer.input_shape) or layer.padding != (0, 0)


def _patch_runs(layer: IntLayer) -> int:
    """Runs of inputs that lie together in a patch."""
    height, width = layer.geometry.kernel
    if layer.groups > 1:
        return height * width
    return 1 if width == layer.input_shape[1] else height
