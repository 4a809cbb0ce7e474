"""The option of `xnornode train` that leaves drift out of the model file."""

import argparse
from dataclasses import replace
from typing import Any

from xnornode.cli.output import say
from xnornode.data.splits import Splits
from xnornode.data.windows import Windows
from xnornode.export.drift import FEWEST, Told, fit_drift, why_not
from xnornode.model.model import Model
from xnornode.model.statistics import Statistics


def add_option(group: Any) -> None:
    """Add the option --no-drift."""
    what = (
        "leave out by what a node tells that its windows are not like those of the training: some "
        "1.2 kB, of models with statistics"
    )
    group.add_argument("--no-drift", action="store_true", help=what)


def settle(options: argparse.Namespace, model: Model, splits: Splits) -> Model:
    """The model with what tells drift, where it can have that and nobody has left it out."""
    train = splits.train
    if options.no_drift or not isinstance(train, Windows):
        return model
    if why_not(model, train):
        if isinstance(model.features, Statistics):
            say(
                f"the node will not tell drift: that needs {FEWEST} windows of training, and there "
                f"are {len(train)}"
            )
        return model
    told = fit_drift(model, train)
    say(words(told))
    return replace(model, drift=told.drift)


def words(told: Told) -> str:
    """What a drift tells, in a line."""
    kinds: dict[str, list[float]] = {}
    for name, share in told.shares.items():
        kind = "turned by 90 degrees" if name.startswith("turned") else "gain changed by a fifth"
        kinds.setdefault(kind, []).append(share)
    parts = [f"{kind} in at least {min(of):.0%}" for kind, of in kinds.items()]
    text = "the node will tell drift (docs/guides/drift.md); of the training's recordings, each "
    return f"{text}run twice: {', '.join(parts)}. --no-drift leaves it out"
