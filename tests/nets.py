"""Random networks of any shape, and changes to their files, for the tests of twins."""

import zlib

import numpy as np
from xnornode.encode import Thermometer
from xnornode.model import DenseLayer, Model, ScoresLayer, Window

AWKWARD = (1, 31, 32, 33, 63, 65, 1000)


def random_model(
    seed: int, length: int, channels: int, bits: int, widths: tuple[int, ...]
) -> Model:
    """A model with random weights; `widths` are the dense layers' outputs, then the classes.

    Limits and offsets lie in the middle of what random windows give, so that neurons and classes
    vary; a wide layer has a limit at each end of the range too.
    """
    rng = np.random.default_rng(seed)
    thresholds = np.sort(rng.integers(-2000, 2000, (channels, bits)), axis=1).astype(np.int16)
    if bits > 2:
        thresholds[0, 0], thresholds[0, -1] = -32768, 32767
    encoder = Thermometer(thresholds)
    signs = 2 * encoder.encode(_windows(rng, 64, length, thresholds)).astype(np.int8) - 1
    layers: list[DenseLayer] = []
    for outputs in widths[:-1]:
        inputs = signs.shape[1]
        weights = rng.choice(np.array([-1, 1], np.int8), (outputs, inputs))
        differing = (inputs - signs.astype(np.int64) @ weights.T) // 2
        limits = np.median(differing, axis=0).astype(np.int64) + 1
        if outputs > 4:
            limits[:2] = 0, inputs + 1
        layers.append(DenseLayer(weights, limits))
        signs = layers[-1].forward(signs)
    classes, inputs = widths[-1], signs.shape[1]
    weights = rng.choice(np.array([-1, 1], np.int8), (classes, inputs))
    scales = rng.integers(-127, 128, classes)
    offsets = -scales * np.median(signs.astype(np.int64) @ weights.T, axis=0).astype(np.int64)
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
        encoder=encoder,
        layers=tuple(layers),
        head=ScoresLayer(weights, scales, offsets + rng.integers(-50, 50, classes)),
        revision=seed,
        seed=seed + 1,
        shift=4,
    )


def _windows(
    rng: np.random.Generator, count: int, length: int, thresholds: np.ndarray
) -> np.ndarray:
    channels, bits = thresholds.shape
    shape = (count, length, channels)
    windows = rng.integers(-2500, 2500, shape).astype(np.int16)
    on = thresholds[np.broadcast_to(np.arange(channels), shape), rng.integers(0, bits, shape)]
    windows = np.where(rng.random(shape) < 0.2, on, windows)
    windows[rng.random(shape) < 0.01] = -32768
    windows[rng.random(shape) < 0.01] = 32767
    return windows


def random_windows(model: Model, count: int, seed: int = 0) -> np.ndarray:
    """int16 (count, length, channels) around the thresholds, some samples exactly on them."""
    rng = np.random.default_rng(seed)
    return _windows(rng, count, model.window.length, model.encoder.thresholds)


def awkward_models() -> list[Model]:
    """Networks whose every width is awkward, each pad remainder of 32 among them."""
    shapes = [(1, 1, 1, (1,)), (1, 1, 1, (1, 1)), (3, 2, 5, (7, 255)), (5, 1, 32, (33, 65, 1))]
    shapes += [(n, 1, 1, (n, 3)) for n in AWKWARD if n < 1000]
    shapes += [(1000, 1, 1, (33, 2)), (20, 2, 1, (31, 1000, 63, 4)), (2, 3, 7, (32,) * 15 + (5,))]
    shapes += [(64 + n, 1, 1, (32 + n, 2 + n)) for n in range(32)]
    # Lengths about the kernel's blocks of 8 words, with and without a remainder.
    shapes += [(words * 32 + extra, 1, 1, (5, 2)) for words in (7, 8, 9, 16) for extra in (0, 1)]
    return [random_model(seed, *shape) for seed, shape in enumerate(shapes)]


def sealed(data: bytes, length: bool = True) -> bytes:
    """The bytes with the CRC, and the length field where asked, made right again."""
    body = data[:8] + len(data).to_bytes(4, "little") + data[12:] if length else data
    return body[:-4] + zlib.crc32(body[:-4]).to_bytes(4, "little")
