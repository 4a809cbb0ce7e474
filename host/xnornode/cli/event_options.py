"""The options of `xnornode train` that choose what becomes of scores: answers and events."""

import argparse
from dataclasses import replace
from typing import Any

from xnornode.cli.output import Progress
from xnornode.data.splits import Splits
from xnornode.errors import DataError
from xnornode.events.chosen import (
    Chosen,
    check_wish,
    choose_answers,
    find_background,
    with_temperature,
)
from xnornode.events.wish import Wish, read_wish
from xnornode.model.model import Model
from xnornode.training.trained import Epoch, Trained


def add_options(group: Any) -> None:
    """Add the options --events and --background."""
    add = group.add_argument
    what = 'limits such as "at most 1 false an hour, at most 5 %% unknown", or off (default)'
    add("--events", type=_wish, metavar="LIMITS", help=what)
    what = "a class that makes no events; again for each (default: by name, such as idle)"
    add("--background", action="append", metavar="LABEL", help=what)


def _wish(text: str) -> Wish | None:
    try:
        return read_wish(text)
    except DataError as error:
        raise argparse.ArgumentTypeError(str(error)) from None


def check(options: argparse.Namespace, splits: Splits) -> tuple[int, ...]:
    """The background classes. Raises DataError where the data cannot tell what is wanted."""
    background = find_background(splits.labels, options.background)
    if options.events:
        check_wish(options.events, splits)
    return background


def settle(
    options: argparse.Namespace,
    model: Model,
    trained: Trained,
    splits: Splits,
    background: tuple[int, ...],
    progress: Progress,
) -> tuple[Model, Trained, Chosen | None]:
    """The model with its answers, what the report says it is of, and how they were chosen."""
    if not options.events:
        answers = model.answers and replace(model.answers, background=background)
        return replace(model, answers=answers), trained, None
    if splits.validation is None:
        progress.say("no validation part: networks without some of the groups choose the events")

    def show(number: int, count: int, epoch: Epoch) -> None:
        text = f"network {number}/{count} for events, epoch {epoch.number}/{epoch.of}"
        progress(number - 1 + epoch.number / epoch.of, count, text)

    model, chosen = choose_answers(
        model, trained, splits, options.events, background, show, options.processes
    )
    return model, with_temperature(trained, chosen), chosen
