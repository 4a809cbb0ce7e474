"""What answers and events come to on recordings whose classes are known.

Each recording of a class that is not background is one event: table rows of one label after
another are one recording, so a stretch of equal labels is one event. It is found if its class is
detected in it, and missed if not. What is detected of another class, or in a recording of a
background class, is false. Each recording begins as after a gap.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from xnornode._typing import Int64
from xnornode.events.streams import Streams
from xnornode.model.answers import UNKNOWN, Probabilities

Bools = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class Outcome:
    """What answers and events came to.

    Parameters
    ----------
    windows, answered, right : int
        Windows in all, those with an answer, and those with the right one.
    hours : float
        What the recordings last together; 0 if the sample rate is unknown.
    events, missed : int
        Events that there are, and those that were not found.
    false, repeated : int
        Events that were detected and are false, and those that were detected once more.
    late : float or None
        Seconds from an event's beginning to the end of the window in which it was found, in the
        median; None where none was found or the sample rate is unknown.
    """

    windows: int
    answered: int
    right: int
    hours: float
    events: int
    missed: int
    false: int
    repeated: int
    late: float | None

    @property
    def accuracy(self) -> float | None:
        """The share of right ones among the windows with an answer; None without any."""
        return self.right / self.answered if self.answered else None

    @property
    def unknown(self) -> float:
        """The share of windows without an answer."""
        return (self.windows - self.answered) / self.windows

    @property
    def false_per_hour(self) -> float | None:
        """False events an hour; None if the sample rate is unknown."""
        return self.false / self.hours if self.hours else None

    @property
    def missed_share(self) -> float:
        """The share of events that were not found; 0 without events."""
        return self.missed / self.events if self.events else 0.0


def mean_answers(streams: Streams, found: Probabilities, windows: int) -> tuple[Int64, Int64]:
    """The likeliest class of each window, and its confidence; as `AnswerStream` computes them.

    found: the probabilities. windows: how many the mean is over. Two arrays (n,).
    """
    at = np.arange(len(streams))
    low = np.maximum(streams.first, at - windows + 1)
    totals = np.concatenate([np.zeros((1, found.shape[1]), np.int64), found.cumsum(0, np.int64)])
    sums = totals[at + 1] - totals[low]
    # Of equal sums, the higher score of the newest window decides; of equal scores, the first.
    best = ((sums << 33) + streams.scores).argmax(axis=1)
    return best, sums[at, best] // (at - low + 1)


@dataclass(frozen=True, eq=False)
class Detected:
    """What was detected in each recording, for a grid of thresholds and hold-offs.

    Parameters
    ----------
    found : ndarray of bool, shape (recordings, thresholds, hold-offs)
        Whether the recording's class was.
    first : ndarray of int64
        The window in which it was, counted from the recording's first.
    false, repeated : ndarray of int64
        How often another class was, and how often its own once more.
    """

    found: Bools
    first: Int64
    false: Int64
    repeated: Int64


def detect(
    streams: Streams,
    best: Int64,
    confidence: Int64,
    thresholds: Sequence[int],
    hold_offs: Sequence[int],
    background: Sequence[int],
) -> Detected:
    """Follow all recordings at once, window by window, as `AnswerStream` does with one."""
    limits = np.array(thresholds)[None, :, None]
    waits = np.array(hold_offs)[None, None, :]
    lasts = streams.lasts
    starts = np.concatenate([[0], lasts[:-1] + 1])
    shape = (len(lasts), len(thresholds), len(hold_offs))
    true = streams.labels[starts][:, None, None]
    silent = np.isin(true, background)
    going, wait = np.full(shape, UNKNOWN), np.zeros(shape, np.int64)
    found, first = np.zeros(shape, bool), np.zeros(shape, np.int64)
    false, repeated = np.zeros(shape, np.int64), np.zeros(shape, np.int64)
    for step in range(streams.longest):
        here = starts + step <= lasts
        at = np.minimum(starts + step, lasts)
        index = best[at][:, None, None]
        known = (confidence[at][:, None, None] >= limits) & ~np.isin(index, background)
        free = wait == 0
        begins = here[:, None, None] & free & known & (index != going)
        going = np.where(free, np.where(known, index, UNKNOWN), going)
        wait = np.where(begins, waits, np.maximum(wait - 1, 0))
        own = begins & (index == true) & ~silent
        first = np.where(own & ~found, step, first)
        repeated += own & found
        found |= own
        false += begins & ~own
    return Detected(found, first, false, repeated)


def outcome(
    streams: Streams,
    best: Int64,
    confidence: Int64,
    threshold: int,
    hold_off: int,
    background: Sequence[int],
) -> Outcome:
    """What these settings come to."""
    seen = detect(streams, best, confidence, [threshold], [hold_off], background)
    return outcomes(streams, best, confidence, [threshold], background, seen)[0][0]


def outcomes(
    streams: Streams,
    best: Int64,
    confidence: Int64,
    thresholds: Sequence[int],
    background: Sequence[int],
    seen: Detected,
) -> list[list[Outcome]]:
    """What each threshold and each hold-off comes to, `[threshold][hold-off]`."""
    lasts = streams.lasts
    starts = np.concatenate([[0], lasts[:-1] + 1])
    events = ~np.isin(streams.labels[starts], background)
    right = best == streams.labels
    rows = []
    for i, threshold in enumerate(thresholds):
        answered = confidence >= threshold
        row = []
        for j in range(seen.found.shape[2]):
            found = seen.found[:, i, j]
            ends = streams.ends[(starts + seen.first[:, i, j])[found]]
            row.append(
                Outcome(
                    windows=len(streams),
                    answered=int(answered.sum()),
                    right=int((answered & right).sum()),
                    hours=streams.hours,
                    events=int(events.sum()),
                    missed=int((events & ~found).sum()),
                    false=int(seen.false[:, i, j].sum()),
                    repeated=int(seen.repeated[:, i, j].sum()),
                    late=float(np.median(ends)) if len(ends) and streams.hours else None,
                )
            )
        rows.append(row)
    return rows
