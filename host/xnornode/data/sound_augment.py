"""Random changes of sound, and of its levels in frequency bands, that do not change the class.

Those of samples are what a microphone meets: another moment, distance, pace and background. Those
of levels are what another voice or room does. Sources: Ko et al., "Audio augmentation for speech
recognition", Interspeech 2015; Park et al., "SpecAugment", Interspeech 2019; Jaitly, Hinton, "Vocal
tract length perturbation improves speech recognition", ICML workshop 2013.
"""

from dataclasses import dataclass, field
from functools import cached_property
from typing import ClassVar
from zlib import crc32

import numpy as np

from xnornode._typing import DataKind, Float, Int16
from xnornode.data import band_changes
from xnornode.data.noise import Bank, make_bank, mix
from xnornode.data.quiet import fill_outside
from xnornode.errors import DataError

CHUNK = 2**20
"""Samples that are changed at a time: so many stay near the processor."""
MOST_GAIN, MOST_SPEED = 60.0, 0.5
LOWEST_RATIO, HIGHEST_RATIO = -30.0, 90.0  # dB


@dataclass(frozen=True)
class SoundAugment:
    """How strongly windows of sound or vibration are changed. By default they are not changed.

    Parameters
    ----------
    shift : float, default 0
        A window moves by up to this share of its length. What comes in at an edge is made from the
        window's quietest part.
    gain : float, default 0
        It becomes louder or quieter by up to so many decibels.
    speed : float, default 0
        It becomes faster or slower by up to this share, and its pitch moves with it.
    noise : tuple of float, optional
        The lowest and the highest signal-to-noise ratio in decibels, over the whole window. Noise
        is white, pink or brown.
    backgrounds : tuple of ndarray of int16, shape (n,), default ()
        Recordings of noise at the data's sample rate. Half of the noise is cut from them.
    noise_share : float, default 0.5
        Share of windows that get noise.
    band_mask : int, default 0
        Up to so many neighbouring bands are set to their mean.
    frame_mask : int, default 0
        Up to so many neighbouring frames are set to the window's mean.
    band_shift : int, default 0
        Levels move up or down by up to so many bands, as of another vocal tract.
    frame_shift : int, default 0
        Frames move by up to so many places; those at the edge are repeated. It is `shift` for sound
        whose windows begin and end in quiet, but spectra are computed once.
    versions : int, default 0
        So many changed versions of each window are made before the training, and each epoch takes
        one of them, so that spectra are not computed in every epoch. Levels are changed in every
        epoch nevertheless. 0: each epoch changes the windows anew.

    Raises
    ------
    DataError
        A number is out of range, or backgrounds are no such arrays.

    Examples
    --------
    >>> import numpy as np
    >>> from xnornode import SoundAugment
    >>> augment = SoundAugment(shift=0.1, gain=6, noise=(10, 30), band_mask=4)
    >>> windows = np.ones((2, 800, 1), np.int16)
    >>> augment.apply(windows, np.random.default_rng(0)).shape
    (2, 800, 1)
    """

    shift: float = 0.0
    gain: float = 0.0
    speed: float = 0.0
    noise: tuple[float, float] | None = None
    backgrounds: tuple[Int16, ...] = field(default=(), repr=False, compare=False)
    noise_share: float = 0.5
    band_mask: int = 0
    frame_mask: int = 0
    band_shift: int = 0
    frame_shift: int = 0
    versions: int = 0
    # Of the backgrounds: what tells two augmentations, and checkpoints, apart.
    digest: int = field(default=0, init=False)

    data_kind: ClassVar[DataKind] = "windows"

    def __post_init__(self) -> None:
        for name, most in (("shift", 1.0), ("noise_share", 1.0)):
            if not 0 <= getattr(self, name) <= most:
                raise DataError(f"{name} must be 0 to {most:g}, not {getattr(self, name)}")
        if not 0 <= self.gain <= MOST_GAIN:
            raise DataError(f"gain must be 0 to {MOST_GAIN:g} dB, not {self.gain}")
        if not 0 <= self.speed <= MOST_SPEED:
            raise DataError(f"speed must be 0 to {MOST_SPEED:g}, not {self.speed}")
        for name in ("band_mask", "frame_mask", "band_shift", "frame_shift", "versions"):
            value = getattr(self, name)
            if not (isinstance(value, int | np.integer) and value >= 0):
                raise DataError(f"{name} must be a whole number, at least 0, not {value}")
        self._check_noise()
        crc = 0
        for sound in self.backgrounds:
            crc = crc32(np.ascontiguousarray(sound).tobytes(), crc)
        object.__setattr__(self, "digest", crc)

    @property
    def changes_samples(self) -> bool:
        """Whether windows are changed, and not their levels alone."""
        return bool(self.shift or self.gain or self.speed or (self.noise and self.noise_share))

    @property
    def changes_values(self) -> bool:
        """Whether levels are changed: then features must be `spectrum` or `logmel`."""
        return bool(self.band_mask or self.frame_mask or self.band_shift or self.frame_shift)

    def check(self, length: int, channels: int) -> None:
        """Raise DataError if it does not fit windows of `length` samples and `channels`.

        Parameters
        ----------
        length, channels : int
            Of a window.

        Raises
        ------
        DataError
            A window is one sample: such data are no sound.
        """
        if length < 2 and self.changes_samples:
            raise DataError("changes of sound need windows of more than one sample")

    def check_values(self, shape: tuple[int, ...]) -> None:
        """Raise DataError if it does not fit levels of this shape.

        Parameters
        ----------
        shape : tuple of int
            Frames, channels and bands.

        Raises
        ------
        DataError
            More bands or frames would be covered or moved than half of those that there are.
        """
        frames, bands = shape[0], shape[-1]
        for name, what, count in (
            ("band_mask", "bands", bands),
            ("band_shift", "bands", bands),
            ("frame_mask", "frames", frames),
            ("frame_shift", "frames", frames),
        ):
            value = getattr(self, name)
            if value > count // 2 and (what == "bands" or frames > 1):
                raise DataError(
                    f"{name.replace('_', ' ')} is {value}: of {count} {what} at most half, "
                    f"{count // 2}, can be covered or moved"
                )

    def apply(self, samples: Int16, rng: np.random.Generator) -> Float:
        """Change windows; see `Augmentation`.

        Parameters
        ----------
        samples : ndarray of int16, shape (n, length, channels)
            The windows, in counts.
        rng : numpy.random.Generator
            Where chance comes from.

        Returns
        -------
        ndarray of float32, shape (n, length, channels)
            Changed windows.
        """
        out = np.empty(samples.shape, np.float32)
        step = max(1, CHUNK // (samples.shape[1] * samples.shape[2]))
        for i in range(0, len(samples), step):
            out[i : i + step] = self._changed(samples[i : i + step].astype(np.float32), rng)
        return out

    def apply_values(
        self, values: Int16, shape: tuple[int, ...], rng: np.random.Generator
    ) -> Int16:
        """Change the levels of bands in frames.

        Parameters
        ----------
        values : ndarray of int16, shape (n, V)
            Values of the features, frame by frame.
        shape : tuple of int
            Frames, channels and bands, whose product is V; or frames and bands.
        rng : numpy.random.Generator
            Where chance comes from.

        Returns
        -------
        ndarray of int16, shape (n, V)
            Changed values.
        """
        frames, bands = shape[0], shape[-1]
        grid = values.reshape(len(values), frames, -1, bands)
        if self.band_shift:
            grid = band_changes.move_bands(grid, self.band_shift, rng)
        if self.frame_shift and frames > 1:
            grid = band_changes.move_frames(grid, self.frame_shift, rng)
        if self.band_mask:
            grid = band_changes.mask_bands(grid, self.band_mask, rng)
        if self.frame_mask and frames > 1:
            grid = band_changes.mask_frames(grid, self.frame_mask, rng)
        return grid.reshape(values.shape)

    def _check_noise(self) -> None:
        if self.noise is not None:
            low, high = self.noise
            if not LOWEST_RATIO <= low <= high <= HIGHEST_RATIO:
                raise DataError(
                    f"noise must be two signal-to-noise ratios from {LOWEST_RATIO:g} to "
                    f"{HIGHEST_RATIO:g} dB, the lower one first, not {self.noise}"
                )
        elif self.backgrounds:
            raise DataError("backgrounds need noise: the signal-to-noise ratios, such as (5, 20)")
        for sound in self.backgrounds:
            if not (isinstance(sound, np.ndarray) and sound.dtype == np.int16 and sound.ndim == 1):
                raise DataError("backgrounds are arrays of int16 of one dimension")
            if not sound.size:
                raise DataError("a background holds no samples")

    @cached_property
    def _bank(self) -> Bank:
        return make_bank(self.backgrounds)

    def _changed(self, windows: Float, rng: np.random.Generator) -> Float:
        """Windows, float32 (n, length, channels), changed."""
        if self.shift or self.speed:
            windows = self._moved(windows, rng)
        if self.gain:
            decibels = rng.uniform(-self.gain, self.gain, (len(windows), 1, 1))
            windows = windows * (10 ** (decibels / 20)).astype(np.float32)
        if self.noise and self.noise_share:
            windows = mix(windows, self.noise, self.noise_share, self._bank, rng)
        return windows

    def _moved(self, windows: Float, rng: np.random.Generator) -> Float:
        """Windows read from another place, and at another speed, between samples by a line."""
        count, length, _ = windows.shape
        middle = np.float32((length - 1) / 2)
        moves = rng.uniform(-self.shift, self.shift, (count, 1)) * length
        if not self.speed:
            at = np.arange(length) + np.rint(moves).astype(np.int32)
            inside = np.clip(at, 0, length - 1)
            out = np.take_along_axis(windows, inside[:, :, None], axis=1)
        else:
            speeds = 1 + rng.uniform(-self.speed, self.speed, (count, 1))
            at = (np.arange(length) - middle) * speeds.astype(np.float32)
            at += (moves + middle).astype(np.float32)
            low = np.clip(np.floor(at).astype(np.int32), 0, length - 2)
            part = (at - low)[:, :, None]
            out = np.take_along_axis(windows, low[:, :, None], axis=1)
            behind = np.take_along_axis(windows, low[:, :, None] + 1, axis=1)
            behind -= out
            behind *= part
            out += behind
        fill_outside(out, windows, (at < 0) | (at > length - 1), rng)
        return out
