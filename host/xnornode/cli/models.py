"""`xnornode push`, `list`, `rollback`: the models on a node."""

import argparse
import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

from xnornode.cli.output import Bar, add_json, say
from xnornode.cli.port_options import add_port
from xnornode.errors import XnorNodeError
from xnornode.link.connect import connect
from xnornode.link.keys import read_key
from xnornode.link.messages import Models, NodeModel, Switched
from xnornode.link.parsing import expect
from xnornode.link.ports import find_port
from xnornode.link.push import push


def add_parsers(commands: Any) -> None:
    """The options of the three commands."""
    parser = commands.add_parser(
        "push",
        help="put a model on a node, while it classifies",
        description="Put a model on a node. A push that was cut off goes on where it stopped.",
    )
    parser.add_argument("model", type=Path, help="the .bnn file")
    add_port(parser)
    parser.add_argument("--key", type=Path, metavar="FILE", help="sign the model with this key")
    parser.set_defaults(run=run_push)
    parser = commands.add_parser("list", help="the models on a node")
    add_port(parser)
    add_json(parser)
    parser.set_defaults(run=run_list)
    parser = commands.add_parser("rollback", help="go back to the model that a node had before")
    add_port(parser)
    parser.set_defaults(run=run_rollback)


def run_push(options: argparse.Namespace) -> int:
    """`xnornode push`. Raises XnorNodeError."""
    data = options.model.read_bytes()
    key = read_key(options.key) if options.key else None
    bar = Bar()
    try:
        done = push(find_port(options.port), data, key=key, say=bar.say, progress=bar)
    except KeyboardInterrupt:
        bar.end()
        say("stopped; the node keeps its model. The same command goes on where this one stopped")
        return 1
    finally:
        bar.end()
    print(f"active      {describe(done.active)}")
    if not done.sent:
        print("            the node had this very model: nothing was sent")
        return 0
    print(f"replaced    {describe(done.replaced) if done.replaced else 'nothing'}")
    sent = len(data) - done.resumed
    again = f", {done.retries} retries" if done.retries else ""
    breaks = f", {done.breaks} reconnections" if done.breaks else ""
    print(f"time        {done.seconds:.1f} s, {sent / done.seconds:,.0f} bytes/s{again}{breaks}")
    return 0


def run_list(options: argparse.Namespace) -> int:
    """`xnornode list`. Raises LinkError."""
    with connect(find_port(options.port), say=say) as session:
        models = expect(Models, session.request("list"))
    if options.json:
        fields = asdict(models)
        del fields["id"]
        print(json.dumps(fields))
        return 0
    for name, model in (("active", models.active), ("previous", models.previous)):
        print(f"{name:<12}{describe(model) if model else 'none'}")
    for part in models.part:
        print(f"unfinished  {part.bytes:,} bytes of SHA-256 {part.sha256[:12]}")
    return 0


def run_rollback(options: argparse.Namespace) -> int:
    """`xnornode rollback`. Raises LinkError."""
    with connect(find_port(options.port), say=say) as session:
        previous = expect(Models, session.request("list")).previous
        if not previous:
            raise XnorNodeError("the node has no previous model to go back to")
        done = expect(Switched, session.request("rollback", to=previous.sha256))
    print(f"active      {describe(done.active)}")
    print(f"replaced    {describe(done.previous) if done.previous else 'nothing'}")
    return 0


def describe(model: NodeModel) -> str:
    """A model on a node, on one line."""
    name = model.name or "(cannot be loaded)"
    text = f"{name}, revision {model.revision}, {model.bytes:,} bytes"
    text += f", SHA-256 {model.sha256[:12]}"
    if model.trial is not None:
        text += ", on trial until it classifies a window"
    return text
