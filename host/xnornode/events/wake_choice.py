"""The mean and the threshold of a keyword, for a number of false accepts an hour."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil, log

import numpy as np

from xnornode._typing import Int64
from xnornode.events.wake_counting import Count, Heard, count, events, means
from xnornode.model.answers import ONE

WINDOWS = (1, 2, 3, 4)
"""Means that are tried."""
SURE = 0.99
"""The confidence that nine of ten utterances reach: so sure that steps of 1/65536 still tell."""
RATES = (0.0, 0.25, 0.5, 1.0, 2.0, 5.0, 10.0, 20.0, 50.0, 100.0)
"""False accepts an hour that the curve shows, if the recordings tell them apart."""


@dataclass(frozen=True)
class WakeChoice:
    """How a keyword's events are made.

    Parameters
    ----------
    temperature : float
        What logits are divided by.
    windows, threshold, hold_off : int
        As in `Answers`.
    wish : float
        False accepts an hour that were wanted at most, of other words and of noise alike.
    count : Count
        What it comes to on the streams that chose it.
    curve : tuple of (int, Count)
        Thresholds, falling, and what they come to there.
    """

    temperature: float
    windows: int
    threshold: int
    hold_off: int
    wish: float
    count: Count
    curve: tuple[tuple[int, Count], ...]


def hold_off_of(length: int, hop: int, windows: int) -> int:
    """Windows after an event in which a mean may still be of the same utterance.

    Examples
    --------
    >>> hold_off_of(6144, 768, 2)
    9
    """
    return ceil(length / hop) + windows - 1


def choose_wake(heard: Sequence[Heard], wish: float, length: int, hop: int) -> WakeChoice:
    """Choose mean and threshold: the fewest misses at the wanted rate.

    Parameters
    ----------
    heard : sequence of Heard
        Streams that the networks have not learned from, of all three kinds.
    wish : float
        False accepts an hour, at most: in an hour of other words, and in an hour of noise.
    length, hop : int
        Of the node's window, in samples.

    Returns
    -------
    WakeChoice
        Of equal misses, the shorter mean.
    """
    temperature = _temperature(heard)
    best: WakeChoice | None = None
    for windows in WINDOWS:
        hold_off = hold_off_of(length, hop, windows)
        sure = [means(h.logits, temperature, windows) for h in heard]
        threshold = threshold_for(heard, sure, hold_off, wish)
        found = count(heard, sure, threshold, hold_off)
        if best is None or found.missed < best.count.missed:
            rows = curve(heard, sure, hold_off, (threshold,))
            best = WakeChoice(temperature, windows, threshold, hold_off, wish, found, rows)
    assert best
    return best


def _temperature(heard: Sequence[Heard]) -> float:
    """So that nine of ten utterances of the word reach the confidence `SURE` in some window."""
    tops = [
        (h.logits[first : last + 1, 1] - h.logits[first : last + 1, 0]).max()
        for h in heard
        if h.kind == "word"
        for first, last, _ in h.utterances.tolist()
    ]
    sure = float(np.quantile(tops, 0.9)) if tops else 1.0
    return max(sure, 1e-3) / log(SURE / (1 - SURE))


def threshold_for(
    heard: Sequence[Heard], confidence: Sequence[Int64], hold_off: int, rate: float
) -> int:
    """The lowest threshold with at most so many false accepts in an hour of either kind.

    At least the half: below it everything else is likelier.
    """
    return max(
        ONE // 2 + 1,
        *(_threshold(heard, confidence, hold_off, rate, kind) for kind in ("talk", "noise")),
    )


def _threshold(
    heard: Sequence[Heard], confidence: Sequence[Int64], hold_off: int, rate: float, kind: str
) -> int:
    some = [c for h, c in zip(heard, confidence, strict=True) if h.kind == kind]
    allowed = rate * sum(h.seconds for h in heard if h.kind == kind) / 3600
    steps = np.unique(np.concatenate([[0, ONE], *some]))
    low, high = 0, len(steps) - 1
    while low < high:  # the fewest events are not quite falling, but nearly
        middle = (low + high) // 2
        if sum(len(events(c, int(steps[middle]) + 1, hold_off)) for c in some) <= allowed:
            high = middle
        else:
            low = middle + 1
    return min(ONE, int(steps[high]) + 1)


def curve(
    heard: Sequence[Heard],
    confidence: Sequence[Int64],
    hold_off: int,
    also: Sequence[int] = (),
) -> tuple[tuple[int, Count], ...]:
    """Thresholds for some rates of false accepts, falling, and what they come to."""
    wanted = {threshold_for(heard, confidence, hold_off, rate) for rate in RATES} | {*also}
    rows = [(t, count(heard, confidence, t, hold_off)) for t in sorted(wanted, reverse=True)]
    kept = [
        row for i, row in enumerate(rows) if row[0] in also or not i or row[1] != rows[i - 1][1]
    ]
    return tuple(kept)
