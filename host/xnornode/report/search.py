"""What a search found, as rows of a table, as JSON, and as the first part of an HTML page."""

import json
from collections.abc import Sequence
from dataclasses import asdict
from html import escape
from typing import Any

from xnornode.model_search.halving import SearchResult, Trial, pareto
from xnornode.report.charts import scatter
from xnornode.report.html import table
from xnornode.report.html import to_html as report_html
from xnornode.report.metrics import Report
from xnornode.report.units import time

FORMAT = "xnornode-search-1"
HEADS = ("accuracy", "bytes", "time", "RAM", "epochs", "network")


def choice(found: SearchResult) -> str:
    """What the choice was made by, after "chosen by"."""
    count = len(found.trials)
    return (
        f"{found.best.accuracy:.1%} of {found.validation:,} in the validation part, "
        f"the best of {count} {'network' if count == 1 else 'networks'}: of new data expect less. "
        "Then trained on all but the test part"
    )


def to_json(found: SearchResult, report: Report) -> str:
    """All figures as JSON, its keys in order; numbers are not rounded. `report` is the winner's."""
    b = found.budget
    content = {
        "format": FORMAT,
        "budget": {
            "bytes": b.bytes,
            "milliseconds": b.milliseconds,
            "ram": b.ram,
            "chip": b.chip.name,
        },
        "validation": {"count": found.validation, "held_out": found.held_out},
        "trials": [_plain(trial) for trial in found.trials],
        "front": [trial.candidate.number for trial in found.front],
        "best": found.best.candidate.number,
        "failed": [{"number": c.number, "error": text} for c, text in found.failed],
        "refused": found.refused,
        "accuracy": found.accuracy,
        "report": asdict(report),
    }
    return json.dumps(content, indent=2, allow_nan=False) + "\n"


def _plain(trial: Trial) -> dict[str, Any]:
    c = trial.candidate
    return {
        "number": c.number,
        "encoder": c.encoder,
        "layers": c.layers,
        "epochs": trial.epochs,
        "accuracy": trial.accuracy,
        "bytes": c.cost.bytes,
        "microseconds": c.cost.microseconds,
        "ram": c.cost.ram,
        "seconds": trial.seconds,
    }


def to_html(found: SearchResult, report: Report) -> str:
    """One page: the winner's report, and before its details the search."""
    return report_html(report, [("What fits the budget", _section(found))])


def _section(found: SearchResult) -> str:
    b = found.budget
    plots = [
        _plot(found, "bytes of the model", [t.cost.bytes for t in found.trials], b.bytes),
        _plot(
            found,
            f"ms, estimated on {b.chip.name}",
            [t.cost.microseconds / 1000 for t in found.trials],
            b.milliseconds,
        ),
    ]
    caption = (
        "A dot per network that was tried, the line is the Pareto front, the ring is the one that "
        "was chosen, the dashed line the budget. Those with fewer epochs went no further."
    )
    held = f" ({', '.join(found.held_out)})" if len(found.held_out) <= 12 else ""
    about = (
        f"Budget: {b}. Chosen by {choice(found)}. The validation part{held} is of the training "
        "data; the test part was asked once, for the chosen network alone."
    )
    rows = (
        (network, *(text.replace(" ", "\u00a0") for text in figures))
        for *figures, network in map(row, found.front)
    )
    return (
        f'<p class="soft">{escape(about)}</p>'
        + "".join(f'<div class="wide">{plot}</div>' for plot in plots)
        + f'<p class="soft">{caption}</p>'
        + table((HEADS[-1], *HEADS[:-1]), rows)
    )


def _plot(found: SearchResult, axis: str, costs: Sequence[float], limit: float | None) -> str:
    cost_of = dict(zip((t.candidate.number for t in found.trials), costs, strict=True))
    points = [
        (cost, t.accuracy, f"{t.accuracy:.1%}, {cost:,.4g} {axis}, {t.candidate.network}")
        for t, cost in zip(found.trials, costs, strict=True)
    ]
    front = pareto(found.trials, lambda t: (cost_of[t.candidate.number],))
    at = [found.trials.index(trial) for trial in front]
    return scatter(points, at, found.trials.index(found.best), limit, axis, f"accuracy over {axis}")


def row(trial: Trial) -> tuple[str, ...]:
    """A network's cells in a table with HEADS."""
    cost = trial.cost
    return (
        f"{trial.accuracy:.1%}",
        f"{cost.bytes:,}",
        time(cost.microseconds),
        f"{cost.ram:,}",
        str(trial.epochs),
        trial.candidate.network,
    )
