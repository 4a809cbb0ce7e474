"""Noise for a keyword that wakes: made, given, and mixed with words at a signal-to-noise ratio."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from xnornode._typing import Int16
from xnornode.model.limits import INT16

Floats = npt.NDArray[np.float64]

KINDS = ("white", "pink", "brown", "hum", "clicks")
"""What is made: hiss, wind and rooms, mains, doors and keys."""
FALLS = {"white": 0.0, "pink": 0.5, "brown": 1.0}
"""The power of 1/f that the amplitude falls by."""
LOWEST = 30.0
"""Hertz below which no noise falls further."""
BANK = 20.0
"""Seconds of each made kind that slices are drawn from."""
GIVEN = 0.6
"""Share of the draws that are of given noise, where there is some."""
QUIET = 2.0
"""Root mean square, in counts, of what counts as silence."""


def made_noise(kind: str, count: int, rate: float, rng: np.random.Generator) -> Floats:
    """Make noise.

    Parameters
    ----------
    kind : str
        One of `KINDS`.
    count : int
        Samples.
    rate : float
        Hertz.
    rng : numpy.random.Generator
        Where chance comes from.

    Returns
    -------
    ndarray of float, shape (count,)
        Its root mean square is 1.

    Examples
    --------
    >>> import numpy as np
    >>> noise = made_noise("pink", 800, 8000.0, np.random.default_rng(0))
    >>> round(float((noise**2).mean()), 6)
    1.0
    """
    if kind in FALLS:
        bins = np.fft.rfft(rng.standard_normal(count))
        hertz = np.maximum(np.fft.rfftfreq(count, 1 / rate), LOWEST)
        made = np.fft.irfft(bins * hertz ** -FALLS[kind], count)
    elif kind == "hum":
        mains = rng.choice([50.0, 60.0]) * np.arange(1, 13)
        loud = rng.random(12) / np.arange(1, 13)
        turns = rng.uniform(0, 2 * np.pi, 12)
        at = np.arange(count) / rate
        waves = loud[:, None] * np.sin(2 * np.pi * mains[:, None] * at + turns[:, None])
        made = waves.sum(axis=0) + 0.02 * rng.standard_normal(count)
    else:
        made = 0.01 * rng.standard_normal(count)
        lasting = int(0.05 * rate)
        at = np.arange(lasting) / rate
        for start in rng.integers(0, count, max(1, round(3 * count / rate))):
            ring = np.sin(2 * np.pi * rng.uniform(100, 0.45 * rate) * at)
            ring *= rng.uniform(0.3, 1) * np.exp(-at / rng.uniform(0.001, 0.015))
            made[start : start + lasting] += ring[: count - start]
    return np.asarray(made / level(made))


def level(samples: npt.NDArray[Any]) -> float:
    """The root mean square, at least a tiny number."""
    return max(1e-9, float(np.sqrt(np.mean(np.square(samples, dtype=np.float64)))))


def to_int16(samples: Floats) -> Int16:
    """Whole counts within int16."""
    return np.clip(np.rint(samples), INT16.min, INT16.max).astype(np.int16)


@dataclass(frozen=True, eq=False)
class Noises:
    """Noise to draw from: made kinds, and what was given.

    Parameters
    ----------
    made : sequence of ndarray
        Some seconds of each kind, of root mean square 1.
    given : sequence of ndarray of int16
        Recordings of one part of the data.
    """

    made: Sequence[Floats]
    given: Sequence[Int16]

    def draw(self, count: int, rng: np.random.Generator) -> Floats:
        """A stretch of `count` samples; given noise as loud as it was recorded, made of level 1."""
        if self.given and rng.random() < GIVEN:
            sizes = np.array([len(g) for g in self.given], float)
            which = int(rng.choice(len(sizes), p=sizes / sizes.sum()))
            source: npt.NDArray[Any] = self.given[which]
        else:
            source = self.made[int(rng.integers(len(self.made)))]
        start = int(rng.integers(max(1, len(source) - count + 1)))
        cut = source[start : start + count].astype(np.float64)
        return np.resize(cut, count) if len(cut) < count else cut


def noises_for(rate: float, given: Sequence[Int16], seed: int) -> Noises:
    """Noise of every kind that is made, and the given one."""
    rng = np.random.default_rng([seed, 77])
    return Noises([made_noise(kind, int(BANK * rate), rate, rng) for kind in KINDS], given)


def with_noise(
    clean: Floats, loud: float, noises: Noises, decibels: float, rng: np.random.Generator
) -> Floats:
    """`clean` in noise that is so many decibels below `loud`, a root mean square."""
    noise = noises.draw(len(clean), rng)
    return clean + noise * (loud * 10 ** (-decibels / 20) / level(noise))
