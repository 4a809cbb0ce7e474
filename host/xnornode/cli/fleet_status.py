"""`xnornode fleet status`: the table of all nodes."""

import argparse
import json
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import asdict
from textwrap import fill

from xnornode.cli.broker_options import connected, make_broker, settings_of
from xnornode.cli.fleet_push import targets
from xnornode.cli.fleet_table import table_lines
from xnornode.cli.output import LiveTable, say, show_field, show_lines, terminal_width
from xnornode.fleet.rollout import HALTED, RUNNING
from xnornode.fleet.rollout_start import nobody
from xnornode.fleet.shown import shown
from xnornode.fleet.status import rollout_facts, row_of
from xnornode.fleet.view import FleetView, NodeView
from xnornode.link.mqtt_topics import Topics

EACH = 2.0
"""Seconds between two tables."""


def run_status(options: argparse.Namespace) -> int:
    """`xnornode fleet status`. Raises XnorNodeError."""
    if options.watch and options.json:
        options.wrong_usage("--watch shows a table: leave out --json, and call it again and again")
    settings = settings_of(options)
    broker, topics = make_broker(settings), Topics(settings.prefix)
    view, width = FleetView(broker, topics, lines=True), terminal_width()
    patterns = options.to or ["*"]
    with connected(settings, broker):
        view.settle()
        nodes = targets(options, view, settings) if options.to else view.named(patterns)
        if options.json:
            print(json.dumps(_facts(view, nodes)))
            return 0
        if options.watch:
            _watch(view, patterns)
            return 0
        if nodes:
            show_lines(table_lines([row_of(view, node) for node in nodes], width))
        else:
            say(f"{nobody(settings.user)}: {settings.where}, topics {settings.prefix}/")
        for text in _notes(view, nodes):
            say(text if width is None else fill(text, max(width - 10, 40)))
        for rollout in view.rollouts.values():
            if rollout.state in (RUNNING, HALTED):
                show_field(f"roll-out {rollout.id}", describe(rollout_facts(view, rollout)), 18)
    return 0


def _watch(view: FleetView, patterns: list[str]) -> None:
    """Show the table until Ctrl-C; what needs a look comes first, as a screen may be too small."""
    with suppress(KeyboardInterrupt), LiveTable((), ()) as table:
        while True:
            rows = [row_of(view, node) for node in view.named(patterns)]
            rows.sort(key=lambda row: not row.trouble)
            table.show_lines(table_lines(rows, terminal_width()))
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


def describe(facts: dict[str, object]) -> str:
    """A roll-out on one line."""
    stages = facts["stages"]
    assert isinstance(stages, list)
    text = f"{facts['name']}, revision {facts['revision']}: {facts['state']}, stage "
    text += f"{facts['stage']} of {len(stages)}, {facts['updated']} of {facts['nodes']} nodes"
    return text + (f"; {facts['why']}" if facts["why"] else "")
