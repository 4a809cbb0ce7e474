"""Which data a command is given: options, reading, and the split into parts."""

import argparse
import sys
from pathlib import Path
from typing import Any

from xnornode.data.prepare import PrepareOptions, Splits, prepare
from xnornode.data.readers import read
from xnornode.data.split import Wanted
from xnornode.data.time_series import ReadOptions
from xnornode.errors import XnorNodeError
from xnornode.recipes.defaults import EXAMPLES, default_config
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
    example = None if Path(options.data).exists() else EXAMPLES.get(options.data)
    if example:
        dataset = example.read()
    elif not Path(options.data).exists():
        raise XnorNodeError(
            f"there is no file or folder {options.data}, nor an example set of that name"
        )
    else:
        dataset = read(options.data, _read_options(options))
    validation = wanted(options.validation)
    if example and example.config and validation is None:
        validation = ()  # the recipe's epochs were chosen by cross-validation
    parts = prepare(
        dataset,
        PrepareOptions(
            test=wanted(options.test),
            validation=validation,
            length=options.window,
            hop=options.hop,
            training_hop=options.training_hop or (example.training_hop if example else None),
            split=options.split,
        ),
    )
    config = example.config if example and example.config else default_config(parts)
    return parts, config


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


def tell(parts: Splits) -> None:
    """Notes and warnings, to stderr."""
    for note in parts.notes:
        print(note, file=sys.stderr)
    for warning in parts.warnings:
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
