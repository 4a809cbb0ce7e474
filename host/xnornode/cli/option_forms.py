"""The options of commands as values, for a page: the parsers themselves say them."""

import argparse
from importlib import import_module
from typing import Any, NoReturn

from xnornode.errors import XnorNodeError


class WrongUsage(XnorNodeError):
    """A command line that the command refuses."""


def describe(command: str) -> list[dict[str, Any]]:
    """The options of a command, in the groups of its help.

    Parameters
    ----------
    command : str
        A command of `xnornode`.

    Returns
    -------
    list of dict
        Groups: `title`, and `options`, each with `option` (such as "--window"), `metavar`, `help`,
        `default` (as text; "" where the command finds it out), `choices` (texts; empty where any
        value may be given), `flag` (it takes no value), `many` (it may be given again).

    Examples
    --------
    >>> [group["title"] for group in describe("search")][1]
    'budget, at least one of the first three'
    """
    parser = _parser(command)
    found = []
    for group in parser._action_groups:
        options = [_option(a) for a in group._group_actions if _is_shown(a)]
        if options:
            found.append({"title": group.title or "", "options": options})
    return found


def check(arguments: list[str]) -> None:
    """Have a command read its arguments, without carrying anything out.

    Parameters
    ----------
    arguments : list of str
        The command, and what stands behind it.

    Raises
    ------
    WrongUsage
        The command refuses them, in its own words.

    Examples
    --------
    >>> check(["train", "watch", "-o", "watch.bnn", "--seed", "x"])
    Traceback (most recent call last):
    xnornode.cli.option_forms.WrongUsage: argument --seed: invalid int value: 'x'
    """
    options = _parser(arguments[0]).parse_args(arguments[1:])
    if further := getattr(_module(arguments[0]), "check_usage", None):
        further(options)


def _module(command: str) -> Any:
    from xnornode.cli.main import MODULES

    return import_module(f"xnornode.cli.{MODULES[command]}")


def _parser(command: str) -> argparse.ArgumentParser:
    commands = argparse.ArgumentParser().add_subparsers(parser_class=_Asked)
    _module(command).add_parsers(commands)
    parser: argparse.ArgumentParser = commands.choices[command]
    return parser


class _Asked(argparse.ArgumentParser):
    """A parser whose errors do not end the program."""

    def error(self, message: str) -> NoReturn:
        raise WrongUsage(message)


def _is_shown(action: argparse.Action) -> bool:
    return (
        bool(action.option_strings) and action.help != argparse.SUPPRESS and action.dest != "help"
    )


def _option(action: argparse.Action) -> dict[str, Any]:
    flag = action.nargs == 0
    return {
        "option": action.option_strings[-1],
        "metavar": str(action.metavar or ""),
        "help": (action.help or "").replace("%%", "%"),
        "default": _default(action.default),
        "choices": [str(choice) for choice in action.choices or ()],
        "flag": flag,
        "many": type(action) is argparse._AppendAction,
    }


def _default(value: Any) -> str:
    """What a page shows for a default; the help says the others in words."""
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return ""
    return str(value) if value or isinstance(value, int) else ""
