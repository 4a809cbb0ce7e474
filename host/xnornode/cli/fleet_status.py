"""`xnornode fleet status`: the table of all nodes."""

import argparse
import json
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import asdict

from xnornode.cli.broker_options import connected, make_broker, settings_of
from xnornode.cli.output import LiveTable, say, show_field, show_table
from xnornode.fleet.rollout import HALTED, RUNNING
from xnornode.fleet.shown import shown
from xnornode.fleet.status import Row, rollout_facts, row_of
from xnornode.fleet.view import FleetView, NodeView
from xnornode.link.mqtt_topics import Topics

HEADS = ("node", "board", "library", "model", "rev", "rate", "lost", "seen", "update", "trouble")
LEFT = ("node", "board", "library", "model", "update", "trouble")
EACH = 2.0
"""Seconds between two tables."""


def run_status(options: argparse.Namespace) -> int:
    """`xnornode fleet status`. Raises XnorNodeError."""
    if options.watch and options.json:
        options.wrong_usage("--watch shows a table: leave out --json, and call it again and again")
    settings = settings_of(options)
    broker, topics = make_broker(settings), Topics(settings.prefix)
    view = FleetView(broker, topics)
    patterns = options.to or ["*"]
    with connected(settings, broker):
        view.settle()
        nodes = view.named(patterns)
        if options.json:
            print(json.dumps(_facts(view, nodes)))
            return 0
        if options.watch:
            _watch(view, patterns)
            return 0
        if nodes:
            show_table(HEADS, _lines(view, nodes), LEFT)
        else:
            say(f"no node has been on the broker {settings.where} below {settings.prefix}")
        for text in _notes(view, nodes):
            say(text)
        for rollout in view.rollouts.values():
            if rollout.state in (RUNNING, HALTED):
                show_field(f"roll-out {rollout.id}", describe(rollout_facts(view, rollout)), 18)
    return 0


def _watch(view: FleetView, patterns: list[str]) -> None:
    """Show the table until Ctrl-C; what needs a look comes first, as a screen may be too small."""
    with suppress(KeyboardInterrupt), LiveTable(HEADS, LEFT) as table:
        while True:
            rows = [row_of(view, node) for node in view.named(patterns)]
            table.show([_line(row) for row in sorted(rows, key=lambda row: not row.trouble)])
            time.sleep(EACH)


def _facts(view: FleetView, nodes: list[NodeView]) -> dict[str, object]:
    return {
        "nodes": [asdict(row_of(view, node)) for node in nodes],
        "gateways": [
            {
                "gateway": gateway.name,
                "there": gateway.online,
                "native": bool(gateway.state and gateway.state.native),
                "nodes": gateway.state.count if gateway.state else 0,
                "trouble": list(gateway.state.trouble) if gateway.state else [],
            }
            for gateway in view.gateways.values()
        ],
        "rollouts": [rollout_facts(view, each) for each in view.rollouts.values()],
    }


def _notes(view: FleetView, nodes: list[NodeView]) -> Iterator[str]:
    """What will not happen, and what gateways say."""
    without = [node for node in nodes if not view.updated_by(node)]
    if without:
        yield (
            f"no gateway is there to put models on {len(without)} of {len(nodes)} nodes: start "
            "`xnornode gateway`, with `native = true` for nodes that speak MQTT themselves"
        )
    for gateway in view.gateways.values():
        for text in gateway.state.trouble if gateway.state else ():
            yield f"gateway {gateway.name}: {shown(text)}"
    for topic, why in view.problems.items():
        yield f"{topic} is not understood: {shown(why)}"


def _lines(view: FleetView, nodes: list[NodeView]) -> list[tuple[str, ...]]:
    return [_line(row_of(view, node)) for node in nodes]


def _line(row: Row) -> tuple[str, ...]:
    update = row.update
    if update == "DOWNLOADING":
        update += f" {row.progress} %"
    if row.latest and update not in ("DOWNLOADING", "DOWNLOADED", "VERIFIED"):
        update = f"{update}; to have {row.latest}".lstrip("; ")
    return (
        row.node,
        row.board,
        row.library,
        row.model,
        "" if row.revision is None else str(row.revision),
        "" if row.rate is None else f"{row.rate:.3g}/s",
        str(row.lost),
        ago(row.seen),
        update,
        row.trouble,
    )


def ago(milliseconds: int | None) -> str:
    """How long ago something was.

    Examples
    --------
    >>> ago(5000), ago(7_200_000), ago(None)
    ('5 s', '2 h', '')
    """
    if milliseconds is None:
        return ""
    seconds = milliseconds // 1000
    for size, unit in ((86400, "d"), (3600, "h"), (60, "min")):
        if seconds >= size:
            return f"{seconds // size} {unit}"
    return f"{seconds} s"


def describe(facts: dict[str, object]) -> str:
    """A roll-out on one line."""
    stages = facts["stages"]
    assert isinstance(stages, list)
    text = f"{facts['name']}, revision {facts['revision']}: {facts['state']}, stage "
    text += f"{facts['stage']} of {len(stages)}, {facts['updated']} of {facts['nodes']} nodes"
    return text + (f"; {facts['why']}" if facts["why"] else "")
