"""`xnornode info`: what is in a model file."""

import argparse
from pathlib import Path
from typing import Any

from xnornode.cli.command import add_command
from xnornode.cli.output import show_field
from xnornode.cost.estimate import estimate
from xnornode.model import model_file
from xnornode.report.metrics import describe_layers
from xnornode.report.units import operations_text, ram_text, time


def add_parsers(commands: Any) -> None:
    """Add the command `xnornode info`."""
    parser = add_command(
        commands,
        "info",
        "say what is in a model file",
        "Say what is in a model file: its window, network, labels, costs, and notes.",
        "xnornode info watch.bnn",
    )
    parser.add_argument("model", type=Path, help="the .bnn file")
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Print it; the exit status. Raises ModelError for a file that is no model."""
    path: Path = options.model
    model = model_file.load_model(path)
    w, cost = model.window, estimate(model)
    rate = f"{w.rate_mhz / 1000:g} Hz" if w.rate_mhz else "rate unknown"
    show_field("name", f"{model.name}, revision {model.revision}, {cost.file_bytes:,} bytes")
    show_field("window", f"{w.length} samples, hop {w.hop}, {rate}")
    for name, scale in zip(w.channels, w.scales, strict=True):
        counts = f": a sample is round(value x {1e9 / scale:.6g})" if scale else ""
        show_field("channel", f"{name}{counts}")
    show_field("features", model.features.describe())
    encoding = f"{model.encoding.NAME}, {model.encoding.bits} bits" if model.encoding else "none"
    show_field("encoding", f"{encoding}, {model.width:,} inputs")
    for text in describe_layers(model):
        show_field("layer", text)
    show_field("operations", operations_text(cost.operations))
    show_field("RAM", ram_text(cost.ram))
    for t in cost.times:
        show_field(
            "time", f"at most {time(t.microseconds)} estimated on {t.chip}, {t.megahertz} MHz"
        )
    show_field("labels", ", ".join(model.labels))
    if model.notes:
        show_field("notes", model.notes)
    show_field("self-test", "passes" if model.selftest() else "FAILS")
    return 0
