"""What a keyword comes to: as text, as JSON, and as an HTML page."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from math import ceil, log10
from textwrap import wrap
from typing import Any

from xnornode._words import few
from xnornode.report.charts import WIDTH, Svg, svg, text
from xnornode.report.html import to_html as report_html
from xnornode.report.metrics import Report
from xnornode.report.pictures import Pictures
from xnornode.report.text import to_text as report_text
from xnornode.report.wake_figures import WakeFigures, WakeRow

FORMAT = "xnornode-wake-1"
COLUMNS = 80
INDENT = 12
HEADS = ("threshold", "false/h, words", "false/h, noise", "missed")
LEAST_RATE = 0.1
"""False accepts an hour at the left end of the chart, where none are drawn."""


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
        again = " again and again" if t.talk_hours > 1.2 * part.talk_hours else ""
        yield (
            "other words",
            f"{t.talk_rate:.2g} false accepts an hour: {t.talk} in {t.talk_hours:.2g} h of words "
            f"one after the other, {part.others:,} recordings of {_minutes(part.talk_hours)}"
            f"{again}. At most {_short(f.words_at_most)} with 95 % probability",
        )
    if f.noise_at_most is not None:
        given = f"{_minutes(part.given_hours)} of it given" if part.given_hours else "all made"
        yield (
            "noise",
            f"{t.noise_rate:.2g} false accepts an hour: {t.noise} in {t.noise_hours:.2g} h of "
            f"noise, {given}. At most {_short(f.noise_at_most)} with 95 % probability",
        )
    if f.mistaken:
        yield "woken by", few([f"{name} ({n})" for name, n in f.mistaken])
    yield (
        "in all",
        f"{f.total_bytes:,} bytes of a node: model {f.model_bytes:,}, levels and samples "
        f"{f.ring_bytes:,}, scratch {f.scratch_bytes:,}, objects {f.object_bytes:,}",
    )


def _minutes(hours: float) -> str:
    return f"{60 * hours:.2g} minutes" if hours < 1 else f"{hours:.2g} hours"


def _short(rate: float) -> str:
    return f"{rate:.2g}" if rate < 10 else f"{rate:,.0f}"


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
