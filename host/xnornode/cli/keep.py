"""`xnornode keep`: whether a node keeps the windows of which it is not sure, and how many."""

import argparse
import json
import re
from dataclasses import asdict
from typing import Any

from xnornode.board import keep_setup
from xnornode.cli.command import add_command, add_json, number
from xnornode.cli.output import show_field
from xnornode.cli.port_options import add_port, add_reset, port_of
from xnornode.cli.sensor import interrupted
from xnornode.errors import LinkError
from xnornode.link.connect import connect
from xnornode.link.deadline import Deadline
from xnornode.link.kept import ask_kept
from xnornode.link.messages import Kept
from xnornode.link.timing import COMMAND

SIZES = {"": 1, "k": 1024, "m": 1024**2}
LEAST, MOST = 4096, 1 << 30
BELOW, PER_HOUR = 0.6, 12
LONG = 10_000
"""Years that a node tells at most."""


def add_parsers(commands: Any) -> None:
    """Add the command `xnornode keep`."""
    parser = add_command(
        commands,
        "keep",
        "have a node keep the windows of which it is not sure",
        "Have a node keep in its flash the windows whose answer is `unknown`, or not sure enough. "
        "`xnornode collect` fetches them as recordings. New windows take the place of the oldest. "
        "The node's program is interrupted and started again. Without BYTES: show what is set, "
        "what is there, and the wear; the program goes on.",
        """
        xnornode keep 256k
        xnornode keep 1M --below 0.7 --per-hour 30
        xnornode keep
        xnornode keep --remove
        """,
    )
    parser.add_argument(
        "bytes",
        nargs="?",
        type=_size,
        metavar="BYTES",
        help="flash that the windows may take, such as 256k (default: show what is set)",
    )
    parser.add_argument(
        "--below",
        type=number(float, least=0, most=1),
        metavar="P",
        help=f"keep windows whose answer has a confidence below this (default: {BELOW})",
    )
    parser.add_argument(
        "--per-hour",
        type=number(int, least=1, most=3600),
        metavar="N",
        help=f"keep at most so many windows in an hour (default: {PER_HOUR})",
    )
    parser.add_argument(
        "--remove", action="store_true", help="keep no more windows; those that are there stay"
    )
    add_json(parser)
    add_port(parser)
    add_reset(parser)
    parser.set_defaults(run=run)


def _size(text: str) -> int:
    found = re.fullmatch(r"(\d+) *([km]?)(?:i?b)?", text.lower())
    if not found:
        raise argparse.ArgumentTypeError(f"{text}: say bytes, such as 262144, 256k or 1M")
    size = int(found[1]) * SIZES[found[2]]
    if not LEAST <= size <= MOST:
        raise argparse.ArgumentTypeError(f"{text}: it must be {LEAST:,} to {MOST:,} bytes")
    return size


def run(options: argparse.Namespace) -> int:
    """Carry out `xnornode keep`; the exit status. Raises XnorNodeError."""
    given = options.below is not None or options.per_hour is not None
    if options.remove and (options.bytes or given or options.json):
        options.wrong_usage("--remove goes without other settings")
    if given and not options.bytes:
        options.wrong_usage("name the BYTES of flash that the windows may take, such as 256k")
    if options.json and options.bytes:
        options.wrong_usage("--json goes without BYTES: it shows what is set")
    if not options.bytes and not options.remove:
        return _show_kept(options)
    with interrupted(port_of(options), options.reset) as board:
        if options.remove:
            keep_setup.remove_settings(board)
            print("the node keeps no more windows; those that are there stay (xnornode collect)")
            return 0
        below = BELOW if options.below is None else options.below
        per_hour = options.per_hour or PER_HOUR
        room = keep_setup.room(board, per_hour)
        if options.bytes > room.most:
            raise LinkError(
                f"the node's flash has room for {room.most:,} bytes of windows, beside "
                f"{room.reserve:,} that stay free for a push: take fewer than {options.bytes:,}"
            )
        settings = {"bytes": options.bytes, "below": round(1000 * below), "per_hour": per_hour}
        keep_setup.write_settings(board, settings)
    show_field("windows", f"up to {options.bytes:,} bytes of flash, the oldest ones go")
    show_field("kept", _when(round(1000 * below)))
    show_field("at most", f"{room.per_hour:,} in an hour")
    if room.per_hour < per_hour:
        show_field("", f"not {per_hour}: the flash is to last for years")
    _show_wear(room.per_hour, 2, room.blocks, room.years)
    show_field("written", keep_setup.PATH)
    return 0


def _show_kept(options: argparse.Namespace) -> int:
    limit = Deadline(COMMAND)
    with connect(port_of(options), limit=limit, reset=options.reset) as session:
        facts = ask_kept(session)
    if options.json:
        fields = asdict(facts)
        del fields["id"]
        print(json.dumps(fields))
        return 0
    _show(facts)
    return 0


def _show(facts: Kept) -> None:
    if facts.bound:
        show_field("windows", f"{facts.windows:,}, {facts.bytes:,} of {facts.bound:,} bytes")
        show_field("kept", _when(facts.below))
        show_field("at most", f"{facts.per_hour:,} in an hour")
    else:
        show_field("windows", f"{facts.windows:,}, {facts.bytes:,} bytes")
    if facts.oldest is not None:
        show_field("numbers", f"{facts.oldest:,} to {facts.next - 1:,}")
    if facts.session:
        passed = f"{facts.passed:,} came too soon after the last one"
        show_field("since start", f"{facts.overwritten:,} overwritten; {passed}")
    written = f"{facts.written:,} bytes since the program's start, " if facts.session else ""
    show_field("written", f"{written}{facts.total:,} in all")
    if facts.bound:
        _show_wear(facts.per_hour, facts.erases, facts.blocks, facts.years)
    if facts.why:
        show_field("none kept", facts.why)


def _when(below: int) -> str:
    return f"if the answer is `unknown`, or its confidence below {below / 10:g} %"


def _show_wear(per_hour: int, erases: int, blocks: int, years: int) -> None:
    """Print what the flash takes with so many windows an hour."""
    a_day = 24 * per_hour * erases / max(1, blocks)
    lasts = f"more than {LONG:,} years" if years >= LONG else f"{years:,} years"
    show_field("wear", f"{a_day:.2g} erases of a block a day at most, over {blocks:,} blocks")
    show_field("", f"100,000 erases last {lasts}")
