"""`xnornode data`: what is understood of data, without a training."""

import argparse
import json
import sys
from dataclasses import asdict
from pathlib import Path
from typing import Any

from xnornode._extras import load_extra
from xnornode._files import check_writable, write_whole
from xnornode.cli import data_options
from xnornode.cli.command import add_command, add_json
from xnornode.cli.output import say
from xnornode.data.look import look
from xnornode.datasets.load import load_dataset
from xnornode.report.html import data_to_html
from xnornode.report.pictures import first_seconds

FORMAT = "xnornode-data-1"

EXAMPLE_COMMANDS = """
xnornode data gestures/
xnornode data log.csv --label activity --time none --report log.html
"""


def add_parsers(commands: Any) -> None:
    """Add the command `xnornode data`."""
    parser = add_command(
        commands,
        "data",
        "show what is understood of data, without training",
        "Read data as `xnornode train` does, and print what was understood: files, classes, "
        "groups, rates, channels, columns, and what may be wrong. The options are those of "
        "`xnornode train`.",
        EXAMPLE_COMMANDS,
        usage="DATA [OPTIONS]",
    )
    parser.set_defaults(run=run)
    parser.add_argument("data", help="a folder, a file, or an example set")
    add_json(parser)
    what = "write the table as an HTML page, with a picture of each class"
    parser.add_argument("--report", type=Path, metavar="FILE", help=what)
    data_options.add_options(parser.add_argument_group("data"))


def run(options: argparse.Namespace) -> int:
    """Carry out `xnornode data`; the exit status. Raises XnorNodeError."""
    if options.report:
        load_extra("jinja2", "report")
        check_writable(options.report)
    dataset = load_dataset(options.data, data_options.read_options(options))
    seen = look(dataset, data_options.prepare_options(options))
    understood, notes, warnings, problem = seen.understood, seen.notes, seen.warnings, seen.problem
    if options.json:
        told = {"notes": notes, "warnings": warnings, "problem": problem}
        content = {"format": FORMAT, **asdict(understood), **told}
        print(json.dumps(content, indent=2, allow_nan=False))
    else:
        data_options.show_understood(understood, sys.stdout)
    if options.report:
        stops = (f"a training would stop here: {problem}",) if problem else ()
        page = data_to_html(understood, first_seconds(dataset), (*stops, *warnings))
        write_whole(options.report, page.encode())
    for note in notes:
        say(note)
    for warning in warnings:
        say(f"warning: {warning}")
    if problem:
        say(f"a training would stop here: {problem}")
    return 1 if problem else 0
