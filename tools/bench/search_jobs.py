"""How much faster a search is by several jobs, and that the result is the same.

Usage: python -m tools.bench.search_jobs [--jobs 1,2] [--trials N] [--epochs N] [--dask ADDRESS]

Searches the watch data once with each number of jobs, and with the workers of a Dask scheduler if
one is named. The times say much only on a computer that has nothing else to do. CPU seconds,
without those of a cluster, say how much more work several processes are than one. Exit status 0; 1
where two results differ.
"""

import argparse
import os
import resource
import sys
import time
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # before NumPy: as `xnornode search` does

from xnornode.cli.output import Progress, show_table
from xnornode.cli.search_display import Display
from xnornode.data.prepare import prepare
from xnornode.datasets.load import load_dataset
from xnornode.model.file_format import to_bytes
from xnornode.model_search.budget import Budget
from xnornode.model_search.search import search
from xnornode.model_search.trial import Step
from xnornode.recipes.defaults import default_config
from xnornode.recipes.settings import RECIPES

BUDGET = Budget(bytes=8000, milliseconds=5)
HEADS = ("who trains", "s", "of these in trials", "times as fast", "CPU s", "result")


class Watch(Display):
    """The bar, and a clock. tried: seconds until the last trial was done."""

    def __init__(self, progress: Progress) -> None:
        super().__init__(progress)
        self._start, self.tried = time.perf_counter(), 0.0

    def seconds(self) -> float:
        """Since the beginning."""
        return time.perf_counter() - self._start

    def __call__(self, step: Step) -> None:
        """Take the next step."""
        super().__call__(step)
        if step.trial:
            self.tried = self.seconds()


def worked() -> float:
    """CPU seconds of this process, and of those that it began and that have ended."""
    both = map(resource.getrusage, (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return sum(used.ru_utime + used.ru_stime for used in both)


def runs(options: argparse.Namespace) -> list[tuple[str, dict[str, Any]]]:
    """What is compared: its name, and what `search` is given."""
    found: list[tuple[str, dict[str, Any]]] = []
    found += [(f"--jobs {n}", {"jobs": n}) for n in map(int, options.jobs.split(","))]
    return [*found, *([("--dask", {"dask": options.dask})] if options.dask else [])]


def main(arguments: Sequence[str] | None = None) -> int:
    """Exit status."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--jobs", default="1,2", help="numbers of jobs (default: 1,2)")
    parser.add_argument("--trials", type=int, default=9)
    parser.add_argument("--epochs", type=int, default=9)
    parser.add_argument("--data", default="watch", help="as for `xnornode search`")
    parser.add_argument("--dask", help="address of a scheduler")
    options = parser.parse_args(arguments)
    recipe = RECIPES.get(options.data)
    splits = prepare(load_dataset(options.data), *([recipe.options] if recipe else []))
    config = replace(default_config(splits), epochs=options.epochs)
    rows, first, models = [], 0.0, []
    for name, given in runs(options):
        before = worked()
        with Progress() as progress:
            watch = Watch(progress)
            found = search(splits, BUDGET, config, trials=options.trials, progress=watch, **given)
        first = first or watch.tried
        models.append((to_bytes(found.model), [(t.candidate, t.accuracy) for t in found.trials]))
        same = "the same" if models[-1] == models[0] else "ANOTHER"
        times = f"{watch.seconds():.1f}", f"{watch.tried:.1f}", f"{first / watch.tried:.2f}"
        rows.append([name, *times, f"{worked() - before:.1f}", same])
    show_table(HEADS, rows, left=(HEADS[0], HEADS[-1]))
    return 0 if all(model == models[0] for model in models) else 1


if __name__ == "__main__":
    sys.exit(main())
