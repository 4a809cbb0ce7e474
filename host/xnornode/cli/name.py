"""`xnornode name`: what a node is called among others."""

import argparse
import json
from typing import Any

from xnornode.cli.command import add_command, add_json
from xnornode.cli.output import say, show_field
from xnornode.cli.port_options import add_port, add_reset, port_of
from xnornode.link.connect import connect
from xnornode.link.deadline import Deadline
from xnornode.link.messages import Named
from xnornode.link.mqtt_topics import is_name
from xnornode.link.parsing import expect
from xnornode.link.timing import COMMAND

USERS = ("gateway", "operator", "homeassistant")
"""Users with more rights than a node's, in the access list of docs/reference/mqtt.md."""


def add_parsers(commands: Any) -> None:
    """Add the command `xnornode name`."""
    parser = add_command(
        commands,
        "name",
        "give a node its name, or show it",
        "Give a node a name, which it keeps, or show the one that it has. Nodes on an MQTT broker "
        "are told apart by their names. A node without one is known by its chip's number.",
        """
        xnornode name kitchen
        xnornode name
        xnornode name --forget
        """,
    )
    parser.add_argument(
        "name",
        nargs="?",
        type=_name,
        metavar="NAME",
        help="1 to 32 letters, digits, - and _; the first is a letter or a digit",
    )
    parser.add_argument("--forget", action="store_true", help="the node has no name from now on")
    add_port(parser)
    add_reset(parser)
    add_json(parser)
    parser.set_defaults(run=run)


def _name(text: str) -> str:
    if is_name(text):
        return text
    raise argparse.ArgumentTypeError(
        f"{text!r} is no name: 1 to 32 letters (A to Z, a to z), digits, - and _; the first is a "
        "letter or a digit"
    )


def _warn(name: str) -> None:
    """Say what a new name means where a broker knows nodes by their names."""
    say(
        "if the node speaks MQTT itself, its user at the broker (`user` of `mqtt` in its "
        "/net.json) is still the old one: let that user write under the new name in the broker's "
        "access list, or give the node its new user by cable (docs/guides/network.md)"
    )
    if name in USERS:
        say(f"the access list of the documents has a user {name!r}, who may do more than a node")


def run(options: argparse.Namespace) -> int:
    """`xnornode name`. Raises LinkError."""
    if options.name and options.forget:
        options.wrong_usage("take a name or --forget, not both")
    port = port_of(options)
    with connect(port, say=say, limit=Deadline(COMMAND), reset=options.reset) as session:
        hello, name = session.hello, session.hello.name
        if options.name or options.forget:
            before = name
            name = expect(Named, session.request("name", name=options.name or "")).name
            if name != before:
                _warn(name)
    if options.json:
        print(json.dumps({"name": name, "device": hello.device}))
        return 0
    show_field("name", name or "none: `xnornode name NAME` gives it one")
    show_field("device", hello.device or "the chip has no number")
    return 0
