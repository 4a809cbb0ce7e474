"""`xnornode train`: data in, a model and its report out."""

import argparse
import glob
import os
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

from xnornode import __version__
from xnornode._files import is_replaced
from xnornode._words import channel
from xnornode.cli import (
    augment_options,
    data_options,
    drift_options,
    event_options,
    output_options,
    train_choice,
    train_plan,
    train_settings,
    wake_options,
)
from xnornode.cli.command import add_command, number
from xnornode.cli.output import Progress, say, show_epochs
from xnornode.data.scaling import NANO, full_scale_of
from xnornode.data.splits import Splits
from xnornode.datasets.load import EXAMPLES
from xnornode.errors import DataError, XnorNodeError
from xnornode.export.fold import fold
from xnornode.model import model_file
from xnornode.model.limits import MAX_NOTES
from xnornode.model.names import fitting
from xnornode.nn.layer_spec import format_layers
from xnornode.nn.workers import CAN_FORK
from xnornode.report.html import to_html
from xnornode.report.metrics import make_report, to_json
from xnornode.report.pictures import take_pictures
from xnornode.report.settings import in_words
from xnornode.report.text import to_text
from xnornode.training.checkpoint import (
    checkpoint_file,
    choice_file,
    left_files,
    read_settings,
    settings_text,
    teacher_file,
)
from xnornode.training.config import TrainConfig
from xnornode.training.trainer import train

EXAMPLE_COMMANDS = """
xnornode train watch -o watch.bnn
xnornode train gestures/ -o gestures.bnn --window 100 --test anna,ben
xnornode train log.csv -o log.bnn --label activity --report log.html
xnornode train watch -o watch.bnn --events "at most 5 % unknown"
xnornode train words/ -o seven.bnn --wake seven --false-accepts 0.5
xnornode train digits.npz -o digits.bnn --image 8x8 \\
    --layers "conv 16x3 pool 2, dense 64"
"""


def add_parsers(commands: Any) -> None:
    """Add the command `xnornode train`."""
    parser = add_command(
        commands,
        "train",
        "train a model on data and write it",
        "Train a binary network, test it on groups it has not seen, and write the model. "
        "docs/guides/data.md says how data may be stored. "
        f"Example sets: {', '.join(EXAMPLES)}.",
        EXAMPLE_COMMANDS,
        usage="DATA -o FILE [OPTIONS]",
    )
    parser.set_defaults(run=run)
    parser.add_argument("data", help="a folder, .csv, .npz or .npy file, or an example set")
    output_options.add_output(parser)
    data_options.add_options(parser.add_argument_group("data"))
    group = parser.add_argument_group("network and training")
    train_choice.add_option(group)
    train_plan.add_option(group)
    train_settings.add_options(group)
    augment_options.add_options(parser.add_argument_group("augmentation"))
    group = parser.add_argument_group("answers and events")
    event_options.add_options(group)
    drift_options.add_option(group)
    wake_options.add_options(parser.add_argument_group("a keyword that wakes"))
    group = parser.add_argument_group("output")
    output_options.add_options(group)
    output_options.add_baselines(group)
    add = group.add_argument
    revision = number(int, least=0, most=2**32 - 1)
    add("--revision", type=revision, default=0, metavar="N", help="your number of this model")
    add("--checkpoint", type=Path, metavar="FILE", help="where training is kept until it is done")
    again = group.add_mutually_exclusive_group()
    again.add_argument("--resume", action="store_true", help="go on from the checkpoint")
    again.add_argument(
        "--restart", action="store_true", help="start from the beginning; drop the checkpoint"
    )


def check_usage(options: argparse.Namespace) -> None:
    """Refuse options that do not go together, before any work."""
    wake_options.wanted(options)
    train_settings.check(options)


def run(options: argparse.Namespace) -> int:
    """Carry out `xnornode train`; the exit status. Raises XnorNodeError."""
    if wake_options.wanted(options):
        train_settings.check(options)
        return wake_options.run(options, train_settings.configure, _notes)
    if options.processes > 1 and not CAN_FORK:
        say("on this system a training has one process: --processes is left out")
    kept = _checkpoint(options)
    if not options.dry_run:
        output_options.check_outputs(options, kept)
    left = left_files(kept) if kept else []
    chosen_before = kept is not None and choice_file(kept).exists()
    if options.resume and not left and not chosen_before:
        raise _no_checkpoint(kept)
    if options.checkpoint:  # a file that the user named, and that is no checkpoint, stays
        for path in left:
            read_settings(path)
    train_settings.check(options)
    augment_options.check(options)
    splits, config = data_options.load(options)
    config = train_settings.configure(options, config, splits)
    config = augment_options.settle(options, config, splits)
    recipe = data_options.recipe_of(options) is not None
    tries = train_choice.to_try(options, splits, recipe)
    if options.resume and not left and len(tries) < 2:
        raise _no_checkpoint(kept)  # a choice alone is of no use where nothing is chosen
    background = event_options.check(options, splits)
    if options.dry_run:
        return train_plan.show(options, splits, config, tries)
    data_options.tell(splits)
    _say_new_scales(options.output, splits)
    train_choice.tell(options, recipe)
    choice = None
    try:
        with Progress() as progress:
            if len(tries) > 1:
                choice = train_choice.settle(options, splits, tries, progress, kept)
                config = choice.config if choice else config
            augment_options.tell(options, config)
            if left:
                _settle(options, left[0], config, splits)
            trained = train(
                splits,
                config,
                progress=show_epochs(progress),
                checkpoint=kept,
                processes=options.processes,
            )
            model = fold(trained, options.name or "", _notes(splits, config))
            parts = model, trained, splits
            model, trained, chosen = event_options.settle(options, *parts, background, progress)
    except KeyboardInterrupt:
        left = left_files(kept) if kept else []
        if not left and choice and kept:
            without = " without --restart" if options.restart else ""
            say(
                f"stopped; no model was written. The same command{without} takes the choice from "
                f"{choice_file(kept)}"
            )
            return 1
        if not left:
            raise
        how = "--resume instead of --restart" if options.restart else "--resume"
        say(f"stopped; no model was written. The same command with {how} goes on from {left[0]}")
        return 1
    model = drift_options.settle(options, model, splits)
    if model.window.hop != splits.window.hop:
        say(
            f"a window begins each {model.window.hop} samples, not {splits.window.hop}: with a "
            "multiple of the frames' hop, a node computes each frame once"
        )
    model = replace(model, revision=options.revision)
    date = datetime.now().astimezone().isoformat(" ", "minutes")
    size = model_file.save_model(model, options.output)
    beside = output_options.baselines(options, splits, trained.config.features)
    report = make_report(
        model, trained, splits, options.said, date, chosen, baselines=beside, choice=choice
    )
    data_options.tell_more(report, splits)
    output_options.say_hints(options, report)
    with output_options.stdout_for_report(options):
        output_options.write_report(
            options,
            to_text(report),
            to_json(report),
            lambda: to_html(report, pictures=take_pictures(model, splits, report)),
        )
    output_options.say_written(options.output, size)
    if kept:
        _remove(kept)
    return 0


def _no_checkpoint(kept: Path | None) -> XnorNodeError:
    return XnorNodeError(f"there is no checkpoint {kept or ''} to go on from")


def _remove(kept: Path) -> None:
    """Remove the checkpoint of a training that is done, and what a kill left while it was written.

    The parts have the names that `write_whole` gives them.
    """
    for path in (kept, teacher_file(kept), choice_file(kept)):
        parts = f"{glob.escape(os.path.realpath(path))}.{'[0-9a-f]' * 8}.part"
        for one in (path, *map(Path, glob.glob(parts))):
            one.unlink(missing_ok=True)


def _say_new_scales(path: Path, splits: Splits) -> None:
    """Say which scales differ from those of the model that is replaced."""
    if not is_replaced(path) or not path.is_file():
        return
    try:
        old = model_file.load_model(path).window
    except (XnorNodeError, OSError):
        return  # no model, or a damaged one
    of_old = dict(zip(old.channels, old.scales, strict=True))
    for name, scale in zip(splits.window.channels, splits.window.scales, strict=True):
        if (before := of_old.get(name)) not in (None, scale):
            say(
                f"warning: {channel(name)}: a count is {scale or NANO:,} billionths now, and "
                f"{before or NANO:,} in {path}: nodes must give other counts. "
                f"--full-scale '{name}={full_scale_of(before):g}' keeps the old scale"
            )


def _checkpoint(options: argparse.Namespace) -> Path | None:
    """Where the checkpoint is; None for an output that is no file to put one beside."""
    path: Path = options.output
    if options.checkpoint or not is_replaced(path):
        return options.checkpoint
    return checkpoint_file(path)


def _settle(options: argparse.Namespace, path: Path, config: TrainConfig, splits: Splits) -> None:
    """Keep the checkpoint that is left for this training, or remove it. Raises XnorNodeError."""
    checkpoint = _checkpoint(options)
    of = config if path == checkpoint else config.of_teacher() if config.teacher else None
    data = (splits.train, splits.validation)
    settings = _settings(path)
    same = of and settings == settings_text(of, options.processes, *data)
    if same and options.resume:
        return
    if same and not options.restart:
        raise XnorNodeError(
            f"{path} is left from this training, which was stopped: go on with --resume, or start "
            "from the beginning with --restart"
        )
    if options.resume:
        why = "damaged: " if settings is None else "of other settings or data: use those, or "
        raise XnorNodeError(f"{path} is {why}start from the beginning with --restart")
    if not options.restart:
        why = "damaged" if settings is None else "of other settings or data"
        say(f"{path} is {why}: it is replaced")
    for old in left_files(checkpoint) if checkpoint else []:
        old.unlink()


def _settings(path: Path) -> str | None:
    """The settings that a checkpoint is of; None of a damaged file."""
    try:
        return read_settings(path)
    except DataError:
        return None


def _notes(splits: Splits, config: TrainConfig) -> str:
    """What the model says of its training: the data, and the settings that are not the usual."""
    held = f", held out {', '.join(splits.held_out)}" if 0 < len(splits.held_out) <= 20 else ""
    usual = TrainConfig()
    changed = [
        f"{name.replace('_', ' ')} {in_words(value)}"
        for name, value in vars(config).items()
        if name not in ("layers", "global_average_pooling") and value != getattr(usual, name)
    ]
    layers = format_layers(config.layers, config.global_average_pooling)
    text = (
        f"xnornode {__version__}: {splits.name}, {len(splits.train)} windows{held}; layers {layers}"
    )
    padded = ["short recordings padded"] if splits.padded else []
    text = "; ".join([text, *padded, *changed])
    return fitting(text, MAX_NOTES)
