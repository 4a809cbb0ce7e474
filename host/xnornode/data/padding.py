"""A recording of sound is brought to a window's length: by quiet noise, or around its energy."""

from typing import Any
from zlib import crc32

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[Any]

BLOCK = 256
"""Samples of the stretch that the background is taken from: 32 ms at 8 kHz."""
LEAST_BLOCK = 8
ALONE = 0.9
"""Share of a recording's energy that must be in one window, if it is one utterance."""
LOUD = 0.5
"""Share of its power that must be above the background then: else it is steady noise."""


def background(sound: Array, count: int, least: float) -> npt.NDArray[np.float64]:
    """Make noise that sounds as the quietest part of a recording.

    Parameters
    ----------
    sound : ndarray, shape (n,)
        The recording.
    count : int
        Samples of noise.
    least : float
        Standard deviation of white noise that is added: no microphone gives a frame of zeros.

    Returns
    -------
    ndarray of float64, shape (count,)
        Noise with the spectrum of the quietest stretch, the same each time for the same recording.
    """
    rng = np.random.default_rng(crc32(np.ascontiguousarray(sound).tobytes()))
    quiet = _quietest(sound.astype(np.float64))
    middle = quiet.mean()
    made: npt.NDArray[np.float64] = middle + least * rng.standard_normal(count)
    heard = np.abs(np.fft.rfft((quiet - middle) * np.hanning(len(quiet))))[1:]
    if heard.any():
        size = max(count, len(quiet))
        spectrum = np.fft.rfft(rng.standard_normal(size))
        at = np.linspace(0, len(heard) - 1, len(spectrum))
        noise = np.fft.irfft(spectrum * np.interp(at, np.arange(len(heard)), heard), size)[:count]
        noise -= noise.mean()
        made += noise * (quiet.std() / (noise.std() or 1.0))
    return made


def pad(sound: Array, length: int, least: float) -> Array:
    """Bring a shorter recording to `length` samples, with the middle of its energy in the middle.

    Parameters
    ----------
    sound : ndarray, shape (n, 1)
        The recording, at most `length` samples.
    length : int
        Samples of the window.
    least : float
        Standard deviation of the least noise around it.

    Returns
    -------
    ndarray, shape (length, 1)
        All of the recording, of the same type, in noise as quiet as its quietest part.
    """
    count = len(sound)
    before = int(np.clip(length / 2 - energy_middle(sound[:, 0]), 0, length - count))
    out = background(sound[:, 0], length, least)
    if sound.dtype.kind in "iu":
        kind = np.iinfo(sound.dtype)
        out = np.clip(np.rint(out), kind.min, kind.max)
    made: Array = out.astype(sound.dtype)
    made[before : before + count] = sound[:, 0]
    return made[:, None]


def cut(sound: Array, length: int) -> Array | None:
    """Cut the window around the middle of a recording's energy, if the rest is background.

    Parameters
    ----------
    sound : ndarray, shape (n, 1)
        The recording, longer than `length`.
    length : int
        Samples of the window.

    Returns
    -------
    ndarray, shape (length, 1), or None
        None if a tenth of the energy is outside: the recording goes on, or has several utterances;
        or if the recording is as loud throughout.
    """
    energy = _energy(sound[:, 0])
    if energy.sum() < LOUD * len(sound) * sound[:, 0].var(dtype=np.float64) or not energy.any():
        return None
    start = int(np.clip(_middle(energy) - length / 2, 0, len(sound) - length))
    if energy[start : start + length].sum() < ALONE * energy.sum():
        return None
    return sound[start : start + length]


def energy_middle(sound: Array) -> float:
    """The sample before and after which there is as much energy above the background, on average.

    Examples
    --------
    >>> energy_middle(np.repeat([0, 0, 0, 5, 5, 0], 8) * np.tile([1, -1], 24))
    32.0
    """
    return _middle(_energy(sound))


def _middle(energy: npt.NDArray[np.float64]) -> float:
    total = energy.sum()
    if not total:
        return len(energy) / 2
    return float(((np.arange(len(energy)) + 0.5) * energy).sum() / total)


def _energy(sound: Array) -> npt.NDArray[np.float64]:
    """The power of each sample's stretch above that of the quietest one."""
    values = sound.astype(np.float64)
    power = np.square(values - values.mean())
    size = _block(len(power))
    starts = np.arange(0, len(power), size)
    sizes = np.diff(np.append(starts, len(power)))
    means = np.add.reduceat(power, starts) / sizes
    # Noise wavers: a half more than the quietest stretch is still background.
    above = np.maximum(means - 1.5 * means[:-1].min(initial=means.max()), 0)
    energy: npt.NDArray[np.float64] = np.repeat(above, sizes)
    return energy


def _quietest(values: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """The stretch with the least power; one of digital silence only where all are."""
    size = _block(len(values))
    starts = np.arange(0, len(values) - size + 1, max(1, size // 2))
    stretches = np.lib.stride_tricks.sliding_window_view(values, size)[starts]
    power = stretches.var(axis=1)
    power[power == 0] = np.inf
    return stretches[int(power.argmin())]


def _block(count: int) -> int:
    """Samples of a stretch: less where a recording is short, so that some stretch is quiet."""
    return max(min(LEAST_BLOCK, count), min(BLOCK, count // 8))
