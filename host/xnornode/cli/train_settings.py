"""The network and the training that a command is asked for: options, and settings made of them."""

import argparse
from dataclasses import replace
from typing import Any

from xnornode.cli.command import add_renamed, number
from xnornode.cli.output import say
from xnornode.data.splits import Splits
from xnornode.errors import DataError
from xnornode.model.fit_encoding import ENCODINGS
from xnornode.nn.layer_spec import new_words, parse_layers
from xnornode.nn.losses import LOSSES
from xnornode.nn.quantizers import STES
from xnornode.recipes.defaults import FEATURES, features_named
from xnornode.recipes.spectra import LOGMEL_LAYERS
from xnornode.training.config import Teacher, TrainConfig

OLD_FEATURES = {"window": "raw", "features": "statistics", "text": "ngrams"}
OLD_ENCODINGS = {"learned": "learned-thermometer", "planes": "bit-planes", "bytes": "int8"}


def _layers(text: str) -> str:
    """A text of layers; old words are said."""
    if (new := new_words(text)) != text:
        say(f"layers are now written {new!r}; the next release refuses the old words")
    return new


def add_options(group: Any) -> None:
    """The options of the network and of training."""
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


def check(options: argparse.Namespace) -> None:
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
