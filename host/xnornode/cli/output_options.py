"""The options that say what `train` and `search` write, checked before the work."""

import argparse
import os
import shlex
import sys
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext, redirect_stdout
from pathlib import Path
from typing import Any

from xnornode._extras import load_extra
from xnornode._files import check_writable, is_replaced, is_stdout, write_whole
from xnornode.cli.output import Progress, say
from xnornode.data.splits import Splits
from xnornode.data.windows import check_names
from xnornode.errors import DataError, XnorNodeError
from xnornode.model.features import Features
from xnornode.model.names import normalized
from xnornode.report.baselines import Fitted, fit_baselines
from xnornode.report.metrics import Report


def add_output(parser: Any) -> None:
    """Add the option -o."""
    parser.add_argument(
        "-o", "--output", type=Path, required=True, help="the .bnn file to write", metavar="FILE"
    )


def add_options(group: Any) -> None:
    """Add the options --name, --report and --json."""
    add = group.add_argument
    add("--name", type=_name, metavar="NAME", help="the model's name (default: the data's)")
    add("--report", type=Path, metavar="FILE", help="write the report as an HTML page")
    add(
        "--json",
        nargs="?",
        const="-",
        metavar="FILE",
        help="write the report as JSON; without a file to stdout, instead of the text",
    )


def add_baselines(group: Any) -> None:
    """Add the option --no-baselines."""
    what = "do not compare with simpler methods, which takes some seconds"
    group.add_argument("--no-baselines", action="store_true", help=what)


def json_file(options: argparse.Namespace) -> Path | None:
    """The file of --json; None without, and for stdout."""
    return Path(options.json) if options.json not in (None, "-") else None


def check_outputs(options: argparse.Namespace, checkpoint: Path | None = None) -> None:
    """Raise XnorNodeError for files that could not be written in the end."""
    if options.report:
        load_extra("jinja2", "report")
    paths = [options.output, options.report, json_file(options), checkpoint]
    taken = {os.path.realpath(options.data): "the data"} if os.path.exists(options.data) else {}
    for path in filter(None, paths):
        check_writable(path)
        if is_replaced(path):
            real = os.path.realpath(path)
            if real in taken:
                raise XnorNodeError(f"{path} would replace {taken[real]}: name another file")
            taken[real] = "another output"


def baselines(
    options: argparse.Namespace, splits: Splits, features: Features
) -> tuple[Fitted, ...]:
    """Simpler methods for the report; none if they are not wanted, or after Ctrl-C.

    Call it when the model is written: it is not lost then.
    """
    if options.no_baselines:
        return ()
    try:
        with Progress() as progress:
            return fit_baselines(
                splits,
                features,
                seed=options.seed,
                progress=lambda name, done: progress(done, 1.0, f"comparing with {name}"),
            )
    except KeyboardInterrupt:
        say(f"stopped: the report has no simpler methods. {options.output} is written")
        return ()


def say_hints(options: argparse.Namespace, report: Report) -> None:
    """Say what is wrong where the text of the report, which has it too, is not shown."""
    if options.json == "-":
        for hint in report.hints:
            say(f"hint: {hint.text}. Try: {'; '.join(hint.tries)}")


def say_written(path: Path, size: int) -> None:
    """Say where the model is, and the command that brings it to a node."""
    say(f"{path}: {size:,} bytes")
    if is_replaced(path):
        say(f"next, with a node on a USB port: xnornode push {shlex.quote(str(path))}")


def stdout_for_report(options: argparse.Namespace) -> AbstractContextManager[Any]:
    """Within it, what is printed goes to stderr if the model itself went to stdout."""
    mixed = is_stdout(options.output) and str(options.output) != os.devnull
    return redirect_stdout(sys.stderr) if mixed else nullcontext()


def write_report(
    options: argparse.Namespace, text: str, figures: str, page: Callable[[], str]
) -> None:
    """Write the files that were asked for, and print the report as text or JSON."""
    if options.report:
        write_whole(options.report, page().encode(errors="backslashreplace"))
    if path := json_file(options):
        write_whole(path, figures.encode(errors="backslashreplace"))
    print(figures if options.json == "-" else text, end="")


def _name(text: str) -> str:
    text = normalized(text)
    try:
        check_names(text, (), ["a label"])
    except DataError as error:
        raise argparse.ArgumentTypeError(str(error)) from None
    return text
