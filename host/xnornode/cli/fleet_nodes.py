"""`xnornode fleet rollback`, `collect` and `clean`."""

import argparse
import time

from xnornode.cli.broker_options import connected, make_broker, settings_of
from xnornode.cli.fleet_push import targets, tell_went
from xnornode.cli.output import Progress, say, show_table
from xnornode.errors import XnorNodeError
from xnornode.fleet import rollout_start
from xnornode.fleet.models import models_there, take_back
from xnornode.fleet.rollback import roll_back
from xnornode.fleet.rollout import HALTED, RUNNING, Rollout
from xnornode.fleet.shown import shown
from xnornode.fleet.updater_push import greeted, over_broker
from xnornode.fleet.view import FleetView, NodeView
from xnornode.link.deadline import NEVER
from xnornode.link.mqtt_topics import Topics

APART = 3.0
"""Seconds between two looks at the models: a push says soon after its model what that is for."""


def run_rollback(options: argparse.Namespace) -> int:
    """`xnornode fleet rollback`. Raises XnorNodeError."""
    settings = settings_of(options)
    broker, topics = make_broker(settings), Topics(settings.prefix)
    view = FleetView(broker, topics)
    with connected(settings, broker):
        view.settle()
        nodes = targets(options, view, settings)
        # What they should have had is not to be put on them again
        told = [(topics.node(n.name, "model/latest"), b"") for n in nodes if n.latest]
        broker.publish_all(told, 30)
        if told:
            view.await_told(lambda: not any(n.latest for n in nodes), told[0][0], settings.user)
        there = _there(view, nodes)
        names, open_node = [node.name for node in there], over_broker(settings)
        left = {} if options.again else {n.name: n.update.sha256 for n in there if n.update}
        done = roll_back(open_node, names, tell=tell_went, left=left)
    if any(went.lost for went in done):
        who = (
            f"the user {settings.user}" if settings.user else "this program, without a user's name,"
        )
        say(f"may {who} write {topics.node('+', 'command/+')}? See the broker's access list")
    return 0 if len(there) == len(nodes) and not any(went.why for went in done) else 1


def _there(view: FleetView, nodes: list[NodeView]) -> list[NodeView]:
    there = [node for node in nodes if view.there(node)]
    if away := [node for node in nodes if node not in there]:
        say(f"left out, as they are away: {rollout_start.names_of(away)}")
    return there


def run_collect(options: argparse.Namespace) -> int:
    """`xnornode fleet collect`. Raises XnorNodeError."""
    from xnornode.cli.collect import account, more
    from xnornode.link.collect import LABEL, Collected, Collector

    settings = settings_of(options)
    broker, topics = make_broker(settings), Topics(settings.prefix)
    view = FleetView(broker, topics)
    with connected(settings, broker):
        view.settle()
        nodes = targets(options, view, settings)
        there = _there(view, nodes)
    status, open_node = int(len(there) < len(nodes)), over_broker(settings)
    with Progress() as progress:
        for node in there:
            name, done = node.name, Collected()

            def show(count: int, total: int, name: str = name) -> None:
                progress(count, total, f"{name}: window {count} of {total}")

            try:
                collector = Collector(
                    options.output, options.label or LABEL, name, options.forget, show
                )
                with greeted(name, open_node) as session:
                    session.stream.limit = NEVER  # each request has an end of its own
                    collector.collect(session, done)
            except XnorNodeError as error:
                status = 1
                progress.say(f"{name}: {error}")
            progress.say(f"{name}: {account(done)}{more(done)}")
    return status


def run_clean(options: argparse.Namespace) -> int:
    """`xnornode fleet clean`. Raises XnorNodeError."""
    settings = settings_of(options)
    broker, topics = make_broker(settings), Topics(settings.prefix)
    view = FleetView(broker, topics)
    with connected(settings, broker):
        view.settle_surely()
        _check_read(view, topics)  # before the models, whose bytes take their time
        first = models_there(broker, topics, view.settle_surely)
        time.sleep(APART)
        there = models_there(broker, topics, view.settle_surely)
        # Only now, as somebody may have begun a roll-out meanwhile
        _check_read(view, topics)
        kept, ended = _needed(view)
        unused = {
            sha256: size for sha256, size in there.items() if sha256 in first and sha256 not in kept
        }
        rows = [("model", sha256[:12], f"{size:,} bytes") for sha256, size in unused.items()]
        rows += [("roll-out", each.id, f"{each.name}, {each.state}") for each in ended]
        if not options.dry_run:
            take_back(broker, topics, unused)
            broker.publish_all([(topics.shared("_rollout", each.id), b"") for each in ended], 30)
    if rows:
        show_table(("what", "name", "about"), rows, left=("what", "name", "about"))
    word = "would be removed" if options.dry_run else "removed"
    say(f"{word}: {len(unused)} of {len(there)} models, {len(ended)} records of roll-outs")
    return 0


def _check_read(view: FleetView, topics: Topics) -> None:
    """Raise XnorNodeError where something cannot be read that may name a model."""
    with view.lock:
        unread = dict(view.problems)
        for node in view.nodes.values():
            if why := node.problems.get("model/latest"):
                unread[topics.node(node.name, "model/latest")] = why
    for topic, why in unread.items():
        raise XnorNodeError(f"{topic} cannot be read ({shown(why)}): nothing is removed")


def _needed(view: FleetView) -> tuple[set[str], list[Rollout]]:
    """The SHA-256 of models that somebody needs, and roll-outs that have ended."""
    with view.lock:
        kept = {node.latest.sha256 for node in view.nodes.values() if node.latest}
        ended = []
        for rollout in view.rollouts.values():
            if rollout.state in (RUNNING, HALTED):
                kept |= {latest.sha256 for latest in rollout.latest}
            else:
                ended.append(rollout)
    return kept, ended
