"""The command `xnornode`."""

import argparse
import os
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from xnornode import __version__, fileformat
from xnornode.data import DataSet
from xnornode.datasets import watch
from xnornode.errors import XnorNodeError
from xnornode.model import Model
from xnornode.recipes import WATCH, build
from xnornode.recordfile import load_folder
from xnornode.train import progress_bar


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="xnornode", description="Binary neural networks for MicroPython sensor nodes."
    )
    parser.add_argument("--version", action="version", version=f"xnornode {__version__}")
    commands = parser.add_subparsers(dest="command", required=True)
    train = commands.add_parser("train", help="train a model on recordings and write it")
    train.add_argument("data", help="a folder of .rec files, or the example set 'watch'")
    train.add_argument("-o", "--output", type=Path, required=True, help="the .bnn file to write")
    train.add_argument("--seed", type=int, default=0, help="of everything random (default: 0)")
    train.add_argument("--epochs", type=int, default=WATCH.config.epochs)
    train.add_argument("--bits", type=int, default=WATCH.config.bits, help="bits per sample")
    train.add_argument("--hidden", type=int, nargs="+", default=list(WATCH.config.hidden))
    train.add_argument("--window", type=int, default=WATCH.length, help="samples in a window")
    train.add_argument("--hop", type=int, default=WATCH.hop, help="samples between windows")
    train.add_argument(
        "--test-group", action="append", default=[], help="a group to test on (repeatable)"
    )
    info = commands.add_parser("info", help="say what is in a model file")
    info.add_argument("model", type=Path)
    return parser


def _data(options: argparse.Namespace) -> DataSet:
    if Path(options.data).is_dir():
        return load_folder(Path(options.data), options.test_group)
    if options.data != "watch":
        raise XnorNodeError(f"there is no folder {options.data}, nor an example set of that name")
    data = watch()
    return replace(data, test_groups=tuple(options.test_group)) if options.test_group else data


def _train(options: argparse.Namespace) -> None:
    if not options.output.absolute().parent.is_dir():
        raise XnorNodeError(f"there is no folder {options.output.absolute().parent} to write to")
    data = _data(options)
    config = replace(
        WATCH.config,
        **{"seed": options.seed, "epochs": options.epochs, "bits": options.bits},
        hidden=tuple(options.hidden),
    )
    if options.data != "watch":
        # The recipe's augmentation knows the watch's axes, which other sensors need not have.
        config = replace(config, augment=type(config.augment)())
    hop = min(WATCH.training_hop, options.hop)
    recipe = replace(WATCH, config=config, length=options.window, hop=options.hop, training_hop=hop)
    built = build(data, recipe, progress_bar())
    size = fileformat.save(built.model, options.output)
    right = built.model.predict(built.test.samples) == built.test.labels
    print(f"model      {options.output}, {size:,} bytes")
    print(f"tested on  {len(right)} windows of {', '.join(data.test_groups)}, held out")
    print(f"accuracy   {right.mean():.1%} (integer network, as on the node)")
    for i, label in enumerate(data.labels):
        of_class = right[built.test.labels == i]
        print(
            f"  {label:<20} {of_class.mean():6.1%} of {len(of_class)}" if len(of_class) else label
        )


def _info(path: Path) -> None:
    model: Model = fileformat.load(path)
    w = model.window
    rate = f"{w.rate_mhz / 1000:g} Hz" if w.rate_mhz else "rate unknown"
    print(f"name      {model.name}, revision {model.revision}, {path.stat().st_size:,} bytes")
    print(f"window    {w.length} samples, hop {w.hop}, {rate}")
    for name, scale in zip(w.channels, w.scales, strict=True):
        print(f"channel   {name}" + (f", {1e9 / scale:.6g} counts to the unit" if scale else ""))
    print(f"encoder   thermometer, {model.encoder.bits} bits per sample")
    widths = [model.shapes[0][1], *(outputs for outputs, _ in model.shapes)]
    print(f"layers    {' -> '.join(map(str, widths))}")
    print(f"MACs      {sum(m * n for m, n in model.shapes):,}, binary")
    print(f"labels    {', '.join(model.labels)}")
    print(f"self-test {'passes' if model.selftest() else 'FAILS'}")


def main(arguments: Sequence[str] | None = None) -> int:
    """Exit status: 0 done, 1 failed with a message, 2 wrong usage."""
    options = _parser().parse_args(arguments)
    try:
        if options.command == "train":
            _train(options)
        else:
            _info(options.model)
    except XnorNodeError as error:
        print(f"xnornode: {error}", file=sys.stderr)
        return 1
    except BrokenPipeError:
        # Whoever read us, such as `head`, has had enough; at exit nothing is left to be written.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    except OSError as error:
        print(f"xnornode: {error.filename}: {error.strerror}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("\nxnornode: stopped; nothing was written", file=sys.stderr)
        return 1
    return 0
