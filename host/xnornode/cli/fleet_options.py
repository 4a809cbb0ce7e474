"""Options of `xnornode fleet`: which nodes, and how long."""

import argparse
import re
from typing import Any

from xnornode.errors import XnorNodeError
from xnornode.fleet.rollout_stages import read_stages

_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86400}
LONGEST = 30 * 86400
DEFAULT_STAGES = ("1", "10%", "100%")


def add_to(parser: Any, required: bool = True) -> None:
    """The option --to."""
    parser.add_argument(
        "--to",
        action="append",
        required=required,
        metavar="GLOB",
        help='names of nodes, in which * and ? stand for others, such as "kitchen*"; may be '
        "repeated" + ("" if required else " (default: all)"),
    )


def duration(text: str) -> int:
    """A time that a user has given, in seconds.

    Parameters
    ----------
    text : str
        Such as "90s", "10m", "1h"; seconds without a unit.

    Returns
    -------
    int
        Seconds.

    Examples
    --------
    >>> duration("10m"), duration("90")
    (600, 90)
    """
    found = re.fullmatch(r"([0-9]{1,7})([smhd]?)", text.strip())
    seconds = int(found[1]) * _UNITS[found[2] or "s"] if found else -1
    if not 0 <= seconds <= LONGEST:
        raise argparse.ArgumentTypeError(f"{text!r} is no time: take 90s, 10m or 1h")
    return seconds


def per_cent(text: str) -> int:
    """A share that a user has given, in per cent.

    Examples
    --------
    >>> per_cent("20%"), per_cent("20")
    (20, 20)
    """
    found = re.fullmatch(r"([0-9]{1,3})%?", text.strip())
    if not found or int(found[1]) > 100:
        raise argparse.ArgumentTypeError(f"{text!r} is no share: take 0% to 100%")
    return int(found[1])


def stages(text: str) -> tuple[str, ...]:
    """The stages that a user has given; see `read_stages`."""
    try:
        return read_stages(text)
    except XnorNodeError as error:
        raise argparse.ArgumentTypeError(str(error)) from error
