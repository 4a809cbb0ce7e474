"""What a keyword's network hears in the streams of a part, and what that rests on."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from xnornode.events.wake_counting import MEAN_REST, Heard
from xnornode.model.model import Model
from xnornode.recipes.wake_sounds import Sounds
from xnornode.recipes.wake_streams import Stream, noise, scores_of, talk
from xnornode.recipes.wake_windows import Shape

TALK_HOURS, NOISE_HOURS = 1.0, 0.5
"""That false accepts are counted in at least."""
UTTERANCES = 200
"""Of the word that misses are counted in at least."""


@dataclass(frozen=True)
class Part:
    """What a choice or a test rests on.

    Parameters
    ----------
    words, others : int
        Recordings of the word and of other words.
    speakers : int
        Groups that spoke the word.
    talk_hours : float
        What the recordings of other words come to, each heard once with its pause.
    given_hours : float
        Of given noise.
    """

    words: int
    others: int
    speakers: int
    talk_hours: float
    given_hours: float


def hear(
    model: Model,
    gain: float,
    sounds: Sounds,
    shape: Shape,
    seed: int,
    share: float = 1.0,
    group: str = "",
) -> list[Heard]:
    """The scores of a part's streams: other words, noise, and the word.

    Parameters
    ----------
    model : Model
        An integer network that has not learned from them.
    gain : float
        Its scores per logit.
    sounds : Sounds
        The part.
    shape : Shape
        The node's window.
    seed : int
        Of order, pauses, loudness and noise.
    share : float, default 1.0
        Of the hours and utterances that there shall be at least.
    group : str, default ""
        What the network is called.

    Returns
    -------
    list of Heard
        A stream each.
    """
    spoken = sum(map(len, sounds.words)) / len(sounds.words) / shape.rate
    each = spoken + shape.length / shape.rate + 1.0
    streams = (
        *talk(sounds, shape, 3600 * TALK_HOURS * share, seed),
        *noise(sounds, shape, 3600 * NOISE_HOURS * share, seed),
        *talk(sounds, shape, each * UTTERANCES * share, seed, of_word=True),
    )
    return [_heard(model, gain, s, shape, group) for s in streams]


def _heard(model: Model, gain: float, stream: Stream, shape: Shape, group: str) -> Heard:
    places = stream.utterances.copy()
    places[:, 0] = np.maximum(0, (places[:, 0] - shape.length) // shape.hop + 1)
    places[:, 1] = (places[:, 1] - 1) // shape.hop + MEAN_REST
    scores = scores_of(model, stream.samples)
    seconds = len(stream.samples) / shape.rate
    return Heard(stream.kind, scores / gain, places, seconds, group)


def part_of(parts: Sequence[Sounds], rate: float) -> Part:
    """What parts hold; the given noise is the first part's."""
    others = [o for p in parts for o in p.others]
    return Part(
        sum(len(p.words) for p in parts),
        len(others),
        len({g for p in parts for g in p.word_groups}),
        (sum(map(len, others)) / rate + len(others)) / 3600,
        sum(map(len, parts[0].noises)) / rate / 3600,
    )
