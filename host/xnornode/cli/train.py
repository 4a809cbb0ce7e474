"""`xnornode train`: data in, a model and its report out."""

import argparse
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

from xnornode import __version__
from xnornode._files import is_replaced
from xnornode._words import channel
from xnornode.cli import data_options, event_options, output_options
from xnornode.cli.command import add_command, add_renamed, number
from xnornode.cli.output import Progress, say, show_epochs
from xnornode.data.scaling import NANO, full_scale_of
from xnornode.data.splits import Splits
from xnornode.datasets.load import EXAMPLES
from xnornode.errors import DataError, XnorNodeError
from xnornode.export.fold import fold
from xnornode.model import model_file
from xnornode.model.fit_encoding import ENCODINGS
from xnornode.model.limits import MAX_NOTES
from xnornode.model.names import fitting
from xnornode.nn.layer_spec import format_layers, new_words, parse_layers
from xnornode.nn.losses import LOSSES
from xnornode.nn.quantizers import STES
from xnornode.nn.workers import CAN_FORK
from xnornode.recipes.defaults import FEATURES, features_named
from xnornode.recipes.spectra import LOGMEL_LAYERS
from xnornode.report.html import to_html
from xnornode.report.metrics import make_report, to_json
from xnornode.report.pictures import take_pictures
from xnornode.report.settings import in_words
from xnornode.report.text import to_text
from xnornode.training.checkpoint import left_files, read_settings, settings_text
from xnornode.training.config import Teacher, TrainConfig
from xnornode.training.trainer import train

EXAMPLE_COMMANDS = """
xnornode train watch -o watch.bnn
xnornode train gestures/ -o gestures.bnn --window 100 --test anna,ben
xnornode train log.csv -o log.bnn --label activity --report log.html
xnornode train watch -o watch.bnn --events "at most 5 % unknown"
xnornode train digits.npz -o digits.bnn --image 8x8 \\
    --layers "conv 16x3 pool 2, dense 64"
"""
OLD_FEATURES = {"window": "raw", "features": "statistics", "text": "ngrams"}
OLD_ENCODINGS = {"learned": "learned-thermometer", "planes": "bit-planes", "bytes": "int8"}


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
    _add_network(parser.add_argument_group("network and training"))
    event_options.add_options(parser.add_argument_group("answers and events"))
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


def _layers(text: str) -> str:
    """A text of layers; old words are said."""
    if (new := new_words(text)) != text:
        say(f"layers are now written {new!r}; the next release refuses the old words")
    return new


def _add_network(group: Any) -> None:
    add = group.add_argument
    what = 'hidden layers, as "conv 32x5/2 pool 2, dense 64"'
    add("--layers", type=_layers, metavar="LAYERS", help=what)
    what = "what a window becomes first"
    add_renamed(group, "--features", "--front", OLD_FEATURES, choices=FEATURES, help=what)
    what = "how values become the network's input"
    add_renamed(group, "--encoding", "--code", OLD_ENCODINGS, choices=ENCODINGS, help=what)
    add("--bits", type=int, metavar="N", help="bits per value of thermometers and bit planes")
    add("--epochs", type=int, metavar="N", help="passes over the data")
    add("--batch", type=int, metavar="N", help="windows per step")
    add("--learning-rate", type=float, metavar="R", help="the highest one (default: 0.003)")
    what = "the gradient that stands in for that of sign"
    add_renamed(group, "--ste", "--estimator", {}, choices=tuple(STES), help=what)
    add("--loss", choices=LOSSES, help="what training makes small (default: cross-entropy)")
    add("--smoothing", type=float, metavar="S", help="label smoothing, 0 to 1")
    what = "labels are steps of one quantity: how far the target spreads, in steps, such as 0.6"
    add("--label-spread", type=float, metavar="STEPS", help=what)
    what = "with --label-spread: the first label comes behind the last, as with hours"
    add("--circular", action="store_true", help=what)
    add("--balanced", action="store_true", help="let all classes count alike, however rare")
    add(
        "--teacher",
        type=float,
        metavar="SHARE",
        help="train a float network first and learn from it; its share of the loss, such as 0.7",
    )
    add("--seed", type=number(int, least=0), default=0, help="of all that is random (default: 0)")
    add(
        "--processes",
        type=number(int, least=1),
        default=1,
        metavar="N",
        help="cores to train on: faster for convolutions, but another model (default: 1)",
    )


def run(options: argparse.Namespace) -> int:
    """Carry out `xnornode train`; the exit status. Raises XnorNodeError."""
    if options.processes > 1 and not CAN_FORK:
        say("on this system a training has one process: --processes is left out")
    kept = _checkpoint(options)
    output_options.check_outputs(options, kept)
    left = left_files(kept) if kept else []
    if options.resume and not left:
        raise XnorNodeError(f"there is no checkpoint {kept or ''} to go on from")
    if options.checkpoint:  # a file that the user named, and that is no checkpoint, stays
        for path in left:
            read_settings(path)
    check_settings(options)
    splits, config = data_options.load(options)
    config = configure(options, config, splits)
    background = event_options.check(options, splits)
    data_options.tell(splits)
    _say_new_scales(options.output, splits)
    if left:
        _settle(options, left[0], config, splits)
    try:
        with Progress() as progress:
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
        if not left:
            raise
        how = "--resume instead of --restart" if options.restart else "--resume"
        say(f"stopped; no model was written. The same command with {how} goes on from {left[0]}")
        return 1
    model = replace(model, revision=options.revision)
    date = datetime.now().astimezone().isoformat(" ", "minutes")
    size = model_file.save_model(model, options.output)
    beside = output_options.baselines(options, splits, trained.config.features)
    report = make_report(model, trained, splits, options.said, date, chosen, baselines=beside)
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
    for path in left_files(kept) if kept else []:
        path.unlink()
    return 0


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
    return path.with_name(path.name + ".checkpoint")


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


def _given(options: argparse.Namespace, image: bool = False) -> dict[str, Any]:
    """The settings that the user gave, but for the features. Raises DataError."""
    wanted = {
        "encoding": options.encoding,
        "bits": options.bits,
        "epochs": options.epochs,
        "batch": options.batch,
        "learning_rate": options.learning_rate,
        "ste": options.ste,
        "loss": options.loss,
        "smoothing": options.smoothing,
        "label_spread": options.label_spread,
        "circular": options.circular or None,
        "class_weights": "balanced" if options.balanced else None,
        "teacher": None if options.teacher is None else Teacher(share=options.teacher),
        "seed": options.seed,
    }
    if options.layers is not None:
        wanted["layers"], wanted["global_average_pooling"] = parse_layers(options.layers, image)
    return {name: value for name, value in wanted.items() if value is not None}


def check_settings(options: argparse.Namespace) -> None:
    """Find wrong settings before the data are read; a message names the option."""
    given: dict[str, Any] = {}
    try:
        given = _given(options)
        TrainConfig(**given)
    except DataError as error:
        text = str(error)
        for name in given:
            if text.startswith(f"{name} "):
                text = f"--{name.replace('_', '-')}{text.removeprefix(name)}"
        options.wrong_usage(text)


def configure(options: argparse.Namespace, config: TrainConfig, splits: Splits) -> TrainConfig:
    """`config` with the network and the training that the user asked for. Raises DataError."""
    given = _given(options, image=splits.image_shape is not None)
    if options.features:
        given["features"] = features_named(options.features, splits)
    if options.features == "logmel":
        given = {"layers": LOGMEL_LAYERS, **given}
    if options.bits and not options.encoding and config.encoding == "int8":
        given["encoding"] = "thermometer"  # int8 has no bits to choose
    return replace(config, **given)


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
