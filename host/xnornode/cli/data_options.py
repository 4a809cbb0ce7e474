"""Which data a command is given: options, reading, and the split into parts."""

import argparse
import sys
from pathlib import Path
from typing import Any

from xnornode.data.prepare import Splits, prepare
from xnornode.data.split import Wanted
from xnornode.data.time_series import ReadOptions
from xnornode.datasets.load import load_dataset
from xnornode.errors import XnorNodeError
from xnornode.recipes.defaults import default_config
from xnornode.recipes.settings import RECIPES
from xnornode.training.config import TrainConfig


def add_options(group: Any) -> None:
    """The options that say what the data are and how they are split."""
    add = group.add_argument
    add(
        "--test",
        type=_groups,
        action="extend",
        metavar="GROUPS",
        help="groups to test on, with commas, or a share: 0.25",
    )
    add(
        "--validation",
        type=_groups,
        action="extend",
        metavar="GROUPS",
        help="groups to choose the best epoch or network by, or a share, or none",
    )
    add(
        "--split",
        choices=("group", "time"),
        default="group",
        help="hold out groups, or the last part of each recording (default: group)",
    )
    add("--window", type=_count, metavar="N", help="samples in a window (texts: bytes read)")
    add("--hop", type=_count, metavar="N", help="samples from window to window (default: half)")
    add(
        "--training-hop", type=_count, metavar="N", help="the same in training (default: a quarter)"
    )
    add("--label", default="", metavar="COLUMN", help="the column of labels")
    add("--group", default="", metavar="COLUMN", help="the column of groups (person, place)")
    add("--channels", type=_names, default=(), metavar="NAMES", help="columns to use, with commas")
    add("--rate", type=float, default=0.0, metavar="HZ", help="sample rate")
    add("--shape", type=_cross, metavar="LENGTHxCHANNELS", help="each row is one such window")
    add("--image", type=_cross, metavar="HEIGHTxWIDTH", help="each row or array is one such image")
    add("--text", action="store_true", help="the data are texts")


def load(options: argparse.Namespace) -> tuple[Splits, TrainConfig]:
    """The data in their parts, and the settings to start from. Raises XnorNodeError."""
    recipe = None if Path(options.data).exists() else RECIPES.get(options.data)
    dataset = load_dataset(options.data, _read_options(options))
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
        rate=options.rate,
        rows="samples" if series else "",
        shape=options.shape,
        image=options.image,
        text=options.text,
    )


def tell(splits: Splits) -> None:
    """Notes and warnings, to stderr."""
    for note in splits.notes:
        print(note, file=sys.stderr)
    for warning in splits.warnings:
        print(f"warning: {warning}", file=sys.stderr)


def check_folders(*paths: Path | None) -> None:
    """Raise XnorNodeError where a file would be written to no folder: before the work."""
    for path in paths:
        if path and not path.absolute().parent.is_dir():
            raise XnorNodeError(f"there is no folder {path.absolute().parent} to write to")


def json_file(options: argparse.Namespace) -> Path | None:
    """The file of --json; None without, and for stdout."""
    return Path(options.json) if options.json not in (None, "-") else None


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


def _names(text: str) -> tuple[str, ...]:
    return tuple(_groups(text))


def _count(text: str) -> int:
    return _checked(int(text), text)


def _cross(text: str) -> tuple[int, int]:
    first, _, second = text.lower().partition("x")
    return _checked(int(first), text), _checked(int(second), text)


def _checked(number: int, text: str) -> int:
    if number < 1:
        raise argparse.ArgumentTypeError(f"{text}: it must be at least 1")
    return number
