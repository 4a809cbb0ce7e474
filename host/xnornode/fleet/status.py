"""The table of a fleet: one row a node, for people and programs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from xnornode.fleet.hour_items import Past
from xnornode.fleet.rollout import Rollout
from xnornode.fleet.shown import shown
from xnornode.fleet.view import FleetView, NodeView, now_ms

DRIFTED = 1000
"""Thousandths of the bound from which on a node's features have drifted."""
HOURS = 3600_000
LONGEST = 1000
"""Characters of all that is the trouble with a node."""
MEASURED = 2
"""Predictions behind the first one that make a rate."""


@dataclass(frozen=True)
class Row:
    """One node, as `xnornode fleet status` shows it.

    Parameters
    ----------
    node : str
        Its name.
    there : bool
        Whether it is there, and who carries it.
    board, library, firmware : str
        What it is, and the versions that it has; empty if unknown.
    model, sha256 : str
        Name and SHA-256 of the model that it runs; empty if unknown.
    revision : int or None
        Of this model.
    rate : float or None
        Predictions a second, over the last minute; before the node's state has it, as they come.
    lost, damaged, restarts : int
        As in `state`.
    seen : int or None
        Milliseconds since a line of it came: by its last state, which comes once a minute, or by
        what came while this program looks; None if neither is known.
    answer : str
        Of its last prediction.
    trouble : str
        What needs a look; empty if nothing does.
    update : str
        The state of its update; empty if there is none.
    progress : int
        Per cent of it.
    error : str
        Why it failed.
    latest : str
        The model that it should have, where it is another one: name and revision.
    rollout : str
        ID of the roll-out that this belongs to.
    gateway : str
        Who carries it; empty if it speaks MQTT itself.
    drift : int or None
        Thousandths of the bound.
    """

    node: str
    there: bool
    board: str
    library: str
    firmware: str
    model: str
    revision: int | None
    sha256: str
    rate: float | None
    lost: int
    damaged: int
    restarts: int
    seen: int | None
    answer: str
    trouble: str
    update: str
    progress: int
    error: str
    latest: str
    rollout: str
    gateway: str
    drift: int | None


def row_of(view: FleetView, node: NodeView, now: int | None = None) -> Row:
    """The row of a node.

    Parameters
    ----------
    view : FleetView
        What the broker says.
    node : NodeView
        One of its nodes.
    now : int, optional
        Milliseconds since 1970; default: the time.

    Returns
    -------
    Row
        What is known.
    """
    now = now_ms() if now is None else now
    state, update, latest = node.state, node.update, node.latest
    model, last = (state.model, state.last) if state else (None, None)
    said = (state.seen or state.time) if state else None
    seen = max(node.heard or 0, said or 0)
    wants = latest if latest and latest.sha256 != node.sha256 else None
    return Row(
        node=node.name,
        there=view.there(node),
        board=shown(state.machine or "") if state else "",
        library=shown(state.library or "") if state else "",
        firmware=shown(state.firmware or "") if state else "",
        model=shown(model.name or "") if model else "",
        revision=model.revision if model else None,
        sha256=node.sha256,
        rate=_rate(node),
        lost=state.lost if state else 0,
        damaged=state.damaged if state else 0,
        restarts=state.restarts if state else 0,
        seen=max(0, now - seen) if seen else None,
        answer=shown(last.answer or last.label) if last else "",
        trouble=shown(_trouble(view, node), LONGEST),
        update=update.state if update else "",
        progress=update.progress if update else 0,
        error=shown(update.error) if update else "",
        latest=f"{shown(wants.name)}, revision {wants.revision}" if wants else "",
        rollout=shown(latest.rollout or "") if latest else "",
        gateway=shown(state.gateway or "") if state else "",
        drift=state.drift if state else None,
    )


def _rate(node: NodeView) -> float | None:
    """Predictions a second; None if none are measured yet, although some come."""
    said = node.state.rate_mhz if node.state else 0
    if said or node.began is None:
        return said / 1000 if node.state else None
    took = (node.heard or 0) - node.began
    return 1000 * node.counted / took if node.counted >= MEASURED and took > 0 else None


def _trouble(view: FleetView, node: NodeView) -> str:
    state, update, found = node.state, node.update, []
    if node.online and not view.there(node):
        found.append(f"its gateway {state.gateway if state else ''} is away")
    elif not node.online:
        found.append("away")
    found += [f"its {kind} is not understood: {why}" for kind, why in node.problems.items()]
    if update and update.state == "FAILED":
        found.append(f"not updated ({update.error}): {update.message}".rstrip(": "))
    if state and state.trouble:
        found.append(state.trouble)
    if state and state.drift is not None and state.drift >= DRIFTED:
        moved = f" ({', '.join(state.moved)})" if state.moved else ""
        found.append(f"its features have drifted{moved}")
    return "; ".join(found)


def hour_figures(past: Past, now: int | None = None, count: int = 24) -> dict[str, Any]:
    """What a node saw in the last hours, in one: its mix of labels and mean confidence.

    Parameters
    ----------
    past : Past
        From `hour`.
    now : int, optional
        Milliseconds since 1970; default: the time.
    count : int, default 24
        Hours before now that count.

    Returns
    -------
    dict
        `predictions`; `labels`: from each to its share, the largest first; `confidence` in
        thousandths, or None; `unknown`: the share of answers that are unknown; `drift`, or None.

    Examples
    --------
    >>> from xnornode.fleet.hour_items import Hour
    >>> hour_figures({(0, ""): Hour(4, {"walk": 3, "unknown": 1})}, now=0)["labels"]
    {'walk': 0.75, 'unknown': 0.25}
    """
    now = now_ms() if now is None else now
    hours = [hour for (start, _), hour in past.items() if start > now - (count + 1) * HOURS]
    labels: dict[str, int] = {}
    for hour in hours:
        for label, times in hour.labels.items():
            labels[label] = labels.get(label, 0) + times
    total, said = sum(labels.values()), sum(hour.said for hour in hours)
    largest = sorted(labels.items(), key=lambda each: (-each[1], each[0]))
    drifts = [hour.drift for hour in hours if hour.drift is not None]
    return {
        "predictions": sum(hour.predictions for hour in hours),
        "labels": {label: times / total for label, times in largest} if total else {},
        "confidence": round(sum(hour.sure for hour in hours) / said) if said else None,
        "unknown": labels.get("unknown", 0) / total if total else 0.0,
        "drift": max(drifts, default=None),
    }


def rollout_facts(view: FleetView, rollout: Rollout) -> dict[str, Any]:
    """A roll-out for people and programs.

    Parameters
    ----------
    view : FleetView
        What the broker says.
    rollout : Rollout
        One of its roll-outs.

    Returns
    -------
    dict
        `id`, `name`, `revision`, `sha256`, `state`, `why`, `stage` (from 1), `stages` (counts of
        nodes), `updated` (count), `nodes` (count), `failed`, `since`, `wait`, `beat`, `time`.
    """
    updated = sum(
        1 for name in rollout.nodes if (node := view.nodes.get(name)) and _runs(node, rollout)
    )
    return {
        "id": rollout.id,
        "name": rollout.name,
        "revision": rollout.revision,
        "sha256": rollout.sha256,
        "state": rollout.state,
        "why": rollout.why,
        "stage": rollout.stage + 1,
        "stages": [len(stage) for stage in rollout.stages],
        "updated": updated,
        "nodes": len(rollout.nodes),
        "failed": rollout.failed,
        "since": rollout.since,
        "wait": rollout.wait,
        "beat": rollout.beat,
        "time": rollout.time,
    }


def _runs(node: NodeView, rollout: Rollout) -> bool:
    return node.sha256 == rollout.sha256
