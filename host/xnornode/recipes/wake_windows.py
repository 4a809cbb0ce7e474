"""Windows that a keyword is trained on: the word wherever a node may see it, against the rest."""

from dataclasses import dataclass

import numpy as np

from xnornode._typing import Int16
from xnornode.data.windows import Windows
from xnornode.recipes.wake_noise import QUIET, Floats, Noises, level, noises_for, to_int16
from xnornode.recipes.wake_sounds import Sounds
from xnornode.recipes.wake_words import OTHER

WORDS, OTHERS = 2400, 5600
"""Training windows of the word and of everything else; more if there are more recordings."""
MOST_WORDS, MOST_OTHERS = 6000, 16_000
"""Windows at most."""
GAIN = (-14.0, 4.0)
"""Decibels that a recording becomes louder."""
NOISE_BELOW = (4.0, 40.0)
"""Decibels that noise is below the word."""
SPEED = 0.12
"""Share by which a recording becomes faster or slower, and its pitch higher or lower."""
BEHIND = 2.0
"""Hops that may lie between the word's end and the window's: a mean needs some."""
NEIGHBOURS = 0.3
"""Share of the word's windows with other words before or behind it."""
TALK, PARTS, NOISE = 0.66, 0.16, 0.18
"""Shares of the rest: other words in a row, parts of the word, noise and silence."""
LEAST_HIDDEN = 0.45
"""Share of the word that is outside of the window, where a part of it counts as something else."""


@dataclass(frozen=True)
class Shape:
    """The node's window.

    Parameters
    ----------
    length, hop : int
        Samples.
    rate : float
        Hertz.
    """

    length: int
    hop: int
    rate: float


def changed(samples: Int16, rng: np.random.Generator) -> Floats:
    """A recording at another speed and loudness."""
    speed = 1 + rng.uniform(-SPEED, SPEED)
    at = np.arange(0, len(samples) - 1, speed)
    new = np.interp(at, np.arange(len(samples)), samples)
    return np.asarray(new * 10 ** (rng.uniform(*GAIN) / 20))


def windows_of(sounds: Sounds, word: str, shape: Shape, seed: int) -> Windows:
    """Make the training windows.

    Parameters
    ----------
    sounds : Sounds
        The training part.
    word : str
        The keyword.
    shape : Shape
        The node's window.
    seed : int
        Of all that is drawn.

    Returns
    -------
    Windows
        Of the classes `other` and the word, in this order. The word lies whole within its windows,
        near the end. Everything else is: other words in a row, cut anywhere; parts of the word;
        noise, made and given; and near silence. Noise has groups of its own.
    """
    rng = np.random.default_rng([seed, len(sounds.words)])
    noises = noises_for(shape.rate, sounds.noises, seed)
    make = _Maker(sounds, shape, noises, rng)
    count = min(MOST_WORDS, max(WORDS, 2 * len(sounds.words)))
    rest = min(MOST_OTHERS, max(OTHERS, len(sounds.others)))
    kinds = rng.choice(3, rest, p=(TALK, PARTS, NOISE))
    rows = [make.word(i) for i in range(count)]
    rows += [(make.talk, make.part, make.noise)[kind](i) for i, kind in enumerate(kinds)]
    labels = np.repeat([1, 0], [count, rest])
    samples = np.stack([row[0] for row in rows])[:, :, None]
    groups = np.array([row[1] for row in rows])
    return Windows(samples, labels.astype(np.int64), groups, (OTHER, word))


class _Maker:
    def __init__(
        self, sounds: Sounds, shape: Shape, noises: Noises, rng: np.random.Generator
    ) -> None:
        self.sounds, self.shape, self.noises, self.rng = sounds, shape, noises, rng
        self.order = rng.permutation(len(sounds.words))
        self.turn = rng.permutation(len(sounds.others))

    def word(self, number: int) -> tuple[Int16, str]:
        """The whole word, its end near the window's; its beginning is cut if it is longer."""
        i = int(self.order[number % len(self.order)])
        spoken = changed(self.sounds.words[i], self.rng)
        length = self.shape.length
        out = np.zeros(length)
        room = length - len(spoken)
        at = room - int(self.rng.uniform(0, min(BEHIND * self.shape.hop, max(room, 0))))
        place(out, spoken, at)
        if self.rng.random() < NEIGHBOURS:
            gap = int(self.rng.uniform(0.03, 0.25) * self.shape.rate)
            place(out, other := self._other(), at - gap - len(other))
            gap = int(self.rng.uniform(0.03, 0.25) * self.shape.rate)
            place(out, self._other(), at + len(spoken) + gap)
        return self._in_noise(out, level(spoken)), self.sounds.word_groups[i]

    def talk(self, number: int) -> tuple[Int16, str]:
        """Other words, the first cut anywhere."""
        i = int(self.turn[number % len(self.turn)])
        first = changed(self.sounds.others[i], self.rng)
        out = np.zeros(self.shape.length)
        at = int(self.rng.integers(-len(first) // 2, max(1, self.shape.length - len(first) // 2)))
        place(out, first, at)
        begin, end = at, at + len(first)
        joined = self.rng.random() < 0.5
        while begin > 0 or end < self.shape.length:
            gap = int(self.rng.uniform(0, 0.06 if joined else 0.5) * self.shape.rate)
            other = self._other()
            if begin > 0:
                begin -= gap + len(other)
                place(out, other, begin)
            else:
                place(out, other, end + gap)
                end += gap + len(other)
        return self._in_noise(out, level(first)), self.sounds.other_groups[i]

    def part(self, number: int) -> tuple[Int16, str]:
        """The beginning of the word at the window's end, or its end at the beginning."""
        i = int(self.order[number % len(self.order)])
        spoken = changed(self.sounds.words[i], self.rng)
        out = np.zeros(self.shape.length)
        hidden = int(self.rng.uniform(LEAST_HIDDEN, 0.9) * len(spoken))
        if self.rng.random() < 0.5:
            begin = self.shape.length - len(spoken) + hidden
            gap = int(self.rng.uniform(0.03, 0.4) * self.shape.rate)
            other, end = self._other(), begin - gap
            begin_of_other = end - len(other)
        else:
            begin = -hidden
            gap = int(self.rng.uniform(0.03, 0.4) * self.shape.rate)
            other, begin_of_other = self._other(), begin + len(spoken) + gap
        place(out, spoken, begin)
        if self.rng.random() < 0.5:
            place(out, other, begin_of_other)
        return self._in_noise(out, level(spoken)), self.sounds.word_groups[i]

    def noise(self, number: int) -> tuple[Int16, str]:
        """Noise as loud as speech, or near silence."""
        noise = self.noises.draw(self.shape.length, self.rng)
        decibels = self.rng.uniform(-20, 75)  # above a count: up to 0.2 of full scale
        return to_int16(noise / level(noise) * max(QUIET, 10 ** (decibels / 20))), "noise"

    def _other(self) -> Floats:
        i = int(self.rng.integers(len(self.sounds.others)))
        spoken = self.sounds.others[i][: 2 * self.shape.length]
        return changed(spoken, self.rng)

    def _in_noise(self, out: Floats, loud: float) -> Int16:
        noise = self.noises.draw(len(out), self.rng)
        below = self.rng.uniform(*NOISE_BELOW)
        return to_int16(out + noise * (loud * 10 ** (-below / 20) / level(noise)))


def place(out: Floats, sound: Floats, at: int) -> None:
    """Add a sound to `out` from sample `at` on; what is outside is cut off."""
    begin, end = max(0, at), min(len(out), at + len(sound))
    if begin < end:
        out[begin:end] += sound[begin - at : end - at]
