"""Which data a command is given: options, reading, and the split into parts."""

import argparse
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

from xnornode.cli.command import number
from xnornode.cli.output import say
from xnornode.data.prepare import Splits, prepare
from xnornode.data.read_options import ReadOptions
from xnornode.data.split import Wanted
from xnornode.datasets.load import load_dataset
from xnornode.model.names import is_name
from xnornode.recipes.defaults import default_config
from xnornode.recipes.settings import RECIPES
from xnornode.training.config import TrainConfig

_count = number(int, least=1)


def add_options(group: Any) -> None:
    """The options that say what the data are and how they are split."""
    add = group.add_argument
    add(
        "--test",
        type=_part,
        action="extend",
        metavar="GROUPS",
        help="groups to test on, separated by commas, or a share such as 0.25",
    )
    add(
        "--validation",
        type=_part,
        action="extend",
        metavar="GROUPS",
        help="groups that choose the best epoch or network, or a share, or none",
    )
    add(
        "--split",
        choices=("group", "time"),
        default="group",
        help="hold out groups, or the last part of each recording (default: group)",
    )
    add("--window", type=_count, metavar="N", help="samples in a window; bytes of a text")
    add(
        "--hop",
        type=_count,
        metavar="N",
        help="samples from window to window (default: half a window)",
    )
    add("--training-hop", type=_count, metavar="N", help="hop in training (default: hop / 4)")
    add("--label", default="", metavar="COLUMN", help="the column of labels")
    add("--group", default="", metavar="COLUMN", help="the column of groups (person, place)")
    add(
        "--channels",
        type=_names,
        default=(),
        metavar="NAMES",
        help="columns to use, separated by commas",
    )
    add("--rate", type=number(float, above=0), default=0.0, metavar="HZ", help="sample rate")
    add(
        "--shape",
        type=_cross,
        metavar="LENGTHxCHANNELS",
        help="each row is one window of this shape",
    )
    add(
        "--image",
        type=_cross,
        metavar="HEIGHTxWIDTH",
        help="each row or array is one image of this size",
    )
    add("--text", action="store_true", help="the data are texts, not samples of sensors")


def load(options: argparse.Namespace) -> tuple[Splits, TrainConfig]:
    """The data in their parts, and the settings to start from. Raises XnorNodeError."""
    recipe = None if Path(options.data).exists() else RECIPES.get(options.data)
    dataset = load_dataset(options.data, _read_options(options))
    if options.name and not is_name(dataset.name):
        dataset = replace(dataset, name=options.name)
    changes = {
        "test": wanted(options.test),
        "validation": wanted(options.validation),
        "length": options.window,
        "hop": options.hop,
        "training_hop": options.training_hop,
        "split": options.split,
    }
    given = {name: value for name, value in changes.items() if value is not None}
    splits = prepare(dataset, recipe.options if recipe else None, **given)
    return splits, recipe.config if recipe else default_config(splits)


def _read_options(options: argparse.Namespace) -> ReadOptions:
    series = options.window and not options.shape and not options.image and not options.text
    return ReadOptions(
        label=options.label,
        group=options.group,
        channels=options.channels,
        sample_rate=options.rate,
        rows="samples" if series else "",
        shape=options.shape,
        image=options.image,
        text=options.text,
    )


def tell(splits: Splits) -> None:
    """Notes and warnings, to stderr."""
    for note in splits.notes:
        say(note)
    for warning in splits.warnings:
        say(f"warning: {warning}")


def wanted(words: list[str] | None) -> Wanted:
    """Groups, a share, or what suits, from the words of --test or --validation."""
    if words is None:
        return None
    if words == ["none"]:
        return ()
    if len(words) == 1 and ("." in words[0] or "%" in words[0]):
        try:
            percent = words[0].endswith("%")
            return float(words[0].rstrip("%")) / (100 if percent else 1)
        except ValueError:
            pass  # a group of that name
    return tuple(words)


def _groups(text: str) -> list[str]:
    return [name.strip() for name in text.split(",") if name.strip()]


def _part(text: str) -> list[str]:
    words = _groups(text)
    share = wanted(words)
    if isinstance(share, float) and not 0 <= share < 1:
        raise argparse.ArgumentTypeError(f"{text}: a share must be at least 0 and below 1")
    return words


def _names(text: str) -> tuple[str, ...]:
    return tuple(_groups(text))


def _cross(text: str) -> tuple[int, int]:
    match = re.fullmatch(r"([1-9]\d*)x([1-9]\d*)", text.lower())
    if not match:
        raise argparse.ArgumentTypeError(f"{text}: write two whole numbers such as 128x6")
    return int(match[1]), int(match[2])
