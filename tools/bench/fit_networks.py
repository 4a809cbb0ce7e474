"""Networks of many shapes, for tools/bench/fit_chips.py: what they compute is of no interest."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from xnornode.cost.cycles import Usage, Work, measure, work
from xnornode.model.features import Features, Raw
from xnornode.model.input_encoding import BitPlanes, InputEncoding, Int8Encoding, Thermometer
from xnornode.model.layers import IntLayer, Output, Requantize, Scores, Thresholds
from xnornode.model.model import Model, Window
from xnornode.model.ngrams import NGrams
from xnornode.model.spectrum import SUMMARIES, Spectrum, band_edges
from xnornode.model.statistics import BITS, COVARIANCE, DEFAULT, LAGGED, Statistics

COUNT = 2  # inputs of each network
LAGGING = ("asymmetry", LAGGED)


@dataclass(frozen=True, eq=False)
class Case:
    """A network, what it is given, and the same as the bytes that a node gets.

    usage: what its work depends on besides shapes; measured on what is given where it is None.
    """

    name: str
    model: Model
    given: Any
    inputs: list[bytes]
    usage: Usage | None = None

    @cached_property
    def work(self) -> Work:
        """What a classification consists of."""
        return work(self.model, self.usage or measure(self.model, self.given))


@dataclass(frozen=True)
class Spec:
    """A hidden layer; without an input shape a dense one."""

    outputs: int
    input_shape: tuple[int, int] = (1, 1)
    kernel: tuple[int, int] = (1, 1)
    stride: tuple[int, int] = (1, 1)
    padding: tuple[int, int] = (0, 0)
    pool: tuple[int, int] = (1, 1)
    groups: int = 1
    output: str = "binary"


def network(
    features: Features,
    encoding: InputEncoding | None,
    window: Window,
    specs: list[Spec],
    classes: int = 7,
    averaged: tuple[int, int] = (1, 1),
) -> Model:
    rng = np.random.default_rng(0)
    values = features.count(window.length, len(window.channels))
    width, kind = (encoding.width(values), encoding.output) if encoding else (values, "binary")
    layers = []
    for spec in [*specs, Spec(classes, averaged, output="scores")]:
        input_shape = (*spec.input_shape, width // (spec.input_shape[0] * spec.input_shape[1]))
        shape = (spec.outputs, *spec.kernel, input_shape[2] // spec.groups)
        weights = rng.choice(np.array([-1, 1], np.int8), shape)
        half = np.full(spec.outputs, weights[0].size // 2 if kind == "binary" else 0)
        output: Output = Thresholds(half)
        if spec.output == "int8":
            output = Requantize(half * 0 + 1, half * 0 + 64, 3)
        if spec.output == "scores":
            output = Scores(half * 0 + 1, half * 0)
        options = (spec.groups, spec.stride, spec.padding, spec.pool)
        layers.append(IntLayer(weights, input_shape, kind, output, *options))
        width, kind = int(np.prod(layers[-1].output_shape)), layers[-1].outputs  # type: ignore[assignment]
    return Model(
        "fit", tuple(f"c{i}" for i in range(classes)), window, features, encoding, tuple(layers)
    )


def _windows(name: str, encoding: InputEncoding, channels: int, length: int, specs: list[Spec],
             features: Features | None = None,
             averaged: tuple[int, int] = (1, 1)) -> Case:  # fmt: skip
    window = Window(tuple(f"x{i}" for i in range(channels)), length, length, 0, (0,) * channels)
    model = network(features or Raw(), encoding, window, specs, averaged=averaged)
    rng = np.random.default_rng(1)
    # A wave with noise, of about 1000 counts: features then look at what is like a sensor's.
    wave = 800 * np.sin(np.arange(length) / 5)[:, None] + np.zeros(channels)
    given = (wave + rng.normal(0, 500, (COUNT, length, channels))).astype(np.int16)
    return Case(name, model, given, [x.astype("<i2").tobytes() for x in given])


def _thermometer(rows: int, bits: int) -> Thermometer:
    # At the quantiles of the samples above, as training puts them.
    cuts = np.quantile(800 * np.sin(np.arange(1000) / 5), np.arange(1, bits + 1) / (bits + 1))
    return Thermometer(np.tile(cuts.astype(np.int16), (rows, 1)))


def _bytes(rows: int) -> Int8Encoding:
    return Int8Encoding(np.full(rows, 10), np.zeros(rows, np.int64), 6)


def cases() -> Iterator[Case]:
    """Every kind of layer, input encoding and features."""
    for length, channels, bits, widths in (
        (128, 6, 3, [64]), (128, 6, 1, [64]), (64, 1, 1, [64, 64]), (256, 1, 1, [64]),
        (1024, 1, 1, [64]), (1024, 1, 4, [8]), (100, 3, 2, [32, 32]), (32, 1, 1, [200, 200]),
        (16, 1, 32, [40]), (64, 1, 16, [8]), (40, 3, 10, [24]),
    ):  # fmt: skip
        name = f"dense {length * channels * bits}-{'-'.join(map(str, widths))}"
        encoding = _thermometer(channels, bits)
        yield _windows(name, encoding, channels, length, [Spec(m) for m in widths])
    first = Spec(32, (128, 1), (5, 1), (2, 1))
    yield _windows("conv", _thermometer(6, 3), 6, 128, [first])
    yield _windows("averaged", _thermometer(6, 3), 6, 128, [first], averaged=(62, 1))
    second = Spec(64, (62, 1), (5, 1), pool=(2, 1))
    yield _windows("conv conv dense", _thermometer(6, 3), 6, 128, [first, second, Spec(64)])
    around = Spec(16, (28, 28), (3, 3), padding=(1, 1), pool=(2, 2))
    again = Spec(32, (14, 14), (3, 3), padding=(1, 1), pool=(2, 2))
    yield _windows("image", _thermometer(1, 1), 1, 784, [around, again, Spec(64)])
    yield _windows("wide steps", _thermometer(1, 1), 1, 784, [Spec(32, (28, 28), (8, 8), (5, 5))])
    yield _windows("three bits", _thermometer(1, 3), 1, 784, [Spec(32, (28, 28), (5, 5), (2, 2))])
    yield _windows("dense 300-12-6", _thermometer(3, 2), 3, 50, [Spec(12), Spec(6)])
    few = [Spec(12, (60, 1), (7, 1)), Spec(20, (54, 1), (3, 1), pool=(2, 1))]
    yield _windows("conv of few", _thermometer(3, 1), 3, 60, few)
    deep = [Spec(40, (14, 14), (3, 3)), Spec(24, (12, 12), (3, 3), (2, 2))]
    yield _windows("deep image", _thermometer(3, 1), 3, 196, deep)
    # Weights in rows, which bits to bits have no more.
    for inputs, outputs in (
        (32, 200), (64, 64), (240, 100), (256, 40), (496, 100), (1024, 32), (2304, 16),
    ):  # fmt: skip
        rows = [Spec(outputs, output="int8")]
        yield _windows(f"rows {inputs}-{outputs}", _thermometer(1, 1), 1, inputs, rows)
    yield _windows("bytes 784-8", _bytes(1), 1, 784, [Spec(8)])
    yield _windows("bytes dense", _bytes(1), 1, 784, [Spec(64), Spec(64)])
    to_bytes = Spec(128, output="int8")
    yield _windows("bytes to bytes", _bytes(1), 1, 100, [to_bytes, Spec(64)])
    yield _windows("bytes image", _bytes(1), 1, 784, [Spec(16, (28, 28), (5, 5), (2, 2))])
    for filters, pool, output in ((256, 2, "binary"), (128, 1, "binary"), (192, 2, "int8")):
        pooled = Spec(filters, (8, 8), (5, 5), (2, 2), pool=(pool, pool), output=output)
        yield _windows(f"bytes to {filters} filters", _bytes(1), 1, 64, [pooled])
    small = Spec(16, (64, 1), (3, 1), output="int8")
    yield _windows("bytes averaged", _bytes(2), 2, 64, [small], averaged=(62, 1))
    # One row for each group, whose tables serve it alone.
    alone = Spec(8, (64, 1), (5, 1), groups=8)
    yield _windows("bytes groups", _bytes(8), 8, 64, [alone, Spec(32)])
    planes = BitPlanes(np.full(3, 10), np.full(3, 8000), 10, 4)
    yield _windows("bit-planes", planes, 3, 64, [Spec(40)])
    grouped = Spec(32, (64, 1), (5, 1), groups=8)
    yield _windows("groups", _thermometer(8, 4), 8, 64, [grouped, Spec(32)])
    yield from _features()
    yield from _spectra()


def _spectra() -> Iterator[Case]:
    for frame, hop, bands, length, channels in (
        (64, 64, 12, 64, 1), (64, 32, 20, 320, 1), (128, 64, 24, 512, 2), (256, 128, 32, 1024, 1),
        (256, 256, 8, 256, 3), (512, 512, 40, 1024, 1), (1024, 512, 64, 2048, 1),
    ):  # fmt: skip
        edges = band_edges(frame, bands, 8000, 60, 4000, "linear")
        few = band_edges(frame, bands, 8000, 60, 2000, "linear")
        for name, features in (
            ("frames", Spectrum(frame, hop, edges, 4000, centred=False)),
            ("low frames", Spectrum(frame, hop, few, 4000, centred=False)),
            ("centred", Spectrum(frame, hop, edges, 4000)),
            ("differences", Spectrum(frame, hop, edges, 4000, differences=True)),
            ("reach", Spectrum(frame, hop, edges, 4000, differences=True, reach=60)),
            ("mean", Spectrum(frame, hop, edges, 4000, ("mean",), False)),
            ("all over", Spectrum(frame, hop, edges, 4000, SUMMARIES, False)),
        ):
            encoding = _bytes(features.rows(length, channels))
            title = f"spectrum {name} {frame} / {hop}, {bands} bands, {length} x {channels}"
            yield _windows(title, encoding, channels, length, [], features)


def _features() -> Iterator[Case]:
    for length, channels in ((128, 6), (64, 2), (300, 3)):
        alone = [(name, Statistics((name,), lag=5 * (name in LAGGING))) for name in BITS]
        for name, features in (
            *alone,
            ("logs", Statistics(("log variance", "log power", "log change"))),
            ("bands", Statistics((), bands=5)),
            ("parts", Statistics(("mean",), 0, 4, ("mean", "deviation"))),
            ("asymmetry of parts", Statistics((), 0, 3, ("asymmetry", "rises"), 9)),
            ("usual", Statistics(bands=5)),
            ("both covariances", Statistics((COVARIANCE, LAGGED), lag=8)),
            ("most", Statistics((*DEFAULT, "asymmetry", COVARIANCE, LAGGED), bands=4, lag=20)),
        ):
            encoding = _bytes(features.count(length, channels))
            yield _windows(
                f"{name} {length} x {channels}", encoding, channels, length, [], features
            )
    words = np.random.default_rng(2).integers(97, 123, 2000).astype(np.uint8)
    words[::6] = 32
    for unit, shortest, longest, buckets, length in (
        ("characters", 1, 4, 2048, 300), ("characters", 1, 1, 2048, 300),
        ("characters", 2, 3, 512, 300), ("characters", 1, 4, 2048, 900),
        ("words", 1, 1, 2048, 300), ("words", 1, 2, 1024, 600),
    ):  # fmt: skip
        text = NGrams(unit, shortest, longest, buckets, length)  # type: ignore[arg-type]
        model = network(text, None, Window(("text",), length, length, 0, (0,)), [])
        lines = [words[i : i + length].tobytes() for i in range(COUNT)]
        yield Case(f"{unit} {shortest}-{longest}, {length}", model, lines, lines)
