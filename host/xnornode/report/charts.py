"""Charts as SVG, for a page whose style sheet gives the colours by classes (`one`, `two`, ...).

Text that comes from data is escaped here, so templates take a chart as it is.
"""

from collections.abc import Callable, Sequence
from html import escape
from itertools import pairwise
from math import ceil, floor, log10

from xnornode._words import columns
from xnornode.report.units import short

WIDTH = 720
MOST_CELLS = 1000
"""Cells of a confusion matrix that are drawn: a page must open on a phone."""
PERCENT_SIDE = 36
"""Width of a cell that has room for a percentage below its count."""


class Svg(str):
    """An SVG element, which Jinja2 does not escape."""

    def __html__(self) -> str:
        return self


def line_chart(
    series: Sequence[tuple[str, str, Sequence[float]]],
    mark: int,
    title: str,
    form: str = "{:.1%}",
) -> Svg:
    """Values over epochs, none of them negative.

    Parameters
    ----------
    series : sequence of (str, str, sequence of float)
        Each line's name, its class in the style sheet, and a value for each of the epochs 1, 2, ...
    mark : int
        The epoch with a vertical line.
    title : str
        What the chart is; it stands beside the axis.
    form : str, default "{:.1%}"
        How a value is written.

    Returns
    -------
    Svg
        The chart.
    """
    height, left, right, top, bottom = 280, 52, 110, 16, 36
    values = [v for _, _, line in series for v in line]
    low, high = min(values), max(values)
    pad = max(0.01, 0.06 * (high - low))
    low, high = max(0.0, low - pad), high + pad
    if "%" in form:
        high = min(1.0, high)
    count = max(len(line) for _, _, line in series)

    def x(epoch: int) -> float:
        return left + (WIDTH - left - right) * (epoch - 1) / max(1, count - 1)

    def y(value: float) -> float:
        return top + (height - top - bottom) * (high - value) / (high - low)

    parts = _axis(low, high, y, left, WIDTH - right, "{:.0%}" if "%" in form else "{:.2g}")
    parts.append(text(left, top - 4, title.partition(" over ")[0], "start", "small"))
    for epoch in sorted({1, count, *(round(1 + (count - 1) * i / 4) for i in range(5))}):
        parts.append(text(x(epoch), height - bottom + 18, str(epoch), "middle", "small"))
    parts.append(text((left + WIDTH - right) / 2, height - 2, "epoch", "middle", "small"))
    if 1 <= mark <= count:
        line = f'{_both("x", x(mark))} y1="{top}" y2="{height - bottom}"'
        parts.append(f'<line class="mark" {line}/>')
    named: list[float] = []
    for name, style, shares in series:
        points = " ".join(f"{x(i + 1):.1f},{y(v):.1f}" for i, v in enumerate(shares))
        parts.append(f'<polyline class="line {style}" points="{points}"/>')
        parts += [
            f'<circle class="dot {style}" cx="{x(i + 1):.1f}" cy="{y(v):.1f}" r="{_radius(count)}">'
            f"<title>{escape(name)}, epoch {i + 1}: {form.format(v)}</title></circle>"
            for i, v in enumerate(shares)
        ]
        at = y(shares[-1]) + 4
        if any(abs(at - other) < 15 for other in named):
            at = named[-1] + (15 if at >= named[-1] else -15)
        named.append(at)
        said = f"{name} {form.format(shares[-1])}"
        parts.append(text(x(len(shares)) + 8, at, said, "start", f"fill-{style}"))
    return svg(WIDTH, height, parts, title)


def heat_map(labels: Sequence[str], table: Sequence[Sequence[int]], title: str) -> Svg:
    """A confusion matrix.

    Parameters
    ----------
    labels : sequence of str
        The classes.
    table : sequence of sequence of int
        A row per true class, a column per predicted class. The shade is the share of the row.
        Of a large matrix, empty cells and those with the fewest windows are not drawn.
    title : str
        What the chart is, for screen readers.

    Returns
    -------
    Svg
        The chart.
    """
    count = len(labels)
    side = max(14, min(64, (WIDTH - 160) // count))
    longest = max(map(columns, labels))
    left, top = 34 + min(150, 8 * longest), 38 + min(150, 6 * longest)
    width = count * side
    parts = [text(left + width / 2, 14, "predicted class", "middle", "small")]
    counts = sorted((n for row in table for n in row if n), reverse=True)
    sparse = count * count > MOST_CELLS
    least = counts[MOST_CELLS] + 1 if len(counts) > MOST_CELLS else 1 if sparse else 0
    if sparse:
        whole = f'x="{left}" y="{top}" width="{width}" height="{width}"'
        parts.append(f'<rect class="cell" {whole} rx="3"/>')
    turn = f'transform="rotate(-90 12 {top + width / 2:.0f})"'
    side_of = f'x="12" y="{top + width / 2:.0f}" text-anchor="middle"'
    parts.append(f'<text class="small" {side_of} {turn}>true class</text>')
    for i, (label, row) in enumerate(zip(labels, table, strict=True)):
        middle = top + i * side + side / 2
        parts.append(text(left - 8, middle + 4, short(label, 18), "end", "small"))
        at = left + i * side + side / 2
        head = f'x="{at:.1f}" y="{top - 8}" transform="rotate(-35 {at:.1f} {top - 8})"'
        parts.append(f'<text class="small" {head}>{escape(short(label, 24))}</text>')
        total = max(1, sum(row))
        for j, n in enumerate(row):
            if n < least:
                continue
            share = n / total
            style = "hit" if i == j else "miss"
            cell = f'x="{left + j * side}" y="{top + i * side}" width="{side - 2}"'
            parts.append(
                f"<g><title>{escape(label)} taken for {escape(labels[j])}: {n} of {sum(row)} "
                f"({share:.1%})</title>"
                + f'<rect class="cell" {cell} height="{side - 2}" rx="3"/>'
                * (not sparse)
                + f'<rect class="{style}" {cell} height="{side - 2}" rx="3" '
                f'fill-opacity="{share**0.7:.3f}"/>'
            )
            if n and side >= 26:
                shade = "on" if share > 0.35 else "small"
                place = left + j * side + side / 2 - 1
                lift = 4 if side >= PERCENT_SIDE else -3
                parts.append(text(place, middle - lift, str(n), "middle", shade))
                if side >= PERCENT_SIDE:
                    parts.append(text(place, middle + 11, f"{share:.0%}", "middle", shade))
            parts.append("</g>")
    if least > 1:
        said = f"Cells with fewer than {least:,} windows are not drawn."
        parts.append(text(left, top + width + 16, said, "start", "small"))
    return svg(left + width + 40, top + width + 24, parts, title)


def bars(rows: Sequence[tuple[str, float, str]], title: str) -> Svg:
    """Horizontal bars.

    Parameters
    ----------
    rows : sequence of (str, float, str)
        Each bar's name, its share of the whole width, 0 to 1, and the text behind it.
    title : str
        What the chart is, for screen readers.

    Returns
    -------
    Svg
        The chart.
    """
    step, left, right = 26, 150, 150
    parts = []
    for i, (name, share, said) in enumerate(rows):
        y = 4 + i * step
        width = (WIDTH - left - right) * max(0.0, min(1.0, share))
        shape = f'y="{y}" height="16" rx="3"'
        parts.append(text(left - 10, y + 13, short(name, 20), "end", "small"))
        parts.append(f'<rect class="cell" x="{left}" width="{WIDTH - left - right}" {shape}/>')
        parts.append(f'<rect class="bar" x="{left}" width="{max(width, 1.5):.1f}" {shape}/>')
        parts.append(text(WIDTH - right + 10, y + 13, said, "start", "small"))
    return svg(WIDTH, 8 + len(rows) * step, parts, title)


def scatter(
    points: Sequence[tuple[float, float, str]],
    front: Sequence[int],
    mark: int,
    limit: float | None,
    axis: str,
    title: str,
) -> Svg:
    """Accuracy over a cost, on a logarithmic scale.

    Parameters
    ----------
    points : sequence of (float, float, str)
        Each point's cost, its accuracy, 0 to 1, and the text that a pointer shows.
    front : sequence of int
        Indexes of the points that a line joins, by rising cost.
    mark : int
        Index of the point with a ring.
    limit : float or None
        The cost with a dashed line.
    axis : str
        The cost with its unit.
    title : str
        What the chart is, for screen readers.

    Returns
    -------
    Svg
        The chart.
    """
    height, left, right, top, bottom = 300, 52, 24, 16, 40
    costs = [p[0] for p in points] + ([limit] if limit else [])
    first, last = log10(min(costs) / 1.15), log10(max(costs) * 1.15)
    shares = [p[1] for p in points]
    pad = max(0.01, 0.06 * (max(shares) - min(shares)))
    low, high = max(0.0, min(shares) - pad), min(1.0, max(shares) + pad)

    def x(cost: float) -> float:
        return left + (WIDTH - left - right) * (log10(cost) - first) / (last - first)

    def y(share: float) -> float:
        return top + (height - top - bottom) * (high - share) / (high - low)

    parts = _axis(low, high, y, left, WIDTH - right)
    digits = (1, 2, 5) if last - first > 1 else (1, 1.5, 2, 3, 4, 5, 6, 8)
    steps = [n * 10.0**k for k in range(floor(first), ceil(last)) for n in digits]
    for cost in (c for c in steps if first <= log10(c) <= last):
        parts.append(text(x(cost), height - bottom + 18, f"{cost:,g}", "middle", "small"))
    parts.append(text((left + WIDTH - right) / 2, height - 4, axis, "middle", "small"))
    if limit:
        line = f'{_both("x", x(limit))} y1="{top}" y2="{height - bottom}"'
        parts.append(f'<line class="mark" {line}><title>the budget</title></line>')
    corners = [(x(points[i][0]), y(points[i][1])) for i in front]
    # Between two networks the smaller one is what can be had.
    stairs = [c for a, b in pairwise(corners) for c in (a, (b[0], a[1]))] + corners[-1:]
    path = " ".join(f"{a:.1f},{b:.1f}" for a, b in stairs)
    parts.append(f'<polyline class="line two" points="{path}"/>')
    best = set(front)
    for i, (cost, share, said) in sorted(enumerate(points), key=lambda p: p[0] in best):
        style, faint = ("two", "") if i in best else ("one", ' fill-opacity="0.45"')
        place = f'cx="{x(cost):.1f}" cy="{y(share):.1f}"'
        dot = f'<circle class="dot {style}" {place} r="4"{faint}><title>{escape(said)}</title>'
        parts.append(f"{dot}</circle>")
        if i == mark:
            parts.append(f'<circle class="line two" {place} r="9"/>')
    return svg(WIDTH, height, parts, title)


def _axis(
    low: float,
    high: float,
    y: Callable[[float], float],
    left: float,
    right: float,
    form: str = "{:.0%}",
) -> list[str]:
    """Five horizontal lines with their values."""
    parts = []
    for value in (low + (high - low) * i / 4 for i in range(5)):
        parts.append(f'<line class="grid" x1="{left}" x2="{right}" {_both("y", y(value))}/>')
        parts.append(text(left - 8, y(value) + 4, form.format(value), "end", "small"))
    return parts


def svg(width: float, height: float, parts: Sequence[str], title: str) -> Svg:
    """An SVG element of this size, in pixels; the title is for screen readers."""
    box = f'viewBox="0 0 {width:.0f} {height:.0f}" style="max-width:{width:.0f}px"'
    return Svg(f'<svg {box} role="img" aria-label="{escape(title)}">{"".join(parts)}</svg>')


def text(x: float, y: float, said: str, anchor: str, style: str) -> str:
    """Text at a place; anchor is start, middle or end, style a class of the style sheet."""
    place = f'x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}"'
    return f'<text class="{style}" {place}>{escape(said)}</text>'


def _both(axis: str, value: float) -> str:
    return f'{axis}1="{value:.1f}" {axis}2="{value:.1f}"'


def _radius(count: int) -> float:
    return 3 if count <= 40 else 1.5
