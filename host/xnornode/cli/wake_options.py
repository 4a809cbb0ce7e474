"""The options --wake and --false-accepts of `xnornode train`: a keyword that wakes."""

import argparse
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from typing import Any

from xnornode._typing import Int16
from xnornode.cli import data_options, output_options
from xnornode.cli.command import number
from xnornode.cli.output import Progress
from xnornode.data.augment_text import Wanted
from xnornode.data.noise_folder import find_noise, read_noise
from xnornode.data.prepare import samples_of
from xnornode.data.splits import Splits
from xnornode.data.understood import understand
from xnornode.datasets.load import load_dataset
from xnornode.model import model_file
from xnornode.recipes.wake import LAYERS, shape_for, splits_for, wake, wake_config
from xnornode.recipes.wake_sounds import take_apart
from xnornode.recipes.wake_words import check_word
from xnornode.report.metrics import make_report
from xnornode.report.pictures import take_pictures
from xnornode.report.wake import to_html, to_json, to_text
from xnornode.report.wake_figures import wake_figures, wake_notes, wake_warnings
from xnornode.training.config import TrainConfig
from xnornode.training.trained import Epoch

FALSE_ACCEPTS = 1.0
"""An hour, where nobody says how many."""
MOST_BYTES = 16_000
"""Of a keyword in all, which a Pico has to spare."""
OTHERS = (
    *("events", "background", "checkpoint", "resume", "restart", "split", "image", "shape", "text"),
    *("training_hop", "label_spread", "circular", "full_scale", "quick", "short"),
    *("no_baselines", "dry_run"),
)
"""Options that do not go together with --wake, or say nothing there."""

Configure = Callable[[argparse.Namespace, TrainConfig, Splits], TrainConfig]
Notes = Callable[[Splits, TrainConfig], str]


def add_options(group: Any) -> None:
    """Add the options of a keyword that wakes."""
    add = group.add_argument
    what = "train this class against everything else: other words, noise, silence"
    add("--wake", metavar="WORD", help=what)
    what = "with --wake: at most so many an hour, on average (default: 1)"
    add("--false-accepts", type=number(float, least=0), metavar="N", help=what)


def wanted(options: argparse.Namespace) -> bool:
    """Whether a keyword is wanted; wrong usage is refused."""
    if options.wake is None:
        if options.false_accepts is not None:
            options.wrong_usage("--false-accepts needs --wake WORD")
        return False
    for name in OTHERS:
        given = getattr(options, name, None)
        if given and not (name == "split" and given == "group"):
            options.wrong_usage(f"--{name.replace('_', '-')} does not go together with --wake")
    if options.features not in (None, "logmel"):
        options.wrong_usage(f"--features {options.features} does not go together with --wake")
    if options.augment != Wanted((), True):
        options.wrong_usage("--augment does not go together with --wake, which has its own changes")
    return True


def run(options: argparse.Namespace, configure: Configure, notes_of: Notes) -> int:
    """Train a keyword and write it; the exit status. Raises XnorNodeError."""
    output_options.check_outputs(options)
    if options.noise_folder:
        find_noise(options.noise_folder)
    dataset = load_dataset(options.data, data_options.read_options(options))
    check_word(dataset, options.wake)
    noises: tuple[Int16, ...] = ()
    notes = list[str]()
    if options.noise_folder:
        noises, notes = read_noise(find_noise(options.noise_folder), dataset.rate_mhz / 1000)
    wants = (data_options.wanted(options.test), data_options.wanted(options.validation))
    data = take_apart(dataset, options.wake, *wants, noises)
    length, hop = (samples_of(given, dataset) for given in (options.window, options.hop))
    shape = shape_for(data, length, hop, () if options.layers else LAYERS)
    splits = splits_for(data, shape, options.seed)
    splits = replace(
        splits,
        understood=understand(dataset, splits.window.scales),
        notes=(*splits.notes, *notes),
    )
    options.features = None  # log-mel levels with settings of their own
    config = configure(options, wake_config(splits, options.seed), splits)
    data_options.tell(splits)
    false_accepts = FALSE_ACCEPTS if options.false_accepts is None else options.false_accepts
    with Progress() as progress:

        def show(which: int, count: int, epoch: Epoch) -> None:
            done = which - 1 + epoch.number / epoch.of
            progress(done, count, f"network {which}/{count}, epoch {epoch.number}/{epoch.of}")

        woken = wake(
            data,
            splits,
            config,
            false_accepts,
            name=options.name or "",
            notes=notes_of(splits, config),
            progress=show,
            processes=options.processes,
        )
    model = replace(woken.model, revision=options.revision)
    figures = wake_figures(woken)
    date = datetime.now().astimezone().isoformat(" ", "minutes")
    report = make_report(model, woken.trained, splits, options.said, date)
    more, doubts = wake_notes(figures), wake_warnings(figures)
    if figures.total_bytes > MOST_BYTES:
        doubts.append(
            f"it takes {figures.total_bytes:,} bytes in all, more than {MOST_BYTES:,}: choose "
            "fewer or narrower layers (--layers), or a shorter window (--window)"
        )
    report = replace(report, notes=(*report.notes, *more), warnings=(*report.warnings, *doubts))
    data_options.tell_more(report, splits)
    size = model_file.save_model(model, options.output)
    with output_options.stdout_for_report(options):
        output_options.write_report(
            options,
            to_text(figures, report),
            to_json(figures, report),
            lambda: to_html(figures, report, take_pictures(model, splits, report)),
        )
    output_options.say_written(options.output, size)
    return 0
