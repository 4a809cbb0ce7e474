"""Answers and events on watch, people 8, 9 and 10 held out: what is right, what is unknown.

Mean, threshold and hold-off are chosen by leaving out one of the seven training people after the
other, as `xnornode train watch --events LIMITS` does. The test people take no part in it. Each seed
is eight trainings, minutes on two cores.

Results are kept in build/bench-events.json as they come; --fresh starts again. Exit status 0; 1
when the bar is missed.
"""

import argparse
import os
import statistics
import sys
from collections.abc import Sequence
from dataclasses import asdict, replace

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # before NumPy: seeds share the cores

from tools.bench.parallel_runs import Result, collect
from tools.firmware.sources import BUILD
from xnornode.data.prepare import prepare
from xnornode.datasets.load import load_dataset
from xnornode.events.chosen import choose_answers, with_temperature
from xnornode.events.counting import Outcome
from xnornode.events.wish import read_wish
from xnornode.export.fold import fold
from xnornode.model.file_format import to_bytes
from xnornode.recipes.settings import RECIPES
from xnornode.report.answers import answer_figures
from xnornode.training.config import Teacher, TrainConfig
from xnornode.training.trainer import train

RESULTS = BUILD / "bench-events.json"
LIMITS = "at most 5 % unknown"
RIGHT, UNKNOWN = 0.95, 0.05  # in the mean of the seeds


def run(config: TrainConfig, limits: str) -> Result:
    """Train with one seed and choose; what the tables need of it."""
    wish = read_wish(limits)
    assert wish is not None
    splits = prepare(load_dataset("watch"), RECIPES["watch"].options)
    trained = train(splits, config)
    plain = fold(trained)
    before = answer_figures(plain, trained, splits)
    model, chosen = choose_answers(plain, trained, splits, wish)
    after = answer_figures(model, with_temperature(trained, chosen), splits, chosen)
    assert before is not None and after is not None and model.answers is not None
    return {
        "plain": asdict(before.test),
        "test": asdict(after.test),
        "validation": asdict(chosen.choice.outcome),
        "table": [(row.threshold, asdict(row.outcome), row.chosen) for row in after.table],
        "errors": [after.calibration.test_before, after.calibration.test_after],
        "settings": [
            *(model.answers.windows, model.answers.threshold / 65535, model.answers.hold_off),
            chosen.choice.settings.temperature,
        ],
        "bytes": len(to_bytes(model)),
    }


def table(results: Sequence[Result]) -> str:
    """The table of all seeds, and the thresholds of the first."""
    lines = [
        "| seed | one window each | right of the answered | unknown | missed | false an hour "
        "| windows | threshold | hold-off | calibration error, before and after |",
        "|---|---|---|---|---|---|---|---|---|---|",
    ]
    for seed, r in enumerate(results):
        plain, test = Outcome(**r["plain"]), Outcome(**r["test"])
        windows, threshold, hold_off, _ = r["settings"]
        before, after = r["errors"]
        lines.append(
            f"| {seed} | {plain.accuracy:.1%} | {test.accuracy:.1%} | {test.unknown:.1%} "
            f"| {test.missed} of {test.events} | {test.false_per_hour:.1f} | {windows} "
            f"| {threshold:.1%} | {hold_off} | {before:.1%}, {after:.1%} |"
        )
    alone, right, unknown = means(results)
    lines += [
        f"| mean | {alone:.1%} | {right:.1%} | {unknown:.1%} | | | | | | |",
        "",
        "Seed 0, thresholds on the validation recordings:",
        "",
        "| threshold | unknown | right | false an hour | missed |",
        "|---|---|---|---|---|",
    ]
    for threshold, outcome, chosen in results[0]["table"]:
        o, mark = Outcome(**outcome), " (chosen)" * chosen
        right_said = "-" if o.accuracy is None else f"{o.accuracy:.1%}"
        lines.append(
            f"| {threshold:.1%}{mark} | {o.unknown:.1%} | {right_said} | {o.false_per_hour:.1f} "
            f"| {o.missed} of {o.events} |"
        )
    return "\n".join(lines)


def means(results: Sequence[Result]) -> tuple[float, float, float]:
    """Over the seeds: right of single windows, right of the answered ones, unknown."""
    plain = [Outcome(**r["plain"]) for r in results]
    test = [Outcome(**r["test"]) for r in results]
    return (
        statistics.mean(o.accuracy or 0.0 for o in plain),
        statistics.mean(o.accuracy or 0.0 for o in test),
        statistics.mean(o.unknown for o in test),
    )


def main(argv: Sequence[str] | None = None) -> int:
    """Print the tables; the exit status."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--limits", default=LIMITS, help="as of `xnornode train --events`")
    parser.add_argument("--teacher", type=float, default=0.0, help="as of `xnornode train`")
    parser.add_argument("--fresh", action="store_true", help="forget earlier results")
    args = parser.parse_args(argv)
    runs = {}
    for seed in range(args.seeds):
        config = replace(RECIPES["watch"].config, seed=seed)
        if args.teacher:
            config = replace(config, teacher=Teacher(share=args.teacher))
        runs[f"{args.limits} {config!r}"] = (run, (config, args.limits))
    results = collect(RESULTS, runs, args.jobs, args.fresh)
    print(table(results))
    _, right, unknown = means(results)
    if args.limits != LIMITS or (right >= RIGHT and unknown <= UNKNOWN):
        return 0
    print(f"missed: {RIGHT:.0%} right of the answered with at most {UNKNOWN:.0%} unknown")
    return 1


if __name__ == "__main__":
    sys.exit(main())
