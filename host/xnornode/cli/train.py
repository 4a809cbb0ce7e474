"""`xnornode train`: data in, a model and its report out."""

import argparse
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

from xnornode import __version__
from xnornode._files import write_whole
from xnornode.cli import data_options
from xnornode.cli.output import say
from xnornode.cli.progress import progress_bar
from xnornode.data.prepare import Splits
from xnornode.datasets.load import EXAMPLES
from xnornode.errors import XnorNodeError
from xnornode.export.fold import fold
from xnornode.model import file_format
from xnornode.model.fit_encoding import ENCODINGS
from xnornode.model.limits import MAX_NOTES
from xnornode.nn.layer_spec import format_layers, parse_layers
from xnornode.nn.losses import LOSSES
from xnornode.nn.quantizers import STES
from xnornode.nn.workers import CAN_FORK
from xnornode.recipes.defaults import FEATURES, features_named
from xnornode.report.html import to_html
from xnornode.report.metrics import make_report, to_json
from xnornode.report.text import to_text
from xnornode.training.config import Teacher, TrainConfig
from xnornode.training.trainer import train

EPILOG = f"""
examples:
  xnornode train watch -o watch.bnn
  xnornode train gestures/ -o gestures.bnn --window 100 --test anna,ben
  xnornode train log.csv -o log.bnn --label activity --group person --report log.html
  xnornode train digits.npz -o digits.bnn --image 8x8 --layers "conv 16x3 pool 2, dense 64"

example sets: {", ".join(EXAMPLES)}; docs/guides/training.md says how data may be stored
"""


def add_parsers(commands: Any) -> None:
    """The options of `xnornode train`."""
    parser = commands.add_parser(
        "train",
        help="train a model on data and write it",
        description="Train a binary network, test it on groups it has not seen, write the model.",
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.set_defaults(run=run)
    parser.add_argument("data", help="a folder, .csv, .npz or .npy file, or an example set")
    parser.add_argument(
        "-o", "--output", type=Path, required=True, help="the .bnn file to write", metavar="FILE"
    )
    data_options.add_options(parser.add_argument_group("data"))
    _add_network(parser.add_argument_group("network and training"))
    _add_output(parser.add_argument_group("output"))


def _add_network(group: Any) -> None:
    add = group.add_argument
    add("--layers", metavar="LAYERS", help='hidden layers: "conv 32x5/2 pool 2, dense 64"')
    add("--front", choices=FEATURES, help="what the node makes of its input first")
    add("--code", choices=ENCODINGS, help="how values become the network's input")
    add("--bits", type=int, metavar="N", help="bits per value, of thermometers and planes")
    add("--epochs", type=int, metavar="N", help="passes over the data")
    add("--batch", type=int, metavar="N", help="windows per step")
    add("--learning-rate", type=float, metavar="R", help="at its peak (default: 0.003)")
    add("--estimator", choices=tuple(STES), help="the gradient of sign")
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
    add(
        "--processes",
        type=int,
        default=1,
        metavar="N",
        help="cores to train on; pays for convolutions, and gives another model (default: 1)",
    )


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
    if options.processes > 1 and not CAN_FORK:
        say("on this system a training has one process: --processes is left out")
    json_file = data_options.json_file(options)
    data_options.check_folders(options.output, options.report, options.checkpoint, json_file)
    checkpoint = options.checkpoint or options.output.with_name(options.output.name + ".checkpoint")
    if options.resume and not checkpoint.is_file():
        raise XnorNodeError(f"there is no checkpoint {checkpoint} to go on from")
    if checkpoint.exists() and not options.resume:
        raise XnorNodeError(
            f"{checkpoint} is there from a training that was stopped: go on with --resume, or "
            "remove it"
        )
    splits, config = data_options.load(options)
    config = configure(options, config, splits)
    data_options.tell(splits)
    try:
        trained = train(
            splits,
            config,
            progress=progress_bar(),
            checkpoint=checkpoint,
            processes=options.processes,
        )
    except KeyboardInterrupt:
        if not checkpoint.is_file():
            raise
        print(
            f"\nxnornode: stopped; no model was written. The same command with --resume goes on "
            f"from {checkpoint}",
            file=sys.stderr,
        )
        return 1
    model = fold(trained, options.name or "", _notes(splits, config))
    model = replace(model, revision=options.revision)
    report = make_report(model, trained, splits)
    size = file_format.save(model, options.output)
    if options.report:
        write_whole(options.report, to_html(report).encode())
    if json_file:
        write_whole(json_file, to_json(report).encode())
    print(to_json(report) if options.json == "-" else to_text(report), end="")
    print(f"{options.output}: {size:,} bytes", file=sys.stderr)
    checkpoint.unlink(missing_ok=True)
    return 0


def configure(options: argparse.Namespace, config: TrainConfig, splits: Splits) -> TrainConfig:
    """`config` with the network and the training that the user asked for. Raises DataError."""
    wanted = {
        "encoding": options.encoding,
        "bits": options.bits,
        "epochs": options.epochs,
        "batch": options.batch,
        "learning_rate": options.learning_rate,
        "ste": options.ste,
        "loss": options.loss,
        "smoothing": options.smoothing,
        "class_weights": "balanced" if options.balanced else None,
        "teacher": None if options.teacher is None else Teacher(share=options.teacher),
        "features": features_named(options.features, splits) if options.features else None,
        "seed": options.seed,
    }
    given = {name: value for name, value in wanted.items() if value is not None}
    if options.bits and not options.encoding and config.encoding == "int8":
        given["encoding"] = "thermometer"  # bytes have no bits to choose
    if options.layers is not None:
        layers, mean = parse_layers(options.layers, image=splits.image_shape is not None)
        given |= {"layers": layers, "global_average_pooling": mean}
    return replace(config, **given)


def _notes(splits: Splits, config: TrainConfig) -> str:
    """What the model says of its training: the data, and the settings that are not the usual."""
    held = f", held out {', '.join(splits.held_out)}" if 0 < len(splits.held_out) <= 20 else ""
    usual = TrainConfig()
    changed = [
        f"{name}={value}"
        for name, value in vars(config).items()
        if name not in ("layers", "global_average_pooling") and value != getattr(usual, name)
    ]
    layers = format_layers(config.layers, config.global_average_pooling)
    text = (
        f"xnornode {__version__}: {splits.name}, {len(splits.train)} windows{held}; layers {layers}"
    )
    text = "; ".join([text, *changed])
    return "".join(c if " " <= c <= "~" else "?" for c in text)[:MAX_NOTES]
