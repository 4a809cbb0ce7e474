"""A keyword against everything else: what is missed at a number of false accepts an hour.

The data are words in folders WORD/SPEAKER/, such as the Free Spoken Digit Dataset (CC BY-SA 4.0,
github.com/Jakobovski/free-spoken-digit-dataset), as a folder or a .zip file. For each word, one
speaker is held out for the test. Networks without other speakers choose the threshold. The other
words and made noise are what must not wake. --known holds out recordings of known speakers instead.

Results are kept in build/bench-wake.json as they come; --fresh starts again. Exit status 0; 1 when
a model takes more than 16,000 bytes in all.
"""

import argparse
import json
import os
import sys
import tempfile
import time
import zipfile
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

from tools.firmware.sources import BUILD
from xnornode.cost.chips import RP2040
from xnornode.cost.estimate import microseconds
from xnornode.data.dataset import Dataset
from xnornode.datasets.load import load_dataset
from xnornode.errors import XnorNodeError
from xnornode.model.model_file import save_model
from xnornode.recipes.wake import shape_for, splits_for, wake, wake_config
from xnornode.recipes.wake_sounds import take_apart
from xnornode.report.wake_figures import wake_figures

RESULTS = BUILD / "bench-wake.json"
MODELS = BUILD / "models"
MOST_BYTES = 16_000
KNOWN = 5
"""Of the recordings of one speaker and word, each fifth is a group."""

Row = dict[str, Any]


def read(path: Path) -> Dataset:
    """The words of a folder, or of a .zip file. Raises XnorNodeError."""
    if path.suffix != ".zip":
        return load_dataset(path)
    with tempfile.TemporaryDirectory() as folder:
        with zipfile.ZipFile(path) as file:
            file.extractall(folder)
        return replace(load_dataset(folder), name=path.stem)


def of_known_speakers(dataset: Dataset) -> Dataset:
    """Groups of recordings, of all speakers in each."""
    seen: dict[tuple[str, str], int] = {}
    groups = []
    for label, speaker in zip(dataset.labels, dataset.groups, strict=True):
        number = seen[label, speaker] = seen.get((label, speaker), -1) + 1
        groups.append(f"recordings {number % KNOWN}")
    return replace(dataset, groups=groups)


def run(dataset: Dataset, word: str, test: str, validation: str, wish: float, seed: int) -> Row:
    """Train one keyword; what the table needs of it. The model is saved."""
    start = time.process_time()
    data = take_apart(dataset, word, (test,), (validation,) if validation else ())
    splits = splits_for(data, shape_for(data), seed)
    woken = wake(data, splits, wake_config(splits, seed), wish, name=word)
    figures = wake_figures(woken)
    MODELS.mkdir(parents=True, exist_ok=True)
    save_model(woken.model, MODELS / f"wake-{word}-{test}-{seed}.bnn")
    times = microseconds(woken.model, RP2040) / 1000
    return {
        "missed": figures.test.missed_share,
        "interval": figures.missed_interval,
        "words an hour": figures.test.talk_rate,
        "at most": figures.words_at_most,
        "noise an hour": figures.test.noise_rate,
        "repeated": figures.test.repeated,
        "tuning missed": figures.tuning.missed_share,
        "curve": [asdict(row) for row in figures.test_curve],
        "model": figures.model_bytes,
        "ram": figures.total_bytes - figures.model_bytes,
        "total": figures.total_bytes,
        "window": woken.model.window.length / data.rate,
        "milliseconds": times,
        "cpu": time.process_time() - start,
    }


def table(results: dict[str, Row]) -> str:
    """Markdown: a row for each keyword."""
    heads = "word, held out|missed|95 % interval|false/h, words|at most|false/h, noise|model|"
    heads += "RAM besides|in all"
    lines = [f"| {heads.replace('|', ' | ')} |", "|---" + "|---:" * heads.count("|") + "|"]
    for name, r in results.items():
        low, high = r["interval"]
        lines.append(
            f"| {name} | {r['missed']:.1%} | {low:.0%} to {high:.0%} | {r['words an hour']:.2g} | "
            f"{r['at most']:.2g} | {r['noise an hour']:.2g} | {r['model']:,} | {r['ram']:,} | "
            f"{r['total']:,} |"
        )
    return "\n".join(lines)


def main(arguments: list[str] | None = None) -> int:
    """Run the benchmark; the exit status."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("data", type=Path, help="a folder WORD/SPEAKER/, or a .zip of one")
    parser.add_argument("--words", default="seven,two,nine", help="keywords, joined by commas")
    parser.add_argument("--test", default="", help="speakers, each held out once (default: last)")
    parser.add_argument("--known", action="store_true", help="hold out recordings, not a speaker")
    parser.add_argument("--false-accepts", type=float, default=1.0, help="an hour, at most")
    parser.add_argument("--seeds", type=int, default=1, help="how many networks each")
    parser.add_argument("--fresh", action="store_true", help="forget earlier results")
    options = parser.parse_args(arguments)
    dataset = read(options.data)
    if options.known:
        dataset = of_known_speakers(dataset)
    tests = options.test.split(",") if options.test else [max(dataset.groups)]
    # Of known speakers, a fifth of the recordings chooses the threshold.
    validation = min(dataset.groups) if options.known else ""
    kept = {}
    if RESULTS.exists() and not options.fresh:
        kept = json.loads(RESULTS.read_text())
    results: dict[str, Row] = {}
    for word in options.words.split(","):
        for test in tests:
            for seed in range(options.seeds):
                name = f"{word}, {test}" + (f", seed {seed}" if options.seeds > 1 else "")
                key = f"{options.data.resolve()}, {name}, {options.false_accepts:g}"
                if key not in kept:
                    kept[key] = run(dataset, word, test, validation, options.false_accepts, seed)
                    RESULTS.parent.mkdir(parents=True, exist_ok=True)
                    RESULTS.write_text(json.dumps(kept, indent=1))
                results[name] = kept[key]
                print(table({name: kept[key]}).splitlines()[-1], file=sys.stderr, flush=True)
    print(table(results))
    large = [name for name, r in results.items() if r["total"] > MOST_BYTES]
    for name in large:
        print(f"{name}: more than {MOST_BYTES:,} bytes in all", file=sys.stderr)
    return 1 if large else 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except XnorNodeError as error:
        sys.exit(str(error))
