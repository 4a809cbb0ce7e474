"""`xnornode collect`: the windows that a node has kept, as recordings."""

import argparse
from pathlib import Path
from typing import Any

from xnornode.cli.command import add_command
from xnornode.cli.output import Progress, say, show_table
from xnornode.cli.port_options import add_port, add_reset, port_of
from xnornode.errors import LinkError
from xnornode.link.collect import LABEL, Collected, Collector
from xnornode.link.connect import connect
from xnornode.link.deadline import NEVER, Deadline
from xnornode.link.timing import COMMAND

HEADS = ("recording", "window", "time", "answer", "confidence", "model", "when")


def add_parsers(commands: Any) -> None:
    """Add the command `xnornode collect`."""
    parser = add_command(
        commands,
        "collect",
        "fetch the windows of which a node was not sure",
        "Fetch the windows that a node has kept in its flash (`xnornode keep`) into "
        "FOLDER/LABEL/GROUP/1.rec, 2.rec and so on, as recordings with the node's answer and its "
        "confidence. What was fetched before is not fetched again, also if its recording has "
        "another label now, or was deleted. The node's program goes on. Ctrl-C ends it; what "
        "was fetched is kept, and the next call goes on there.",
        """
        xnornode collect -o unsure
        xnornode collect -o unsure --group kitchen --forget
        xnornode studio unsure
        """,
        usage="-o FOLDER [OPTIONS]",
    )
    parser.add_argument(
        "-o",
        "--output",
        type=Path,
        required=True,
        metavar="FOLDER",
        help="the folder of the recordings: best one for these alone, until they are sorted",
    )
    parser.add_argument(
        "--label", default=LABEL, help=f"the class of the recordings (default: {LABEL})"
    )
    parser.add_argument(
        "--group",
        default="",
        help="who or what the node looks at: a training holds out whole groups for its test",
    )
    parser.add_argument(
        "--forget",
        action="store_true",
        help="have the node remove what is fetched (default: newer windows take its place)",
    )
    add_port(parser)
    add_reset(parser)
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Carry out `xnornode collect`; the exit status. Raises XnorNodeError."""
    done = Collected()
    with Progress() as progress:
        collector = Collector(
            options.output,
            options.label,
            options.group,
            options.forget,
            lambda count, total: progress(count, total, f"window {count} of {total}"),
        )
        for text in collector.warnings:
            progress.say(f"warning: {text}")
        try:
            limit = Deadline(COMMAND)
            port = port_of(options)
            with connect(port, say=progress.say, limit=limit, reset=options.reset) as session:
                session.stream.limit = NEVER  # each request has an end of its own
                collector.collect(session, done)
        except KeyboardInterrupt:
            progress.say(f"stopped; {account(done)}. The next call goes on there")
            return 1
        except LinkError as error:
            progress.say(f"{error}; {account(done)}" if done.fetched else str(error))
            return 1
        finally:
            progress.end()
            _show(done)
    for text in (*done.damaged, *done.left_out):
        say(f"left out: {text}")
    if done.missed:
        say(f"{done.missed:,} older windows were not there any more")
    say(account(done) + more(done))
    return 1 if done.left_out and not done.fetched else 0


def account(done: Collected) -> str:
    """How many windows were fetched."""
    count = len(done.fetched)
    if not count:
        return "no new window was fetched"
    return f"{count:,} window{'s were' if count > 1 else ' was'} fetched"


def more(done: Collected) -> str:
    """What a user may want to do next."""
    facts = done.facts
    if facts and facts.why:
        return f"; the node keeps none: {facts.why}"
    if not done.fetched:
        return ""
    return (
        f". `xnornode studio` sorts them on its page Data: a training takes {LABEL!r} "
        "as a class, too"
    )


def _show(done: Collected) -> None:
    """Print what was written."""
    if not done.fetched:
        return
    rows = [
        (
            str(new.path),
            str(new.number),
            f"{new.seconds:.4g} s",
            new.answer,
            f"{new.confidence / 10:.1f} %",
            new.model,
            new.time,
        )
        for new in done.fetched
    ]
    show_table(HEADS, rows, left=("recording", "answer", "model", "when"))
