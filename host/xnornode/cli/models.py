"""`xnornode push`, `list`, `rollback`: the models on a node."""

import argparse
import json
from contextlib import AbstractContextManager
from dataclasses import asdict
from pathlib import Path
from typing import Any

from xnornode.cli.command import add_command, add_json
from xnornode.cli.output import Progress, say, show_field
from xnornode.cli.port_options import add_port, add_reset, port_of
from xnornode.errors import XnorNodeError
from xnornode.link.connect import connect
from xnornode.link.deadline import Deadline
from xnornode.link.keys import read_key
from xnornode.link.messages import Models, NodeModel, Switched
from xnornode.link.parsing import expect
from xnornode.link.protocol import Session
from xnornode.link.push import push
from xnornode.link.timing import COMMAND


def add_parsers(commands: Any) -> None:
    """Add the commands `xnornode push`, `list` and `rollback`."""
    parser = add_command(
        commands,
        "push",
        "put a model on a node, while it classifies",
        "Put a model on a node, which goes on classifying. A push that was cut off goes on where "
        "it stopped.",
        """
        xnornode push watch.bnn
        xnornode push watch.bnn --port /dev/ttyACM0 --key node.key
        """,
    )
    parser.add_argument("model", type=Path, help="the .bnn file")
    add_port(parser)
    add_reset(parser)
    parser.add_argument("--key", type=Path, metavar="FILE", help="sign the model with this key")
    parser.add_argument(
        "--allow-slow",
        action="store_true",
        help="push it even if a window may take longer than the next one takes to come",
    )
    parser.set_defaults(run=run_push)
    parser = add_command(
        commands,
        "list",
        "show the models on a node",
        "Show the model that a node runs, the one before it, and pushes that are unfinished.",
        """
        xnornode list
        xnornode list --json
        """,
    )
    add_port(parser)
    add_reset(parser)
    add_json(parser)
    parser.set_defaults(run=run_list)
    parser = add_command(
        commands,
        "rollback",
        "go back to the model that a node had before",
        "Have a node run the model that it had before. A second rollback undoes the first.",
        "xnornode rollback",
    )
    add_port(parser)
    add_reset(parser)
    parser.set_defaults(run=run_rollback)


def run_push(options: argparse.Namespace) -> int:
    """`xnornode push`. Raises XnorNodeError."""
    # They have NumPy, which --help does not wait for
    from xnornode.cost.pace import check_pace
    from xnornode.model.file_format import from_bytes
    from xnornode.model.model_file import read_model

    data = read_model(options.model)
    model = from_bytes(data)
    if not options.allow_slow:
        check_pace(model)
    key = read_key(options.key) if options.key else None
    try:
        with Progress() as progress:
            done = push(
                port_of(options),
                data,
                key=key,
                say=progress.say,
                progress=progress,
                reset=options.reset,
            )
    except KeyboardInterrupt:
        say("stopped; the node keeps its model. The same command goes on where this one stopped")
        return 1
    show_field("active", describe(done.active))
    if not done.sent:
        show_field("", "the node had this very model: nothing was sent")
        return 0
    show_field("replaced", describe(done.replaced) if done.replaced else "nothing")
    sent = len(data) - done.resumed
    again = f", {done.retries} retries" if done.retries else ""
    breaks = f", {done.breaks} reconnections" if done.breaks else ""
    speed = f"{sent / max(done.seconds, 1e-3):,.0f} bytes/s"
    show_field("time", f"{done.seconds:.1f} s, {speed}{again}{breaks}")
    return 0


def run_list(options: argparse.Namespace) -> int:
    """`xnornode list`. Raises LinkError."""
    with _connect(options) as session:
        models = expect(Models, session.request("list"))
        hello = session.hello
    if options.json:
        fields = asdict(models)
        del fields["id"]
        node = {"library": hello.library, "name": hello.name, "device": hello.device}
        print(json.dumps({**fields, **node}))
        return 0
    for name, model in (("active", models.active), ("previous", models.previous)):
        show_field(name, describe(model) if model else "none")
    for part in models.part:
        show_field("unfinished", f"{part.bytes:,} bytes of SHA-256 {part.sha256[:12]}")
    show_field("library", f"version {hello.library}")
    if hello.name or hello.device:
        device = f"device {hello.device}" if hello.device else ""
        show_field("node", ", ".join(filter(None, (hello.name, device))))
    return 0


def run_rollback(options: argparse.Namespace) -> int:
    """`xnornode rollback`. Raises LinkError."""
    with _connect(options) as session:
        previous = expect(Models, session.request("list")).previous
        if not previous:
            raise XnorNodeError("the node has no previous model to go back to")
        if not previous.sha256:
            raise XnorNodeError("the node's previous model cannot be loaded; see `xnornode list`")
        done = expect(Switched, session.request("rollback", to=previous.sha256))
    show_field("active", describe(done.active))
    show_field("replaced", describe(done.previous) if done.previous else "nothing")
    return 0


def _connect(options: argparse.Namespace) -> AbstractContextManager[Session]:
    """A session that ends, whatever the port does."""
    port = port_of(options)
    return connect(port, say=say, limit=Deadline(COMMAND), reset=options.reset)


def describe(model: NodeModel) -> str:
    """A model on a node, on one line."""
    name = model.name or "(cannot be loaded)"
    text = f"{name}, revision {model.revision}, {model.bytes:,} bytes"
    text += f", SHA-256 {model.sha256[:12]}"
    if model.trial is not None:
        text += ", on trial until it classifies a window"
    return text
