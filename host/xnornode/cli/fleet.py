"""`xnornode fleet`: all nodes on an MQTT broker."""

import argparse
from pathlib import Path
from typing import Any

from xnornode.cli.broker_options import add_broker
from xnornode.cli.command import add_command, add_json, number
from xnornode.cli.fleet_options import DEFAULT_STAGES, add_to, duration, per_cent, stages


def add_parsers(commands: Any) -> None:
    """Add the command `xnornode fleet`, with its own commands."""
    parser = add_command(
        commands,
        "fleet",
        "watch and update all nodes on an MQTT broker",
        "Watch and update all nodes on an MQTT broker. Nodes get there by `xnornode gateway`, or "
        "speak MQTT themselves. It is the gateway that puts models on them.",
        """
        xnornode fleet status
        xnornode fleet push watch.bnn --to "kitchen*" --stages 1,10%,100% --wait 10m
        xnornode fleet rollback --to "kitchen*"
        """,
        usage="ACTION [OPTIONS]",
    )
    actions = parser.add_subparsers(
        dest="action", required=True, metavar="ACTION", prog="xnornode fleet"
    )
    _add_status(actions)
    _add_push(actions)
    _add_going_on(actions)
    _add_rollback(actions)
    _add_collect(actions)
    _add_clean(actions)


def _add_status(actions: Any) -> None:
    parser = add_command(
        actions,
        "status",
        "show all nodes",
        "Show all nodes on the broker: what they are, the model that they run, how they do, and "
        "what needs a look; then the roll-outs that did not come to their end.",
        """
        xnornode fleet status --broker broker.lan
        xnornode fleet status --to "kitchen*" --watch
        """,
    )
    add_to(parser, required=False)
    parser.add_argument("--watch", action="store_true", help="go on, until Ctrl-C")
    add_json(parser)
    add_broker(parser)
    parser.set_defaults(run=_run_status)


def _add_push(actions: Any) -> None:
    parser = add_command(
        actions,
        "push",
        "put a model on nodes, stage after stage",
        "Put a model on nodes, stage after stage. Each stage is watched for --wait. The roll-out "
        "halts by itself where nodes fail their self-test, fall back, restart, go silent, or "
        "change the mix of their labels. Nodes that have the model then keep it, unless "
        "--rollback-on-halt is given; others do not get it any more. Nodes that are away get it "
        "when they come back. Ctrl-C stops here; the same command goes on.",
        """
        xnornode fleet push watch.bnn --to "kitchen*"
        xnornode fleet push watch.bnn --to "*" --stages 5,50%,100% --wait 1h
        xnornode fleet push watch.bnn --to "*" --offer
        """,
        usage="MODEL --to GLOB [OPTIONS]",
    )
    parser.add_argument("model", type=Path, metavar="MODEL", help="the .bnn file")
    add_to(parser)
    parser.add_argument(
        "--stages",
        type=stages,
        default=DEFAULT_STAGES,
        metavar="LIST",
        help="counts of nodes and per cent of them, each with those before it; nodes beyond the "
        f"last one are left out (default: {','.join(DEFAULT_STAGES)})".replace("%", "%%"),
    )
    parser.add_argument(
        "--wait",
        type=duration,
        default=600,
        metavar="TIME",
        help="how long each stage is watched, such as 90s, 10m, 1h (default: 10m)",
    )
    parser.add_argument(
        "--failures",
        type=number(int, least=0),
        default=0,
        metavar="N",
        help="nodes that may fail (default: 0)",
    )
    parser.add_argument(
        "--labels",
        type=per_cent,
        default=20,
        metavar="SHARE",
        help="how much of a node's predictions may get other labels; 100%% for any (default: 20%%)",
    )
    parser.add_argument(
        "--patience",
        type=duration,
        default=900,
        metavar="TIME",
        help="how long a stage may make no progress (default: 15m)",
    )
    parser.add_argument(
        "--silence",
        type=duration,
        default=30,
        metavar="TIME",
        help="how long a node may be silent at least (default: 30s)",
    )
    parser.add_argument(
        "--apart",
        type=number(float, least=0.01, most=3600),
        default=2.0,
        metavar="SECONDS",
        help="predictions closer than this count as one, where mixes are compared (default: 2)",
    )
    parser.add_argument("--key", type=Path, metavar="FILE", help="sign the model with this key")
    ways = parser.add_mutually_exclusive_group()
    ways.add_argument(
        "--offer",
        action="store_true",
        help="only say that it is the latest: Home Assistant's button installs it",
    )
    ways.add_argument("--dry-run", action="store_true", help="show the stages, and do nothing")
    ways.add_argument(
        "--rollback-on-halt",
        action="store_true",
        help="have nodes go back to their model if the roll-out halts",
    )
    parser.add_argument(
        "--allow-slow",
        action="store_true",
        help="push it even if a window may take longer than the next one takes to come",
    )
    add_broker(parser)
    parser.set_defaults(run=_run_push)


def _add_going_on(actions: Any) -> None:
    parser = add_command(
        actions,
        "resume",
        "go on with a roll-out",
        "Go on with a roll-out that was stopped, or that has halted. Nodes that have failed are "
        "left alone, and are not counted again.",
        """
        xnornode fleet resume
        xnornode fleet resume 3f9a01bc
        """,
    )
    _add_id(parser)
    parser.add_argument(
        "--rollback-on-halt",
        action="store_true",
        help="have nodes go back to their model if the roll-out halts",
    )
    add_broker(parser)
    parser.set_defaults(run=_run_resume)
    parser = add_command(
        actions,
        "cancel",
        "end a roll-out",
        "End a roll-out. Nodes that have the model keep it; others do not get it any more.",
        """
        xnornode fleet cancel
        xnornode fleet cancel 3f9a01bc
        """,
    )
    _add_id(parser)
    add_broker(parser)
    parser.set_defaults(run=_run_cancel)


def _add_id(parser: Any) -> None:
    parser.add_argument(
        "id", nargs="?", metavar="ID", help="of the roll-out (default: the only one)"
    )


def _add_rollback(actions: Any) -> None:
    parser = add_command(
        actions,
        "rollback",
        "have nodes go back to the model before",
        "Have nodes run the model that they had before, and take back what they should have had "
        "next. A second rollback does not put the newer model back, unless --again is given. Nodes "
        "that are away are left out, and named.",
        """
        xnornode fleet rollback --to kitchen-3
        xnornode fleet rollback --to "*"
        """,
    )
    add_to(parser)
    parser.add_argument(
        "--again",
        action="store_true",
        help="also where this puts the newer model back that a node was rolled back from",
    )
    add_broker(parser)
    parser.set_defaults(run=_run_rollback)


def _add_collect(actions: Any) -> None:
    parser = add_command(
        actions,
        "collect",
        "fetch the windows of which nodes were not sure",
        "Fetch the windows that nodes have kept in their flash, as recordings: a group a node. "
        "What was fetched before is not fetched again.",
        """
        xnornode fleet collect --to "kitchen*" -o unsure
        """,
    )
    add_to(parser)
    parser.add_argument(
        "-o",
        "--output",
        type=Path,
        required=True,
        metavar="FOLDER",
        help="the folder of the recordings",
    )
    parser.add_argument("--label", help="the class of the recordings (default: as of collect)")
    parser.add_argument(
        "--forget", action="store_true", help="have the nodes remove what is fetched"
    )
    add_broker(parser)
    parser.set_defaults(run=_run_collect)


def _add_clean(actions: Any) -> None:
    parser = add_command(
        actions,
        "clean",
        "remove models from the broker that nobody needs",
        "Remove models from the broker that no node should have and no open roll-out names, and "
        "the records of roll-outs that have ended.",
        """
        xnornode fleet clean --dry-run
        xnornode fleet clean
        """,
    )
    parser.add_argument("--dry-run", action="store_true", help="show it, and do nothing")
    add_broker(parser)
    parser.set_defaults(run=_run_clean)


# What is heavy is imported when it runs: --help is fast


def _run_status(options: argparse.Namespace) -> int:
    from xnornode.cli.fleet_status import run_status

    return run_status(options)


def _run_push(options: argparse.Namespace) -> int:
    from xnornode.cli.fleet_push import run_push

    return run_push(options)


def _run_resume(options: argparse.Namespace) -> int:
    from xnornode.cli.fleet_push import run_resume

    return run_resume(options)


def _run_cancel(options: argparse.Namespace) -> int:
    from xnornode.cli.fleet_push import run_cancel

    return run_cancel(options)


def _run_rollback(options: argparse.Namespace) -> int:
    from xnornode.cli.fleet_nodes import run_rollback

    return run_rollback(options)


def _run_collect(options: argparse.Namespace) -> int:
    from xnornode.cli.fleet_nodes import run_collect

    return run_collect(options)


def _run_clean(options: argparse.Namespace) -> int:
    from xnornode.cli.fleet_nodes import run_clean

    return run_clean(options)
