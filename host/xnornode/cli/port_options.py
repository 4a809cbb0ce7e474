"""The options of commands that talk to a node: its port, and whether it may be reset."""

from typing import Any

from xnornode.link.ports import VARIABLE

PORT_HELP = (
    f"serial port or pyserial URL such as socket://host:5000 (default: ${VARIABLE}, or the only "
    "board found)"
)


def add_port(parser: Any) -> None:
    """The option --port."""
    parser.add_argument("--port", help=PORT_HELP)


def add_reset(parser: Any) -> None:
    """The option --reset."""
    parser.add_argument(
        "--reset",
        action="store_true",
        help="allow a reset of a board whose program does not stop by Ctrl-C",
    )
