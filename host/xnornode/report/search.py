"""What a search found: as rows of a table, as JSON, and as an HTML page."""

import json
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from xnornode.model_search.search import SearchResult
from xnornode.model_search.trial import Trial, pareto
from xnornode.report.charts import Svg, scatter
from xnornode.report.html import to_html as report_html
from xnornode.report.metrics import Report
from xnornode.report.pictures import Pictures
from xnornode.report.units import time

FORMAT = "xnornode-search-1"
HEADS = ("accuracy", "bytes", "time", "RAM", "epochs", "network")


def choice(found: SearchResult) -> str:
    """What the network was chosen by, as the end of a sentence.

    Parameters
    ----------
    found : SearchResult
        The search.

    Returns
    -------
    str
        Text after "chosen by", without a full stop.
    """
    count, best = len(found.trials), found.best
    windows = sum(n for _, _, n in best.counts) or found.validation
    if found.folds > 1:
        part = f"training data left out in {found.folds} folds"
    else:
        part = "the validation part"
    so_far = " so far, as the search was stopped" if found.stopped else ""
    return (
        f"accuracy on {part}: {best.accuracy:.1%} of {windows:,}, of "
        f"{count} {'network' if count == 1 else 'networks'}{so_far}: {found.why}. Expect less on "
        "new data. After that, it was trained on all but the test part"
    )


def to_json(found: SearchResult, report: Report) -> str:
    """All figures of a search as JSON.

    Parameters
    ----------
    found : SearchResult
        The search.
    report : Report
        The winner's report.

    Returns
    -------
    str
        Keys in the order of docs/guides/search.md; numbers are not rounded.
    """
    b = found.budget
    content = {
        "format": FORMAT,
        "budget": {
            "bytes": b.bytes,
            "milliseconds": b.milliseconds,
            "ram": b.ram,
            "chip": b.chip.name,
        },
        "validation": {
            "count": found.validation,
            "held_out": found.held_out,
            "folds": found.folds,
        },
        "trials": [_plain(trial) for trial in found.trials],
        "front": [trial.candidate.number for trial in found.front],
        "best": found.best.candidate.number,
        "why": found.why,
        "stopped": found.stopped,
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
        "input": c.input,
        "layers": c.layers,
        "training": c.training,
        "default": c.kept,
        "round": trial.round,
        "epochs": trial.epochs,
        "accuracy": trial.accuracy,
        "bytes": c.cost.bytes,
        "microseconds": c.cost.microseconds,
        "ram": c.cost.ram,
        "seconds": trial.seconds,
    }


def to_html(found: SearchResult, report: Report, pictures: Pictures | None = None) -> str:
    """One page: the winner's report, and before its details the search.

    Parameters
    ----------
    found : SearchResult
        The search.
    report : Report
        The winner's report.
    pictures : Pictures, optional
        Examples, mistakes and the map of features.

    Returns
    -------
    str
        The page, one file without scripts and external files.

    Raises
    ------
    XnorNodeError
        Jinja2 is not installed.
    """
    b = found.budget
    times = [t.cost.microseconds / 1000 for t in found.trials]
    plots = [
        _plot(found, "bytes of the model", [t.cost.bytes for t in found.trials], b.bytes),
        _plot(found, f"ms, estimated on {b.chip.name}", times, b.milliseconds),
    ]
    rows = [
        (network, *(text.replace(" ", "\u00a0") for text in figures))
        for *figures, network in map(row, found.front)
    ]
    heads = (HEADS[-1], *HEADS[:-1])
    shown = {"found": found, "choice": choice(found), "plots": plots, "heads": heads, "rows": rows}
    return report_html(report, "search.html", pictures, **shown)


def _plot(found: SearchResult, axis: str, costs: Sequence[float], limit: float | None) -> Svg:
    cost_of = dict(zip((t.candidate.number for t in found.trials), costs, strict=True))
    points = [
        (cost, t.accuracy, f"{t.accuracy:.1%}, {cost:,.4g} {axis}, {t.candidate.network}")
        for t, cost in zip(found.trials, costs, strict=True)
    ]
    front = pareto(found.trials, lambda t: (cost_of[t.candidate.number],))
    at = [found.trials.index(trial) for trial in front]
    return scatter(points, at, found.trials.index(found.best), limit, axis, f"accuracy over {axis}")


def row(trial: Trial) -> tuple[str, ...]:
    """A network's row in a table.

    Parameters
    ----------
    trial : Trial
        The network.

    Returns
    -------
    tuple of str
        A cell for each of `HEADS`.
    """
    cost = trial.cost
    return (
        f"{trial.accuracy:.1%}",
        f"{cost.bytes:,}",
        time(cost.microseconds),
        f"{cost.ram:,}",
        str(trial.epochs),
        trial.candidate.network,
    )
