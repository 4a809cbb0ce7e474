"""`xnornode info`: what is in a model file."""

import argparse
from pathlib import Path
from typing import Any

from xnornode import fileformat
from xnornode.estimate import estimate
from xnornode.report import describe_layers
from xnornode.report_text import operations_text, ram_text, time


def add_parsers(commands: Any) -> None:
    """The options of `xnornode info`."""
    parser = commands.add_parser("info", help="say what is in a model file")
    parser.add_argument("model", type=Path)
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Print it; the exit status. Raises ModelError for a file that is no model."""
    path: Path = options.model
    model = fileformat.load(path)
    w = model.window
    rate = f"{w.rate_mhz / 1000:g} Hz" if w.rate_mhz else "rate unknown"
    print(f"name        {model.name}, revision {model.revision}, {path.stat().st_size:,} bytes")
    print(f"window      {w.length} samples, hop {w.hop}, {rate}")
    for name, scale in zip(w.channels, w.scales, strict=True):
        print(f"channel     {name}" + (f", {1e9 / scale:.6g} counts to the unit" if scale else ""))
    code = type(model.code).__name__.lower() + f", {model.code.bits} bits" if model.code else "none"
    print(f"front       {type(model.front).__name__.lower()}, code {code}, {model.width:,} inputs")
    for text in describe_layers(model):
        print(f"layer       {text}")
    cost = estimate(model)
    print(f"operations  {operations_text(cost.operations)}")
    print(f"RAM         {ram_text(cost.ram)}")
    for t in cost.times:
        print(
            f"time        at most {time(t.microseconds)} estimated on {t.chip}, {t.megahertz} MHz"
        )
    print(f"labels      {', '.join(model.labels)}")
    if model.notes:
        print(f"notes       {model.notes}")
    print(f"self-test   {'passes' if model.selftest() else 'FAILS'}")
    return 0
