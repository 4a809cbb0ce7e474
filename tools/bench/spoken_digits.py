"""Spoken digits: accuracy on a new speaker, on one who gave three examples, and on known ones.

The data are those of github.com/Jakobovski/free-spoken-digit-dataset (CC BY-SA 4.0), 8 kHz: its
folder `recordings` with files DIGIT_SPEAKER_NUMBER.wav, or folders DIGIT/SPEAKER/ with files whose
names end in _NUMBER.wav; also as a zip file. Of four speakers there are 50 recordings a digit.

Each speaker is left out in turn. Settings were chosen by trainings on two of the speakers, tested
on the other two. Results are kept in build/bench-spoken-digits.json as they come; --fresh starts
again. Exit status 0; 1 when a bar or the size is missed.
"""

import argparse
import os
import re
import statistics
import sys
import tempfile
import time
import zipfile
import zlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # before NumPy: seeds share the cores

import numpy as np

from tools.bench.parallel_runs import Result, collect
from tools.firmware.sources import BUILD
from xnornode import Dataset, Splits, fold, load_dataset, prepare, save_model, train
from xnornode.cost.chips import RP2040
from xnornode.cost.cycles import measure
from xnornode.cost.estimate import microseconds
from xnornode.data.split import subset
from xnornode.errors import DataError, XnorNodeError
from xnornode.recipes.settings import SPOKEN_DIGITS, Recipe

RESULTS = BUILD / "bench-spoken-digits.json"
MODELS = BUILD / "models"
SPEAKERS = ("george", "jackson", "nicolas", "yweweler")
NEW, FEW, KNOWN = "new speaker", "3 recordings a word", "split by recording"
BARS = {NEW: 0.85, FEW: 0.94, KNOWN: 0.97}
MOST_BYTES = 10_000
EXAMPLES = 3
"""Recordings of each word that a new speaker gives."""
TIMES = 8
"""How often each of them stands in the training, where the others have 150 recordings a word."""
KNOWN_TEST = 0.2
FILE = re.compile(r"(\d)_([^_]+)_(\d+)\.wav")


@contextmanager
def folder_of(source: Path) -> Iterator[Path]:
    """The folder DIGIT/SPEAKER/ of `source`; made for the time, where it is another layout."""
    with tempfile.TemporaryDirectory() as made:
        if source.is_file():
            zipfile.ZipFile(source).extractall(Path(made) / "unpacked")
            source = Path(made) / "unpacked"
        flat = [
            (path, found) for path in source.rglob("*.wav") if (found := FILE.fullmatch(path.name))
        ]
        for path, found in flat:
            folder = Path(made) / "sorted" / found[1] / found[2]
            folder.mkdir(parents=True, exist_ok=True)
            (folder / path.name).write_bytes(path.read_bytes())
        yield Path(made) / "sorted" if flat else source


def read_digits(source: Path) -> Dataset:
    """All recordings of the four speakers. Raises XnorNodeError."""
    with folder_of(source) as folder:
        dataset = load_dataset(folder)
    ours = subset(dataset, np.isin(dataset.groups, SPEAKERS))
    if ours is None or len(set(ours.groups)) < len(SPEAKERS):
        raise DataError(f"{source} has not the speakers {', '.join(SPEAKERS)}")
    return replace(ours, test_groups=(), validation_groups=())


def number(name: str) -> int:
    """The recording's number, of a name that ends in _NUMBER.wav."""
    return int(re.findall(r"\d+", Path(name).name)[-1])


def repeated(dataset: Dataset, times: Sequence[int]) -> Dataset:
    """The dataset with each recording so many times."""
    which = [i for i, count in enumerate(times) for _ in range(count)]
    return replace(
        dataset,
        items=[dataset.items[i] for i in which],
        labels=[dataset.labels[i] for i in which],
        groups=[dataset.groups[i] for i in which],
        names=[dataset.names[i] for i in which],
        reading=replace(dataset.reading, timings=()),
    )


def split(dataset: Dataset, task: str, speaker: str, recipe: Recipe, seed: int) -> Splits:
    """The parts of one training.

    NEW: all of `speaker` is the test. FEW: but for the first recordings of each word, which are
    trained on. KNOWN: a share of all recordings, drawn by the seed; `speaker` does not matter.
    """
    groups = list(dataset.groups)
    test: tuple[str, ...] = (speaker,)
    if task == FEW:
        first = "first of " + speaker
        for label in set(dataset.labels):
            own = [i for i, g in enumerate(groups) if g == speaker and dataset.labels[i] == label]
            for i in sorted(own, key=lambda i: number(dataset.names[i]))[:EXAMPLES]:
                groups[i] = first
        dataset = repeated(dataset, [TIMES if group == first else 1 for group in groups])
        groups = [g for g in groups for _ in range(TIMES if g == first else 1)]
    elif task == KNOWN:
        drawn = np.random.default_rng(seed).permutation(len(groups)) < KNOWN_TEST * len(groups)
        groups = ["test" if held else "training" for held in drawn]
        test = ("test",)
    dataset = replace(dataset, groups=groups)
    return prepare(dataset, recipe.options, test=test, validation=())


def run(source: Path, task: str, speaker: str, recipe: Recipe) -> Result:
    """One training; what the table needs of it. The model is saved."""
    seed = recipe.config.seed
    splits = split(read_digits(source), task, speaker, recipe, seed)
    start = time.process_time()
    trained = train(splits, recipe.config)
    seconds = time.process_time() - start
    model = fold(trained)
    MODELS.mkdir(parents=True, exist_ok=True)
    name = "-".join(["spoken-digits", *task.split(), speaker, str(seed)])
    size = save_model(model, MODELS / f"{name}.bnn")
    test = splits.tested()
    some = test.items[:50]
    return {
        "right": float((model.predict(test.items) == test.labels).mean()),
        "test": len(test),
        "training": len(splits.train),
        "size": size,
        "milliseconds": microseconds(model, RP2040, measure(model, some)) / 1000,
        "cpu": seconds,
    }


def table(results: dict[tuple[str, str, int], Result]) -> str:
    """A row for each task and speaker, and the mean of the speakers."""
    lines = ["| test | mean | spread of seeds | bar |", "|---|---|---|---|"]
    for task, bar in BARS.items():
        speakers = sorted({s for t, s, _ in results if t == task})
        for speaker in speakers if task != KNOWN else ():
            right = [r["right"] for (t, s, _), r in results.items() if (t, s) == (task, speaker)]
            lines.append(_line(f"{task}: {speaker}", right, ""))
        means = of_seeds(results, task)
        lines.append(_line(task if task == KNOWN else f"{task}: mean", means, f"{bar:.0%}"))
    first = next(iter(results.values()))
    lines += [
        "",
        f"{max(r['size'] for r in results.values()):,} bytes; an estimated "
        f"{first['milliseconds']:.0f} ms for a window on an RP2040 at {RP2040.hertz // 10**6} MHz; "
        f"{statistics.median(r['cpu'] for r in results.values()):.0f} s of CPU for a training",
    ]
    return "\n".join(lines)


def _line(name: str, right: Sequence[float], bar: str) -> str:
    return (
        f"| {name} | {statistics.mean(right):.1%} | {min(right):.1%} to {max(right):.1%} | {bar} |"
    )


def of_seeds(results: dict[tuple[str, str, int], Result], task: str) -> list[float]:
    """Of each seed the mean over the speakers."""
    seeds = sorted({seed for t, _, seed in results if t == task})
    return [
        statistics.mean(r["right"] for (t, _, k), r in results.items() if (t, k) == (task, seed))
        for seed in seeds
    ]


def missed(results: dict[tuple[str, str, int], Result]) -> list[str]:
    """What is not reached, in words."""
    words = []
    for task, bar in BARS.items():
        mean = statistics.mean(of_seeds(results, task))
        if mean < bar:
            words.append(f"{task}: {mean:.1%}, the bar is {bar:.0%}")
    size = max(r["size"] for r in results.values())
    if size > MOST_BYTES:
        words.append(f"{size} bytes: at most {MOST_BYTES}")
    return words


def main(argv: Sequence[str] | None = None, recipe: Recipe = SPOKEN_DIGITS) -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data", type=Path, metavar="FOLDER_OR_ZIP")
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--jobs", type=int, default=1, help="trainings side by side (default: 1)")
    parser.add_argument("--fresh", action="store_true", help="forget earlier results")
    args = parser.parse_args(argv)
    if args.seeds < 1 or args.jobs < 1:
        parser.error("--seeds and --jobs must be at least 1")
    dataset = read_digits(args.data)
    digest = zlib.crc32(b"".join(np.ascontiguousarray(item).tobytes() for item in dataset.items))
    keys, runs = [], {}
    for seed in range(args.seeds):
        given = replace(recipe, config=replace(recipe.config, seed=seed))
        for task in BARS:
            for speaker in SPEAKERS if task != KNOWN else ("all",):
                keys.append((task, speaker, seed))
                runs[f"{task}, {speaker}, {digest} {given!r}"] = (
                    run,
                    (args.data, task, speaker, given),
                )
    results = dict(zip(keys, collect(RESULTS, runs, args.jobs, args.fresh), strict=True))
    print(table(results))
    wrong = missed(results)
    for words in wrong:
        print(words, file=sys.stderr)
    return 1 if wrong else 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except XnorNodeError as error:
        print(f"error: {error}", file=sys.stderr)
        sys.exit(1)
