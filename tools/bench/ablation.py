"""What each technique brings: one change at a time to a plain base, on MNIST and watch.

Mean of three seeds, and the difference to the base. Results are kept in build/bench-ablation.json
as they come; --fresh starts again. Exit status 0.
"""

import argparse
import os
import statistics
import sys
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # before NumPy: runs share the cores

from tools.bench.parallel_runs import Result, collect
from tools.bench.training import measure
from tools.firmware.sources import BUILD
from xnornode.data.augment import Augment, ImageAugment
from xnornode.data.prepare import prepare
from xnornode.data.splits import PrepareOptions
from xnornode.datasets.load import load_dataset
from xnornode.export.fold import fold
from xnornode.model.features import Raw
from xnornode.nn.layer_spec import Conv, Dense
from xnornode.recipes.settings import MNIST_4K, RECIPES, WATCH
from xnornode.training.config import Teacher, TrainConfig
from xnornode.training.trainer import train

RESULTS = BUILD / "bench-ablation.json"

# What is tried on every base: how it is trained.
TRAINING: dict[str, dict[str, Any]] = {
    "constant learning rate": {"schedule": "constant"},
    "squared hinge": {"loss": "squared-hinge"},
    "label smoothing 0.1": {"smoothing": 0.1},
    "STE identity": {"ste": "identity"},
    "STE clipped": {"ste": "clipped"},
    "STE polynomial (Bi-Real)": {"ste": "polynomial"},
    "STE ReLU": {"ste": "relu"},
    "EDE on the weights (IR-Net)": {"weights": "ede"},
    "soft weights, hardening": {"weights": "soft"},
    "balanced, standardized weights (IR-Net)": {"standardize": True},
    "Bop, no latent weights": {"optimizer": "bop"},
    "two-stage, first half real weights": {"two_stage": 0.5},
    "distillation 0.7, T 4": {"teacher": Teacher(wider=2.0)},
    "class weights": {"class_weights": "balanced"},
    "float weights and ReLU (no binary network)": {"weights": "real"},
}
MNIST_DENSE = TrainConfig(layers=(Dense(256), Dense(256)), bits=1, epochs=4)
DENSE: dict[str, dict[str, Any]] = {
    "input thermometer, 4 bits": {"bits": 4},
    "input thermometer, 4 bits, learned": {"bits": 4, "encoding": "learned-thermometer"},
    "input bit planes, 4": {"bits": 4, "encoding": "bit-planes"},
    "input bytes": {"encoding": "int8"},
    "input bytes, activations bytes (BinaryConnect)": {
        "encoding": "int8",
        "layers": (Dense(256, "int8"), Dense(256, "int8")),
    },
    "shifts of 1 pixel": {"augment": ImageAugment(28, 28, shift=1)},
    "shifts, rotation, scale": {"augment": ImageAugment(28, 28, shift=2, rotation=10, scale=0.1)},
}
SMALL_CONV = replace(MNIST_4K, epochs=2)
FIRST, POOL = Conv(24, (5, 5), (2, 2)), (2, 2)
CONV: dict[str, dict[str, Any]] = {
    "no augmentation": {"augment": None},
    "STE clipped": {"ste": "clipped"},
    "stride instead of pool": {"layers": (FIRST, Conv(32, stride=(2, 2)), Conv(48))},
    "average by popcount before the scores": {"global_average_pooling": True},
    "two groups in the last convolution": {
        "layers": (FIRST, Conv(32, pool=POOL), Conv(48, groups=2))
    },
    "depthwise, then 1x1": {
        "layers": (FIRST, Conv(24, groups=24, pool=POOL), Conv(64, (1, 1)), Conv(48))
    },
    "padding": {
        "layers": (Conv(24, (5, 5), (2, 2), (2, 2)), Conv(32, padding=(1, 1), pool=POOL), Conv(48))
    },
    "input thermometer, 3 bits": {"encoding": "thermometer", "bits": 3},
    "activations bytes (BinaryConnect)": {
        "layers": (
            Conv(24, (5, 5), (2, 2), activation="int8"),
            Conv(32, pool=POOL, activation="int8"),
            Conv(48, activation="int8"),
        )
    },
}
TIME = (Conv(32, (7, 1), (2, 1)), Conv(32, (5, 1), (2, 1)), Conv(64, (5, 1), (2, 1)), Dense(64))
WATCH_AUGMENT = WATCH.augment
assert isinstance(WATCH_AUGMENT, Augment)
SENSOR: dict[str, dict[str, Any]] = {
    "no augmentation": {"augment": None},
    "shift 8": {"augment": replace(WATCH_AUGMENT, shift=8)},
    "scale 0.2": {"augment": replace(WATCH_AUGMENT, scale=0.2)},
    "jitter 0.1": {"augment": replace(WATCH_AUGMENT, jitter=0.1)},
    "channel drop 0.1": {"augment": replace(WATCH_AUGMENT, drop=0.1)},
    "no rotation": {"augment": replace(WATCH_AUGMENT, rotation=0.0)},
    "no mirror": {"augment": replace(WATCH_AUGMENT, mirror=())},
    "raw window, thermometer, 3 bits, 64 neurons": {
        "features": Raw(),
        "encoding": "thermometer",
        "layers": (Dense(64),),
    },
    "raw window, convolutions along time": {"features": Raw(), "layers": TIME},
    "input thermometer, 8 bits": {"encoding": "thermometer", "bits": 8, "layers": (Dense(64),)},
    "activations bytes (BinaryConnect)": {"layers": (Dense(384, "int8"),)},
    "two layers, 256-64": {"layers": (Dense(256), Dense(64))},
}


@dataclass(frozen=True)
class Base:
    """What the changes are made to."""

    data: str
    options: PrepareOptions
    config: TrainConfig
    changes: dict[str, dict[str, Any]]


BASES = {
    "MNIST, 256-256, 1-bit input, 4 epochs": Base(
        "mnist", RECIPES["mnist"].options, MNIST_DENSE, TRAINING | DENSE
    ),
    "MNIST, the 4 kB convolution, 2 epochs": Base(
        "mnist", RECIPES["mnist"].options, SMALL_CONV, CONV
    ),
    "watch, the recipe on windows every 64 samples, 10 epochs": Base(
        "watch",
        replace(RECIPES["watch"].options, training_hop=64),
        replace(WATCH, epochs=10),
        TRAINING | SENSOR,
    ),
}


def run(base: str, change: dict[str, Any], seed: int) -> Result:
    """Train the base with the change and seed; test accuracy and bytes (0 for a float network)."""
    config = replace(BASES[base].config, **change, seed=seed)
    splits = prepare(load_dataset(BASES[base].data), BASES[base].options)
    trained, test = train(splits, config), splits.tested()
    if config.weights == "real":
        right = trained.predict(test.items) == test.labels
        return {"integer": float(right.mean()), "size": 0}
    return measure(fold(trained), trained, test)


def main(argv: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("bases", nargs="*", help="parts of the bases' names; all by default")
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--fresh", action="store_true", help="forget earlier results")
    args = parser.parse_args(argv)
    bases = [b for b in BASES if not args.bases or any(part in b for part in args.bases)]
    runs = {}
    for base in bases:
        for change in [{}, *BASES[base].changes.values()]:
            for seed in range(args.seeds):
                name = f"{base} {seed} {change!r} {BASES[base].config!r}"
                runs[name] = (run, (base, change, seed))
    results = iter(collect(RESULTS, runs, args.jobs, args.fresh))
    for base in bases:
        print(
            f"\n| {base} | test accuracy | against base | spread | bytes |\n|---|---|---|---|---|"
        )
        reference = None
        for title in ["base", *BASES[base].changes]:
            of = [next(results) for _ in range(args.seeds)]
            right = [100 * r["integer"] for r in of]
            mean = statistics.mean(right)
            reference = mean if reference is None else reference
            print(
                f"| {title} | {mean:.2f} % | {mean - reference:+.2f} "
                f"| {min(right):.2f} to {max(right):.2f} | {of[0]['size'] or ''} |"
            )
    return 0


if __name__ == "__main__":
    sys.exit(main())
