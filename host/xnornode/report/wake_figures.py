"""The figures of a keyword that wakes, and what makes them doubtful."""

from collections.abc import Iterator
from dataclasses import dataclass
from math import ceil

from xnornode.cost.estimate import estimate
from xnornode.events.wake_counting import Count, at_confidence, highest_rate
from xnornode.recipes.wake import Woken
from xnornode.recipes.wake_hearing import Part
from xnornode.report.accuracy import wilson


@dataclass(frozen=True)
class WakeRow:
    """What a threshold comes to.

    Parameters
    ----------
    threshold : float
        Of the confidence, 0 to 1.
    words_per_hour, noise_per_hour : float
        False accepts in an hour of other words, and of noise.
    missed : float
        The share of utterances without an event, 0 to 1.
    chosen : bool
        Whether it is the chosen one.
    """

    threshold: float
    words_per_hour: float
    noise_per_hour: float
    missed: float
    chosen: bool


@dataclass(frozen=True)
class WakeFigures:
    """What a keyword comes to.

    Parameters
    ----------
    word : str
        The keyword.
    wish : float
        False accepts an hour that were wanted at most.
    kept : bool
        Whether the chosen threshold keeps them on what chose it.
    networks : int
        That chose it; 1: the model itself.
    settings : tuple of str
        Window, mean, threshold and hold-off in words.
    tuning, test : Count
        What the chosen threshold comes to on what chose it, and on the test part.
    tuned_on, tested_on : Part
        What those rest on.
    tuning_curve, test_curve : tuple of WakeRow
        Other thresholds, falling.
    words_at_most, noise_at_most : float or None
        False accepts an hour that the test part does not rule out with 95 % probability; None
        where it has no such stream.
    missed_interval : tuple of float
        The 95 % interval of the share of missed utterances.
    mistaken : tuple of (str, int)
        Other words that woke it in the test part.
    model_bytes, ring_bytes, scratch_bytes, object_bytes, total_bytes : int
        The model's file; the levels and the frame of samples that a node keeps; what it works in;
        what MicroPython keeps besides (`Ram`); and all of them.
    """

    word: str
    wish: float
    kept: bool
    networks: int
    settings: tuple[str, ...]
    tuning: Count
    test: Count
    tuned_on: Part
    tested_on: Part
    tuning_curve: tuple[WakeRow, ...]
    test_curve: tuple[WakeRow, ...]
    words_at_most: float | None
    noise_at_most: float | None
    missed_interval: tuple[float, float]
    mistaken: tuple[tuple[str, int], ...]
    model_bytes: int
    ring_bytes: int
    scratch_bytes: int
    object_bytes: int
    total_bytes: int


def wake_figures(woken: Woken) -> WakeFigures:
    """The figures of a keyword.

    Parameters
    ----------
    woken : Woken
        What `xnornode.recipes.wake.wake` gives.

    Returns
    -------
    WakeFigures
        All of them.
    """
    choice, test, part = woken.choice, woken.test, woken.tested_on
    chosen = choice.threshold
    repeats = max(1.0, test.talk_hours / part.talk_hours) if part.talk_hours else 1.0
    cost = estimate(woken.model)
    words = part.words or 1
    return WakeFigures(
        word=woken.word,
        wish=choice.wish,
        kept=choice.count.rate <= choice.wish,
        networks=woken.networks,
        settings=tuple(_settings(woken)),
        tuning=choice.count,
        test=test,
        tuned_on=woken.tuned_on,
        tested_on=part,
        tuning_curve=tuple(_row(t, c, chosen) for t, c in choice.curve),
        test_curve=tuple(_row(t, c, chosen) for t, c in woken.test_curve),
        # Repeats of a recording in other noise say less than other recordings would.
        words_at_most=_at_most(ceil(test.talk / repeats), test.talk_hours / repeats),
        noise_at_most=_at_most(test.noise, test.noise_hours),
        missed_interval=wilson(round(test.missed_share * words), words),
        mistaken=woken.mistaken,
        model_bytes=cost.file_bytes,
        ring_bytes=cost.ram.window,
        scratch_bytes=cost.ram.scratch,
        object_bytes=cost.ram.objects,
        total_bytes=cost.ram.total,
    )


def _at_most(seen: int, hours: float) -> float | None:
    return highest_rate(seen, hours) if hours else None


def _row(threshold: int, c: Count, chosen: int) -> WakeRow:
    share = at_confidence(threshold)
    return WakeRow(share, c.talk_rate, c.noise_rate, c.missed_share, threshold == chosen)


def _settings(woken: Woken) -> Iterator[str]:
    window, choice = woken.model.window, woken.choice
    rate = window.rate_mhz / 1000
    hop = window.hop / rate
    yield f"a window of {window.length / rate:.3g} s, every {1000 * hop:.3g} ms"
    if choice.windows > 1:
        yield f"the mean of {choice.windows} windows"
    yield f"an event from a confidence of {at_confidence(choice.threshold):.1%} on"
    yield f"after an event none for {choice.hold_off * hop:.2g} s"


def wake_notes(figures: WakeFigures) -> list[str]:
    """What one should know about a keyword and is no fault."""
    f = figures
    if f.networks == 1:
        return []
    return [
        f"the threshold was chosen by {f.networks} networks that each left out some of the groups "
        "of the training part; the model has learned from all of them"
    ]


def wake_warnings(figures: WakeFigures) -> list[str]:
    """What makes a keyword less than was wanted."""
    f, found = figures, []
    if not f.kept:
        found.append(
            f"no threshold keeps {f.wish:g} false accepts an hour: {f.tuning.rate:.2g} are left. "
            "Record more other words, and more people"
        )
    if f.tuning.missed_share > 0.3:
        found.append(
            f"at this threshold, {f.tuning.missed_share:.0%} of the utterances are missed: record "
            "the word and other words by more people, or allow more (--false-accepts)"
        )
    if f.words_at_most and f.words_at_most > max(10 * f.wish, f.wish + 3):
        found.append(
            f"the test has {f.tested_on.talk_hours * 60:.0f} minutes of other words: "
            f"up to {f.words_at_most:.2g} false accepts an hour of talk are not ruled out. "
            "Record more other words of the test groups"
        )
    return found
