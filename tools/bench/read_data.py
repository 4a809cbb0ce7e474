"""What reading a large table costs: CPU seconds and peak memory of `xnornode data`.

    python -m tools.bench.read_data
    python -m tools.bench.read_data --rows 100000 --times text

A table of label, person, time and six channels is written to a temporary folder. `xnornode data`
then does all that `xnornode train` does before a training. Its process is measured: the CPU
time of all threads, and the largest resident memory.
"""

import argparse
import datetime
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import numpy.typing as npt

ROWS = 1_000_000
STRETCH = 2500  # rows of one recording
LABELS = "walk", "run", "sit", "jump"
PEOPLE = 20
HERTZ = 50
START = datetime.datetime(2024, 5, 13, 10)
MEGABYTE = 1 << 20

Floats = npt.NDArray[np.float64]


def write_table(path: Path, rows: int, times: str) -> None:
    """Write a table. times: "number" for milliseconds, "text" for dates."""
    with path.open("w", encoding="utf-8") as file:
        title = "time" if times == "text" else "time_ms"
        file.write(f"label,person,{title},ax,ay,az,gx,gy,gz\n")
        # Block by block: a child's peak memory counts what its parent held when it forked.
        for first in range(0, rows, STRETCH):
            values = np.random.default_rng(first).normal(0, 1, (min(STRETCH, rows - first), 6))
            file.writelines(_lines(values, first, times))


def _lines(values: Floats, first: int, times: str) -> Iterator[str]:
    for i, row in enumerate(values.tolist(), first):
        k = i // STRETCH
        at = str(1000 // HERTZ * i)
        if times == "text":
            at = (START + datetime.timedelta(seconds=i / HERTZ)).isoformat(" ", "milliseconds")
        cells = ",".join(f"{v:.4f}" for v in row)
        yield f"{LABELS[k % len(LABELS)]},p{k // len(LABELS) % PEOPLE},{at},{cells}\n"


def measure(path: Path) -> tuple[float, float, float]:
    """CPU seconds, seconds, and megabytes of `xnornode data`. Raises on failure."""
    command = [sys.executable, "-m", "xnornode", "data", str(path)]
    start = time.monotonic()
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    _, status, used = os.wait4(process.pid, 0)
    seconds = time.monotonic() - start
    if status:
        raise SystemExit("xnornode data failed")
    peak = used.ru_maxrss * (1 if sys.platform == "darwin" else 1024) / MEGABYTE
    return used.ru_utime + used.ru_stime, seconds, peak


def main() -> int:
    """Write a table, read it, and print what that cost; the exit status."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--rows", type=int, default=ROWS)
    parser.add_argument("--times", choices=("number", "text"), default="number")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "table.csv"
        write_table(path, options.rows, options.times)
        size = path.stat().st_size / MEGABYTE
        cpu, seconds, peak = measure(path)
    print(f"{options.rows:,} rows, {size:.0f} MB, times as {options.times}")
    print(f"CPU {cpu:.1f} s, elapsed {seconds:.1f} s, peak memory {peak:.0f} MB")
    return 0


if __name__ == "__main__":
    sys.exit(main())
