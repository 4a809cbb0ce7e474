"""What `xnornode train` reaches by its defaults alone, on public data without a recipe.

For each data set the candidates are compared by cross-validation within the training part, as the
command does (with seed 0); the chosen one is trained with each seed, and tested on the held-out
part. Beside it stand the same network with float weights and ReLU, and a random forest on the same
features if scikit-learn is there. Results are kept in build/bench-defaults.json as they come;
--fresh starts again. Exit status 0; 1 when a bar is missed.
"""

import argparse
import os
import statistics
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # before NumPy: seeds share the cores

import numpy as np

from tools.bench.default_sets import sets
from tools.bench.parallel_runs import Result, collect
from tools.firmware.sources import BUILD
from xnornode.data.splits import Splits
from xnornode.errors import DataError, XnorNodeError
from xnornode.export.fold import fold
from xnornode.model.file_format import to_bytes
from xnornode.recipes.candidates import candidates
from xnornode.recipes.choose import choose
from xnornode.training.config import TrainConfig
from xnornode.training.trainer import train

RESULTS = BUILD / "bench-defaults.json"
HEADS = ("data", "bar", "default", "seeds", "chosen", "bytes", "float", "forest")


def chosen(splits: Splits) -> tuple[str, TrainConfig, float]:
    """What the command chooses, and how long that takes: its name, settings and seconds."""
    tries = candidates(splits)
    try:
        choice = choose(splits, tries)
    except DataError:
        return tries[0].name, tries[0].config, 0.0
    best = choice.tried[choice.best]
    return best.name, best.config, sum(t.seconds for t in choice.tried)


def run(name: str, part: int, seeds: int, folder: Path | None) -> Result:
    """All seeds of a data set, or of one part of it."""
    splits = sets(folder)[name][1][part]()
    test = splits.tested()
    what, config, seconds = chosen(splits)
    accuracies, size = [], 0
    for seed in range(seeds):
        model = fold(train(splits, replace(config, seed=seed)))
        accuracies.append(float((model.predict(test.items) == test.labels).mean()))
        size = max(size, len(to_bytes(model)))
    real = replace(config, weights="real", standardize=False, learning_rate=0.002)
    real = replace(real, encoding="int8" if real.encoding != "thermometer" else real.encoding)
    floats = train(splits, real).predict(test.items)
    return {
        "chosen": what,
        "seconds": seconds,
        "accuracies": accuracies,
        "bytes": size,
        "float": float((floats == test.labels).mean()),
        "forest": forest(splits, config),
    }


def forest(splits: Splits, config: TrainConfig) -> float | None:
    """Accuracy of a random forest on the same features; None without scikit-learn."""
    try:
        from sklearn.ensemble import RandomForestClassifier
    except ImportError:
        return None
    x = config.features.values(splits.train.items)
    other = RandomForestClassifier(300, random_state=0).fit(x, splits.train.labels)
    test = splits.tested()
    return float(other.score(config.features.values(test.items), test.labels))


def line(name: str, bar: float | None, parts: Sequence[Result]) -> tuple[str, bool]:
    """A row of the table, and whether the bar is reached."""
    seeds = np.mean([p["accuracies"] for p in parts], axis=0)
    real = statistics.mean(p["float"] for p in parts)
    forests = [p["forest"] for p in parts if p["forest"] is not None]
    mean, least = float(seeds.mean()), real if bar is None else bar
    cells = (
        name,
        "float" if bar is None else f"{bar:.1%}",
        f"{mean:.2%}",
        f"{seeds.min():.2%} to {seeds.max():.2%}",
        " / ".join(dict.fromkeys(p["chosen"] for p in parts)),
        f"{max(p['bytes'] for p in parts):,}",
        f"{real:.2%}",
        f"{statistics.mean(forests):.2%}" if forests else "",
    )
    return f"| {' | '.join(cells)} |", mean >= least


def main(argv: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    what = "spoken digits, as WORD/SPEAKER/*.wav (default: without them)"
    parser.add_argument("--digits", type=Path, metavar="FOLDER", help=what)
    parser.add_argument("--only", action="append", metavar="NAME", help="these data sets alone")
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--jobs", type=int, default=1, help="data sets side by side (default: 1)")
    parser.add_argument("--fresh", action="store_true", help="forget earlier results")
    args = parser.parse_args(argv)
    if args.seeds < 1 or args.jobs < 1:
        parser.error("--seeds and --jobs must be at least 1")
    known = sets(args.digits)
    names = args.only or list(known)
    if unknown := [name for name in names if name not in known]:
        parser.error(f"no data set {', '.join(unknown)}: there are {', '.join(known)}")
    runs = {
        f"{name} {part} {args.seeds}": (run, (name, part, args.seeds, args.digits))
        for name in names
        for part in range(len(known[name][1]))
    }
    results = dict(zip(runs, collect(RESULTS, runs, args.jobs, args.fresh), strict=True))
    print(f"| {' | '.join(HEADS)} |")
    print("|" + "---|" * len(HEADS))
    reached = True
    for name in names:
        bar, readers = known[name]
        parts = [results[f"{name} {part} {args.seeds}"] for part in range(len(readers))]
        text, well = line(name, bar, parts)
        reached &= well
        print(text)
    return 0 if reached else 1


if __name__ == "__main__":
    try:
        sys.exit(main())
    except XnorNodeError as error:
        print(f"error: {error}", file=sys.stderr)
        sys.exit(1)
