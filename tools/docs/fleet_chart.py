"""How a fleet's parts grow with its nodes, as an SVG for the docs.

python -m tools.bench.fleet --json tools/bench/fleet.json   measures
python -m tools.docs.fleet_chart                            draws docs/images/fleet-scale.svg
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Sequence
from math import log10
from typing import Any

from tools.firmware.sources import ROOT
from xnornode.report.charts import text

FIGURES = ROOT / "tools" / "bench" / "fleet.json"
PICTURE = ROOT / "docs" / "images" / "fleet-scale.svg"
WIDTH, HEIGHT, PANEL = 760, 320, 330
LEFT, TOP, BOTTOM = 56, 40, 270
APART = 14.0  # between two names
PARTS = {"gateway": "gateway", "broker": "broker", "nodes": "all nodes", "counter": "subscriber"}
STYLE = """
text { font: 13px system-ui, 'DejaVu Sans', sans-serif; fill: #333 }
.title { font-weight: 600 } .small { font-size: 12px; fill: #666 }
.grid { stroke: #ddd } polyline { fill: none; stroke-width: 2 }
.gateway { stroke: #b3391f } .broker { stroke: #1f6fb3 } .nodes { stroke: #777 }
.counter { stroke: #2e8540 } circle { fill: #fff; stroke-width: 2 }
.of-gateway { fill: #b3391f } .of-broker { fill: #1f6fb3 } .of-nodes { fill: #777 }
.of-counter { fill: #2e8540 } .paper { fill: #fff }
"""


def chart(figures: dict[str, Any]) -> str:
    """The picture of what `tools.bench.fleet --json` has written."""
    runs = sorted(figures["runs"], key=lambda run: run["nodes"])
    panels = [
        (
            "CPU, per cent of a core",
            {part: [max(0.1, 100 * run["cpu"][part]) for run in runs] for part in PARTS},
            (0.1, 1.0, 10.0, 100.0),
        ),
        (
            "memory, MiB",
            {part: [run["end"][part]["own"] for run in runs] for part in PARTS},
            (1.0, 10.0, 100.0),
        ),
    ]
    nodes = [run["nodes"] for run in runs]
    parts = [f'<rect class="paper" width="{WIDTH}" height="{HEIGHT}"/>']
    for number, (title, lines, marks) in enumerate(panels):
        parts += _panel(LEFT + number * (PANEL + 44), title, nodes, lines, marks)
    said = f"{figures['machine']}; 1 prediction a second of each node; both axes are logarithmic"
    parts.append(text(WIDTH / 2, HEIGHT - 8, said, "middle", "small"))
    head = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" role="img"'
    name = "CPU and memory of gateway, broker, nodes and subscriber over the number of nodes"
    body = "\n".join(parts)
    return f'{head} aria-label="{name}">\n<style>{STYLE}</style>\n{body}\n</svg>\n'


def _panel(
    left: float,
    title: str,
    nodes: Sequence[int],
    lines: dict[str, list[float]],
    marks: Sequence[float],
) -> list[str]:
    """One diagram."""
    right = left + PANEL - 90
    x = _scale(nodes[0], nodes[-1], left, right)
    y = _scale(marks[0], marks[-1], BOTTOM, TOP)
    parts = [text(left, TOP - 18, title, "start", "title")]
    for mark in marks:
        parts.append(f'<path class="grid" d="M{left:.1f} {y(mark):.1f}H{right:.1f}"/>')
        parts.append(text(left - 6, y(mark) + 4, f"{mark:g}", "end", "small"))
    for count in nodes:
        parts.append(text(x(count), BOTTOM + 18, f"{count:,}", "middle", "small"))
    named = BOTTOM + APART
    for part in sorted(lines, key=lambda part: lines[part][-1]):
        points = [(x(count), y(v)) for count, v in zip(nodes, lines[part], strict=True)]
        path = " ".join(f"{a:.1f},{b:.1f}" for a, b in points)
        parts.append(f'<polyline class="{part}" points="{path}"/>')
        parts += [f'<circle class="{part}" cx="{a:.1f}" cy="{b:.1f}" r="3"/>' for a, b in points]
        named = min(points[-1][1] + 4, named - APART)
        parts.append(text(right + 8, named, PARTS[part], "start", f"of-{part}"))
    return parts


def _scale(low: float, high: float, first: float, last: float) -> Callable[[float], float]:
    """Where a value is on a logarithmic axis."""
    size = (last - first) / log10(high / low)
    return lambda value: first + size * log10(value / low)


def main() -> int:
    """Exit status: 0."""
    PICTURE.write_text(chart(json.loads(FIGURES.read_text())))
    print(PICTURE.relative_to(ROOT))
    return 0


if __name__ == "__main__":
    sys.exit(main())
