"""Which data a command is given: options, reading, and the split into parts."""

import argparse
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any, TextIO, TypeVar

from xnornode.cli.command import number
from xnornode.cli.output import is_terminal, say, show_table
from xnornode.data import option_texts
from xnornode.data.prepare import prepare
from xnornode.data.read_options import ReadOptions
from xnornode.data.split import Wanted
from xnornode.data.splits import PrepareOptions, Splits
from xnornode.data.understood import Understood
from xnornode.datasets.load import load_dataset
from xnornode.errors import DataError
from xnornode.model.names import is_name
from xnornode.recipes.defaults import default_config
from xnornode.recipes.settings import RECIPES, Recipe
from xnornode.report.metrics import Report
from xnornode.report.understood import OVERRULE, sections
from xnornode.training.config import TrainConfig

Parsed = TypeVar("Parsed")


def _typed(parse: Callable[[str], Parsed]) -> Callable[[str], Parsed]:
    """A type of options from a reader of texts: argparse tells what it says is wrong."""

    def value(text: str) -> Parsed:
        try:
            return parse(text)
        except DataError as error:
            raise argparse.ArgumentTypeError(str(error)) from error

    value.__name__ = parse.__name__
    return value


length = _typed(option_texts.length)
full_scale = _typed(option_texts.full_scale)
_cross = _typed(option_texts.cross)
_names = _typed(option_texts.names)

WIDTH = 100
"""Columns of the table of what was understood, in a pipe."""


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
    what = "a window, in samples, or in seconds as 1.5s; bytes of a text"
    add("--window", type=length, metavar="N", help=what)
    what = "the step from window to window (default: half a window)"
    add("--hop", type=length, metavar="N", help=what)
    add("--training-hop", type=length, metavar="N", help="hop in training (default: hop / 4)")
    what = "recordings shorter than a window: pad them, or leave them out (default: pad sound only)"
    add("--short", choices=("pad", "drop"), help=what)
    what = "the largest value of all channels, or of some as NAME=VALUE,..., in their unit"
    add("--full-scale", type=full_scale, default={}, metavar="VALUE", help=what)
    add_read_options(group)


def add_read_options(group: Any) -> None:
    """The options that say what the files hold."""
    add = group.add_argument
    add("--label", default="", metavar="COLUMN", help="the column of labels")
    add("--label-all", default="", metavar="LABEL", help="the label of everything in the files")
    add("--group", default="", metavar="COLUMN", help="the column of groups (person, place)")
    what = "the column that says when a sample was taken, or none"
    add("--time", default="", metavar="COLUMN", help=what)
    what = "whether the first row of a table has titles (default: found out)"
    add("--header", choices=("yes", "no"), default="", help=what)
    add("--charset", default="", metavar="NAME", help="the character encoding, such as latin-1")
    add(
        "--channels",
        type=_names,
        default=(),
        metavar="NAMES",
        help="columns to use, separated by commas",
    )
    hertz = number(float, above=0)
    add("--rate", type=hertz, default=0.0, metavar="HZ", help="sample rate of the data")
    add("--resample", type=hertz, default=0.0, metavar="HZ", help="bring recordings to this rate")
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
    add("--skip", action="store_true", help="leave out rows and files that are faulty")
    what = "interpolate gaps of at most so many samples, or seconds as 0.5s"
    add("--fill", type=length, default=0, metavar="N", help=what)


def load(options: argparse.Namespace) -> tuple[Splits, TrainConfig]:
    """The data in their parts, and the settings to start from. Raises XnorNodeError."""
    recipe = recipe_of(options)
    dataset = load_dataset(options.data, read_options(options))
    if options.name and not is_name(dataset.name):
        dataset = replace(dataset, name=options.name)
    splits = prepare(dataset, prepare_options(options, recipe.options if recipe else None))
    return splits, recipe.config if recipe else default_config(splits)


def recipe_of(options: argparse.Namespace) -> Recipe | None:
    """The recipe of an example set; None for data of one's own."""
    return None if Path(options.data).exists() else RECIPES.get(options.data)


def prepare_options(
    options: argparse.Namespace, recipe: PrepareOptions | None = None
) -> PrepareOptions:
    """How the options want data to be split and cut, beginning with those of a recipe."""
    changes = {
        "test": wanted(options.test),
        "validation": wanted(options.validation),
        "length": options.window,
        "hop": options.hop,
        "training_hop": options.training_hop,
        "full_scale": options.full_scale,
        "split": options.split,
        "short": options.short,
    }
    given = {name: value for name, value in changes.items() if value is not None}
    return replace(recipe or PrepareOptions(), **given)


def read_options(options: argparse.Namespace) -> ReadOptions:
    """What the options say about the files."""
    series = options.window and not options.shape and not options.image and not options.text
    return ReadOptions(
        label=options.label,
        group=options.group,
        time=options.time,
        channels=options.channels,
        sample_rate=options.rate,
        resample=options.resample,
        rows="samples" if series else "",
        header=options.header,
        shape=options.shape,
        image=options.image,
        text=options.text,
        label_all=options.label_all,
        charset=options.charset,
        skip=options.skip,
        fill=options.fill,
    )


def show_understood(understood: Understood, stream: TextIO) -> None:
    """The table of what was understood, and how each guess is overruled."""
    for section in sections(understood):
        if not is_terminal(stream):  # a terminal's tables have blank lines around them
            print(file=stream)
        show_table(section.heads, section.rows, section.left, stream, WIDTH, section.title)
    print(f"\n{OVERRULE}\n", file=stream, flush=True)


def tell(splits: Splits) -> None:
    """The table of what was understood, notes and warnings, to stderr."""
    if splits.understood:
        show_understood(splits.understood, sys.stderr)
    for note in splits.notes:
        say(note)
    for warning in splits.warnings:
        say(f"warning: {warning}")


def tell_more(report: Report, splits: Splits) -> None:
    """The notes and warnings that came with the training, to stderr."""
    for note in report.notes[len(splits.notes) :]:
        say(note)
    for warning in report.warnings[len(splits.warnings) :]:
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


def _part(text: str) -> list[str]:
    words = [*option_texts.names(text)]
    share = wanted(words)
    if isinstance(share, float) and not 0 <= share < 1:
        raise argparse.ArgumentTypeError(f"{text}: a share must be at least 0 and below 1")
    return words
