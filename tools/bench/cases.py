"""What tools/bench/kernels.py measures: layers, and networks of the recipes' shapes.

Weights and inputs are random, the same at each run; half of the bits that a layer is given are 1.
"""

from collections.abc import Callable, Iterator
from dataclasses import replace
from math import prod

import numpy as np

from tools.bench.fit_networks import Case, Spec, network
from xnornode.model.features import Items, Raw
from xnornode.model.geometry import Geometry
from xnornode.model.input_encoding import InputEncoding, Int8Encoding, Thermometer
from xnornode.model.layers import Thresholds
from xnornode.model.model import Model, Window
from xnornode.model.spectrum import Spectrum, band_edges
from xnornode.nn.layer_spec import Conv
from xnornode.recipes import settings
from xnornode.training.config import TrainConfig

Wanted = Callable[[str], bool]

TYPICAL = 64  # windows that limits are taken from
ONE_BIT = Thermometer(np.zeros((1, 1), np.int16))
ONE_INT8 = Int8Encoding(np.ones(1, np.int64), np.zeros(1, np.int64), 0)  # the sample as it is

IMAGE = Spec(32, (14, 14), (3, 3), padding=(1, 1))
# Name, samples of the window, their code, and the layer; None: the scores of 10 classes.
LAYERS: tuple[tuple[str, int, InputEncoding, Spec | None], ...] = (
    *((f"dense {n} to {m}", n, ONE_BIT, Spec(m)) for n in (1024, 256, 64) for m in (64, 32, 256)),
    ("int8 784 to 64 bits", 784, ONE_INT8, Spec(64)),
    ("int8 784 to 64 int8", 784, ONE_INT8, Spec(64, output="int8")),
    ("1024 bits to 64 int8", 1024, ONE_BIT, Spec(64, output="int8")),
    ("1024 bits to 10 scores", 1024, ONE_BIT, None),
    ("conv 3x3, 32 to 32, 14x14", 14 * 14 * 32, ONE_BIT, IMAGE),
    ("conv 3x3, 32 to 32, 14x14, pool 2", 14 * 14 * 32, ONE_BIT, replace(IMAGE, pool=(2, 2))),
    ("conv 3x3, 8 groups of 32, 14x14", 14 * 14 * 32, ONE_BIT, replace(IMAGE, groups=8)),
    ("conv 5, 16 to 32, 128 long", 128 * 16, ONE_BIT, Spec(32, (128, 1), (5, 1))),
    ("conv 5x5 int8, 1 to 24, 28x28 / 2", 784, ONE_INT8, Spec(24, (28, 28), (5, 5), (2, 2))),
)


def layers(wanted: Wanted = lambda name: True) -> Iterator[Case]:
    """Networks whose first layer is to be measured."""
    for name, length, encoding, spec in LAYERS:
        if not wanted(name):
            continue
        rng = np.random.default_rng(1)
        window = Window(("x",), length, length, 0, (0,))
        specs = [] if spec is None else [spec]
        model = network(Raw(), encoding, window, specs, classes=2 if spec else 10)
        samples = np.repeat([-100, 100], [length // 2, length - length // 2])
        if encoding is ONE_INT8:
            samples = rng.integers(-128, 128, length)
        given = rng.permutation(samples).astype(np.int16).reshape(1, length, 1)
        yield Case(name, model, given, [given.astype("<i2").tobytes()])


def spectra(wanted: Wanted = lambda name: True) -> Iterator[Case]:
    """Networks on one frame of a sound, sampled at 8 kHz, whose levels are to be measured."""
    for frame, bands in ((256, 32), (512, 40), (64, 12)):
        name = f"frame of {frame} to {bands} levels"
        if not wanted(name):
            continue
        features = Spectrum(frame, frame // 2, band_edges(frame, bands, 8000, 60, 4000), 3000)
        window = Window(("x",), frame, frame, 8_000_000, (0,))
        encoding = Int8Encoding(np.ones(bands, np.int64), np.zeros(bands, np.int64), 4)
        wave = 800 * np.sin(np.arange(frame) / 5) + np.random.default_rng(1).normal(0, 500, frame)
        given = wave.astype(np.int16).reshape(1, frame, 1)
        model = network(features, encoding, window, [])
        yield Case(name, model, given, [given.astype("<i2").tobytes()])


def models(wanted: Wanted = lambda name: True) -> Iterator[Case]:
    """Networks of the recipes' shapes."""
    for name, config, length, channels, classes in (
        ("MNIST, 3 x 256", settings.MNIST_SFC, 784, 1, 10),
        ("MNIST, 4 kB", settings.MNIST_4K, 784, 1, 10),
        ("MNIST, 12 kB", settings.MNIST_12K, 784, 1, 10),
        ("MNIST, 32 kB, int8", settings.MNIST_32K, 784, 1, 10),
        ("digits, 2 kB, int8", settings.DIGITS_2K, 64, 1, 10),
        ("watch", settings.WATCH, 128, 6, 7),
        ("mails", settings.MAILS_16K, settings.MAIL_BYTES, 1, 2),
        ("languages", settings.LANGUAGES_16K, settings.CLAUSE_BYTES, 1, 20),
    ):
        if wanted(name):
            yield _model(name, config, length, channels, classes)


def _model(name: str, config: TrainConfig, length: int, channels: int, classes: int) -> Case:
    rng = np.random.default_rng(2)
    window = Window(tuple(f"x{i}" for i in range(channels)), length, length, 0, (0,) * channels)
    features = config.features
    encoding: InputEncoding | None = None
    given: Items
    width = features.count(length, channels)
    if features.data_kind == "texts":
        letters = rng.integers(97, 123, (TYPICAL, length)).astype(np.uint8)
        letters[:, ::6] = 32
        given = [text.tobytes() for text in letters]
    else:
        given = rng.integers(-128, 128, (TYPICAL, length, channels)).astype(np.int16)
        rows = features.rows(length, channels)
        encoding = Int8Encoding(np.ones(rows, np.int64), np.zeros(rows, np.int64), 0)
        if config.encoding != "int8":
            encoding = Thermometer(np.zeros((rows, config.bits), np.int16))
        width = encoding.width(width)
    input_shape, specs = config.input_shape_of(width, channels), []
    for layer in config.layers:
        spec = Spec(layer.outputs, output=layer.activation)
        if isinstance(layer, Conv):
            options = (layer.kernel, layer.stride, layer.padding, layer.pool, layer.groups)
            spec = Spec(layer.outputs, input_shape[:2], *options, layer.activation)
        specs.append(spec)
        size = (1, 1, prod(input_shape)) if spec.input_shape == (1, 1) else input_shape
        g = Geometry(
            spec.outputs, size, spec.kernel, spec.groups, spec.stride, spec.padding, spec.pool
        )
        input_shape = g.output_shape
    model = _balanced(network(features, encoding, window, specs, classes), given)
    inputs = [text if isinstance(text, bytes) else text.astype("<i2").tobytes() for text in given]
    return Case(name, model, given[:1], inputs[:1])


def _balanced(model: Model, given: Items) -> Model:
    """The same with limits for which half of a layer's output bits are 1, whatever its pool."""
    x, done = model.inputs(given), []
    for layer in model.layers:
        if isinstance(layer.output, Thresholds):
            z = layer._convolve(x.reshape(len(x), *layer.input_shape))
            level = 0.5 ** (1 / prod(layer.pool))
            thresholds = np.quantile(z, level, axis=(0, 1, 2)).astype(np.int64)
            if layer.inputs == "binary":
                thresholds = np.clip(
                    (layer.geometry.inputs - thresholds) // 2, 0, layer.geometry.inputs
                )
            layer = replace(layer, output=Thresholds(thresholds))
            if layer.in_columns:
                layer = replace(layer, counted=int(x.mean() < 0))
        x = layer.forward(x)
        done.append(layer)
    return replace(model, layers=tuple(done))
