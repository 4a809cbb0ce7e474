"""`xnornode fleet push`, `resume` and `cancel`: roll-outs."""

import argparse
from collections.abc import Sequence
from dataclasses import replace

from xnornode.cli.broker_options import connected, make_broker, settings_of
from xnornode.cli.fleet_options import DEFAULT_STAGES
from xnornode.cli.output import say, show_field, show_table
from xnornode.errors import LinkError, ModelError, XnorNodeError
from xnornode.fleet import rollout_start
from xnornode.fleet.models import announce, publish_model
from xnornode.fleet.payloads import Latest, to_payload
from xnornode.fleet.rollback import Went, roll_back
from xnornode.fleet.rollout import CANCELLED, DONE, RUNNING, Bounds, Rollout, to_rollout
from xnornode.fleet.rollout_nodes import SETTLE_SECONDS, RolloutNodes
from xnornode.fleet.rollout_record import TakenOver
from xnornode.fleet.rollout_run import Runner, Told
from xnornode.fleet.shown import shown
from xnornode.fleet.updater_push import over_broker
from xnornode.fleet.view import FleetView, NodeView
from xnornode.link.keys import read_key
from xnornode.link.mqtt_broker import Broker
from xnornode.link.mqtt_settings import BrokerSettings
from xnornode.link.mqtt_topics import Topics


def run_push(options: argparse.Namespace) -> int:
    """`xnornode fleet push`. Raises XnorNodeError."""
    from xnornode.cost.pace import check_pace
    from xnornode.model.file_format import from_bytes
    from xnornode.model.model_file import read_model

    settings = settings_of(options)
    data = read_model(options.model)
    try:
        model = from_bytes(data)
    except ModelError as error:
        raise XnorNodeError(f"{options.model}: {error}") from error
    if options.wait < options.silence and not (options.offer or options.dry_run):
        say(
            f"warning: --wait is {options.wait} s, shorter than --silence, {options.silence} s: "
            "a stage may end before a silent node is noticed"
        )
    if not options.allow_slow:
        check_pace(model)
    key = read_key(options.key) if options.key else None
    latest = announce(data, not options.offer, key, rollout_start.new_id())
    broker, topics = make_broker(settings), Topics(settings.prefix)
    view = FleetView(broker, topics, hours=True)
    with connected(settings, broker):
        view.settle_surely()
        nodes = targets(options, view, settings)
        have = [node for node in nodes if node.sha256 == latest.sha256]
        going = rollout_start.same(view, latest.sha256, {node.name for node in nodes})
        if going and options.dry_run:
            say(f"this would go on with the roll-out {going.id}")
            _show_stages(going.stages)
            _say_left_out(nodes, going, have)
            return 0
        if going:
            say(f"going on with the roll-out {going.id}")
            if other := _not_taken(options, going):
                say(f"it has its own options; not taken: {', '.join(other)}")
            publish_model(broker, topics, data)
            status = _run(options, settings, broker, view, going)
            _say_left_out(nodes, going, have)
            return status
        nodes = [node for node in nodes if node not in have]
        if have:
            say(f"these run this very model already: {rollout_start.names_of(have)}")
        if not nodes:
            return 0
        rollout_start.check_fit(nodes, latest, model.window.channels)
        if same := [n for n in nodes if _looks_like(n, latest)]:
            say(
                f"{rollout_start.names_of(same)} have another model of the same name and revision, "
                f"{latest.name}, {latest.revision}: tables tell them apart by the SHA-256, "
                f"{latest.sha256[:8]} is the new one"
            )
        if options.offer:
            latest = replace(latest, rollout=None)
            publish_model(broker, topics, data)
            told = to_payload(latest)
            broker.publish_all([(topics.node(n.name, "model/latest"), told) for n in nodes], 30)
            topic = topics.node(nodes[0].name, "model/latest")
            view.await_told(lambda: all(_has(n, latest) for n in nodes), topic, settings.user)
            say(f"offered to {len(nodes)} nodes: Home Assistant's button installs it, or INSTALL")
            return 0
        rollout_start.check_nodes(view, nodes, say)
        bounds = _bounds(options)
        rollout = rollout_start.begin(view, nodes, latest, options.stages, options.wait, bounds)
        if options.dry_run:
            _show_stages(rollout.stages)
            _say_left_out(nodes, rollout)
            return 0
        publish_model(broker, topics, data)
        counts = ", ".join(str(len(stage)) for stage in rollout.stages)
        say(
            f"roll-out {rollout.id}: {latest.name}, revision {latest.revision}, to "
            f"{len(rollout.nodes)} nodes in stages of {counts}"
        )
        status = _run(options, settings, broker, view, rollout)
        _say_left_out(nodes, rollout)
        return status


def targets(
    options: argparse.Namespace, view: FleetView, settings: BrokerSettings
) -> list[NodeView]:
    """The nodes of --to; status 2 where one of them names none."""
    try:
        return rollout_start.targets(view, options.to, settings.user)
    except rollout_start.Unnamed as error:
        options.wrong_usage(f"--to: {error}")
        raise  # it does not come back


def _say_left_out(
    nodes: Sequence[NodeView], rollout: Rollout, have: Sequence[NodeView] = ()
) -> None:
    """Say which nodes the stages do not reach."""
    left = [node for node in nodes if node.name not in rollout.nodes and node not in have]
    if left:
        say(
            f"--stages left out {len(left)} of {len(nodes)} nodes: {rollout_start.names_of(left)}. "
            "The same push with --stages 100% goes on with them"
        )


def _looks_like(node: NodeView, latest: Latest) -> bool:
    model = node.state.model if node.state else None
    return bool(
        model
        and (model.name, model.revision) == (latest.name, latest.revision)
        and model.sha256 != latest.sha256
    )


def _not_taken(options: argparse.Namespace, going: Rollout) -> list[str]:
    """Options that differ from those that a roll-out was begun with."""
    mine, its = _bounds(options), going.bounds
    return [
        f"--{name}"
        for name, differs in (
            ("wait", options.wait != going.wait),
            ("labels", mine.labels != its.labels),
            ("failures", mine.failures != its.failures),
            ("apart", mine.apart != its.apart),
            ("silence", mine.silent != its.silent),
            ("patience", mine.patience != its.patience),
            ("stages", options.stages != DEFAULT_STAGES),
            ("key", options.key is not None),
            ("offer", options.offer),
        )
        if differs
    ]


def _has(node: NodeView, latest: Latest) -> bool:
    said = node.latest
    return said is not None and (said.sha256, said.time) == (latest.sha256, latest.time)


def _bounds(options: argparse.Namespace) -> Bounds:
    return Bounds(
        options.labels,
        options.failures,
        round(options.apart * 1000),
        options.silence * 1000,
        options.patience * 1000,
    )


def _show_stages(stages: tuple[tuple[str, ...], ...]) -> None:
    rows = [
        (str(k), str(len(stage)), ", ".join(sorted(stage))) for k, stage in enumerate(stages, 1)
    ]
    show_table(("stage", "nodes", "names"), rows, left=("names",))


def run_resume(options: argparse.Namespace) -> int:
    """`xnornode fleet resume`. Raises XnorNodeError."""
    settings = settings_of(options)
    broker, topics = make_broker(settings), Topics(settings.prefix)
    view = FleetView(broker, topics, hours=True)
    with connected(settings, broker):
        view.settle_surely()
        rollout = rollout_start.find(view, options.id)
        if rollout.state in (DONE, CANCELLED):
            raise XnorNodeError(f"the roll-out {rollout.id} is {rollout.state}: begin a new one")
        say(f"going on with the roll-out {rollout.id}, stage {rollout.stage + 1}")
        return _run(options, settings, broker, view, rollout)


def run_cancel(options: argparse.Namespace) -> int:
    """`xnornode fleet cancel`. Raises XnorNodeError."""
    settings = settings_of(options)
    broker, topics = make_broker(settings), Topics(settings.prefix)
    view = FleetView(broker, topics)
    with connected(settings, broker):
        view.settle_surely()
        rollout = rollout_start.find(view, options.id)
        if rollout.state in (DONE, CANCELLED):
            raise XnorNodeError(f"the roll-out {rollout.id} is {rollout.state} already")
        # Its runner stops before nodes are told anything else
        ended = rollout.changed(state=CANCELLED, why="cancelled")
        broker.publish_all([(topics.shared("_rollout", rollout.id), to_rollout(ended))], 30)
        broker.publish_all(RolloutNodes(view, topics, rollout).put_back(rollout), 30)
    say(f"the roll-out {rollout.id} is cancelled; nodes that have the model keep it")
    return 0


def _run(
    options: argparse.Namespace,
    settings: BrokerSettings,
    broker: Broker,
    view: FleetView,
    rollout: Rollout,
) -> int:
    """Run a roll-out to its end; the exit status. Raises XnorNodeError."""
    rollout_start.claim(view, rollout, say)
    if rollout.state != RUNNING:
        rollout = rollout.changed(forgiven=len(rollout.failed))
    runner = Runner(broker, Topics(settings.prefix), view, rollout, _tell)
    try:
        ended = runner.run()
    except KeyboardInterrupt:
        say(
            f"stopped in stage {runner.rollout.stage + 1} of {len(rollout.stages)}; its nodes get "
            f"the model all the same. `xnornode fleet resume {rollout.id}` goes on, `xnornode "
            f"fleet cancel {rollout.id}` ends it"
        )
        return 1
    except TakenOver:
        raise
    except LinkError as error:
        raise LinkError(f"{error}; `xnornode fleet resume {rollout.id}` goes on") from error
    for name, why in ended.failed.items():
        show_field(name, why)
    if ended.state == DONE:
        return 0
    if options.rollback_on_halt:
        nodes = RolloutNodes(view, Topics(settings.prefix), ended)
        if under_way := nodes.under_way(ended):
            say(
                f"waiting for {rollout_start.names_of(under_way)}, {SETTLE_SECONDS:.0f} s at most: "
                "the model was on its way there"
            )
        _take_back(settings, ended, nodes.await_settled(ended))
        return 1
    have = [n.name for n in view.named(["*"]) if n.name in ended.begun and n.sha256 == ended.sha256]
    if have:
        say(
            f"these have the new model, and keep it: {rollout_start.names_of(have)}. "
            "`xnornode fleet rollback --to NAME` has them go back"
        )
    return 1


def _tell(told: Told) -> None:
    say(f"{told.node}: {told.text}" if told.node else told.text)


def _take_back(settings: BrokerSettings, ended: Rollout, have: list[str]) -> None:
    to = {name: ended.before[name].sha256 for name in have if ended.before.get(name)}
    roll_back(over_broker(settings), [name for name in have if to.get(name)], to, tell_went)


def tell_went(went: Went) -> None:
    """Say what became of a node that should go back."""
    model, before = went.active, went.before
    if not model:
        say(f"{went.node}: not rolled back: {went.why}")
        return
    name = shown(model.name or "")
    text = f"{went.node}: runs {name}, revision {model.revision}"
    if before and before.sha256 != model.sha256:
        text += f", in place of {shown(before.name or '')}, revision {before.revision}"
        if (before.name, before.revision) == (model.name, model.revision):
            text += f" ({model.sha256[:8]} in place of {before.sha256[:8]})"
    say(text)
