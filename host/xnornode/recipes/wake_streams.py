"""Streams as a node hears them, and the integer network's scores window after window."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from xnornode._typing import Int16, Int32
from xnornode.model.model import Model
from xnornode.model.spectrum import Spectrum
from xnornode.recipes.wake_noise import QUIET, Noises, level, made_noise, noises_for, to_int16
from xnornode.recipes.wake_sounds import Sounds
from xnornode.recipes.wake_windows import Shape, place

PAUSES = (0.2, 1.8)
"""Seconds between other words."""
WORD_PAUSES = (0.5, 1.5)
"""Seconds between utterances of the word, besides a window."""
LOUDNESS = (-10.0, 0.0)
"""Decibels that a stretch becomes louder."""
NOISE_BELOW = (10.0, 30.0)
"""Decibels that noise is below the words of a stretch."""
STRETCH = 30.0
"""Seconds of words in the same noise."""
MOST_SECONDS = 4 * 3600.0
"""Of a kind of stream: more would take long, and say little more."""
AT_ONCE = 512
"""Windows that are scored at a time."""


@dataclass(frozen=True, eq=False)
class Stream:
    """Sound in order, and where utterances lie in it.

    Parameters
    ----------
    kind : str
        "word", "talk" or "noise".
    samples : ndarray of int16, shape (n,)
        The sound.
    utterances : ndarray of int64, shape (m, 3)
        The first sample of each, the one behind its last, and which of the part's words it is.
    """

    kind: str
    samples: Int16
    utterances: npt.NDArray[np.int64]


def talk(
    sounds: Sounds, shape: Shape, seconds: float, seed: int, of_word: bool = False
) -> Iterator[Stream]:
    """All utterances of other words, or of the word, again and again until there is enough.

    Parameters
    ----------
    sounds : Sounds
        A part.
    shape : Shape
        The node's window.
    seconds : float
        At least so much; each utterance is in it equally often.
    seed : int
        Of order, pauses, loudness and noise.
    of_word : bool, default False
        Utterances of the word, further apart.

    Yields
    ------
    Stream
        Stretches of about half a minute, each of one loudness in one noise; at most 4 hours.
    """
    rng = np.random.default_rng([seed, 1 + of_word])
    noises = noises_for(shape.rate, sounds.noises, seed + 1)
    spoken = sounds.words if of_word else sounds.others
    pauses = WORD_PAUSES if of_word else PAUSES
    done = 0.0
    while done < seconds:
        row: list[int] = []
        gaps: list[int] = []
        size = 0
        for i in rng.permutation(len(spoken)).tolist():
            row.append(i)
            gaps.append(int(rng.uniform(*pauses) * shape.rate) + of_word * shape.length)
            size += gaps[-1] + len(spoken[i])
            if size > STRETCH * shape.rate:
                yield _stretch(sounds, row, gaps, shape, noises, rng, of_word)
                row, gaps, done, size = [], [], done + size / shape.rate, 0
                if done > MOST_SECONDS:
                    return
        if row:
            yield _stretch(sounds, row, gaps, shape, noises, rng, of_word)
            done += size / shape.rate


def _stretch(
    sounds: Sounds,
    row: list[int],
    gaps: list[int],
    shape: Shape,
    noises: Noises,
    rng: np.random.Generator,
    of_word: bool,
) -> Stream:
    spoken = sounds.words if of_word else sounds.others
    sizes = [len(spoken[i]) for i in row]
    behind = shape.length + int(0.5 * shape.rate)
    clean = np.zeros(sum(sizes) + sum(gaps) + behind)
    at, places, loud = 0, [], []
    for i, gap, size in zip(row, gaps, sizes, strict=True):
        at += gap
        place(clean, spoken[i].astype(np.float64), at)
        places.append((at, at + size, i))
        loud.append(level(spoken[i]))
        at += size
    noise = noises.draw(len(clean), rng)
    below = rng.uniform(*NOISE_BELOW)
    mixed = clean + noise * (float(np.median(loud)) * 10 ** (-below / 20) / level(noise))
    mixed *= 10 ** (rng.uniform(*LOUDNESS) / 20)
    kind = "word" if of_word else "talk"
    return Stream(kind, to_int16(mixed), np.array(places, np.int64))


def noise(sounds: Sounds, shape: Shape, seconds: float, seed: int) -> Iterator[Stream]:
    """Noise that was given, at most 4 hours, and so much made noise, louder and quieter."""
    rng = np.random.default_rng([seed, 3])
    nothing = np.zeros((0, 3), np.int64)
    size, left = int(STRETCH * shape.rate), int(MOST_SECONDS * shape.rate)
    for given in sounds.noises:
        for start in range(0, min(left, len(given)), size):
            cut = given[start : start + size]
            if len(cut) >= shape.length:
                yield Stream("noise", cut, nothing)
        left -= min(left, len(given))
    kinds = ("white", "pink", "brown", "hum", "clicks")
    for number in range(int(np.ceil(seconds / STRETCH))):
        made = made_noise(kinds[number % len(kinds)], size, shape.rate, rng)
        # Louder and quieter within a stretch, as doors, cars and wind are
        swing = np.interp(np.arange(size), np.linspace(0, size, 12), rng.uniform(-15, 5, 12))
        loud = max(QUIET, 10 ** (rng.uniform(0, 70) / 20))
        yield Stream("noise", to_int16(made * loud * 10 ** (swing / 20)), nothing)


def scores_of(model: Model, samples: Int16) -> Int32:
    """The integer scores of each window of a stream, bit for bit those of a node.

    Parameters
    ----------
    model : Model
        A model of one channel.
    samples : ndarray of int16, shape (n,)
        The stream, at least a window long.

    Returns
    -------
    ndarray of int32, shape (windows, classes)
        One row per hop. Where a hop is whole frames, each frame's levels are computed once.
    """
    length, hop = model.window.length, model.window.hop
    starts = np.arange(0, len(samples) - length + 1, hop)
    f = model.features
    if not isinstance(f, Spectrum) or hop % f.hop:
        views = np.lib.stride_tricks.sliding_window_view(samples, length)[::hop]
        return model.scores(views[:, :, None])
    levels = f.levels(samples[None, :, None])[0]
    frames = f.frames(length)
    parts = []
    for i in range(0, len(starts), AT_ONCE):
        first = starts[i : i + AT_ONCE] // f.hop
        values = f.values_of(levels[first[:, None] + np.arange(frames)]).astype(np.int16)
        assert model.encoding
        x = model.encoding.encode(values)
        for layer in model.layers:
            x = layer.forward(x)
        parts.append(x)
    return np.concatenate(parts).astype(np.int32)
