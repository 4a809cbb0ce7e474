"""Data of the shapes that the recipes are for, without a download: noise, and words at random."""

from dataclasses import dataclass

import numpy as np

from xnornode.data.splits import Splits
from xnornode.data.windows import Data, Texts, Windows
from xnornode.model.model import Window

COUNT = 60
AXES = tuple(f"{kind} {axis}" for kind in ("accel", "gyro") for axis in "xyz")
UNITS = ("g",) * 3 + ("deg/s",) * 3
DIGITS = tuple(str(i) for i in range(10))
MOTION = tuple(f"{c} ({u})" for c, u in zip(AXES, UNITS, strict=True))
PIXEL = ("pixel",)


@dataclass(frozen=True)
class Shape:
    """Window, classes and image shape of a recipe's data. A text has a channel "text".

    hop: 0 is half a window of a series, and else a window.
    """

    length: int
    labels: tuple[str, ...]
    channels: tuple[str, ...]
    rate_mhz: int = 0
    image: tuple[int, int] | None = None
    hop: int = 0


SHAPES = {
    "watch": Shape(128, tuple(f"exercise {i}" for i in range(7)), MOTION, 50_000),
    "mnist": Shape(28 * 28, DIGITS, PIXEL, image=(28, 28)),
    "fashion-mnist": Shape(28 * 28, tuple(f"garment {i}" for i in range(10)), PIXEL, 0, (28, 28)),
    "digits": Shape(64, DIGITS, PIXEL, image=(8, 8)),
    "mails": Shape(2000, ("ham", "spam"), ("text",)),
    "languages": Shape(1000, tuple(f"language {i}" for i in range(20)), ("text",)),
    "sound": Shape(8000, DIGITS, ("sound (FS)",), 8_000_000, hop=2048),  # a window begins a frame
}


def data_for(name: str) -> Splits:
    """Data for the recipe `name`: a training part alone."""
    shape = SHAPES[name]
    rng = np.random.default_rng(len(name))
    labels = np.arange(COUNT) % len(shape.labels)
    groups = np.array([f"group {i % 4}" for i in range(COUNT)])
    size = (COUNT, shape.length, len(shape.channels))
    data: Data
    if shape.channels == ("text",):
        data = Texts(tuple(_text(rng, shape.length) for _ in labels), labels, groups, shape.labels)
    elif shape.image:
        items = rng.integers(0, 256, size) * (rng.random(size) < 0.3)
        data = Windows(items.astype(np.int16), labels, groups, shape.labels)
    else:
        items = np.cumsum(rng.normal(0, 300, size), axis=1)
        items = np.clip(items, -32768, 32767).astype(np.int16)
        data = Windows(items, labels, groups, shape.labels)
    scales = (488_281,) * len(shape.channels)
    hop = shape.hop or (shape.length // 2 if shape.rate_mhz else shape.length)
    window = Window(shape.channels, shape.length, hop, shape.rate_mhz, scales)
    return Splits(name, window, shape.labels, data, image_shape=shape.image)


def _text(rng: np.random.Generator, length: int) -> bytes:
    """Words of small letters, `length` bytes."""
    letters = rng.choice(np.frombuffer(b"eeetaoinshrdlu    ", np.uint8), length)
    return letters.tobytes()
