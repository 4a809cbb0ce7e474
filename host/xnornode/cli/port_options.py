"""The options of commands that talk to a node: its port, and whether it may be reset."""

import argparse
import os
from collections.abc import Callable
from typing import Any

from xnornode.link import addresses
from xnornode.link.addresses import BAUD_VARIABLE, BAUDRATE, LINES, LINES_VARIABLE, VARIABLE, Port
from xnornode.link.ports import find_port

PORT_HELP = (
    "serial port, or URL such as socket://host:5000 or mqtt://broker/node (default: "
    f"${VARIABLE}, or the only board found)"
)


def add_port(parser: Any) -> None:
    """The options --port, --baud and --lines."""
    add_checked(parser, "--port", VARIABLE, addresses.checked_name, help=PORT_HELP)
    add_settings(parser)


def add_settings(parser: Any) -> None:
    """How a port is opened that is named in another way: --baud and --lines."""
    add_checked(
        parser,
        "--baud",
        BAUD_VARIABLE,
        addresses.checked_baud,
        metavar="N",
        help=f"bits per second of the port (default: ${BAUD_VARIABLE}, or {BAUDRATE})",
    )
    add_lines(parser)


def add_lines(parser: Any) -> None:
    """The option --lines."""
    add_checked(
        parser,
        "--lines",
        LINES_VARIABLE,
        addresses.checked_lines,
        metavar="WHICH",
        help=f"which of DTR and RTS are set while the port is open: {', '.join(LINES)}; keep is "
        f"both, after closing too (default: ${LINES_VARIABLE}, or both, which resets no ESP32)",
    )


def port_of(options: argparse.Namespace) -> Port:
    """The port that the options name, or the only board's. Raises LinkError."""
    return find_port(options.port, options.baud, options.lines)


def add_reset(parser: Any) -> None:
    """The option --reset."""
    parser.add_argument(
        "--reset",
        action="store_true",
        help="allow a reset of a board whose program does not stop by Ctrl-C",
    )


class _Variable(str):
    """What an environment variable holds, which an error has to name."""


def checker(check: Callable[[str], Any], variable: str = "") -> Callable[[str], Any]:
    """A type of options whose wrong values are wrong usage."""

    def value(text: str) -> Any:
        try:
            return check(text)
        except addresses.PortNameError as error:
            said = f"${variable}: {error}" if isinstance(text, _Variable) else str(error)
            raise argparse.ArgumentTypeError(said) from error

    return value


def add_checked(
    parser: Any, name: str, variable: str, check: Callable[[str], Any], **given: Any
) -> None:
    """An option whose default is an environment variable, which is checked as well."""
    held = os.environ.get(variable)
    default = _Variable(held) if held else None
    parser.add_argument(name, type=checker(check, variable), default=default, **given)
