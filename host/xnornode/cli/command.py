"""How commands and options are declared: help in one form, numbers checked, old names known."""

import argparse
import textwrap
from collections.abc import Callable, Mapping
from typing import Any, NoReturn

from xnornode.cli.output import say, say_error
from xnornode.cli.talk import is_json

WIDTH = 78


class Parser(argparse.ArgumentParser):
    """A parser whose errors a program can read."""

    def error(self, message: str) -> NoReturn:
        """Say what is wrong, and end with status 2."""
        if not is_json():
            super().error(message)
        say(self.format_usage().strip())
        say_error(message)
        self.exit(2)


def add_command(
    commands: Any, name: str, summary: str, description: str, examples: str, usage: str = ""
) -> argparse.ArgumentParser:
    """Add a command whose help has a description and examples.

    usage: what stands behind the command's name, instead of a list of all options.
    """
    parser: argparse.ArgumentParser = commands.add_parser(
        name,
        usage=f"%(prog)s {usage}" if usage else None,
        help=summary,
        description=textwrap.fill(description, WIDTH),
        epilog="examples:\n" + textwrap.indent(textwrap.dedent(examples).strip(), "  "),
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.set_defaults(wrong_usage=parser.error)
    return parser


def add_json(parser: Any) -> None:
    """Add the option --json of commands that print."""
    parser.add_argument("--json", action="store_true", help="print one JSON object")


def add_renamed(group: Any, name: str, old: str, values: Mapping[str, str], **given: Any) -> None:
    """Add the option `name`, and for one release its `old` name and old values, not in the help.

    values: the new value of each old one. Who uses an old word is told the new one.
    """

    def reader(used: str) -> Callable[[str], str]:
        def value(text: str) -> str:
            new = values.get(text, text)
            if (used, text) != (name, new):
                say(f"{used} {text} is now {name} {new}; the next release refuses the old words")
            return new

        return value

    group.add_argument(name, type=reader(name), **given)
    hidden = {"help": argparse.SUPPRESS, "dest": name.strip("-")}
    group.add_argument(old, type=reader(old), **given | hidden)


def number(
    kind: type, least: float | None = None, most: float | None = None, above: float | None = None
) -> Callable[[str], Any]:
    """A type of options: a number within limits; `above` is a limit that is not allowed itself."""

    def value(text: str) -> Any:
        given = kind(text)
        if above is not None and not given > above:
            raise argparse.ArgumentTypeError(f"{text}: it must be above {above}")
        if least is not None and not given >= least:
            raise argparse.ArgumentTypeError(f"{text}: it must be at least {least}")
        if most is not None and not given <= most:
            raise argparse.ArgumentTypeError(f"{text}: it must be at most {most}")
        return given

    value.__name__ = kind.__name__  # argparse says "invalid int value"
    return value
