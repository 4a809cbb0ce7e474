"""How often a keyword's event comes: once per utterance, or where it should not."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from xnornode._typing import Int64
from xnornode.model.answers import ONE, Answers, Probabilities, probabilities

WORD = 1
"""The index of the word's class; 0 is everything else."""
MEAN_REST = 3
"""Windows behind an utterance whose mean may be of it: the longest mean, less one."""
CHANCES = 0.05
"""Of a rate that is higher than the bound."""


@dataclass(frozen=True, eq=False)
class Heard:
    """The scores of one stream, and where the word is in it.

    Parameters
    ----------
    kind : str
        "word", "talk" or "noise".
    logits : ndarray of float64, shape (windows, 2)
        The integer network's scores divided by its factor: of everything else, and of the word.
    utterances : ndarray of int64, shape (m, 3)
        The first window that holds a sample of the utterance; the last one whose mean may be of
        it; and which recording it is. Of "talk" they are other words.
    seconds : float
        What the stream lasts.
    group : str
        Which network heard it.
    """

    kind: str
    logits: npt.NDArray[np.float64]
    utterances: Int64
    seconds: float
    group: str = ""


@dataclass(frozen=True)
class Count:
    """What events come to.

    Parameters
    ----------
    talk, noise : int
        False accepts in other words, and in noise.
    talk_hours, noise_hours : float
        What those streams last.
    words, missed, repeated : int
        Utterances of the word, those without an event, and events that came once more.
    """

    talk: int
    noise: int
    talk_hours: float
    noise_hours: float
    words: int
    missed: int
    repeated: int

    @property
    def talk_rate(self) -> float:
        """False accepts in an hour of other words."""
        return self.talk / self.talk_hours if self.talk_hours else 0.0

    @property
    def noise_rate(self) -> float:
        """False accepts in an hour of noise."""
        return self.noise / self.noise_hours if self.noise_hours else 0.0

    @property
    def rate(self) -> float:
        """The higher of both."""
        return max(self.talk_rate, self.noise_rate)

    @property
    def missed_share(self) -> float:
        """The share of utterances without an event."""
        return self.missed / self.words if self.words else 0.0


def means(logits: npt.NDArray[np.float64], temperature: float, windows: int) -> Int64:
    """The word's confidence after each window; 0 where everything else is likelier.

    It is that of a node, but for the rounding of logits: they are taken in steps of 1/4096.
    """
    scores = np.rint(logits * 4096).astype(np.int64)
    answers = Answers(*Answers.scaled(1 / (4096 * temperature)))
    return confidences(probabilities(scores, answers), scores, windows)


def confidences(found: Probabilities, scores: Int64, windows: int) -> Int64:
    """The word's confidence after each window, as `AnswerStream` computes it, or 0."""
    at = np.arange(len(found))
    low = np.maximum(0, at - windows + 1)
    totals = np.concatenate([np.zeros((1, 2), np.int64), found.cumsum(0, np.int64)])
    sums = totals[at + 1] - totals[low]
    newest = (sums[:, WORD] == sums[:, 0]) & (scores[:, WORD] > scores[:, 0])
    ahead = (sums[:, WORD] > sums[:, 0]) | newest
    return np.where(ahead, sums[:, WORD] // (at - low + 1), 0)


def events(confidence: Int64, threshold: int, hold_off: int) -> list[int]:
    """The windows in which the word is detected, as `AnswerStream` detects it.

    Parameters
    ----------
    confidence : ndarray of int64, shape (n,)
        By `confidences`.
    threshold, hold_off : int
        As in `Answers`.

    Returns
    -------
    list of int
        Rising.

    Examples
    --------
    >>> import numpy as np
    >>> events(np.array([0, 60000, 60000, 0, 60000, 0, 0, 0, 60000]), 50000, 3)
    [1, 8]
    """
    above = np.concatenate([[False], (confidence >= max(1, threshold)), [False]])
    edges = np.flatnonzero(np.diff(above.astype(np.int8)))
    found: list[int] = []
    free, last, going = 0, -1, False  # the next window that may have an event; the last run's end
    for begin, end in zip(edges[::2].tolist(), edges[1::2].tolist(), strict=True):
        if max(free, last + 1) < begin:
            going = False
        last = end - 1
        at = max(begin, free)
        if at >= end or going:
            continue
        found.append(at)
        free, going = at + 1 + hold_off, True
    return found


def count(
    heard: Sequence[Heard], confidence: Sequence[Int64], threshold: int, hold_off: int
) -> Count:
    """What a threshold and a hold-off come to on streams."""
    false = {"talk": 0, "noise": 0}
    words = missed = repeated = 0
    for stream, sure in zip(heard, confidence, strict=True):
        found = events(sure, threshold, hold_off)
        if stream.kind != "word":
            false[stream.kind] += len(found)
            continue
        words += len(stream.utterances)
        in_words = 0
        for first, last, _ in stream.utterances.tolist():
            inside = sum(first <= at <= last for at in found)
            missed += not inside
            repeated += max(0, inside - 1)
            in_words += inside
        false["noise"] += len(found) - in_words
    hours = {kind: sum(h.seconds for h in heard if h.kind == kind) / 3600 for kind in false}
    return Count(
        false["talk"], false["noise"], hours["talk"], hours["noise"], words, missed, repeated
    )


def taken_for(
    heard: Sequence[Heard], confidence: Sequence[Int64], threshold: int, hold_off: int
) -> Iterator[int]:
    """Which utterances of other words each false accept in talk is of: the latest that began."""
    for stream, sure in zip(heard, confidence, strict=True):
        if stream.kind != "talk":
            continue
        for at in events(sure, threshold, hold_off):
            begun = stream.utterances[stream.utterances[:, 0] <= at]
            if len(begun):
                yield int(begun[-1, 2])


def highest_rate(seen: int, hours: float) -> float:
    """The rate that is not exceeded with 95 % probability, if events are independent (Poisson).

    Parameters
    ----------
    seen : int
        Events.
    hours : float
        In which they were seen.

    Returns
    -------
    float
        Events an hour; of none, three divided by the hours ("rule of three").

    Examples
    --------
    >>> round(highest_rate(0, 1.5), 2)
    2.0
    >>> round(highest_rate(3, 1.0), 2)
    7.75
    """
    if hours <= 0:
        return float("inf")
    low, high = float(seen), float(seen) + 10 * (seen + 1) ** 0.5
    for _ in range(60):
        middle = (low + high) / 2
        steps = np.arange(1, seen + 1)
        logs = np.concatenate([[0.0], np.cumsum(np.log(middle) - np.log(steps))])
        if np.exp(logs - middle).sum() > CHANCES:
            low = middle
        else:
            high = middle
    return high / hours


def at_confidence(threshold: int) -> float:
    """A threshold as a share, 0 to 1."""
    return threshold / ONE
