"""Training speed against Larq: the same networks, data and batch on this computer, one after the
other in turns, as a table.

Larq and TensorFlow go into an environment of their own, build/compare/venv (1.3 GB, once). Seconds
are those of an epoch of 60,000 images after the first, which both sides warm up in: the median and
the fastest of all rounds, and the processor's time, which other users of the computer change less.
Gigaflops count two operations for each multiply-accumulate of the forward and the backward pass,
whatever the arithmetic; the peak beside them is that of single precision matrix products by NumPy's
BLAS on as many threads. The last column is the accuracy on the test images after so many epochs.

Meant for an idle computer: it says so when others use it. Exit status 0; 1 when Larq cannot be had.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # before NumPy: training has processes

import numpy as np

from tools.firmware.sources import BUILD, ROOT
from xnornode.data.prepare import prepare
from xnornode.data.splits import Splits
from xnornode.data.windows import Data
from xnornode.datasets.images import mnist
from xnornode.errors import XnorNodeError
from xnornode.export.fold import fold
from xnornode.nn.layer_spec import Conv, Dense
from xnornode.training.config import TrainConfig
from xnornode.training.trainer import train

FOLDER = BUILD / "compare"
REQUIREMENTS = ROOT / "tools" / "setup" / "requirements-compare.txt"
WORKER = Path(__file__).with_name("larq_worker.py")
PYTHON = (3, 11)  # the newest for which the TensorFlow that Larq needs is published
POOL = (2, 2)
IDLE = 0.5  # load average above which a warning is due
BATCH = 100

NETWORKS = {  # by the names of tools/bench/larq_worker.py
    "dense": TrainConfig(layers=(Dense(256), Dense(256)), bits=1, batch=BATCH),
    "tutorial": TrainConfig(
        layers=(Conv(32, pool=POOL), Conv(64, pool=POOL), Conv(64), Dense(64)),
        encoding="int8",
        image_shape=(28, 28),
        batch=BATCH,
    ),
}
TITLES = {"dense": "784-256-256-10", "tutorial": "Larq's tutorial CNN"}


@dataclass(frozen=True)
class Run:
    """One training: by the clock and of the processor, seconds of each epoch; test accuracy."""

    seconds: list[float]
    cpu: list[float]
    accuracy: float


class CompareError(Exception):
    """Larq cannot be had; the text says why and how to go on."""


def larq_python() -> Path:
    """The interpreter of the environment with Larq, which is made if it is not there."""
    python, stamp = FOLDER / "venv" / "bin" / "python", FOLDER / "venv" / "installed"
    if stamp.exists() and stamp.read_text() == REQUIREMENTS.read_text():
        return python
    if sys.version_info[:2] != PYTHON or sys.platform != "linux":
        raise CompareError(f"Larq's TensorFlow is for Python {PYTHON[0]}.{PYTHON[1]} on Linux")
    print("installing Larq and TensorFlow into build/compare/venv ...", file=sys.stderr)
    pip = [str(python), "-m", "pip", "--disable-pip-version-check", "install", "--quiet"]
    for command in (
        [sys.executable, "-m", "venv", "--clear", str(FOLDER / "venv")],
        [*pip, "--require-hashes", "--requirement", str(REQUIREMENTS)],
    ):
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode:
            raise CompareError(
                "Larq cannot be installed; --ours measures XnorNode alone:\n"
                + done.stderr.strip()[-2000:]
            )
    stamp.write_text(REQUIREMENTS.read_text())
    return python


def run_larq(python: Path, network: str, epochs: int) -> Run:
    """Train with Larq, in a process of its own."""
    command = [str(python), str(WORKER), network, str(FOLDER / "mnist.npz")]
    command += [str(epochs), str(BATCH)]
    # TensorFlow takes all the cores it sees, as xnornode is told to below.
    done = subprocess.run(
        command,
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3"},
    )
    if done.returncode:
        raise CompareError(f"Larq failed:\n{done.stderr.strip()[-2000:]}")
    return Run(**json.loads(done.stdout.splitlines()[-1]))


def run_ours(splits: Splits, network: str, epochs: int, processes: int) -> tuple[Run, float]:
    """Train with XnorNode; the second number is the billions of operations of an epoch."""
    config = NETWORKS[network]
    marks: list[float] = []
    trained = train(
        splits,
        replace(config, epochs=epochs),
        progress=lambda _: marks.append(time.process_time()),
        processes=processes,
    )
    # The first epoch does not count, and begins who knows when. All processes work as long.
    cpu = [0.0, *(processes * np.diff(marks))]
    model, test = fold(trained), splits.tested()
    macs = [layer.operations() for layer in model.layers]
    passes = 3 * sum(macs) - macs[0]  # forward, by weights, by inputs: not by those of the first
    accuracy = float(np.mean(model.predict(test.items) == test.labels))
    return Run([e.seconds for e in trained.history], cpu, accuracy), 2 * passes * len(
        splits.train
    ) / 1e9


def sgemm_peak(threads: int, size: int = 1024, seconds: float = 1.0) -> float:
    """Billions of operations per second of float32 matrix products, one in each thread."""
    counts = [0] * threads
    end = time.perf_counter() + seconds

    def work(i: int) -> None:
        a, b = np.ones((2, size, size), np.float32)
        out = np.empty_like(a)
        while time.perf_counter() < end:
            np.matmul(a, b, out=out)
            counts[i] += 1

    start = time.perf_counter()
    workers = [threading.Thread(target=work, args=(i,)) for i in range(threads)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    return 2 * size**3 * sum(counts) / (time.perf_counter() - start) / 1e9


def save(splits: Splits) -> None:
    """The images for the other environment."""

    def pixels(part: Data) -> np.ndarray:
        return np.asarray(part.items)[..., 0].astype(np.uint8)

    FOLDER.mkdir(parents=True, exist_ok=True)
    np.savez(
        FOLDER / "mnist.npz",
        x=pixels(splits.train),
        y=splits.train.labels,
        test_x=pixels(splits.tested()),
        test_y=splits.tested().labels,
    )


def row(title: str, trainer: str, runs: Sequence[Run], billions: float, peak: float) -> str:
    """A line of the table."""
    seconds = [s for run in runs for s in run.seconds[1:]]
    median, fastest = statistics.median(seconds), min(seconds)
    cpu = statistics.median(s for run in runs for s in run.cpu[1:])
    accuracy = statistics.mean(run.accuracy for run in runs)
    speed = billions / median
    cells = [title, trainer, f"{median:.2f}", f"{fastest:.2f}", f"{cpu:.2f}", f"{speed:.1f}"]
    return f"| {' | '.join(cells)} | {speed / peak:.0%} | {accuracy:.2%} |"


def main(argv: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("networks", nargs="*", help=f"of {', '.join(NETWORKS)}; all by default")
    parser.add_argument("--epochs", type=int, default=4, help="per training, the first to warm up")
    parser.add_argument("--rounds", type=int, default=2, help="trainings of each, in turns")
    parser.add_argument("--ours", action="store_true", help="without Larq")
    args = parser.parse_args(argv)
    if unknown := set(args.networks) - set(NETWORKS):
        parser.error(f"no such network: {', '.join(sorted(unknown))}")
    if args.epochs < 2 or args.rounds < 1:
        parser.error("at least 2 epochs and 1 round are needed")
    threads = os.cpu_count() or 1
    load = os.getloadavg()[0]
    if load > IDLE:
        print(f"warning: others use this computer (load {load:.1f})", file=sys.stderr)
    splits = prepare(mnist(), validation=())
    python = None if args.ours else larq_python()
    save(splits)
    peak = sgemm_peak(threads)
    lines = []
    for network in args.networks or NETWORKS:
        ours, theirs, billions = [], [], 0.0
        for number in range(1, args.rounds + 1):
            print(f"{TITLES[network]}, round {number} of {args.rounds}", file=sys.stderr)
            run, billions = run_ours(splits, network, args.epochs, threads)
            ours.append(run)
            if python:
                theirs.append(run_larq(python, network, args.epochs))
        lines.append(row(TITLES[network], "XnorNode", ours, billions, peak))
        if theirs:
            lines.append(row(TITLES[network], "Larq 0.13.3", theirs, billions, peak))
    print(
        f"MNIST, batch {BATCH}, {threads} threads, load before {load:.1f}, sgemm {peak:.0f} GFLOP/s"
    )
    print("| network | trainer | s/epoch | fastest | CPU s/epoch | GFLOP/s | of peak ", end="")
    print(f"| after {args.epochs} |")
    print("|---|---|---|---|---|---|---|---|")
    print("\n".join(lines))
    return 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except (CompareError, XnorNodeError) as error:
        print(f"larq_comparison: {error}", file=sys.stderr)
        sys.exit(1)
    except KeyboardInterrupt:
        sys.exit(130)
