"""`xnornode search`: the most accurate network within a budget, its model and its report."""

import argparse
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any, TextIO

from xnornode._files import write_whole
from xnornode.cli import data_options
from xnornode.cost.chips import CHIPS
from xnornode.model import file_format
from xnornode.report.metrics import make_report
from xnornode.report.search import front_text, to_html, to_json, to_text
from xnornode.report.text import to_text as report_text
from xnornode.report.units import time
from xnornode.search.budget import Budget
from xnornode.search.halving import TRIALS, Step, Trial, pareto, search

EPILOG = """
examples:
  xnornode search gestures/ --bytes 8000 --ms 2 -o best.bnn
  xnornode search log.csv --bytes 4000 --minutes 30 -o best.bnn --report search.html
  xnornode search digits --ram 6000 --chip esp32 --trials 60 -o best.bnn

docs/guides/search.md says what is tried and how the choice is made
"""


def add_parsers(commands: Any) -> None:
    """The options of `xnornode search`."""
    parser = commands.add_parser(
        "search",
        help="find the best network within a budget of bytes and time",
        description="Try networks that fit a node, choose one, test it, write the model.",
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("data", help="a folder, .csv, .npz or .npy file, or an example set")
    parser.add_argument(
        "-o", "--output", type=Path, required=True, help="the .bnn file to write", metavar="FILE"
    )
    add = parser.add_argument_group("budget, at least one of the first three").add_argument
    add("--bytes", type=_above_zero(int), metavar="N", help="of the model file")
    add("--ms", type=_above_zero(float), metavar="T", help="estimated for one classification")
    add("--ram", type=_above_zero(int), metavar="N", help="bytes on the node, with the model")
    chips = [chip.name.lower() for chip in CHIPS]
    add("--chip", choices=chips, default=chips[0], help=f"that runs it (default: {chips[0]})")
    group = parser.add_argument_group("search")
    length = group.add_mutually_exclusive_group()
    length.add_argument(
        "--trials",
        type=_above_zero(int),
        default=TRIALS,
        metavar="N",
        help=f"networks in the first round (default: {TRIALS})",
    )
    length.add_argument(
        "--minutes",
        type=_above_zero(float),
        metavar="M",
        help="as many as can be tried in this time; the final training comes after it",
    )
    add = group.add_argument
    add("--epochs", type=_above_zero(int), metavar="N", help="of the last round and final training")
    add("--balanced", action="store_true", help="all classes count alike, however rare")
    add("--seed", type=int, default=0, help="of everything random (default: 0)")
    data_options.add_options(parser.add_argument_group("data"))
    add = parser.add_argument_group("output").add_argument
    add("--name", metavar="NAME", help="the model's name (default: the data's)")
    add("--report", type=Path, metavar="FILE", help="write the report as an HTML page")
    add(
        "--json",
        nargs="?",
        const="-",
        metavar="FILE",
        help="write the report as JSON; without a file to stdout, instead of the text",
    )
    parser.set_defaults(run=run, wrong_usage=parser.error)


def _above_zero(kind: type) -> Callable[[str], Any]:
    def number(text: str) -> Any:
        value = kind(text)
        if not value > 0:
            raise argparse.ArgumentTypeError(f"{text}: it must be above 0")
        return value

    number.__name__ = kind.__name__  # argparse says "invalid int value"
    return number


def run(options: argparse.Namespace) -> int:
    """Carry out `xnornode search`; the exit status. Raises XnorNodeError."""
    if options.bytes is None and options.ms is None and options.ram is None:
        options.wrong_usage("a search needs a budget: --bytes, --ms or --ram")
    chip = next(c for c in CHIPS if c.name.lower() == options.chip)
    budget = Budget(options.bytes, options.ms, options.ram, chip)
    json_file = data_options.json_file(options)
    data_options.check_folders(options.output, options.report, json_file)
    validation = data_options.wanted(options.validation)
    options.validation = ["none"]  # the search splits its own off the training part
    splits, config = data_options.load(options)
    config = replace(config, seed=options.seed, epochs=options.epochs or config.epochs)
    if options.balanced:
        config = replace(config, class_weights="balanced")
    data_options.tell(splits)
    if options.name:
        splits = replace(splits, name=options.name)
    display = Display(sys.stderr)
    try:
        found = search(
            splits,
            budget,
            config,
            trials=options.trials,
            minutes=options.minutes,
            validation=validation,
            progress=display,
        )
    except KeyboardInterrupt:
        display.end()
        if not display.trials:
            raise
        features = pareto(list(display.trials.values()))
        print(front_text(features, budget), end="")
        print("xnornode: stopped; no model was written", file=sys.stderr)
        return 1
    display.end()
    report = make_report(found.model, found.trained, splits)
    size = file_format.save(found.model, options.output)
    if options.report:
        write_whole(options.report, to_html(found, report).encode())
    if json_file:
        write_whole(json_file, to_json(found, report).encode())
    if options.json == "-":
        print(to_json(found, report), end="")
    else:
        print(f"{to_text(found)}\n{report_text(report)}", end="")
    print(f"{options.output}: {size:,} bytes", file=sys.stderr)
    return 0


class Display:
    """Shows on one line of a terminal how far a search is; keeps the trials.

    trials: the last of each candidate, by its number.
    """

    def __init__(self, stream: TextIO) -> None:
        self.stream, self.shows = stream, stream.isatty()
        self.trials: dict[int, Trial] = {}
        self._best: Trial | None = None  # of the last round that has any
        self._shown = 0  # the round on the line

    def __call__(self, step: Step) -> None:
        if trial := step.trial:
            self.trials[trial.candidate.number] = trial
            best = self._best
            if not best or (trial.epochs, trial.accuracy) > (best.epochs, best.accuracy):
                self._best = trial
        if self.shows:
            if self._shown not in (0, step.round):
                self.end()
            self._shown = step.round
            self.stream.write(f"\r{self._line(step)}\x1b[K")
            self.stream.flush()

    def end(self) -> None:
        """Leave the line."""
        if self.shows:
            self.stream.write("\n")

    def _line(self, step: Step) -> str:
        if step.round > step.rounds:
            text = "final training"
        else:
            of = "" if step.of is None else f" of {step.of}"
            text = f"round {step.round} of {step.rounds}, network {step.number}{of}"
        if step.epoch:
            text += f", epoch {step.epoch.number} of {step.epoch.of}"
        if self._best:
            cost = self._best.cost
            best = f"{self._best.accuracy:.1%}, {cost.bytes:,} bytes, {time(cost.microseconds)}"
            text += f"; best {best}, {self._best.epochs} epochs"
        return text
