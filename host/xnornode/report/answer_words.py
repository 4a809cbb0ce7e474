"""Confidence, answers and events as rows of text, for the terminal and the page."""

from collections.abc import Iterator

from xnornode._words import few
from xnornode.events.counting import Outcome
from xnornode.report.answer_intervals import AnswerIntervals
from xnornode.report.answers import AnswerFigures, Calibration

HEADS = ("threshold", "unknown", "right", "false/hour", "missed", "late")


def answer_rows(figures: AnswerFigures) -> list[tuple[str, str]]:
    """What is to be said of answers and events: pairs of a name and a text."""
    rows = list(_confidence(figures.calibration))
    names = ("answers", *[""] * len(figures.settings))
    rows += zip(names, figures.settings, strict=False)
    if figures.background:
        rows.append(("background", f"{few(figures.background)}: no events"))
    if figures.wish:
        rows.append(("wanted", figures.wish + ("" if figures.kept else ": not reached")))
        rows += _outcome(figures.test, figures.ordered, figures.intervals)
    return rows


def _confidence(c: Calibration) -> Iterator[tuple[str, str]]:
    on = f"fitted on {c.windows:,} windows, {c.part}" if c.windows else "not fitted"
    yield "temperature", f"{c.temperature:.3g} of the logits, {on}"
    parts = [("test", c.test_before, c.test_after)]
    if c.validation_before is not None and c.validation_after is not None:
        parts.insert(0, ("validation", c.validation_before, c.validation_after))
    said = ", ".join(f"{name} {after:.1%} ({before:.1%} before)" for name, before, after in parts)
    yield "calibration", f"error {said}"


def _outcome(o: Outcome, ordered: bool, intervals: AnswerIntervals) -> Iterator[tuple[str, str]]:
    right = (
        "no window has an answer"
        if o.accuracy is None
        else f"{o.accuracy:.1%} of answers right{_interval(intervals.right)}"
    )
    yield "on the test", f"{right}, {o.unknown:.1%} of {o.windows:,} windows unknown"
    if not ordered:
        return
    rate = f", {_false(o)} an hour" if o.hours else ""
    missed = f"{o.missed:,} of {o.events:,} events missed{_interval(intervals.missed)}"
    yield "", f"{missed}, {o.false:,} false{rate}"
    late = "" if o.late is None else f"; found {o.late:.3g} s after they began, in the median"
    yield "", f"{o.repeated:,} detected once more{late}"


def _interval(ends: tuple[float, float] | None) -> str:
    return f" (95 % interval {ends[0]:.1%} to {ends[1]:.1%})" if ends else ""


def _false(o: Outcome) -> str:
    rate = o.false_per_hour
    return "-" if rate is None else f"{rate:.1f}"


def threshold_table(
    figures: AnswerFigures,
) -> tuple[tuple[str, ...], list[tuple[str, ...]]]:
    """The heads and the rows of the table of thresholds."""
    rows: list[tuple[str, ...]] = []
    for row in figures.table:
        o, mark = row.outcome, "*" if row.chosen else " "
        right = "-" if o.accuracy is None else f"{o.accuracy:.1%}"
        late = "-" if o.late is None else f"{o.late:.3g} s"
        missed = f"{o.missed} of {o.events}"
        of_windows = (f"{mark} {row.threshold:.1%}", f"{o.unknown:.1%}", right)
        of_events = (_false(o), missed, late) if figures.ordered else ()
        rows.append((*of_windows, *of_events))
    return HEADS[: len(rows[0])], rows
