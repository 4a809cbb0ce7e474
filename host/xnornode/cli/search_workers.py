"""Who trains in a search: the options --jobs and --dask, and what is said of them."""

import argparse
import logging
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from xnornode.cli.command import number
from xnornode.cli.output import say
from xnornode.errors import XnorNodeError
from xnornode.model_search import cores, dask_client

LOGGERS = ("distributed", "tornado", "asyncio")
"""What they log of a lost connection, with tracebacks, is said once by us."""


def add_options(group: Any) -> None:
    """Add --jobs and --dask to a group."""
    either = group.add_mutually_exclusive_group()
    either.add_argument(
        "--jobs",
        type=number(int, least=0),
        default=1,
        metavar="N",
        help="networks trained at once, each by a process; 0: one per core (default: 1)",
    )
    either.add_argument(
        "--dask",
        type=_address,
        metavar="ADDRESS",
        help="train on the workers of this Dask scheduler, such as tcp://10.0.0.5:8786",
    )


def check(options: argparse.Namespace) -> None:
    """Refuse options whose extra is missing."""
    try:
        if options.dask:
            dask_client.load_dask()
        elif options.jobs != 1:
            cores.check()
    except XnorNodeError as error:
        options.wrong_usage(str(error))


@contextmanager
def opened(options: argparse.Namespace) -> Iterator[dict[str, Any]]:
    """What `search` is given of the options. Raises XnorNodeError where a cluster is of no use."""
    if not options.dask:
        yield {"jobs": options.jobs or cores.core_count()}
        return
    for name in logging.root.manager.loggerDict:
        if name.partition(".")[0] in LOGGERS:
            logging.getLogger(name).setLevel(logging.CRITICAL)
    client = dask_client.connect(options.dask)
    try:
        for text in dask_client.describe(dask_client.ready(client)):
            say(text)
        yield {"dask": client}
    finally:
        dask_client.close(client)


def _address(text: str) -> str:
    try:
        return dask_client.check_address(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from error
