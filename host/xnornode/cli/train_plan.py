"""`xnornode train --dry-run`: what would be tried, and what it would cost on a node."""

import argparse
import json
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

import numpy as np

from xnornode.cli import data_options
from xnornode.cli.output import show_table
from xnornode.cost.chips import CHIPS
from xnornode.data.augment_text import augment_in_words
from xnornode.data.splits import Splits
from xnornode.errors import XnorNodeError
from xnornode.model_search.budget import cost_of
from xnornode.nn.layer_spec import format_layers
from xnornode.recipes.candidates import Candidate
from xnornode.recipes.choose import NOTHING_LEFT_OUT
from xnornode.recipes.plan import plan_trials
from xnornode.recipes.work import seconds_of
from xnornode.report.units import time
from xnornode.training.config import TrainConfig

FORMAT = "xnornode-plan-1"
HEADS = ("would be tried", "bytes", "a window", "RAM", "training", "")


def add_option(group: Any) -> None:
    """Add the option --dry-run."""
    what = "say what would be tried, with its costs, and write nothing; --json for all of it"
    group.add_argument("--dry-run", action="store_true", help=what)


def show(
    options: argparse.Namespace, splits: Splits, config: TrainConfig, tries: Sequence[Candidate]
) -> int:
    """Print what would be tried, as a table or as JSON; the exit status."""
    content = plan_of(options, splits, config, tries)
    if options.json is not None:
        print(json.dumps(content, indent=2, allow_nan=False))
        return 0
    data_options.tell(splits)
    rows = [
        [
            one["name"],
            f"{one['bytes']:,}" if one["bytes"] else "",
            time(one["times"][0]["microseconds"]) if one["times"] else "",
            f"{one['ram']:,}" if one["ram"] else "",
            f"some {one['seconds']:.0f} s" if one["seconds"] else "",
            one["why"],
        ]
        for one in content["candidates"]
    ]
    show_table(HEADS, rows, (HEADS[0], HEADS[-1]))
    print(f"{content['about']}. Dry run: nothing was trained, nothing was written")
    return 0


def plan_of(
    options: argparse.Namespace, splits: Splits, config: TrainConfig, tries: Sequence[Candidate]
) -> dict[str, Any]:
    """What a training would do, as values for JSON.

    Keys: `format`; `labels`; `windows` by part, and of the training part by class in
    `training_windows`; `held_out`; `window`; `candidates` (`name`, `features`, `layers`,
    `encoding`, `augmentation`, `epochs`, `bytes`, `ram`, `times`, `seconds` of a training, `tried`,
    `why` it is not); `about` the trials in words; `seconds` of all; `understood`, `notes`,
    `warnings`.
    """
    named = tries if len(tries) > 1 else (Candidate("as its options say", config),)
    rows = [{**_costs(one, splits), "tried": True, "why": ""} for one in named]
    about, seconds = "no other network is tried", 0.0
    if len(tries) > 1:
        fitting, planned, _ = plan_trials(splits, tries, seed=options.seed)
        about = planned.describe() if planned.count else NOTHING_LEFT_OUT
        tried = {fitting[i].name for i in planned.tried} if planned.count else {named[0].name}
        long = {fitting[i].name: took for i, took in planned.left_out}
        for row in rows:
            row["tried"] = row["name"] in tried
            if row["name"] in long:
                row["why"] = f"left out: a trial would take some {long[row['name']]:.0f} s"
        if count := planned.count:
            of = len(planned.part) * (count - 1) // count
            chosen = [fitting[i].config for i in planned.tried]
            seconds = sum(count * seconds_of(c, splits, of, planned.epochs_of(c)) for c in chosen)
    window, parts = splits.window, (splits.train, splits.validation, splits.test)
    sizes = [0 if part is None else len(part) for part in parts]
    final = max((row["seconds"] for row in rows if row["tried"]), default=0.0)
    return {
        "format": FORMAT,
        "name": splits.name,
        "labels": splits.labels,
        "kind": splits.train.data_kind,
        "windows": dict(zip(("training", "validation", "test"), sizes, strict=True)),
        "training_windows": np.bincount(splits.train.labels, minlength=len(splits.labels)).tolist(),
        "held_out": splits.held_out,
        "window": {
            "length": window.length,
            "hop": window.hop,
            "rate": window.rate_mhz / 1000,
            "channels": window.channels,
        },
        "candidates": rows,
        "about": about,
        "seconds": seconds + final,
        "understood": asdict(splits.understood) if splits.understood else None,
        "notes": splits.notes,
        "warnings": splits.warnings,
    }


def _costs(one: Candidate, splits: Splits) -> dict[str, Any]:
    """A candidate, and what its model and its training will take; `why` there is none."""
    config = one.config
    about = {
        "name": one.name,
        "features": config.features.describe(),
        "layers": format_layers(config.layers, config.global_average_pooling),
        "encoding": config.encoding,
        "augmentation": augment_in_words(config.augment) if config.augment else "",
        "epochs": config.epochs,
    }
    try:
        costs = [(chip, cost_of(config, splits, chip)) for chip in CHIPS]
        seconds = seconds_of(config, splits, len(splits.train), config.epochs)
    except XnorNodeError as error:
        none = {"bytes": 0, "ram": 0, "times": [], "seconds": 0.0}
        return {**about, **none, "tried": False, "why": str(error)}
    first = costs[0][1]
    times = [{"chip": chip.name, "microseconds": cost.microseconds} for chip, cost in costs]
    return {**about, "bytes": first.bytes, "ram": first.ram, "times": times, "seconds": seconds}
