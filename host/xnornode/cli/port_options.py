"""The option that names a node's port."""

from typing import Any

from xnornode.link.ports import VARIABLE

PORT_HELP = (
    f"serial port or pyserial URL such as socket://host:5000 (default: ${VARIABLE}, or the only "
    "board found)"
)


def add_port(parser: Any) -> None:
    """The option --port."""
    parser.add_argument("--port", help=PORT_HELP)
