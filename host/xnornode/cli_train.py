"""`xnornode train`: data in, a model and its report out."""

import argparse
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

from xnornode import __version__, fileformat
from xnornode.binarize import ESTIMATORS
from xnornode.config import Teacher, TrainConfig
from xnornode.defaults import EXAMPLES, FRONTS, default_config, front_named
from xnornode.errors import XnorNodeError
from xnornode.files import write_whole
from xnornode.fold import fold
from xnornode.inputs import CODES
from xnornode.layerspec import format_layers, parse_layers
from xnornode.losses import LOSSES
from xnornode.model import MAX_NOTES
from xnornode.prepare import Parts, PrepareOptions, prepare
from xnornode.progress import progress_bar
from xnornode.readers import read
from xnornode.report import make_report, to_json
from xnornode.report_html import to_html
from xnornode.report_text import to_text
from xnornode.series import ReadOptions
from xnornode.split import Wanted
from xnornode.train import train

EPILOG = f"""
examples:
  xnornode train watch -o watch.bnn
  xnornode train gestures/ -o gestures.bnn --window 100 --test anna,ben
  xnornode train log.csv -o log.bnn --label activity --group person --report log.html
  xnornode train digits.npz -o digits.bnn --image 8x8 --layers "conv 16x3 pool 2, dense 64"

example sets: {", ".join(EXAMPLES)}; docs/training.md says how data may be stored
"""


def add_parser(commands: Any) -> None:
    """The options of `xnornode train`."""
    parser = commands.add_parser(
        "train",
        help="train a model on data and write it",
        description="Train a binary network, test it on groups it has not seen, write the model.",
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("data", help="a folder, .csv, .npz or .npy file, or an example set")
    parser.add_argument(
        "-o", "--output", type=Path, required=True, help="the .bnn file to write", metavar="FILE"
    )
    _add_data(parser.add_argument_group("data"))
    _add_network(parser.add_argument_group("network and training"))
    _add_output(parser.add_argument_group("output"))


def _add_data(group: Any) -> None:
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
        help="groups to pick the best epoch by, or a share, or none",
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


def _add_network(group: Any) -> None:
    add = group.add_argument
    add("--layers", metavar="LAYERS", help='hidden layers: "conv 32x5/2 pool 2, dense 64"')
    add("--front", choices=FRONTS, help="what the node makes of its input first")
    add("--code", choices=CODES, help="how values become the network's input")
    add("--bits", type=int, metavar="N", help="bits per value, of thermometers and planes")
    add("--epochs", type=int, metavar="N", help="passes over the data")
    add("--batch", type=int, metavar="N", help="windows per step")
    add("--learning-rate", type=float, metavar="R", help="at its peak (default: 0.003)")
    add("--estimator", choices=tuple(ESTIMATORS), help="the gradient of sign")
    add("--loss", choices=LOSSES)
    add("--smoothing", type=float, metavar="S", help="label smoothing, 0 to 1")
    add("--balanced", action="store_true", help="all classes count alike, however rare")
    add(
        "--teacher",
        type=float,
        metavar="SHARE",
        help="distil from a float network that is trained first; its share of the loss: 0.7",
    )
    add("--seed", type=int, default=0, help="of everything random (default: 0)")


def _add_output(group: Any) -> None:
    add = group.add_argument
    add("--name", metavar="NAME", help="the model's name (default: the data's)")
    add("--revision", type=int, default=0, metavar="N", help="your number of this model")
    add("--report", type=Path, metavar="FILE", help="write the report as an HTML page")
    add(
        "--json",
        nargs="?",
        const="-",
        metavar="FILE",
        help="write the report as JSON; without a file to stdout, instead of the text",
    )
    add("--checkpoint", type=Path, metavar="FILE", help="where training is kept until it is done")
    add("--resume", action="store_true", help="go on from the checkpoint")


def run(options: argparse.Namespace) -> int:
    """Carry out `xnornode train`; the exit status. Raises XnorNodeError."""
    # Found before a long training, not behind it.
    for path in (options.output, options.report, options.checkpoint, _json_path(options)):
        if path and not path.absolute().parent.is_dir():
            raise XnorNodeError(f"there is no folder {path.absolute().parent} to write to")
    checkpoint = options.checkpoint or options.output.with_name(options.output.name + ".checkpoint")
    if options.resume and not checkpoint.is_file():
        raise XnorNodeError(f"there is no checkpoint {checkpoint} to go on from")
    if checkpoint.exists() and not options.resume:
        raise XnorNodeError(
            f"{checkpoint} is there from a training that was stopped: go on with --resume, or "
            "remove it"
        )
    parts, config = _parts(options)
    for note in parts.notes:
        print(note, file=sys.stderr)
    for warning in parts.warnings:
        print(f"warning: {warning}", file=sys.stderr)
    try:
        trained = train(parts.train, config, parts.validation, progress_bar(), checkpoint)
    except KeyboardInterrupt:
        if not checkpoint.is_file():
            raise
        print(
            f"\nxnornode: stopped; no model was written. The same command with --resume goes on "
            f"from {checkpoint}",
            file=sys.stderr,
        )
        return 1
    model = fold(
        trained, parts.window, parts.labels, options.name or parts.name, _notes(parts, config)
    )
    model = replace(model, revision=options.revision)
    report = make_report(model, trained, parts)
    size = fileformat.save(model, options.output)
    if options.report:
        write_whole(options.report, to_html(report).encode())
    if path := _json_path(options):
        write_whole(path, to_json(report).encode())
    print(to_json(report) if options.json == "-" else to_text(report), end="")
    print(f"{options.output}: {size:,} bytes", file=sys.stderr)
    checkpoint.unlink(missing_ok=True)
    return 0


def _parts(options: argparse.Namespace) -> tuple[Parts, TrainConfig]:
    """The data in their parts, and the settings."""
    example = None if Path(options.data).exists() else EXAMPLES.get(options.data)
    if example:
        readings = example.read()
    elif not Path(options.data).exists():
        raise XnorNodeError(
            f"there is no file or folder {options.data}, nor an example set of that name"
        )
    else:
        readings = read(options.data, _read_options(options))
    validation = _wanted(options.validation)
    if example and example.config and validation is None:
        validation = ()  # the recipe's epochs were chosen by cross-validation
    parts = prepare(
        readings,
        PrepareOptions(
            test=_wanted(options.test),
            validation=validation,
            length=options.window,
            hop=options.hop,
            training_hop=options.training_hop or (example.training_hop if example else None),
            split=options.split,
        ),
    )
    config = example.config if example and example.config else default_config(parts)
    return parts, _config(options, config, parts)


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


def _config(options: argparse.Namespace, config: TrainConfig, parts: Parts) -> TrainConfig:
    """`config` with what the user asked for."""
    wanted = {
        "code": options.code,
        "bits": options.bits,
        "epochs": options.epochs,
        "batch": options.batch,
        "rate": options.learning_rate,
        "estimator": options.estimator,
        "loss": options.loss,
        "smoothing": options.smoothing,
        "class_weights": "balanced" if options.balanced else None,
        "teacher": None if options.teacher is None else Teacher(share=options.teacher),
        "front": front_named(options.front, parts) if options.front else None,
        "seed": options.seed,
    }
    given = {name: value for name, value in wanted.items() if value is not None}
    if options.layers is not None:
        layers, mean = parse_layers(options.layers, image=parts.grid is not None)
        given |= {"layers": layers, "average": mean}
    return replace(config, **given)


def _notes(parts: Parts, config: TrainConfig) -> str:
    """What the model says of its training: the data, and the settings that are not the usual."""
    held = f", held out {', '.join(parts.held_out)}" if 0 < len(parts.held_out) <= 20 else ""
    usual = TrainConfig()
    changed = [
        f"{name}={value}"
        for name, value in vars(config).items()
        if name not in ("layers", "average") and value != getattr(usual, name)
    ]
    layers = format_layers(config.layers, config.average)
    text = (
        f"xnornode {__version__}: {parts.name}, {len(parts.train)} windows{held}; layers {layers}"
    )
    text = "; ".join([text, *changed])
    return "".join(c if " " <= c <= "~" else "?" for c in text)[:MAX_NOTES]


def _json_path(options: argparse.Namespace) -> Path | None:
    return Path(options.json) if options.json not in (None, "-") else None


def _wanted(words: list[str] | None) -> Wanted:
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
