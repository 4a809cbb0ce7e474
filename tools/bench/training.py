"""Accuracy of the recipes on data they have not seen: three seeds, mean and spread, as a table.

Results are kept in build/bench-training.json as they come, one for each row, seed and settings, so
an interrupted run goes on where it stopped; --fresh starts again. The models are in build/models/,
for `make bench MODELS=...`. Rows run side by side, one thread each. Exit status 0; 1 when a row
misses its bar or its size.
"""

import argparse
import os
import statistics
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # before NumPy: rows share the cores

import numpy as np

from tools.bench.parallel_runs import Result, collect
from tools.firmware.sources import BUILD
from xnornode.data.prepare import prepare
from xnornode.data.windows import Data
from xnornode.datasets.load import load_dataset
from xnornode.errors import XnorNodeError
from xnornode.export.fold import fold
from xnornode.model.file_format import to_bytes
from xnornode.model.model import Model
from xnornode.model.model_file import save_model
from xnornode.recipes.settings import (
    DIGITS_2K,
    FASHION_32K,
    LANGUAGES_16K,
    MAILS_16K,
    MNIST_4K,
    MNIST_12K,
    MNIST_32K,
    MNIST_99,
    MNIST_FAST,
    MNIST_SFC,
    RECIPES,
    WATCH,
)
from xnornode.training.config import TrainConfig
from xnornode.training.trained import Trained
from xnornode.training.trainer import train

RESULTS = BUILD / "bench-training.json"
MODELS = BUILD / "models"


@dataclass(frozen=True)
class Row:
    """One line of the table. data: an example set. above: what the mean accuracy must exceed; most:
    bytes of the file."""

    title: str
    data: str
    config: TrainConfig
    above: float
    most: int | None


ROWS = {
    "mnist-sfc": Row("MNIST, 256-256-256, all binary", "mnist", MNIST_SFC, 0.979, None),
    "mnist-4k": Row("MNIST, at most 4.0 kB", "mnist", MNIST_4K, 0.98, 4000),
    "mnist-12k": Row("MNIST, at most 12.3 kB", "mnist", MNIST_12K, 0.99, 12300),
    "mnist-fast": Row("MNIST, all binary, few cycles", "mnist", MNIST_FAST, 0.97, 8000),
    "mnist-99": Row("MNIST, all binary", "mnist", MNIST_99, 0.99, 9700),
    "mnist-32k": Row("MNIST, at most 32 kB", "mnist", MNIST_32K, 0.993, 32000),
    "fashion": Row("Fashion-MNIST, at most 32 kB", "fashion-mnist", FASHION_32K, 0.905, 32000),
    "watch": Row("watch, people 8 to 10 held out, at most 16 kB", "watch", WATCH, 0.90, 16000),
    "digits": Row("digits 8x8, at most 2 kB", "digits", DIGITS_2K, 0.976, 2000),
    "mails": Row("mails, at most 16 kB", "mails", MAILS_16K, 0.98, 16000),
    "languages": Row("20 languages, at most 16 kB", "languages", LANGUAGES_16K, 0.95, 16000),
}


def run(key: str, seed: int) -> Result:
    """Train one row with one seed; what the table needs of it."""
    row = ROWS[key]
    splits = prepare(load_dataset(row.data), RECIPES[row.data].options)
    start = time.perf_counter()
    trained = train(splits, replace(row.config, seed=seed))
    model = fold(trained)
    MODELS.mkdir(parents=True, exist_ok=True)
    save_model(model, MODELS / f"{key}-{seed}.bnn")
    return {**measure(model, trained, splits.tested()), "seconds": time.perf_counter() - start}


def measure(model: Model, trained: Trained, test: Data) -> Result:
    """Accuracies on the test part, bytes, seconds per epoch."""
    guess, real = model.predict(test.items), trained.predict(test.items)
    return {
        "integer": float(np.mean(guess == test.labels)),
        "float": float(np.mean(real == test.labels)),
        "size": len(to_bytes(model)),
        "epoch": statistics.median(epoch.seconds for epoch in trained.history),
        "epochs": len(trained.history),
    }


def main(argv: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("rows", nargs="*", help=f"of {', '.join(ROWS)}; all by default")
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--fresh", action="store_true", help="forget earlier results")
    args = parser.parse_args(argv)
    if unknown := set(args.rows) - set(ROWS):
        parser.error(f"no such row: {', '.join(sorted(unknown))}")
    keys = args.rows or list(ROWS)
    runs = {
        f"{key} {seed} {ROWS[key].config!r}": (run, (key, seed))
        for key in keys
        for seed in range(args.seeds)
    }
    results = iter(collect(RESULTS, runs, args.jobs, args.fresh))
    missed = 0
    print("| data | bar | mean | spread | bytes | epochs | s/epoch |")
    print("|---|---|---|---|---|---|---|")
    for key in keys:
        row = ROWS[key]
        of = [next(results) for _ in range(args.seeds)]
        right = [r["integer"] for r in of]
        mean, size = statistics.mean(right), max(r["size"] for r in of)
        ok = mean > row.above and (row.most is None or size <= row.most)
        missed += not ok
        spread = f"{min(right):.2%} to {max(right):.2%}"
        epoch = statistics.median(r["epoch"] for r in of)
        print(
            f"| {row.title} | {row.above:.1%} | {mean:.2%}{'' if ok else ' (missed)'} | {spread} "
            f"| {size} | {of[0]['epochs']} | {epoch:.1f} |"
        )
    return 1 if missed else 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except XnorNodeError as error:
        print(f"error: {error}", file=sys.stderr)
        sys.exit(1)
