"""`xnornode update`: bring the library of a node up to date, or back to the version before."""

import argparse
from typing import Any

from xnornode.cli.command import add_command
from xnornode.cli.output import Progress, say, show_field
from xnornode.cli.port_options import add_port, add_reset, port_of
from xnornode.link.share import held

WIDTH = 11  # of the names in the account


def add_parsers(commands: Any) -> None:
    """Add the command `xnornode update`."""
    parser = add_command(
        commands,
        "update",
        "bring the library of a node up to date",
        "Put this computer's version of the node's library beside the one that is there, and have "
        "the node start with it. If it does not come up, the node goes back to the version before "
        "by itself. Models, sensor, recordings and your own files stay. What runs on the node is "
        "interrupted, and started again.",
        """
        xnornode update
        xnornode update --port /dev/ttyACM0
        xnornode update --rollback
        """,
    )
    add_port(parser)
    add_reset(parser)
    parser.add_argument(
        "--rollback", action="store_true", help="go back to the version that the node had before"
    )
    parser.set_defaults(run=run_update)


def run_update(options: argparse.Namespace) -> int:
    """`xnornode update`. Raises XnorNodeError."""
    # It has NumPy, which --help does not wait for
    from xnornode.board.library_update import LibraryUpdate

    port = port_of(options)
    with held(port), Progress() as progress:

        def show(path: str, done: int, total: int) -> None:
            progress(done, total, f"{done:,} of {total:,} bytes, {path}")
            if done >= total:
                progress.end()

        update = LibraryUpdate(port, progress.say, show, options.reset)
        try:
            done = update.rollback() if options.rollback else update.update()
        except KeyboardInterrupt:
            if update.switched:
                say("stopped; the node keeps the other version if that comes up, else its own")
            else:
                say("stopped; the node keeps its version. Run it again to finish")
            return 1
    if done.before == done.now:
        show_field("library", f"{done.now}: was there already", WIDTH)
        return 0
    sent = f", {done.files} files written" if done.files else ""
    show_field("library", f"{done.now}: came up on the node{sent}", WIDTH)
    show_field("before", f"{done.before}: `xnornode update --rollback` goes back to it", WIDTH)
    return 0
