"""`xnornode search`: the most accurate network within a budget, its model and its report."""

import argparse
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from textwrap import fill
from typing import Any

from xnornode._files import is_replaced
from xnornode.cli import data_options, output_options, search_workers
from xnornode.cli.command import add_command, number
from xnornode.cli.output import Progress, say, show_table, tell_candidate
from xnornode.cli.search_display import Display, about, result
from xnornode.cost.chips import CHIPS
from xnornode.errors import DataError, XnorNodeError
from xnornode.model import model_file
from xnornode.model_search.budget import Budget
from xnornode.model_search.journal import journal_file, read_settings
from xnornode.model_search.pool import WorkersLost
from xnornode.model_search.search import TRIALS, search, search_settings
from xnornode.model_search.trial import Trial, pareto
from xnornode.report.metrics import make_report
from xnornode.report.pictures import take_pictures
from xnornode.report.search import HEADS, choice, row, to_html, to_json
from xnornode.report.text import to_text as report_text

EXAMPLE_COMMANDS = """
xnornode search gestures/ --bytes 8000 --ms 2 -o best.bnn
xnornode search log.csv --bytes 4000 --minutes 30 -o best.bnn --report s.html
xnornode search digits --ram 6000 --chip esp32 --trials 60 -o best.bnn
xnornode search gestures/ --bytes 8000 --jobs 4 -o best.bnn
"""


def add_parsers(commands: Any) -> None:
    """Add the command `xnornode search`."""
    parser = add_command(
        commands,
        "search",
        "find the best network within a budget of bytes and time",
        "Train many networks that fit a budget, choose the most accurate one, test it, and write "
        "the model. docs/guides/search.md says what is tried and how it is chosen.",
        EXAMPLE_COMMANDS,
        usage="DATA -o FILE [OPTIONS]",
    )
    parser.set_defaults(run=run)
    parser.add_argument("data", help="a folder, .csv, .npz or .npy file, or an example set")
    output_options.add_output(parser)
    count, above_zero = number(int, least=1), number(float, above=0)
    add = parser.add_argument_group("budget, at least one of the first three").add_argument
    add("--bytes", type=count, metavar="N", help="most bytes of the model file")
    add("--ms", type=above_zero, metavar="T", help="most milliseconds per window, estimated")
    add("--ram", type=count, metavar="N", help="most bytes of RAM on the node, with the model")
    chips = [chip.name.lower() for chip in CHIPS]
    add(
        "--chip",
        choices=chips,
        default=chips[0],
        help=f"the chip that runs it (default: {chips[0]})",
    )
    group = parser.add_argument_group("search")
    length = group.add_mutually_exclusive_group()
    length.add_argument(
        "--trials",
        type=count,
        default=TRIALS,
        metavar="N",
        help=f"networks in the first round (default: {TRIALS})",
    )
    length.add_argument(
        "--minutes",
        type=above_zero,
        metavar="M",
        help="as many as fit in this time; the final training comes after it",
    )
    add = group.add_argument
    add("--epochs", type=count, metavar="N", help="of the last round and the final training")
    add("--balanced", action="store_true", help="let all classes count alike, however rare")
    add("--seed", type=number(int, least=0), default=0, help="of all that is random (default: 0)")
    search_workers.add_options(group)
    again = group.add_mutually_exclusive_group()
    again.add_argument("--resume", action="store_true", help="go on with a search that was stopped")
    again.add_argument(
        "--restart", action="store_true", help="start from the beginning; drop what was stopped"
    )
    data_options.add_options(parser.add_argument_group("data"))
    group = parser.add_argument_group("output")
    output_options.add_options(group)
    output_options.add_baselines(group)


def check_usage(options: argparse.Namespace) -> None:
    """Refuse options that do not go together, before any work."""
    if options.bytes is None and options.ms is None and options.ram is None:
        options.wrong_usage("a search needs a budget: --bytes, --ms or --ram")
    search_workers.check(options)


def run(options: argparse.Namespace) -> int:
    """Carry out `xnornode search`; the exit status. Raises XnorNodeError."""
    check_usage(options)
    chip = next(c for c in CHIPS if c.name.lower() == options.chip)
    budget = Budget(options.bytes, options.ms, options.ram, chip)
    journal = _journal(options.output)
    output_options.check_outputs(options, journal)
    if options.resume and not (journal and journal.exists()):
        raise XnorNodeError(f"there is no search {journal or ''} to go on with")
    with search_workers.opened(options) as workers:
        return _search(options, budget, journal, workers)


def _search(
    options: argparse.Namespace, budget: Budget, journal: Path | None, workers: Mapping[str, Any]
) -> int:
    """Search, and write what comes of it. workers: who trains."""
    validation = data_options.wanted(options.validation)
    options.validation = ["none"]  # the search splits its own off the training part
    splits, config = data_options.load(options)
    config = replace(config, seed=options.seed, epochs=options.epochs or config.epochs)
    if options.balanced:
        config = replace(config, class_weights="balanced")
    data_options.tell(splits)
    if options.name:
        splits = replace(splits, name=options.name)
    arguments = (splits, config, budget, options.trials, options.minutes, validation)
    if journal and journal.exists():
        _settle(options, journal, search_settings(*arguments))
    try:
        with Progress() as progress:
            display = Display(progress)
            found = search(
                splits,
                budget,
                config,
                trials=options.trials,
                minutes=options.minutes,
                validation=validation,
                journal=journal,
                interrupted=_say_stopped,
                progress=display,
                **workers,
            )
    except WorkersLost as error:
        raise XnorNodeError(f"{error}{_how_on(options, journal)}") from error
    except KeyboardInterrupt:
        if not display.trials:
            raise
        show_front(pareto(list(display.trials.values())), budget)
        say(f"stopped; no model was written{_how_on(options, journal)}")
        return 1
    for trial in found.trials:
        known = about(trial.candidate) | result(trial)
        state = "chosen" if trial is found.best else "tried"
        tell_candidate(**known, state=state, front=trial in found.front)
    date = datetime.now().astimezone().isoformat(" ", "minutes")
    size = model_file.save_model(found.model, options.output)
    beside = output_options.baselines(options, splits, found.trained.config.features)
    parts = (found.model, found.trained, splits)
    report = make_report(*parts, options.said, date, baselines=beside)
    data_options.tell_more(report, splits)
    output_options.say_hints(options, report)
    figures = to_json(found, report)
    shown = found.front if found.best in found.front else (*found.front, found.best)
    with output_options.stdout_for_report(options):
        if options.json != "-":
            show_front(shown, budget, found.best)
            print(fill(f"chosen by {choice(found)}", 80) + "\n")
        output_options.write_report(
            options,
            report_text(report),
            figures,
            lambda: to_html(found, report, take_pictures(found.model, splits, report)),
        )
    output_options.say_written(options.output, size)
    if found.stopped:
        count = f"{len(found.trials)} network{'s' if len(found.trials) > 1 else ''}"
        say(f"stopped: it is the best of {count} so far{_how_on(options, journal)}")
        return 1
    if journal:
        journal.unlink(missing_ok=True)
    return 0


def _journal(output: Path) -> Path | None:
    """Where trainings are kept until the search is done; None where the output is no file."""
    return journal_file(output) if is_replaced(output) else None


def _settle(options: argparse.Namespace, path: Path, settings: str) -> None:
    """Keep the trainings that are left for this search, or remove them. Raises XnorNodeError."""
    try:
        same, why = read_settings(path) == settings, "of other settings or data"
    except DataError:
        same, why = False, "damaged"
    if same and options.resume:
        return
    if same and not options.restart:
        raise XnorNodeError(
            f"{path} is left from this search, which was stopped: go on with --resume, or start "
            "from the beginning with --restart"
        )
    if options.resume:
        raise XnorNodeError(f"{path} is {why}: start from the beginning with --restart")
    if not options.restart:
        say(f"{path} is {why}: it is replaced")
    path.unlink()


def _say_stopped(best: Trial) -> None:
    """Say what Ctrl-C gives."""
    say(
        f"stopped: the best so far, {best.accuracy:.1%} with {best.cost.bytes:,} bytes, is trained "
        "on all training data and written. Ctrl-C again: at once, without a model"
    )


def _how_on(options: argparse.Namespace, journal: Path | None) -> str:
    """How a search goes on that was stopped."""
    if not (journal and journal.exists()):
        return ""
    how = "--resume instead of --restart" if options.restart else "--resume"
    return f". The same command with {how} goes on from {journal}"


def show_front(front: Sequence[Trial], budget: Budget, best: Trial | None = None) -> None:
    """Print the Pareto front, smallest first."""
    print(f"Pareto front within {budget}, accuracy on training data that was left out")
    marks = ("  <- chosen" if trial is best else "" for trial in front)
    rows = [[*row(t)[:-1], row(t)[-1] + mark] for t, mark in zip(front, marks, strict=True)]
    show_table(HEADS, rows, left=HEADS[-1:])
