"""How far a model's confidence can be believed, and what its answers and events come to."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from xnornode._words import few
from xnornode.data.splits import Splits
from xnornode.events.chosen import Chosen, follow
from xnornode.events.counting import Outcome, mean_answers
from xnornode.events.streams import Streams, make_streams
from xnornode.export.answers import doubt, some_windows, temperature_of
from xnornode.export.fold import score_gain
from xnornode.model.answers import ONE, Answers
from xnornode.model.model import Model, Window
from xnornode.report.answer_intervals import AnswerIntervals, answer_intervals
from xnornode.training.trained import Trained

BINS = 15


@dataclass(frozen=True)
class Calibration:
    """How far the confidence is from the share of right windows.

    Parameters
    ----------
    temperature : float
        What logits are divided by.
    windows : int
        Windows that it was fitted on; 0 if it was not fitted.
    part : str
        Which windows those are; "" if it was not fitted.
    validation_before, validation_after, test_before, test_after : float or None
        The expected calibration error on the validation and the test part, with the temperature of
        the logits and with the fitted one; None without a validation part.
    doubt : str
        Why the confidence is doubtful; "" if nothing says so.
    """

    temperature: float
    windows: int
    part: str
    validation_before: float | None
    validation_after: float | None
    test_before: float
    test_after: float
    doubt: str


@dataclass(frozen=True)
class Row:
    """What a threshold comes to on the validation recordings.

    Parameters
    ----------
    threshold : float
        Of the confidence, 0 to 1.
    outcome : Outcome
        What it comes to.
    chosen : bool
        Whether it is the chosen one.
    """

    threshold: float
    outcome: Outcome
    chosen: bool


@dataclass(frozen=True)
class AnswerFigures:
    """A model's answers and events.

    Parameters
    ----------
    settings : tuple of str
        The settings in words.
    background : tuple of str
        Classes that make no events.
    calibration : Calibration
        How far the confidence can be believed.
    test : Outcome
        What answers and events come to on the test part.
    ordered : bool
        Whether windows follow each other in recordings; else there are no events to count.
    wish : str
        What they were chosen by; "" if nothing was chosen.
    part : str
        The recordings that they were chosen on.
    kept : bool
        Whether the limits are kept on those.
    table : tuple of Row
        Thresholds with the chosen mean and hold-off on those; empty if nothing was chosen.
    intervals : AnswerIntervals
        The 95 % intervals of right answers and missed events on the test part.
    """

    settings: tuple[str, ...]
    background: tuple[str, ...]
    calibration: Calibration
    test: Outcome
    ordered: bool
    wish: str
    part: str
    kept: bool
    table: tuple[Row, ...]
    intervals: AnswerIntervals


def expected_calibration_error(
    confidence: npt.NDArray[np.float64], right: npt.NDArray[np.bool_], bins: int = BINS
) -> float:
    """The mean distance between confidence and accuracy, in bins of equal width.

    Parameters
    ----------
    confidence : ndarray of float, shape (n,)
        The probability of the class that was given, 0 to 1.
    right : ndarray of bool, shape (n,)
        Whether it is the true one.
    bins : int, default 15
        Bin m of M holds the confidences above (m - 1) / M, up to m / M.

    Returns
    -------
    float
        The sum over bins of the share of the windows in it, times the absolute difference between
        the share of right ones and the mean confidence there. 0 to 1.

    References
    ----------
    C. Guo et al., "On calibration of modern neural networks", ICML 2017, equation 3.

    Examples
    --------
    >>> import numpy as np
    >>> right = np.array([True, True, True, False])
    >>> expected_calibration_error(np.full(4, 0.75), right)
    0.0
    >>> expected_calibration_error(np.full(4, 1.0), right)
    0.25
    """
    which = np.clip(np.ceil(confidence * bins).astype(int) - 1, 0, bins - 1)
    difference = np.bincount(which, right - confidence, minlength=bins)
    return float(np.abs(difference).sum() / len(confidence))


def answer_figures(
    model: Model, trained: Trained, splits: Splits, chosen: Chosen | None = None
) -> AnswerFigures | None:
    """Test a model's answers.

    Parameters
    ----------
    model : Model
        The integer network.
    trained : Trained
        The float network that it was folded from.
    splits : Splits
        The data of the training.
    chosen : Chosen, optional
        What its answers were chosen by.

    Returns
    -------
    AnswerFigures or None
        None for a model without answers.
    """
    answers = model.answers
    if answers is None:
        return None
    gain = score_gain(trained.network.blocks[-1])
    temperature = temperature_of(model, trained, gain)
    test, validation = make_streams(model, gain, splits.tested()), splits.validation
    seen = None
    if validation is not None:
        ordered = getattr(validation, "places", None) is not None
        seen = make_streams(model, gain, validation if ordered else some_windows(validation))
    before = Answers(*Answers.scaled(1 / gain))
    calibration = Calibration(
        temperature.value,
        temperature.windows,
        temperature.part,
        None if seen is None else _error(before, seen),
        None if seen is None else _error(answers, seen),
        _error(before, test),
        _error(answers, test),
        doubt(temperature),
    )
    return AnswerFigures(
        tuple(describe_answers(answers, model.window)),
        tuple(model.labels[i] for i in answers.background),
        calibration,
        follow(answers, test),
        test.ordered,
        str(chosen.wish) if chosen else "",
        chosen.part if chosen else "",
        chosen.choice.kept if chosen else True,
        tuple(_rows(chosen)) if chosen else (),
        answer_intervals(answers, test, splits),
    )


def _error(answers: Answers, streams: Streams) -> float:
    """The expected calibration error of the confidence that a node says."""
    found = streams.probabilities(1 / (answers.inverse_temperature * float(streams.gains[0])))
    best, confidence = mean_answers(streams, found, answers.windows)
    return expected_calibration_error(confidence / ONE, best == streams.labels)


def _rows(chosen: Chosen) -> Iterator[Row]:
    for threshold, outcome in chosen.choice.table:
        yield Row(threshold / ONE, outcome, threshold == chosen.choice.settings.threshold)


def describe_answers(answers: Answers, window: Window) -> Iterator[str]:
    """The settings of answers in words, a line each.

    Examples
    --------
    >>> from xnornode.model.model import Window
    >>> window = Window(("x (g)",), 100, 50, 50_000, (0,))
    >>> for line in describe_answers(Answers(4096, 0, 3, 39321, 4), window):
    ...     print(line)
    an answer is from the mean of 3 windows, 3 s
    unknown below a confidence of 60.0 %
    after an event, none for 4 windows, 4 s
    """
    hop = window.hop * 1000 / window.rate_mhz if window.rate_mhz else 0.0
    if answers.windows > 1:
        mean = f"the mean of {answers.windows} windows{_time(answers.windows, hop)}"
        yield f"an answer is from {mean}"
    else:
        yield "an answer is from one window"
    if answers.threshold:
        yield f"unknown below a confidence of {answers.threshold / ONE:.1%}".replace("%", " %")
    else:
        yield "no answer is unknown"
    if answers.hold_off:
        waits = answers.hold_off
        yield f"after an event, none for {waits} window{'s' * (waits > 1)}{_time(waits, hop)}"


def _time(windows: int, hop: float) -> str:
    return f", {windows * hop:.3g} s" if hop else ""


def answer_notes(figures: AnswerFigures | None) -> list[str]:
    """What one should know about answers and is no fault."""
    if figures is None:
        return []
    notes = [figures.calibration.doubt] if figures.calibration.doubt else []
    if figures.background:
        names = few(figures.background)
        notes.append(f"{names}: background, makes no events (--background LABEL; '' for none)")
    return notes


def answer_warnings(figures: AnswerFigures | None) -> list[str]:
    """What makes answers less than was wanted."""
    if figures is None or figures.kept:
        return []
    return [
        f"no settings keep {figures.wish!r} on {figures.part}: these exceed it least. The table "
        "shows what can be had; record more, or more people"
    ]
