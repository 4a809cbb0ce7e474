#!/usr/bin/env python3
"""Accuracy of the watch recipe on people it has not seen, over several seeds.

Prints one row per seed, then the mean. Exit status 0; 1 when the data cannot be had, when a hidden
neuron of a folded model decides otherwise than the float network's, or when the mean is too low.
The products are small: OPENBLAS_NUM_THREADS=1 is as fast, and on shared cores much faster.
"""

import argparse
import statistics
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from xnornode.data import DataSet
from xnornode.datasets import watch
from xnornode.errors import XnorNodeError
from xnornode.fileformat import save, to_bytes
from xnornode.recipes import WATCH, Built, build
from xnornode.train import encode_signs, progress_bar


@dataclass(frozen=True)
class Row:
    """Result of one seed: accuracies on the test windows, disagreements, bytes, seconds."""

    integer: float
    real: float
    argmax: int
    neurons: int
    size: int
    seconds: float


def compare(built: Built) -> tuple[float, float, int, int]:
    """Accuracy, integer and float; how many classes, how many hidden neurons' decisions differ."""
    test = built.test
    signs = encode_signs(built.trained.encoder, test.samples)
    *theirs, logits = built.trained.network.decisions(signs)
    _, *mine = built.model.activations(test.samples)
    neurons = sum(int((a != b).sum()) for a, b in zip(mine, theirs, strict=True))
    guess, real = built.model.predict(test.samples), logits.argmax(axis=1)
    right, real_right = (float(np.mean(g == test.labels)) for g in (guess, real))
    return right, real_right, int((guess != real).sum()), neurons


def run(data: DataSet, seed: int, out: Path | None) -> Row:
    """Train, fold and test with one seed; write the model to `out` if that is given."""
    recipe = replace(WATCH, config=replace(WATCH.config, seed=seed))
    print(f"training with seed {seed}", file=sys.stderr)
    start = time.perf_counter()
    built = build(data, recipe, progress_bar())
    seconds = time.perf_counter() - start
    if out:
        save(built.model, out)
    return Row(*compare(built), len(to_bytes(built.model)), seconds)


def bench(seeds: int, out: Path | None) -> list[Row]:
    """Run seeds 0 to seeds - 1 and print their rows; the model of the first goes to `out`."""
    data, rows = watch(), []
    print("seed  integer %  float %  classes differ  neurons differ   bytes  seconds")
    for seed in range(seeds):
        row = run(data, seed, None if seed else out)
        print(
            f"{seed:4}  {100 * row.integer:9.2f}  {100 * row.real:7.2f}  {row.argmax:14}  "
            f"{row.neurons:14}  {row.size:6}  {row.seconds:7.1f}",
            flush=True,
        )
        rows.append(row)
    return rows


def main(argv: Sequence[str] | None = None) -> int:
    """Run from the command line; the exit status."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seeds", type=int, default=3, help="how many (default 3)")
    parser.add_argument("--least", type=float, default=74.0, help="mean %% to reach (default 74)")
    parser.add_argument("--out", type=Path, help="write the first seed's model to this .bnn file")
    args = parser.parse_args(argv)
    if args.seeds < 1:
        parser.error("--seeds must be at least 1")
    if args.out and not args.out.absolute().parent.is_dir():
        parser.error(f"there is no folder {args.out.absolute().parent} to write to")
    try:
        rows = bench(args.seeds, args.out)
    except XnorNodeError as error:
        print(f"bench_watch: {error}", file=sys.stderr)
        return 1
    except OSError as error:
        print(f"bench_watch: {error.filename}: {error.strerror}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("\nbench_watch: stopped", file=sys.stderr)
        return 1
    reached = [100 * row.integer for row in rows]
    mean, spread = statistics.mean(reached), max(reached) - min(reached)
    print(f"mean  {mean:9.2f}  (spread {spread:.2f}, {len(rows)} seeds)")
    if any(row.neurons for row in rows):
        print("bench_watch: folded neurons differ from the float network's", file=sys.stderr)
        return 1
    if mean < args.least:
        print(f"bench_watch: the mean is below {args.least} %", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
