"""Random changes of training windows that leave their class as it is.

What a motion sensor meets: it is worn a little turned, with more or less vigour, on the other side
of the body (Um et al., "Data augmentation of wearable sensor data", ICMI 2017).
"""

from dataclasses import dataclass
from typing import Any, ClassVar, Literal, Protocol

import numpy as np

from xnornode._typing import Float, Int8, Int16
from xnornode.errors import DataError


class Augmentation(Protocol):
    """What training asks of an augmentation."""

    of: ClassVar[Literal["windows", "texts"]]

    def check(self, length: int, channels: int) -> None:
        """Raise DataError where it does not fit windows of this shape."""

    def apply(self, given: Any, rng: np.random.Generator) -> Any:
        """Changed windows, float32 (n, length, channels), of int16 ones; or changed inputs, int8
        (n, width), of texts."""


@dataclass(frozen=True)
class Augment:
    """How strongly windows are changed; by default not at all.

    shift: greatest number of samples by which a window is moved; its edge sample is repeated.
    scale: each window is multiplied by a number from 1 - scale to 1 + scale.
    jitter: deviation of noise, as a share of the deviation of each window's channel.
    drop: chance of each channel to be silenced, held at its window's mean.
    mirror: channels that change their sign together in half of the windows. A reflection in x turns
    the sign of acceleration along x, and of turning about y and z: the other wrist.
    rotation: greatest angle, in degrees, by which the axes of a window are turned.
    triads: the first channel of each triple x, y, z that is turned, by the same rotation.
    """

    shift: int = 0
    scale: float = 0.0
    jitter: float = 0.0
    drop: float = 0.0
    mirror: tuple[int, ...] = ()
    rotation: float = 0.0
    triads: tuple[int, ...] = ()

    of: ClassVar[Literal["windows", "texts"]] = "windows"

    def check(self, length: int, channels: int) -> None:
        """Raise DataError for what windows of this shape do not have, or what makes no sense."""
        if any(not 0 <= c < channels for c in self.mirror):
            raise DataError(f"mirror names a channel beyond the {channels} there are")
        if any(not 0 <= c <= channels - 3 for c in self.triads):
            raise DataError(f"a triad needs three of the {channels} channels there are")
        if not 0 <= self.shift < length:
            raise DataError(f"a shift of {self.shift} does not fit a window of {length} samples")
        if not 0 <= self.drop < 1:
            raise DataError(f"the chance to drop a channel must be below 1, not {self.drop}")
        if not (0 <= self.scale < 1 and self.jitter >= 0 and self.rotation >= 0):
            raise DataError("scale must be at least 0 and below 1, jitter and rotation at least 0")

    def apply(self, samples: Int16, rng: np.random.Generator) -> Float:
        """Changed windows, float32 (n, length, channels), of int16 ones."""
        out = samples.astype(np.float32)
        count, length, channels = out.shape
        if self.shift:
            moves = rng.integers(-self.shift, self.shift + 1, (count, 1))
            at = np.clip(np.arange(length) + moves, 0, length - 1)
            out = np.take_along_axis(out, at[:, :, None], axis=1)
        if self.scale:
            gains = rng.uniform(1 - self.scale, 1 + self.scale, (count, 1, 1))
            out *= gains.astype(np.float32)
        if self.mirror:
            sides = rng.choice(np.array([-1, 1], np.float32), count)
            out[..., list(self.mirror)] *= sides[:, None, None]
        if self.rotation:
            turns = rotations(count, np.radians(self.rotation), rng)
            for at_channel in self.triads:
                part = slice(at_channel, at_channel + 3)
                out[..., part] = out[..., part] @ turns
        if self.jitter:
            noise = rng.standard_normal(out.shape, np.float32)
            out += noise * (np.float32(self.jitter) * out.std(axis=1, keepdims=True))
        if self.drop:
            silent = rng.random((count, 1, channels)) < self.drop
            out = np.where(silent, out.mean(axis=1, keepdims=True), out)
        return out


@dataclass(frozen=True)
class ImageAugment:
    """Images of height x width, as windows of height * width samples, moved, turned and sized.

    shift: greatest shift in pixels. rotation: greatest angle in degrees. scale: sizes from
    1 - scale to 1 + scale. flip: half of them are mirrored left to right. Between pixels the value
    is interpolated; what comes in from outside is 0.
    """

    height: int
    width: int
    shift: float = 0.0
    rotation: float = 0.0
    scale: float = 0.0
    flip: bool = False

    of: ClassVar[Literal["windows", "texts"]] = "windows"

    def check(self, length: int, channels: int) -> None:
        """Raise DataError for windows that are no such images, or what makes no sense."""
        if (length, channels) != (self.height * self.width, 1):
            raise DataError(f"windows of {length} x {channels} are not {self.height}x{self.width}")
        if not (0 <= self.scale < 1 and self.shift >= 0 and self.rotation >= 0):
            raise DataError("scale must be at least 0 and below 1, shift and rotation at least 0")

    def apply(self, samples: Int16, rng: np.random.Generator) -> Float:
        """Changed images, float32 (n, height * width, 1)."""
        count = len(samples)

        def draw(limit: float) -> Float:
            return rng.uniform(-limit, limit, (count, 1)).astype(np.float32)

        angle, size = draw(np.radians(self.rotation)), 1 + draw(self.scale)
        down, right = draw(self.shift), draw(self.shift)
        cos, sin = np.cos(angle) / size, np.sin(angle) / size
        middle = np.float32(self.height - 1) / 2, np.float32(self.width - 1) / 2
        rows, columns = np.indices((self.height, self.width), np.float32).reshape(2, -1)
        y, x = rows - middle[0], columns - middle[1]
        from_y = cos * y - sin * x + (middle[0] + down)
        from_x = sin * y + cos * x + (middle[1] + right)
        if self.flip:
            from_x = np.where(rng.random((count, 1)) < 0.5, self.width - 1 - from_x, from_x)
        return _interpolate(samples, self.height, self.width, from_y, from_x)[..., None]


@dataclass(frozen=True)
class TextAugment:
    """Texts of which a part is not seen.

    drop: chance of each n-gram that a text has to be taken for missing.
    """

    drop: float = 0.0

    of: ClassVar[Literal["windows", "texts"]] = "texts"

    def __post_init__(self) -> None:
        if not 0 <= self.drop < 1:
            raise DataError(f"the chance to drop an n-gram must be below 1, not {self.drop}")

    def check(self, length: int, channels: int) -> None:
        """It fits every text."""

    def apply(self, inputs: Int8, rng: np.random.Generator) -> Int8:
        """Changed inputs, int8 (n, width), each -1 or +1."""
        lost = (inputs > 0) & (rng.random(inputs.shape, np.float32) < self.drop)
        return np.where(lost, np.int8(-1), inputs)


def _interpolate(samples: Int16, height: int, width: int, y: Float, x: Float) -> Float:
    """Bilinear values of images at (y, x), each float32 (n, places); outside they are 0."""
    count, wide = len(samples), width + 2
    framed = np.zeros((count, height + 2, wide), np.float32)
    framed[:, 1:-1, 1:-1] = samples.reshape(count, height, width)
    y = np.clip(y + 1, 0, np.nextafter(np.float32(height + 1), np.float32(0)))
    x = np.clip(x + 1, 0, np.nextafter(np.float32(width + 1), np.float32(0)))
    row, column = y.astype(np.int32), x.astype(np.int32)
    y -= row
    x -= column
    at = row * wide + column
    at += (np.arange(count, dtype=np.int32) * (height + 2) * wide)[:, None]
    flat = framed.ravel()
    top = flat[at] * (1 - x) + flat[at + 1] * x
    at += wide
    bottom = flat[at] * (1 - x) + flat[at + 1] * x
    out: Float = top + (bottom - top) * y
    return out


def rotations(count: int, limit: float, rng: np.random.Generator) -> Float:
    """Rotation matrices, float32 (count, 3, 3), by Rodrigues' formula.

    Their axes point anywhere, their angles are uniform within -limit to limit radians.
    """
    axes = rng.standard_normal((count, 3))
    x, y, z = (axes / np.linalg.norm(axes, axis=1, keepdims=True)).T
    zero = np.zeros(count)
    cross = np.array([[zero, -z, y], [z, zero, -x], [-y, x, zero]]).transpose(2, 0, 1)
    angles = rng.uniform(-limit, limit, (count, 1, 1))
    turns = np.eye(3) + np.sin(angles) * cross + (1 - np.cos(angles)) * (cross @ cross)
    return turns.astype(np.float32)
