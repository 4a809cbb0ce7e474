"""`xnornode studio`: a local page for the whole loop, from a board to its predictions."""

import argparse
import asyncio
import ipaddress
import os
import signal
import socket
import threading
import webbrowser
from contextlib import closing, suppress
from pathlib import Path
from tempfile import TemporaryFile
from typing import Any

from xnornode._extras import load_extra
from xnornode.cli.command import add_command, number
from xnornode.cli.output import say, show_line
from xnornode.cli.port_options import add_port
from xnornode.errors import XnorNodeError
from xnornode.link.addresses import Port
from xnornode.studio.assets import vendor

PORT = 8470
"""TCP port; a free one where it is taken and none was named."""
DATA = Path("recordings")


def add_parsers(commands: Any) -> None:
    """Add the command `xnornode studio`."""
    parser = add_command(
        commands,
        "studio",
        "open a page to record, train, push and watch",
        "Open a page in the browser on which a node is set up, recorded, trained and watched. It "
        "is served by this computer, for this computer, and needs no network. Commands in a "
        "terminal share the node's port with it. Trainings go on when the page or the studio is "
        "closed. Ctrl-C ends it.",
        """
        xnornode studio gestures
        xnornode studio gestures --no-browser --http 9000
        """,
        usage="[DATA] [OPTIONS]",
    )
    parser.add_argument(
        "data",
        type=Path,
        nargs="?",
        default=DATA,
        metavar="DATA",
        help="the folder of all recordings (default: recordings)",
    )
    parser.add_argument(
        "--http",
        type=number(int, least=0, most=65535),
        metavar="N",
        help=f"TCP port of the page (default: {PORT}, or a free one)",
    )
    parser.add_argument(
        "--listen",
        metavar="ADDRESS",
        help="listen on this address of a network. Whoever reads the page's address on the way "
        "can use the node and the data: HTTP is not encrypted (default: this computer alone)",
    )
    parser.add_argument("--no-browser", action="store_true", help="only print the page's address")
    add_port(parser)
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Carry out `xnornode studio`; the exit status. Raises XnorNodeError."""
    load_extra("aiohttp", "studio")
    vendor()
    if options.data.exists() and not options.data.is_dir():
        raise XnorNodeError(f"{options.data} is no folder: name the folder of your recordings")
    _check_place(options.data)
    host = options.listen or "127.0.0.1"
    listener = _listener(host, options.http)
    with closing(listener), suppress(KeyboardInterrupt, asyncio.CancelledError):
        asyncio.run(_serve(options, host, listener))
    say("the studio has ended; trainings that run go on")
    return 0


def _listener(host: str, named: int | None) -> socket.socket:
    """Where pages connect. Raises XnorNodeError."""
    try:
        socket.getaddrinfo(host, None)
    except (socket.gaierror, UnicodeError):
        raise XnorNodeError(
            f"--listen {host}: no host of this name is found: take this computer's IP address"
        ) from None
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    for port in (PORT, 0) if named is None else (named,):
        try:
            return socket.create_server((host, port), family=family)
        except OSError as error:  # its own text has Python's call in it
            problem = os.strerror(error.errno) if error.errno else str(error)
    at = f"{host}, port {named}" if named else host
    raise XnorNodeError(f"cannot listen on {at}: {problem}; see --listen and --http")


def _check_place(data: Path) -> None:
    """Raise XnorNodeError where the folder could not be made later, with the first recording."""
    place = data.absolute()
    there = next(each for each in (place, *place.parents) if each.exists())
    if not there.is_dir():
        raise XnorNodeError(f"{data} cannot be made: {there} is no folder")
    if there == place:
        return  # also one that can only be read: to look at
    try:
        with TemporaryFile(dir=there):  # rights do not say it of /proc
            pass
    except OSError as error:
        raise XnorNodeError(
            f"{data} cannot be made in {there}: {error.strerror}; name another folder"
        ) from None


async def _serve(options: argparse.Namespace, host: str, listener: socket.socket) -> None:
    from xnornode.cli import option_forms
    from xnornode.studio.app import Studio
    from xnornode.studio.security import Guard
    from xnornode.studio.server import serve

    guard = Guard((host,), open=bool(options.listen))
    port = Port(options.port, options.baud, options.lines) if options.port else None
    at = listener.getsockname()[1]
    address = f"http://{_shown(host)}:{at}/?token={guard.token}"

    def opened() -> None:
        if options.listen:
            say(
                f"warning: whoever reaches {host} and knows the address below can use the node "
                "and the data; HTTP is not encrypted, so others in the network may read it"
            )
        show_line(address)
        say("the studio is open; Ctrl-C ends it")
        if not options.no_browser:
            threading.Thread(target=_open, args=(address,), daemon=True).start()

    if task := asyncio.current_task():
        for number in (signal.SIGINT, signal.SIGTERM):
            with suppress(NotImplementedError):  # on Windows
                # Between two steps of the loop: amid one it could leave a lock taken
                asyncio.get_running_loop().add_signal_handler(number, task.cancel)
    studio = Studio(options.data, port, option_forms.describe, option_forms.check)
    await serve(studio, guard, listener, opened)


def _shown(host: str) -> str:
    """The host as an address has it; where all are meant, this computer."""
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return host
    if address.is_unspecified:
        return "127.0.0.1"
    return f"[{host}]" if address.version == 6 else host


def _open(address: str) -> None:
    if not webbrowser.open(address):
        say("no browser could be opened: open the address above")
