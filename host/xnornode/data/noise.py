"""Noise, made and recorded, mixed into windows at signal-to-noise ratios."""

from functools import lru_cache
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from xnornode._typing import Float, Int16

MADE = 2**17
"""Samples of each colour of noise that are made once; windows get pieces of them."""
SLOWEST = 1 / 400
"""Cycles per sample below which noise has no more power: 20 Hz at 8 kHz."""
SLOPES = (0.0, 0.5, 1.0)
"""How the amplitude of white, pink and brown noise falls with the frequency: by this power."""


@lru_cache(1)
def colours() -> Float:
    """White, pink and brown noise of deviation 1, float32 (3, MADE), the same each time."""
    white = np.random.default_rng(20150906).standard_normal(MADE)
    spectrum = np.fft.rfft(white)
    cycles = np.maximum(np.fft.rfftfreq(MADE), SLOWEST)
    made = np.stack([np.fft.irfft(spectrum * cycles**-slope, MADE) for slope in SLOPES])
    return (made / made.std(axis=1, keepdims=True)).astype(np.float32)


class Bank(NamedTuple):
    """Noise to cut from: all of it in one row, and how many samples each piece has."""

    samples: Float
    sizes: npt.NDArray[np.int64]


def make_bank(backgrounds: tuple[Int16, ...]) -> Bank:
    """The three colours, and recorded noise behind them."""
    made = colours()
    rows = [made.ravel(), *(sound.astype(np.float32) for sound in backgrounds)]
    sizes = [MADE] * len(made) + [len(sound) for sound in backgrounds]
    return Bank(np.concatenate(rows), np.array(sizes))


def mix(
    windows: Float,
    ratios: tuple[float, float],
    share: float,
    bank: Bank,
    rng: np.random.Generator,
) -> Float:
    """Add noise to some windows.

    Parameters
    ----------
    windows : ndarray of float32, shape (n, length, channels)
        The windows, in counts.
    ratios : tuple of float
        Lowest and highest signal-to-noise ratio in decibels. The signal is the whole window.
    share : float
        Share of windows that get noise.
    bank : Bank
        Noise. If some was recorded, half of what is mixed in is cut from that.
    rng : numpy.random.Generator
        Where chance comes from.

    Returns
    -------
    ndarray of float32, shape (n, length, channels)
        The windows with noise.
    """
    count, length, channels = windows.shape
    noisy = np.flatnonzero(rng.random(count) < np.float64(share))
    samples, sizes = bank
    which = rng.integers(0, len(SLOPES), len(noisy))
    if len(sizes) > len(SLOPES):
        recorded = rng.random(len(noisy)) < 0.5
        which[recorded] = rng.integers(len(SLOPES), len(sizes), int(recorded.sum()))
    # Each channel has a piece of its own; a short recording is repeated.
    begin = rng.integers(0, sizes[which][:, None], (len(noisy), channels))
    at = (begin[:, None] + np.arange(length)[:, None]) % sizes[which][:, None, None]
    added = samples[(np.cumsum(sizes) - sizes)[which][:, None, None] + at]
    decibels = rng.uniform(*ratios, (len(noisy), 1, 1))
    signal = np.maximum(windows[noisy].var(axis=1, keepdims=True), 1.0)
    power = np.maximum(added.var(axis=1, keepdims=True), 1e-6)
    factor = np.sqrt(signal / power) * 10 ** (-decibels / 20)
    out = windows.copy()
    out[noisy] += (added - added.mean(axis=1, keepdims=True)) * factor.astype(np.float32)
    return out
