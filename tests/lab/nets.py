"""Random networks of any shape, and changes to their files, for the tests of twins."""

import zlib
from dataclasses import dataclass, replace
from functools import cache
from math import prod

import numpy as np
from hypothesis import strategies as st

from xnornode.model.features import Raw
from xnornode.model.input_encoding import BitPlanes, InputEncoding, Int8Encoding, Thermometer
from xnornode.model.layers import IntLayer, Output, Requantize, Scores, Thresholds
from xnornode.model.model import Model, Window

AWKWARD = (1, 31, 32, 33, 63, 65, 1000)


@dataclass(frozen=True)
class Spec:
    """A layer to make: without an input shape it is dense; a kernel of 0 is the whole side."""

    outputs: int
    input_shape: tuple[int, int] | None = None
    kernel: tuple[int, int] = (1, 1)
    groups: int = 1
    stride: tuple[int, int] = (1, 1)
    padding: tuple[int, int] = (0, 0)
    pool: tuple[int, int] = (1, 1)
    kind: str = "binary"


def random_model(
    seed: int,
    length: int,
    channels: int,
    bits: int,
    widths: tuple[int, ...],
    encoding: str = "thermometer",
) -> Model:
    """A dense model; `widths` are the hidden layers' outputs, then the classes."""
    specs = [Spec(m) for m in widths[:-1]]
    made = random_encoding(seed, encoding, channels, bits)
    return random_network(seed, length, channels, made, specs, widths[-1])


def random_encoding(seed: int, kind: str, rows: int, bits: int) -> InputEncoding:
    """An encoding that tells samples of -2500 to 2500 apart; a thermometer has both extremes."""
    rng = np.random.default_rng(seed)
    if kind == "thermometer":
        thresholds = np.sort(rng.integers(-2000, 2000, (rows, bits)), axis=1).astype(np.int16)
        if bits > 2:
            thresholds[0, 0], thresholds[0, -1] = -32768, 32767
        return Thermometer(thresholds)
    sign = rng.choice([-1, 1], rows)
    if kind == "bit-planes":
        factors = sign * rng.integers(200, 400, rows)
        return BitPlanes(factors, rng.integers(1, 2**20, rows), 20 - bits, bits)
    return Int8Encoding(sign * rng.integers(10, 30, rows), rng.integers(-5000, 5000, rows), 8)


def random_network(
    seed: int,
    length: int,
    channels: int,
    encoding: InputEncoding,
    specs: list[Spec],
    classes: int,
    scores_shape: tuple[int, int] | None = None,
) -> Model:
    """A model with random weights.

    Thresholds and offsets lie in the middle of what random windows give, so that neurons and
    classes vary; a wide layer has a threshold at each end of the range too.
    """
    rng = np.random.default_rng(seed)
    x = encoding.encode(random_values(rng, encoding, (64, length, channels)).reshape(64, -1))
    kind = encoding.output
    layers: list[IntLayer] = []
    for spec in [*specs, Spec(classes, scores_shape, kind="scores")]:
        layers.append(_random_layer(rng, spec, x, kind))
        x, kind = layers[-1].forward(x), layers[-1].outputs
    return Model(
        name=f"net {seed}",
        labels=tuple(f"class {i}" for i in range(classes)),
        window=Window(
            tuple(f"ch{i} (g)" for i in range(channels)),
            length,
            max(1, length // 2),
            50_000,
            (488_281,) * channels,
        ),
        features=Raw(),
        encoding=encoding,
        layers=tuple(layers),
        revision=seed,
        seed=seed + 1,
        shift=4,
        notes="made at random" * (seed % 3),
    )


def _random_layer(rng: np.random.Generator, spec: Spec, x: np.ndarray, kind: str) -> IntLayer:
    height, width = spec.input_shape or (1, 1)
    input_shape = (height, width, x[0].size // (height * width))
    kernel = (spec.kernel[0] or height, spec.kernel[1] or width)
    weights = rng.choice(
        np.array([-1, 1], np.int8), (spec.outputs, *kernel, input_shape[2] // spec.groups)
    )
    options = (spec.groups, spec.stride, spec.padding, spec.pool)
    empty = np.zeros(spec.outputs, np.int64)
    probe = IntLayer(weights, input_shape, kind, Thresholds(empty), *options)
    z = probe._convolve(x.reshape(-1, *input_shape))
    output = _random_output(rng, spec, z, kind, probe.geometry.inputs, prod(input_shape))
    layer = IntLayer(weights, input_shape, kind, output, *options)
    return replace(layer, counted=int(rng.integers(2))) if layer.in_columns else layer


def _random_output(
    rng: np.random.Generator, spec: Spec, z: np.ndarray, kind: str, inputs: int, size: int
) -> Output:
    output = spec.kind
    # One in two pooled outputs fires where each position does in fewer.
    level = 0.5 ** (1 / prod(spec.pool)) if output == "binary" else 0.5
    middle = np.quantile(z, level, axis=(0, 1, 2)).astype(np.int64)
    m = len(middle)
    if output == "binary":
        thresholds = (
            middle if kind == "int8" else np.clip((inputs - middle) // 2 + 1, 0, inputs + 1)
        )
        ends = (-(2**31), 2**31 - 1) if kind == "int8" else (0, inputs + 1)
        if m > 4:
            thresholds[:2] = ends
        return Thresholds(thresholds)
    if output == "int8":
        spread = np.percentile(z, 90, axis=(0, 1, 2)) - np.percentile(z, 10, axis=(0, 1, 2))
        factors = (rng.choice([-1, 1], m) * 127 * 32 / np.maximum(spread, 1)).astype(np.int64)
        return Requantize(factors, 64 * 32 - middle * factors, 5)
    total = np.median(z.sum(axis=(1, 2)), axis=0).astype(np.int64)
    # With many int8 inputs, only a small scale keeps sums within int32.
    most = min(127, (2**30 // (128 * size if kind == "int8" else size)))
    scales = rng.integers(-most, most + 1, m)
    return Scores(scales, rng.integers(-50, 50, m) - scales * total)


def random_values(
    rng: np.random.Generator, encoding: InputEncoding, shape: tuple[int, int, int]
) -> np.ndarray:
    """int16 samples around the thresholds, some exactly on them, some the extremes."""
    windows = rng.integers(-2500, 2500, shape).astype(np.int16)
    if isinstance(encoding, Thermometer):
        row = np.arange(shape[1] * shape[2]).reshape(shape[1:]) % encoding.rows
        on = encoding.thresholds[np.broadcast_to(row, shape), rng.integers(0, encoding.bits, shape)]
        windows = np.where(rng.random(shape) < 0.2, on, windows)
    windows[rng.random(shape) < 0.01] = -32768
    windows[rng.random(shape) < 0.01] = 32767
    return windows


def random_windows(model: Model, count: int, seed: int = 0) -> np.ndarray:
    """int16 (count, length, channels) that vary a model's neurons."""
    shape = (count, model.window.length, len(model.window.channels))
    return random_values(np.random.default_rng(seed), model.encoding, shape)


@cache
def awkward_models() -> list[Model]:
    """Networks whose every width is awkward, each pad remainder of 32 among them."""
    shapes = [(1, 1, 1, (1,)), (1, 1, 1, (1, 1)), (3, 2, 5, (7, 255)), (5, 1, 32, (33, 65, 1))]
    shapes += [(n, 1, 1, (n, 3)) for n in AWKWARD if n < 1000]
    shapes += [(1000, 1, 1, (33, 2)), (20, 2, 1, (31, 1000, 63, 4)), (2, 3, 7, (32,) * 15 + (5,))]
    shapes += [(64 + n, 1, 1, (32 + n, 2 + n)) for n in range(32)]
    # Lengths about the kernel's blocks of 8 words, with and without a remainder.
    shapes += [(words * 32 + extra, 1, 1, (5, 2)) for words in (7, 8, 9, 16) for extra in (0, 1)]
    shapes += [(20, 1, 1, (*strips, 2)) for strips in ((9, 12, 16), (16, 9, 13))]  # of 16 alone
    return [random_model(seed, *shape) for seed, shape in enumerate(shapes)]


@cache
def conv_models() -> list[Model]:
    """Networks that use every option of a layer, binary and int8."""
    nets: list[Model] = []

    def add(length, channels, encoding, bits, specs, classes=3, scores_shape=None):
        seed = 100 + len(nets)
        made = random_encoding(seed, encoding, channels, bits)
        nets.append(random_network(seed, length, channels, made, specs, classes, scores_shape))

    image = (9, 7)
    for encoding, bits in (("thermometer", 1), ("bit-planes", 3), ("int8", 8)):
        for kind in ("binary", "int8"):
            depth = 2 if encoding == "int8" else 2 * bits
            add(63, 2, encoding, bits, [Spec(5, image, (3, 3), kind=kind), Spec(33, kind=kind)])
            add(63, 2, encoding, bits, [Spec(7, image, (3, 2), 1, (2, 1), (2, 1), (2, 2), kind)])
            add(
                63,
                2,
                encoding,
                bits,
                [Spec(4, image, (2, 3), 2, (1, 3), (1, 0), (3, 1), kind)],
                255,
            )
            deep = Spec(depth * 3, image, (3, 3), depth, (1, 1), (1, 1), (2, 3), kind)
            add(63, 2, encoding, bits, [deep], 1)
    one_d = [Spec(8, (40, 1), (5, 1), 1, (2, 1), (2, 0)), Spec(33, (20, 1), (3, 1), pool=(2, 1))]
    add(40, 3, "thermometer", 5, one_d, 4, (9, 1))
    add(40, 3, "int8", 8, [*one_d, Spec(9, (9, 1), (9, 1), kind="int8"), Spec(70)])
    # Patches that begin at whole words, where they are not copied, and that end off them.
    add(24, 4, "bit-planes", 8, [Spec(32, (24, 1), (4, 1), 1, (4, 1)), Spec(31, (6, 1), (3, 1))])
    add(24, 4, "int8", 8, [Spec(64, (24, 1), (2, 1), kind="int8"), Spec(3, (23, 1), (4, 1))])
    add(16, 1, "thermometer", 32, [Spec(64, (4, 4), (2, 2), 2), Spec(64, (3, 3), (1, 1), 64)])
    add(16, 1, "thermometer", 32, [Spec(40, (4, 4), (0, 0))], 2)
    add(16, 1, "int8", 8, [Spec(300, (4, 4), (3, 3), padding=(2, 2), kind="int8")], 5, (6, 6))
    add(30, 2, "bit-planes", 8, [Spec(17, (1, 30), (1, 7), padding=(0, 6), pool=(1, 4))], 6, (1, 9))
    for n in range(32):  # each remainder of a channel count, at each offset of a word
        specs = [Spec(33 + n, (2, 2), (2, 1)), Spec(5, (1, 2), (1, 2), kind="int8"), Spec(1 + n)]
        add(4, 3, "thermometer", 1, specs)
    for n in (
        31,
        32,
        33,
        127,
        128,
        129,
        1023,
        1024,
        1025,
        1500,
    ):  # about a kernel's blocks
        add(n, 1, "int8", 8, [Spec(6), Spec(n, kind="int8"), Spec(34)])
        add(n, 1, "int8", 8, [], 2)
    add(1500, 1, "int8", 8, [Spec(33, (1500, 1), (250, 1), 1, (50, 1), (249, 0), (3, 1))])
    # Lists that a row of the convolution needs several of, with and without a stride, a pool and a
    # padding; with one position alone.
    wide = {"input_shape": (2, 20), "kernel": (2, 3)}
    add(80, 4, "bit-planes", 8, [Spec(12, **wide), Spec(20, (1, 18), (1, 18))])
    add(80, 4, "bit-planes", 8, [Spec(27, **wide, stride=(1, 2), padding=(1, 2), pool=(3, 2))])
    add(60, 4, "bit-planes", 8, [Spec(41, (3, 5), (3, 3), padding=(1, 1), pool=(1, 2))])
    return nets


def sealed(data: bytes, length: bool = True) -> bytes:
    """The bytes with the CRC, and the length field where asked, made right again."""
    body = data[:8] + len(data).to_bytes(4, "little") + data[12:] if length else data
    return body[:-4] + zlib.crc32(body[:-4]).to_bytes(4, "little")


@st.composite
def convolutions(draw, size):
    """A layer that fits a flat input of `size`, with any options."""
    height = draw(st.sampled_from([n for n in range(1, min(size, 16) + 1) if size % n == 0]))
    rest = size // height
    width = draw(st.sampled_from([n for n in range(1, min(rest, 16) + 1) if rest % n == 0]))
    groups = draw(st.sampled_from([n for n in range(1, 17) if rest // width % n == 0]))
    options = [], [], [], []
    for side in (height, width):
        kernel = draw(st.integers(1, min(side, 6)))
        padding, stride = draw(st.integers(0, kernel - 1)), draw(st.integers(1, 4))
        positions = (side + 2 * padding - kernel) // stride + 1
        pool = draw(st.integers(1, min(positions, 4)))
        for option, value in zip(options, (kernel, stride, padding, pool), strict=True):
            option.append(value)
    kernel, stride, padding, pool = map(tuple, options)
    outputs = groups * draw(st.integers(1, 40 // groups))
    kind = draw(st.sampled_from(["binary", "int8"]))
    return Spec(outputs, (height, width), kernel, groups, stride, padding, pool, kind)
