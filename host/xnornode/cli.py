"""The command `xnornode`."""

import argparse
import os
import sys
from collections.abc import Sequence
from pathlib import Path

# Before NumPy: networks of this size gain nothing from BLAS threads, and lose much on busy cores.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

from xnornode import (
    __version__,
    cli_doctor,
    cli_info,
    cli_monitor,
    cli_node,
    cli_search,
    cli_train,
)
from xnornode.errors import XnorNodeError

NODE = {
    "push": cli_node.run_push,
    "list": cli_node.run_list,
    "rollback": cli_node.run_rollback,
    "monitor": cli_monitor.run,
    "doctor": cli_doctor.run_doctor,
    "key": cli_doctor.run_key,
}
"""The commands that talk to a node."""


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="xnornode", description="Binary neural networks for MicroPython sensor nodes."
    )
    parser.add_argument("--version", action="version", version=f"xnornode {__version__}")
    commands = parser.add_subparsers(dest="command", required=True)
    cli_train.add_parser(commands)
    cli_search.add_parser(commands)
    info = commands.add_parser("info", help="say what is in a model file")
    info.add_argument("model", type=Path)
    cli_node.add_parsers(commands)
    cli_monitor.add_parser(commands)
    cli_doctor.add_parsers(commands)
    return parser


def main(arguments: Sequence[str] | None = None) -> int:
    """Exit status: 0 done, 1 failed with a message, 2 wrong usage."""
    options = _parser().parse_args(arguments)
    try:
        if options.command == "train":
            return cli_train.run(options)
        if options.command == "search":
            return cli_search.run(options)
        if options.command in NODE:
            return NODE[options.command](options)
        cli_info.run(options.model)
    except XnorNodeError as error:
        print(f"xnornode: {error}", file=sys.stderr)
        return 1
    except BrokenPipeError:
        # Whoever read us, such as `head`, has had enough; at exit nothing is left to be written.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    except OSError as error:
        print(f"xnornode: {error.filename}: {error.strerror}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("\nxnornode: stopped; nothing was written", file=sys.stderr)
        return 1
    return 0
