"""What the flash cache costs on the emulated Pico: MicroPython's benchmarks, and our own work.

    python -m tools.bench.flash_cache [--scores] [--work] [--firmware FILE]

Each figure is measured with memory that never waits, and through the cache. It is the same at each
run. Fourteen benchmarks of MicroPython (tests/perf_bench, N = M = 100) have published scores of a
real Pico, whose firmware had its interpreter in RAM: firmware with it in flash is slower.
Exit status 0; 1 where a tool is missing; 2 for wrong usage.
"""

from __future__ import annotations

import argparse
import math
import sys
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from tools.bench.cases import models
from tools.emulators.emulated_pico import EmulatorError
from tools.emulators.scripts import firmware_image, install_files, run_programs
from tools.firmware import sources
from tools.firmware.build import BuildError, build
from xnornode.board import node_library
from xnornode.errors import XnorNodeError
from xnornode.model.file_format import to_bytes

# Of a Raspberry Pi Pico at 125 MHz: github.com/micropython/micropython, pull request 14182
PUBLISHED = {
    "bm_chaos": 218.64,
    "bm_fannkuch": 53.75,
    "bm_fft": 1524.90,
    "bm_float": 2497.01,
    "bm_hexiom": 36.02,
    "bm_nqueens": 2252.63,
    "bm_pidigits": 474.88,
    "bm_wordcount": 39.99,
    "core_import_mpy_multi": 331.06,
    "core_import_mpy_single": 62.73,
    "core_locals": 28.87,
    "core_qstr": 139.92,
    "core_str": 17.91,
    "core_yield_from": 213.00,
}
CACHES = (False, True)

WORK = """
import gc, time
from bnn import Model
from xnornode import Classifier, Link
from xnornode.model_store import Store
with open('/watch.win', 'rb') as f: window = f.read()
model = Model(open('/model.bnn', 'rb').read())
clf = Classifier(Store('/models', '/model.bnn'))
sample = tuple(range(len(clf.model.channels)))
def spent(function, times):
    gc.collect()
    start = time.ticks_us()
    function(times)
    return time.ticks_diff(time.ticks_us(), start) / times
def predict(times):
    for _ in range(times): model.predict(window)
def feed(times):
    for _ in range(times): clf.feed(sample)
def loop(times):
    link = Link(clf)
    try:
        for _ in range(times):
            p = clf.feed(sample)
            if p: link.prediction(p)
            link.step()
    finally:
        link.close()
"""
PARTS = (
    ("watch: `Model.predict`, a window in RAM", "predict", 16),
    ("watch: `feed`, predictions and all, a sample", "feed", 512),
    ("watch: `feed`, `prediction`, `step`, a sample", "loop", 512),
)
"""What is timed, by which function of WORK, and how often."""


@dataclass(frozen=True)
class Score:
    """A benchmark's score: on a real Pico, with memory that never waits, through the cache."""

    name: str
    published: float
    zero_wait: float
    cached: float


def deviation(ratios: Sequence[float]) -> tuple[float, float]:
    """The geometric mean of scores over the published ones, and their rms error around 1."""
    mean = math.exp(sum(math.log(ratio) for ratio in ratios) / len(ratios))
    return mean, math.sqrt(sum((ratio - 1) ** 2 for ratio in ratios) / len(ratios))


def score(flash: Path, name: str, cache: bool) -> float:
    """The score of one of MicroPython's benchmarks: its work per second."""
    folder = sources.micropython() / "tests" / "perf_bench"
    program = "".join((folder / f"{part}.py").read_text() for part in (name, "benchrun"))
    took, norm, _ = run_programs(flash, [f"{program}\nbm_run(100, 100)"], cache).split(None, 2)
    return 1e6 * int(norm) / int(took)


def scores(firmware: Path, names: Sequence[str]) -> Iterator[Score]:
    """Benchmarks, with memory that never waits and through the cache."""
    with tempfile.TemporaryDirectory() as place:
        flash = firmware_image(firmware, Path(place, "flash.bin"))
        for name in names:
            yield Score(name, PUBLISHED[name], *(score(flash, name, each) for each in CACHES))


def work(firmware: Path) -> Iterator[tuple[str, float, float]]:
    """Our own parts: their names, and microseconds with memory that never waits and cached."""
    (watch,) = models(lambda name: name == "watch")
    files = {"/model.bnn": to_bytes(watch.model), "/watch.win": watch.inputs[0]}
    with tempfile.TemporaryDirectory() as place:
        flash = firmware_image(firmware, Path(place, "flash.bin"))
        install_files(flash, {**node_library.files("armv6m"), **files})
        for name, function, times in PARTS:
            program = f"{WORK}\nprint(spent({function}, {times}))"
            said = [run_programs(flash, [program], cache) for cache in CACHES]
            zero_wait, cached = (float(text.split()[-1]) for text in said)
            yield name, zero_wait, cached


def print_scores(firmware: Path) -> None:
    """The table of the scores, and how near they are to a real Pico's."""
    print("| score                    |   a Pico | zero-wait |    cached |")
    print("|--------------------------|---------:|----------:|----------:|")
    found = []
    for score in scores(firmware, tuple(PUBLISHED)):
        found.append(score)
        columns = f"{score.published:8.2f} | {score.zero_wait:9.2f} | {score.cached:9.2f}"
        print(f"| {score.name:<24} | {columns} |", flush=True)
    for name in ("zero_wait", "cached"):
        mean, rms = deviation([getattr(each, name) / each.published for each in found])
        print(f"{name}: {mean:.3f} of the scores in the geometric mean, rms {100 * rms:.1f} %")


def main(argv: Sequence[str] | None = None) -> int:
    """Run from the command line; the exit status."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--scores", action="store_true", help="only MicroPython's benchmarks")
    parser.add_argument("--work", action="store_true", help="only our own work")
    parser.add_argument("--firmware", type=Path, help="a Pico's .uf2 or .bin, default ours")
    arguments = parser.parse_args(argv)
    everything = not (arguments.scores or arguments.work)
    try:
        firmware = arguments.firmware or build("rp2")
        if arguments.work or everything:
            print("| microseconds                                  | zero-wait |    cached |")
            print("|-----------------------------------------------|----------:|----------:|")
            for name, zero_wait, cached in work(firmware):
                print(f"| {name:<45} | {zero_wait:9.1f} | {cached:9.1f} |", flush=True)
        if arguments.scores or everything:
            print_scores(firmware)
    except (BuildError, EmulatorError, OSError, XnorNodeError) as error:
        print(f"flash_cache: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("\nflash_cache: stopped", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
