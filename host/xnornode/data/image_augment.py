"""Random changes of images that do not change the class.

Those of the pixels' values are what a camera meets: other light, another lens, another print.
Source: Shorten, Khoshgoftaar, "A survey on image data augmentation for deep learning", Journal of
Big Data 6, 2019.
"""

from dataclasses import dataclass, fields
from typing import ClassVar, Literal

import numpy as np

from xnornode._typing import DataKind, Float, Int16
from xnornode.errors import DataError

WHITE = np.float32(255)
"""The brightest value of a photograph."""
IMAGE_CHANNELS = (1, 3, 4)
"""Of grey images, of colour, and with one more: windows of other channels are no images."""


@dataclass(frozen=True, repr=False)
class ImageAugment:
    """How strongly images, as windows of height * width samples, are changed.

    Values between pixels are interpolated. Brightness, contrast, gamma, inversion, noise and
    cutout are for photographs: they take 0 for black and 255 for white, and keep within these.

    Parameters
    ----------
    height, width : int
        Size of the images, in pixels.
    shift : float or tuple of float, default 0
        An image moves by up to this many pixels in each direction, or down and right.
    rotation : float, default 0
        It is turned by up to this many degrees.
    scale : float, default 0
        It is resized by a factor from 1 - scale to 1 + scale.
    flip : bool, default False
        Half of the images are mirrored left to right.
    stretch : float, default 0
        Its width alone is resized by a factor from 1 - stretch to 1 + stretch.
    outside : {"black", "edge"}, default "black"
        What comes in from outside: 0, or the pixel at the edge.
    brightness : float, default 0
        Up to this share of white is added or subtracted.
    contrast : float, default 0
        Distances from the image's mean are multiplied by a factor from 1 / (1 + contrast) to
        1 + contrast.
    gamma : float, default 0
        Light and dark tones are spread unlike: the power is from 1 / (1 + gamma) to 1 + gamma.
    invert : float, default 0
        Probability that black becomes white and white becomes black.
    blur : float, default 0
        A pixel is mixed with the mean of itself and its neighbours, by a share up to this one.
    noise : float, default 0
        Standard deviation of each pixel's noise, as a share of white. Each image draws its own, up
        to this one.
    cutout : float, default 0
        Probability that a rectangle, up to half as high and as wide as the image, becomes grey
        (DeVries, Taylor, "Improved regularization of convolutional neural networks with cutout",
        2017).
    """

    height: int
    width: int
    shift: float | tuple[float, float] = 0.0
    rotation: float = 0.0
    scale: float = 0.0
    flip: bool = False
    stretch: float = 0.0
    outside: Literal["black", "edge"] = "black"
    brightness: float = 0.0
    contrast: float = 0.0
    gamma: float = 0.0
    invert: float = 0.0
    blur: float = 0.0
    noise: float = 0.0
    cutout: float = 0.0

    data_kind: ClassVar[DataKind] = "windows"

    def __repr__(self) -> str:
        """The settings that are not the usual: a model file's notes have little room."""
        given = [(f.name, getattr(self, f.name), f.default) for f in fields(self)]
        shown = [f"{name}={value}" for name, value, usual in given if value != usual]
        return f"ImageAugment({', '.join(shown)})"

    def check(self, length: int, channels: int) -> None:
        """Raise DataError for windows that are no such images, or a number out of range."""
        if length != self.height * self.width or channels not in IMAGE_CHANNELS:
            raise DataError(f"windows of {length} x {channels} are not {self.height}x{self.width}")
        for name in ("scale", "stretch"):
            if not 0 <= getattr(self, name) < 1:
                raise DataError(f"{name} must be at least 0 and below 1")
        least = (*self._shifts(), self.rotation, self.contrast, self.gamma)
        if not all(number >= 0 for number in least):
            raise DataError("shift, rotation, contrast and gamma must be at least 0")
        for name in ("brightness", "invert", "blur", "noise", "cutout"):
            if not 0 <= getattr(self, name) <= 1:
                raise DataError(f"{name} must be 0 to 1")
        if self.outside not in ("black", "edge"):
            raise DataError(f"outside must be black or edge, not {self.outside}")

    def apply(self, samples: Int16, rng: np.random.Generator) -> Float:
        """Change images, int16 (n, height * width, channels), to float32 ones.

        See `Augmentation`. All channels of an image are changed alike, but for noise.
        """
        images = self._moved(samples, rng)
        if self.blur:
            images = self._blurred(images, rng)
        self._relight(images, rng)
        if self.cutout:
            self._cut_out(images, rng)
        return images.reshape(samples.shape)

    def _shifts(self) -> tuple[float, float]:
        return self.shift if isinstance(self.shift, tuple) else (self.shift, self.shift)

    def _moved(self, samples: Int16, rng: np.random.Generator) -> Float:
        """Images, float32 (n, height, width, channels), moved, turned and resized."""
        count = len(samples)

        def draw(most: float) -> Float:
            return rng.uniform(-most, most, (count, 1)).astype(np.float32)

        angle, size = draw(np.radians(self.rotation)), 1 + draw(self.scale)
        down, right = map(draw, self._shifts())
        cos, sin = np.cos(angle) / size, np.sin(angle) / size
        middle = np.float32(self.height - 1) / 2, np.float32(self.width - 1) / 2
        rows, columns = np.indices((self.height, self.width), np.float32).reshape(2, -1)
        y, x = rows - middle[0], columns - middle[1]
        from_y = cos * y - sin * x + (middle[0] + down)
        from_x = sin * y + cos * x
        if self.stretch:
            from_x /= 1 + draw(self.stretch)
        from_x += middle[1] + right
        if self.flip:
            from_x = np.where(rng.random((count, 1)) < 0.5, self.width - 1 - from_x, from_x)
        return self._interpolated(samples, from_y, from_x)

    def _interpolated(self, samples: Int16, y: Float, x: Float) -> Float:
        """Bilinear values of the images at (y, x), each float32 (n, height * width)."""
        height, width, (count, _, channels) = self.height, self.width, samples.shape
        wide = width + 2  # a frame of zeros: what is outside
        framed = np.zeros((count, height + 2, wide, channels), np.float32)
        framed[:, 1:-1, 1:-1] = samples.reshape(count, height, width, channels)
        if self.outside == "edge":
            y, x = np.clip(y, 0, height - 1) + 1, np.clip(x, 0, width - 1) + 1
        else:
            y = np.clip(y + 1, 0, np.nextafter(np.float32(height + 1), np.float32(0)))
            x = np.clip(x + 1, 0, np.nextafter(np.float32(width + 1), np.float32(0)))
        row, column = y.astype(np.int32), x.astype(np.int32)
        y -= row
        x -= column
        at = row * wide + column
        at += (np.arange(count, dtype=np.int32) * (height + 2) * wide)[:, None]
        # One channel has no axis of its own: so NumPy takes its values twice as fast.
        flat = framed.reshape(-1) if channels == 1 else framed.reshape(-1, channels)
        if channels > 1:
            y, x = y[..., None], x[..., None]
        top = flat[at] * (1 - x) + flat[at + 1] * x
        at += wide
        bottom = flat[at] * (1 - x) + flat[at + 1] * x
        out = top + (bottom - top) * y
        return out.reshape(count, height, width, channels)

    def _relight(self, images: Float, rng: np.random.Generator) -> None:
        """Change the values of images, in place, each by numbers of its own."""
        shape = (len(images), 1, 1, 1)

        def draw(least: float, most: float) -> Float:
            return rng.uniform(least, most, shape).astype(np.float32)

        def factor(most: float) -> Float:
            return np.exp(draw(-np.log1p(most), np.log1p(most)))

        if self.gamma:
            images /= WHITE
            np.clip(images, 0, 1, out=images)
            np.power(images, factor(self.gamma), out=images)
            images *= WHITE
        if self.contrast:
            mean = images.mean(axis=(1, 2, 3), keepdims=True)
            images -= mean
            images *= factor(self.contrast)
            images += mean
        if self.brightness:
            images += WHITE * draw(-self.brightness, self.brightness)
        if self.invert:
            other = rng.random(shape) < self.invert
            images *= np.where(other, np.float32(-1), np.float32(1))
            images += np.where(other, WHITE, np.float32(0))
        if self.noise:
            images += rng.standard_normal(images.shape, np.float32) * (WHITE * draw(0, self.noise))
        if self.gamma or self.contrast or self.brightness or self.noise:
            np.clip(images, 0, WHITE, out=images)

    def _blurred(self, images: Float, rng: np.random.Generator) -> Float:
        """Mixed with the mean of 3 x 3 pixels, the edge repeated."""
        share = rng.uniform(0, self.blur, (len(images), 1, 1, 1)).astype(np.float32)
        framed = np.pad(images, [(0, 0), (1, 1), (1, 1), (0, 0)], mode="edge")
        rows = framed[:, :-2] + framed[:, 1:-1] + framed[:, 2:]
        mean = rows[:, :, :-2] + rows[:, :, 1:-1] + rows[:, :, 2:]
        mean /= 9
        mean -= images
        mean *= share
        mean += images
        return mean

    def _cut_out(self, images: Float, rng: np.random.Generator) -> None:
        """Cover a rectangle of some images by a grey, in place."""
        count, height, width, _ = images.shape
        hidden = rng.random((count, 1)) < self.cutout
        size = rng.uniform(0, 0.5, (2, count, 1))
        start = rng.random((2, count, 1)) * (1 - size)
        rows, columns = np.arange(height) / height, np.arange(width) / width
        across = (rows >= start[0]) & (rows < start[0] + size[0]) & hidden
        along = (columns >= start[1]) & (columns < start[1] + size[1])
        grey = rng.uniform(0, WHITE, (count, 1, 1, 1)).astype(np.float32)
        covered = (across[:, :, None] & along[:, None, :])[..., None]
        np.copyto(images, grey, where=covered)
