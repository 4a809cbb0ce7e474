"""What a keyword comes to: as text, as JSON, and as an HTML page."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from math import ceil, log10
from textwrap import wrap
from typing import Any

from xnornode._words import few
from xnornode.cost.estimate import estimate
from xnornode.events.wake_counting import Count, at_confidence, highest_rate
from xnornode.model.spectrum import Spectrum
from xnornode.recipes.wake import Part, Woken, ring_bytes
from xnornode.report.accuracy import wilson
from xnornode.report.charts import WIDTH, Svg, svg, text
from xnornode.report.html import to_html as report_html
from xnornode.report.metrics import Report
from xnornode.report.pictures import Pictures
from xnornode.report.text import to_text as report_text

FORMAT = "xnornode-wake-1"
COLUMNS = 80
INDENT = 12
HEADS = ("threshold", "false/h, words", "false/h, noise", "missed")
LEAST_RATE = 0.1
"""False accepts an hour at the left end of the chart, where none are drawn."""


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
    model_bytes, ring_bytes, scratch_bytes, total_bytes : int
        The model's file; the levels and the frame of samples that a node keeps; what it works in;
        and all of them.
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
    cost, ring = estimate(woken.model), ring_bytes(woken.model)
    scratch = cost.ram.scratch - _levels(woken)
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
        ring_bytes=ring,
        scratch_bytes=scratch,
        total_bytes=cost.file_bytes + ring + scratch,
    )


def _at_most(seen: int, hours: float) -> float | None:
    return highest_rate(seen, hours) if hours else None


def _levels(woken: Woken) -> int:
    """Bytes of levels in the scratch of a whole window, which a ring of them replaces."""
    f, window = woken.model.features, woken.model.window
    return f.frames(window.length) * f.bands if isinstance(f, Spectrum) else 0


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


def _field(name: str, said: str) -> list[str]:
    line = f"{name:<{INDENT}}{said}"
    return wrap(line, COLUMNS, subsequent_indent=" " * INDENT, break_on_hyphens=False)


def _lines(f: WakeFigures) -> Iterator[tuple[str, str]]:
    """Names and texts of what was found."""
    low, high = f.missed_interval
    t, part = f.test, f.tested_on
    yield "wakes", f"at {f.word!r}: {'; '.join(f.settings)}"
    yield (
        "missed",
        f"{t.missed_share:.1%} of {t.words:,} utterances, {part.words} recordings in noise; "
        f"95 % interval {low:.1%} to {high:.1%}",
    )
    yield "repeated", f"{t.repeated} events more than one for an utterance"
    if f.words_at_most is not None:
        yield (
            "other words",
            f"{t.talk_rate:.2g} false accepts an hour: {t.talk} in {t.talk_hours:.2g} h of words "
            f"one after the other, {part.others:,} recordings of "
            f"{60 * part.talk_hours:.0f} minutes again and again. At most "
            f"{f.words_at_most:.2g} with 95 % probability",
        )
    if f.noise_at_most is not None:
        given = f"{60 * part.given_hours:.0f} minutes given" if part.given_hours else "all made"
        yield (
            "noise",
            f"{t.noise_rate:.2g} false accepts an hour: {t.noise} in {t.noise_hours:.2g} h of "
            f"noise, {given}. At most {f.noise_at_most:.2g} with 95 % probability",
        )
    if f.mistaken:
        yield "woken by", few([f"{name} ({n})" for name, n in f.mistaken])
    yield (
        "in all",
        f"{f.total_bytes:,} bytes of a node: model {f.model_bytes:,}, levels and samples "
        f"{f.ring_bytes:,}, scratch {f.scratch_bytes:,}",
    )


def curve_table(rows: Sequence[WakeRow]) -> tuple[tuple[str, ...], list[tuple[str, ...]]]:
    """Heads and rows of a table of thresholds; * marks the chosen one."""
    cells: list[tuple[str, ...]] = [
        (
            f"{'*' if r.chosen else ''}{r.threshold:.2%}",
            f"{r.words_per_hour:.2f}",
            f"{r.noise_per_hour:.2f}",
            f"{r.missed:.1%}",
        )
        for r in rows
    ]
    return HEADS, cells


def to_text(figures: WakeFigures, report: Report) -> str:
    """The figures for a terminal, then the report of single windows.

    Parameters
    ----------
    figures : WakeFigures
        Of the keyword.
    report : Report
        Of its windows.

    Returns
    -------
    str
        Lines of at most 80 characters, each with its newline.
    """
    lines = [line for name, said in _lines(figures) for line in _field(name, said)]
    for title, rows in (
        ("false accepts an hour against misses, on the test part", figures.test_curve),
        ("the same on what chose the threshold", figures.tuning_curve),
    ):
        heads, cells = curve_table(rows)
        lines += ["", f"{title} (* the chosen threshold)"]
        widths = [max(map(len, column)) for column in zip(heads, *cells, strict=True)]
        for row in (heads, *cells):
            lines.append("  ".join(f"{cell:>{w}}" for cell, w in zip(row, widths, strict=True)))
    return "\n".join([*lines, "", "single windows of the test part", "", report_text(report)])


def to_json(figures: WakeFigures, report: Report) -> str:
    """All figures as JSON.

    Parameters
    ----------
    figures : WakeFigures
        Of the keyword.
    report : Report
        Of its windows.

    Returns
    -------
    str
        Keys in the order of docs/guides/wake.md; numbers are not rounded.
    """
    content = {"format": FORMAT, "wake": _plain(figures), "report": asdict(report)}
    return json.dumps(content, indent=2, allow_nan=False) + "\n"


def _plain(f: WakeFigures) -> dict[str, Any]:
    plain = asdict(f)
    for name, c in (("tuning", f.tuning), ("test", f.test)):
        rates = {"talk_rate": c.talk_rate, "noise_rate": c.noise_rate}
        plain[name] |= {**rates, "missed_share": c.missed_share}
    return plain


def to_html(figures: WakeFigures, report: Report, pictures: Pictures | None = None) -> str:
    """One page: the keyword's figures and curve, then the report of single windows.

    Parameters
    ----------
    figures : WakeFigures
        Of the keyword.
    report : Report
        Of its windows.
    pictures : Pictures, optional
        As of `xnornode.report.html.to_html`.

    Returns
    -------
    str
        The page, one file without scripts and external files.

    Raises
    ------
    XnorNodeError
        Jinja2 is not installed.
    """
    shown = {
        "wake": figures,
        "found": list(_lines(figures)),
        "chart": _chart(figures),
        "tables": [curve_table(figures.test_curve), curve_table(figures.tuning_curve)],
    }
    return report_html(report, "wake.html", pictures, **shown)


def _chart(f: WakeFigures) -> Svg:
    """Misses over false accepts an hour, of the kind that has more; rings are what was chosen."""
    height, left, right, top, bottom = 300, 52, 90, 20, 44
    rates = [max(r.words_per_hour, r.noise_per_hour) for r in (*f.test_curve, *f.tuning_curve)]
    last = max(1.0, log10(max(10.0, *rates)))
    first = log10(LEAST_RATE)

    def x(rate: float) -> float:
        at = max(first, log10(rate)) if rate > 0 else first
        return left + (WIDTH - left - right) * (at - first) / (last - first)

    def y(missed: float) -> float:
        return top + (height - top - bottom) * (1 - missed)

    parts = []
    for share in (0.0, 0.25, 0.5, 0.75, 1.0):
        line = f'x1="{left}" x2="{WIDTH - right}" y1="{y(share):.1f}" y2="{y(share):.1f}"'
        parts.append(f'<line class="grid" {line}/>')
        parts.append(text(left - 8, y(share) + 4, f"{share:.0%}", "end", "small"))
    parts.append(text(left, top - 7, "missed", "start", "small"))
    for power in range(ceil(first), int(last) + 1):
        said = "0" if power == first else f"{10.0**power:g}"
        parts.append(text(x(10.0**power), height - bottom + 18, said, "middle", "small"))
    axis = "false accepts an hour"
    parts.append(text((left + WIDTH - right) / 2, height - 6, axis, "middle", "small"))
    wish = f'x1="{x(f.wish):.1f}" x2="{x(f.wish):.1f}" y1="{top}" y2="{height - bottom}"'
    parts.append(f'<line class="mark" {wish}><title>wanted at most</title></line>')
    for name, style, rows in (("choice", "one", f.tuning_curve), ("test", "two", f.test_curve)):
        at = [(x(max(r.words_per_hour, r.noise_per_hour)), y(r.missed), r) for r in rows]
        points = " ".join(f"{a:.1f},{b:.1f}" for a, b, _ in at)
        parts.append(f'<polyline class="line {style}" points="{points}"/>')
        for a, b, r in at:
            said = f"{name}: {r.words_per_hour:.2f} and {r.noise_per_hour:.2f} an hour, "
            said += f"{r.missed:.1%} missed"
            dot = f'cx="{a:.1f}" cy="{b:.1f}"'
            parts.append(f'<circle class="dot {style}" {dot} r="3"><title>{said}</title></circle>')
            if r.chosen:
                parts.append(f'<circle class="line {style}" {dot} r="8"/>')
        parts.append(text(at[-1][0] + 8, at[-1][1] + 4, name, "start", f"fill-{style}"))
    return svg(WIDTH, height, parts, "misses over false accepts an hour")
