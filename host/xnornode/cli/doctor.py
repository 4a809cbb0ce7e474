"""`xnornode doctor` and `xnornode key`: is a node well, and whose models does it take."""

import argparse
import json
import os
from dataclasses import asdict
from pathlib import Path
from typing import Any

from xnornode.cli.command import add_command
from xnornode.cli.output import say, show_field
from xnornode.cli.port_options import add_port, add_reset, port_of
from xnornode.link.diagnose import Level, examine
from xnornode.link.keys import ON_NODE, make_key, read_key
from xnornode.link.repl import Board
from xnornode.link.share import held

_REMOVE = f"import os\ntry: os.remove({ON_NODE!r})\nexcept OSError: pass"


def add_parsers(commands: Any) -> None:
    """Add the commands `xnornode doctor` and `key`."""
    parser = add_command(
        commands,
        "doctor",
        "find out what is wrong with a node or its port",
        "Look at the port, the node, its model and its predictions, and say what to do about "
        "what is wrong. The exit status is 1 if something fails.",
        "xnornode doctor --port /dev/ttyACM0",
    )
    add_port(parser)
    add_reset(parser)
    parser.add_argument(
        "--json", action="store_true", help="print a JSON object for each finding, one a line"
    )
    parser.set_defaults(run=run_doctor)
    parser = add_command(
        commands,
        "key",
        "have a node take signed models only",
        "Put a key on a node: from then on it takes only models that were signed with it "
        "(xnornode push --key FILE). What runs on the node is interrupted and started again.",
        """
        xnornode key node.key
        xnornode key --remove
        """,
    )
    parser.add_argument("file", type=Path, nargs="?", help="the key; it is made if it is not there")
    parser.add_argument("--remove", action="store_true", help="take the key off the node")
    add_port(parser)
    add_reset(parser)
    parser.set_defaults(run=run_key)


def run_doctor(options: argparse.Namespace) -> int:
    """1 if something fails."""
    failed = False
    for finding in examine(
        options.port, reset=options.reset, baud=options.baud, lines=options.lines
    ):
        failed |= finding.level is Level.FAILURE
        if options.json:
            print(json.dumps({**asdict(finding), "level": finding.level.value}), flush=True)
            continue
        show_field(finding.level.value, finding.text, 10)
        if finding.remedy:
            show_field("", f"-> {finding.remedy}", 10)
    return int(failed)


def run_key(options: argparse.Namespace) -> int:
    """`xnornode key`. Raises XnorNodeError."""
    if (options.file is None) != options.remove:
        options.wrong_usage("name a key file, or --remove")
    port = port_of(options)
    if options.file and not os.path.lexists(options.file):
        make_key(options.file)
        say(f"{options.file} is a new key: keep it, and keep it to yourself")
    key = read_key(options.file) if options.file else None
    with held(port), Board(port, reset=options.reset) as board:
        if key:
            board.put(key, ON_NODE)
            print("the node takes signed models only")
        else:
            board.run(_REMOVE)
            print("the node takes any model")
        board.restart()
    return 0
