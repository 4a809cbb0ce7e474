"""`xnornode info`: what is in a model file."""

import argparse
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from xnornode.cli.command import add_command
from xnornode.cli.output import show_field
from xnornode.cost.estimate import estimate
from xnornode.model import model_file
from xnornode.model.answers import ONE
from xnornode.model.model import Model
from xnornode.report.layer_words import describe_layers
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
    for text in answers_text(model):
        show_field("answers", text)
    if model.drift:
        n, directions = model.drift.weights.shape
        text = f"{n} features, {directions} directions and far away; {model.drift.ram} bytes of RAM"
        show_field("drift", text)
    if model.notes:
        show_field("notes", model.notes)
    show_field("self-test", "passes" if model.selftest() else "FAILS")
    return 0


def answers_text(model: Model) -> Iterator[str]:
    """How scores become answers and events, in lines."""
    rules, w = model.answers, model.window
    if not rules:
        yield "the class with the highest score, without confidence; no events"
        return
    yield f"probabilities: softmax of score / {1 / rules.inverse_temperature:.4g}"
    mean = f"mean of {rules.windows} windows" if rules.windows > 1 else "each window by itself"
    yield f"{mean}; unknown below a confidence of {100 * rules.threshold / ONE:.3g} %"
    seconds = rules.hold_off * w.hop * 1000 / w.rate_mhz if w.rate_mhz else 0
    hold_off = f"{rules.hold_off} windows" + (f" ({seconds:.3g} s)" if seconds else "")
    background = ", ".join(model.labels[i] for i in rules.background) or "no class"
    yield f"events: hold-off of {hold_off}; of {background} there are none"
