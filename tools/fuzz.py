"""Fuzzes the model file's loaders: the C core under libFuzzer with ASan and UBSan, then both alike.

    python tools/fuzz.py                       two minutes
    python tools/fuzz.py --runs 10000000       ten million executions
    python tools/fuzz.py --crash FILE          run one input again

libFuzzer mutates files that start from tests/fuzz_seeds.py; whatever the loader accepts is run. A
sample of the inputs, and all that brought something new, go through the Python reader as well: it
must give the same reason, and the same scores. What is learnt stays in build/fuzz/ for next time.

Needs clang with libFuzzer; on Debian: apt-get install clang libclang-rt-14-dev.
"""

from __future__ import annotations

import argparse
import os
import re
import shutil
import struct
import subprocess
import sys
import zlib
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from sources import BUILD, ROOT

sys.path[:0] = [str(ROOT / "tests"), str(ROOT / "host")]

CORE = ROOT / "firmware_modules" / "bnn"
FOLDER = BUILD / "fuzz"
SECONDS = 120
SAMPLE = 20_000  # inputs that the Python reader is asked about
MOST_BYTES = 4096
FLAGS = ["-std=c99", "-O1", "-g", "-fno-sanitize-recover=all", "-D_POSIX_C_SOURCE=200809L"]
SANITIZERS = "-fsanitize=fuzzer,address,undefined"
HEAD = struct.Struct("<IIBB12s")  # as fuzz_loader.c writes it


class FuzzError(Exception):
    """Something was found, or fuzzing is not possible here; the text says what to do."""


@dataclass(frozen=True)
class Answer:
    """What a loader made of a file: a reason, and of a file that was run what came out."""

    reason: str
    selftest: bool | None = None
    scores: int | None = None  # their CRC


def build() -> Path:
    """Compiles the fuzz target."""
    clang = shutil.which("clang")
    if clang is None:
        raise FuzzError(
            "clang is missing; on Debian: sudo apt-get install clang libclang-rt-14-dev"
        )
    FOLDER.mkdir(parents=True, exist_ok=True)
    sources = [*sorted(CORE.glob("bnn_*.c")), ROOT / "tests" / "fuzz_loader.c"]
    target = FOLDER / "loader"
    command = [clang, *FLAGS, SANITIZERS, f"-I{CORE}", *map(str, sources), "-o", str(target)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise FuzzError(f"the fuzz target does not compile:\n{done.stderr}")
    return target


def write_seeds() -> None:
    """Puts the seeds of tests/fuzz_seeds.py into build/fuzz/seeds."""
    from fuzz_seeds import seeds  # type: ignore[import-not-found]

    shutil.rmtree(FOLDER / "seeds", ignore_errors=True)
    (FOLDER / "seeds").mkdir()
    for name, data in seeds().items():
        (FOLDER / "seeds" / name).write_bytes(data)


def run(target: Path, limits: list[str], every: int) -> str:
    """Runs libFuzzer; its messages. Raises FuzzError when it found something."""
    (FOLDER / "corpus").mkdir(exist_ok=True)
    command = [str(target), *limits, f"-max_len={MOST_BYTES}", "-timeout=20", "-rss_limit_mb=2000"]
    command += ["-print_final_stats=1", "-verbosity=1", f"-artifact_prefix={FOLDER}/", "-seed=1"]
    command += [str(FOLDER / "corpus"), str(FOLDER / "seeds")]
    env = {
        **os.environ,
        "BNN_FUZZ_SAMPLE": str(FOLDER / "sample"),
        "BNN_FUZZ_EVERY": str(every),
        "UBSAN_OPTIONS": "print_stacktrace=1",
    }
    done = subprocess.run(
        command, stderr=subprocess.PIPE, text=True, errors="replace", env=env, check=False
    )
    (FOLDER / "log").write_text(done.stderr)
    if done.returncode:
        found = re.search(r"Test unit written to (\S+)", done.stderr)
        raise FuzzError(
            f"the loader fails:\n{done.stderr[-4000:]}\n"
            + (f"run it again: python tools/fuzz.py --crash {found[1]}" if found else "")
        )
    return done.stderr


def sampled() -> Iterator[tuple[bytes, Answer]]:
    """The inputs that the fuzz target wrote down, with the C loader's answers."""
    data = (FOLDER / "sample").read_bytes()
    at = 0
    while at + HEAD.size <= len(data):
        size, crc, ran, passed, name = HEAD.unpack_from(data, at)
        at += HEAD.size
        reason = name.decode().strip()
        answer = Answer(reason, bool(passed), crc) if ran else Answer(reason)
        yield data[at : at + size], answer
        at += size


def python_answer(data: bytes, ran: bool) -> Answer:
    """What the Python reader makes of it; scores where the C core gave some."""
    from xnornode.errors import ModelError
    from xnornode.fileformat import from_bytes

    try:
        model = from_bytes(data)
    except ModelError as error:
        return Answer(error.reason)
    if not ran:
        return Answer("ok")
    scores = model.scores(model.selftest_window())[0].astype("<i4").tobytes()
    return Answer("ok", model.selftest(), zlib.crc32(scores))


def compare() -> Counter[str]:
    """Asks the Python reader the same. How often which reason; raises FuzzError on a difference."""
    reasons: Counter[str] = Counter()
    for data, answer in sampled():
        mine = python_answer(data, answer.scores is not None)
        if mine != answer:
            file = FOLDER / "difference"
            file.write_bytes(data)
            raise FuzzError(f"{file}: the C loader says {answer}, the Python reader {mine}")
        reasons[answer.reason] += 1
    return reasons


def fuzz(seconds: int | None, runs: int | None) -> str:
    """Does all of it; an account of it."""
    target = build()
    write_seeds()
    expected = runs or (seconds or SECONDS) * 20_000
    limits = [f"-runs={runs}"] if runs else [f"-max_total_time={seconds}"]
    log = run(target, limits, max(1, expected // SAMPLE))
    executed = int(re.findall(r"number_of_executed_units: (\d+)", log)[-1])
    rate = int(re.findall(r"average_exec_per_sec: +(\d+)", log)[-1])
    covered = re.findall(r"cov: (\d+) ft: (\d+) corp: (\d+)", log)[-1]
    reasons = compare()
    run(target, ["-runs=0"], 1)  # the corpus alone, all of it for the Python reader
    reasons += compare()
    table = ", ".join(f"{name} {count:,}" for name, count in reasons.most_common())
    return (
        f"C loader: {executed:,} executions, {rate:,} a second, no sanitizer report, "
        f"{int(covered[0]):,} edges covered, corpus {int(covered[2]):,}\n"
        f"Python reader: 0 of {sum(reasons.values()):,} differ ({table})"
    )


def main(argv: list[str] | None = None) -> int:
    """The command. Returns the exit status."""
    parser = argparse.ArgumentParser(description="Fuzz the loaders of the model file.")
    how_long = parser.add_mutually_exclusive_group()
    how_long.add_argument("--seconds", type=int, default=SECONDS, help="default %(default)s")
    how_long.add_argument("--runs", type=int, help="so many executions instead")
    how_long.add_argument("--crash", type=Path, metavar="FILE", help="run one input again")
    arguments = parser.parse_args(argv)
    try:
        if arguments.crash:
            return subprocess.run([str(build()), str(arguments.crash)], check=False).returncode
        print(fuzz(arguments.seconds, arguments.runs))
    except FuzzError as error:
        print(f"fuzz: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main())
