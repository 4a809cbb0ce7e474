"""How far the shares of right answers and of missed events can be trusted."""

from dataclasses import dataclass

import numpy as np

from xnornode.data.splits import Splits
from xnornode.events.counting import detect, mean_answers
from xnornode.events.streams import Streams
from xnornode.model.answers import Answers
from xnornode.report.intervals import accuracy_interval, clusters_of

Interval = tuple[float, float]


@dataclass(frozen=True)
class AnswerIntervals:
    """The 95 % intervals of what answers come to.

    Parameters
    ----------
    right : tuple of float or None
        Of the share of right ones among the answers; None without answers.
    missed : tuple of float or None
        Of the share of missed ones among the events; None without events.
    how : str
        What they rest on.
    """

    right: Interval | None
    missed: Interval | None
    how: str


def answer_intervals(answers: Answers, streams: Streams, splits: Splits) -> AnswerIntervals:
    """The 95 % intervals of what answers come to on the test part.

    Parameters
    ----------
    answers : Answers
        The model's.
    streams : Streams
        Its scores on the test part.
    splits : Splits
        The data.

    Returns
    -------
    AnswerIntervals
        By `accuracy_interval`, over held-out groups, or recordings.
    """
    found = streams.probabilities(1 / (answers.inverse_temperature * float(streams.gains[0])))
    best, confidence = mean_answers(streams, found, answers.windows)
    clusters = clusters_of(splits)
    names = streams.groups if len(splits.held_out) > 1 else streams.recordings
    of_windows = None if clusters.names is None else names
    answered = confidence >= answers.threshold
    right, missed, how = None, None, ""
    if answered.any():
        some = None if of_windows is None else of_windows[answered]
        hit = best[answered] == streams.labels[answered]
        low, high, how = accuracy_interval(hit, some, clusters.what, clusters.of)
        right = low, high
    lasts = streams.lasts
    events = ~np.isin(streams.labels[lasts], answers.background)
    if streams.ordered and events.any():
        seen = detect(
            streams, best, confidence, [answers.threshold], [answers.hold_off], answers.background
        )
        lost = ~seen.found[:, 0, 0][events]
        low, high, _ = accuracy_interval(lost, names[lasts][events], clusters.what)
        missed = low, high
    return AnswerIntervals(right, missed, how)
