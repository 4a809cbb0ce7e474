"""`xnornode guard`: a filter between PCs and a node's port."""

import argparse
import time
from collections import Counter
from contextlib import closing, suppress
from pathlib import Path
from typing import Any

from xnornode.cli.command import add_command
from xnornode.cli.output import say
from xnornode.cli.port_options import add_settings, checker, port_of
from xnornode.errors import LinkLost
from xnornode.link.addresses import checked_name
from xnornode.link.relay import PtySide, Relay, TcpSide

QUIET = 10.0
"""Seconds from one account of what was dropped to the next."""


def add_parsers(commands: Any) -> None:
    """Add the command `xnornode guard`."""
    parser = add_command(
        commands,
        "guard",
        "let nothing but the protocol through to a node",
        "Stand between PCs and a node's port, and pass nothing but whole lines of the protocol. "
        "No line from a PC reaches the node's REPL as code, and nothing interrupts the node's "
        "program. What is dropped is counted and said. Runs until Ctrl-C. It does not ask who "
        "connects.",
        """
        xnornode guard 127.0.0.1:5000 /dev/ttyACM0
        xnornode guard pty:node.tty socket://10.0.0.7:23
        xnornode push watch.bnn --port socket://127.0.0.1:5000
        """,
    )
    parser.add_argument(
        "listen",
        type=_listen,
        metavar="LISTEN",
        help="HOST:PORT to listen on, or pty:PATH for a pseudo-terminal",
    )
    parser.add_argument(
        "port",
        type=checker(checked_name),
        metavar="PORT",
        help="serial port or pyserial URL of the node, such as /dev/ttyACM0",
    )
    add_settings(parser)
    parser.add_argument(
        "--allow-stream",
        action="store_true",
        help="also pass `xnornode record` and `collect`: whoever connects can listen to the node's "
        "sensor",
    )
    parser.set_defaults(run=run)


def _listen(text: str) -> Path | tuple[str, int]:
    """The path of a pseudo-terminal, or a host and a port."""
    if text.startswith("pty:") and len(text) > len("pty:"):
        return Path(text.removeprefix("pty:"))
    host, colon, port = text.rpartition(":")
    if not (host and colon and port.isdecimal() and int(port) < 65536):
        raise argparse.ArgumentTypeError(f"{text!r} is neither HOST:PORT nor pty:PATH")
    return host.strip("[]"), int(port)


def run(options: argparse.Namespace) -> int:
    """Carry out `xnornode guard`; the exit status. Raises LinkError."""
    where = options.listen
    side = PtySide(where) if isinstance(where, Path) else TcpSide(*where)
    with closing(side):
        relay = Relay(side, port_of(options), options.allow_stream)
        with closing(relay):
            say(f"{side.name} leads to {options.port}; Ctrl-C ends it")
            with suppress(KeyboardInterrupt):
                _carry(relay)
    passed = f"{relay.commands.passed:,} lines to the node, {relay.events.passed:,} to PCs"
    say(f"{passed}; dropped: {_account(_dropped(relay)) or 'nothing'}")
    return 0


def _carry(relay: Relay) -> None:
    told: Counter[str] = Counter()
    due = 0.0
    while True:
        try:
            relay.turn()
        except LinkLost as error:
            say(f"{error}; waiting for it")
            relay.reopen()
            say(f"{relay.url} is back")
        dropped = _dropped(relay)
        if dropped != told and time.monotonic() >= due:
            say(f"dropped {_account(dropped - told)}")
            told, due = dropped, time.monotonic() + QUIET


def _dropped(relay: Relay) -> Counter[str]:
    """What did not pass, by the way that it went and the reason."""
    found: Counter[str] = Counter()
    for way, lines in (("to the node", relay.commands), ("to PCs", relay.events)):
        found.update({f"lines {way} {why}": n for why, n in lines.dropped.copy().items()})
    found["lines that no PC read"] = relay.unread
    found["PCs while another one was there"] = relay.side.turned_away
    return +found


def _account(dropped: Counter[str]) -> str:
    return ", ".join(f"{count:,} {what}" for what, count in dropped.items())
