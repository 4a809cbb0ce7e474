"""Random changes of training data that do not change the class.

Those of windows are what a motion sensor meets: it is worn a little turned, with more or less
vigour, or on the other side of the body. Source: Um et al., "Data augmentation of wearable sensor
data for Parkinson's disease monitoring using convolutional neural networks", ICMI 2017.
"""

from dataclasses import dataclass
from typing import Any, ClassVar, Protocol, runtime_checkable

import numpy as np

from xnornode._typing import DataKind, Float, Int8, Int16
from xnornode.data.image_augment import ImageAugment
from xnornode.data.sound_augment import SoundAugment
from xnornode.errors import DataError

__all__ = [
    "Augment",
    "Augmentation",
    "ImageAugment",
    "LevelAugmentation",
    "SoundAugment",
    "TextAugment",
    "rotations",
]


class Augmentation(Protocol):
    """What training asks of an augmentation. `of` is the kind of data that it changes."""

    data_kind: ClassVar[DataKind]

    def check(self, length: int, channels: int) -> None:
        """Raise DataError if it does not fit windows of `length` samples and `channels`."""

    def apply(self, given: Any, rng: np.random.Generator) -> Any:
        """Change a batch.

        Parameters
        ----------
        given : ndarray
            Windows, int16 (n, length, channels); or the inputs of texts, int8 (n, width).
        rng : numpy.random.Generator
            Where chance comes from.

        Returns
        -------
        ndarray
            Changed windows, float32, or changed inputs, int8, of the same shape.
        """


@runtime_checkable
class LevelAugmentation(Augmentation, Protocol):
    """An augmentation that also changes levels of bands, after the features."""

    @property
    def changes_samples(self) -> bool:
        """Whether `apply` changes anything: else features are computed once."""

    @property
    def changes_values(self) -> bool:
        """Whether `apply_values` changes anything: then features must have bands."""

    def check_values(self, shape: tuple[int, ...]) -> None:
        """Raise DataError if it does not fit levels of this shape: frames, channels, bands."""

    def apply_values(
        self, values: Int16, shape: tuple[int, ...], rng: np.random.Generator
    ) -> Int16:
        """Change values of the features, int16 (n, V), frame by frame."""


@dataclass(frozen=True)
class Augment:
    """How strongly windows are changed. By default they are not changed.

    Parameters
    ----------
    shift : int, default 0
        A window moves by up to this many samples; its edge sample is repeated.
    scale : float, default 0
        Each window is multiplied by a number from 1 - scale to 1 + scale.
    jitter : float, default 0
        Standard deviation of the noise, as a share of that of each window's channel.
    drop : float, default 0
        Probability that a channel is held at its window's mean.
    mirror : tuple of int, default ()
        Channels that change their sign together in half of the windows. On the other wrist,
        acceleration along x, and rotation about y and z, change theirs.
    rotation : float, default 0
        The axes of a window are turned by up to this many degrees.
    triads : tuple of int, default ()
        The first channel of each triple x, y, z that is turned, all by the same rotation.
    versions : int, default 0
        So many changed versions of each window are made before the training, and each epoch takes
        one of them, so that features are not computed in every epoch. 0: each epoch changes the
        windows anew.
    """

    shift: int = 0
    scale: float = 0.0
    jitter: float = 0.0
    drop: float = 0.0
    mirror: tuple[int, ...] = ()
    rotation: float = 0.0
    triads: tuple[int, ...] = ()
    versions: int = 0

    data_kind: ClassVar[DataKind] = "windows"

    def check(self, length: int, channels: int) -> None:
        """Raise DataError if it does not fit windows of this shape, or a number is out of range."""
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
        if not self.versions >= 0:
            raise DataError(f"versions must be at least 0, not {self.versions}")

    def apply(self, samples: Int16, rng: np.random.Generator) -> Float:
        """Change windows, int16 (n, length, channels), to float32 ones; see `Augmentation`."""
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
class TextAugment:
    """Texts whose n-grams are partly missing.

    Parameters
    ----------
    drop : float, default 0
        Probability that an n-gram of a text is missing.

    Raises
    ------
    DataError
        The probability is not from 0 to below 1.
    """

    drop: float = 0.0

    data_kind: ClassVar[DataKind] = "texts"

    def __post_init__(self) -> None:
        if not 0 <= self.drop < 1:
            raise DataError(f"the chance to drop an n-gram must be below 1, not {self.drop}")

    def check(self, length: int, channels: int) -> None:
        """Do nothing: it fits every text."""

    def apply(self, inputs: Int8, rng: np.random.Generator) -> Int8:
        """Change inputs, int8 (n, width), each -1 or +1; see `Augmentation`."""
        lost = (inputs > 0) & (rng.random(inputs.shape, np.float32) < self.drop)
        return np.where(lost, np.int8(-1), inputs)


def rotations(count: int, angle: float, rng: np.random.Generator) -> Float:
    """Draw random rotations.

    Parameters
    ----------
    count : int
        How many.
    angle : float
        Angles are uniform from -angle to angle, in radians. Axes are uniform on the sphere.
    rng : numpy.random.Generator
        Where chance comes from.

    Returns
    -------
    ndarray of float32, shape (count, 3, 3)
        Rotation matrices, by Rodrigues' formula.
    """
    axes = rng.standard_normal((count, 3))
    x, y, z = (axes / np.linalg.norm(axes, axis=1, keepdims=True)).T
    zero = np.zeros(count)
    cross = np.array([[zero, -z, y], [z, zero, -x], [-y, x, zero]]).transpose(2, 0, 1)
    angles = rng.uniform(-angle, angle, (count, 1, 1))
    turns = np.eye(3) + np.sin(angles) * cross + (1 - np.cos(angles)) * (cross @ cross)
    return turns.astype(np.float32)
