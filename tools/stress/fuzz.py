"""Fuzzes what takes bytes from outside, with libFuzzer and sanitizers: model files, lines.

    python -m tools.stress.fuzz                              a minute each
    python -m tools.stress.fuzz loader --runs 10000000       ten million executions
    python -m tools.stress.fuzz lines --crash FILE           run one input again

**loader**: the C core. libFuzzer mutates files that start from tests/lab/fuzz_seeds.py; whatever
the loader accepts is run. A sample of the inputs, and all that brought something new, go through
the Python reader as well: it must give the same reason, and the same scores.

**lines**: what a node is sent. The node's own code runs in MicroPython (the firmware unix-fuzz,
with UBSan) and takes sessions that start from tests/lab/fuzz_lines.txt. One node takes them all,
with its files in RAM: after each, it has the old model or the new one, and is put back to its
start. What is learnt stays in build/fuzz/ for next time.

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
import tempfile
import zlib
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from tools.firmware import c_core
from tools.firmware.sources import BUILD, ROOT

MODULE = c_core.MODULE
FOLDER = BUILD / "fuzz"
SECONDS = 60
SAMPLE = 20_000  # inputs that the Python reader is asked about
MOST_BYTES = 4096
TARGETS = ("loader", "lines")
NODE_PATH = f"{ROOT / 'device'}:{ROOT / 'tests' / 'lab' / 'node_scripts'}"
# Short sessions, so that an execution is a few lines; what the others do takes half of the time
LINES = ["-max_len=416", "-entropic=0", "-use_cmp=0", "-reduce_inputs=0"]
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


def build_loader() -> Path:
    """Compiles the fuzz target of the C core."""
    clang = shutil.which("clang")
    if clang is None:
        raise FuzzError(
            "clang is missing; on Debian: sudo apt-get install clang libclang-rt-14-dev"
        )
    FOLDER.mkdir(parents=True, exist_ok=True)
    sources = [*c_core.sources(MODULE), ROOT / "tests" / "lab" / "fuzz_loader.c"]
    target = FOLDER / "loader"
    command = [clang, *FLAGS, SANITIZERS, *c_core.includes(MODULE), *map(str, sources)]
    command += ["-o", str(target)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise FuzzError(f"the fuzz target does not compile:\n{done.stderr}")
    return target


def write_seeds() -> None:
    """Puts the seeds of tests/lab/fuzz_seeds.py into build/fuzz."""
    from tests.lab.fuzz_seeds import seeds

    shutil.rmtree(FOLDER / "loader-seeds", ignore_errors=True)
    (FOLDER / "loader-seeds").mkdir()
    for name, data in seeds().items():
        (FOLDER / "loader-seeds" / name).write_bytes(data)


def run(name: str, command: list[str], limits: list[str], **env: str) -> str:
    """Runs libFuzzer; its messages. Raises FuzzError when it found something."""
    corpus = FOLDER / f"{name}-corpus"
    corpus.mkdir(exist_ok=True)
    command = [*command, f"-max_len={MOST_BYTES}", *limits, "-timeout=20", "-rss_limit_mb=2000"]
    command += ["-print_final_stats=1", f"-artifact_prefix={FOLDER}/{name}-", "-seed=1"]
    command += [str(corpus), str(FOLDER / f"{name}-seeds")]
    done = subprocess.run(
        command,
        capture_output=True,
        text=True,
        errors="replace",
        env={**os.environ, "UBSAN_OPTIONS": "print_stacktrace=1", **env},
        check=False,
    )
    log = FOLDER / f"{name}-log"
    log.write_text(done.stdout + done.stderr)
    if done.returncode:
        # MicroPython's traceback, or what a sanitizer says, up to the middle of its stack
        said = done.stdout + done.stderr
        found = re.search(r"Test unit written to (\S+)", said)
        cause = re.search(r"(Traceback|==\d+==|\S+: runtime error).*", said, re.DOTALL)
        raise FuzzError(
            f"{name}: {cause[0][:3000] if cause else said[-3000:]}\n(all of it: {log})"
            + (
                f"\nrun it again: python -m tools.stress.fuzz {name} --crash {found[1]}"
                if found
                else ""
            )
        )
    return done.stderr


def account(log: str) -> str:
    """The figures at the end of libFuzzer's messages."""
    executed = int(re.findall(r"number_of_executed_units: (\d+)", log)[-1])
    rate = int(re.findall(r"average_exec_per_sec: +(\d+)", log)[-1])
    edges, corpus = re.findall(r"cov: (\d+) .*?corp: (\d+)", log)[-1]
    return (
        f"{executed:,} executions, {rate:,} a second, nothing found, "
        f"{int(edges):,} edges covered, corpus {int(corpus):,}"
    )


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
    from xnornode.model.file_format import from_bytes

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


def fuzz_loader(limits: list[str], expected: int) -> Iterator[str]:
    """The C core, then the Python reader; an account of each."""
    target = [str(build_loader())]
    write_seeds()
    sample = {"BNN_FUZZ_SAMPLE": str(FOLDER / "sample")}
    every = str(max(1, expected // SAMPLE))
    yield f"C loader: {account(run('loader', target, limits, **sample, BNN_FUZZ_EVERY=every))}"
    reasons = compare()
    # The corpus alone, all of it for the Python reader
    run("loader", target, ["-runs=0"], **sample, BNN_FUZZ_EVERY="1")
    reasons += compare()
    table = ", ".join(f"{name} {count:,}" for name, count in reasons.most_common())
    yield f"Python reader: 0 of {sum(reasons.values()):,} differ ({table})"


def lines_command(folder: Path) -> list[str]:
    """The fuzz target of lines, with a node in `folder`; its seeds are written."""
    from tests.lab.fuzz_seeds import networks, sessions
    from tools.firmware.build import build
    from xnornode.model.file_format import to_bytes

    FOLDER.mkdir(parents=True, exist_ok=True)
    shutil.rmtree(FOLDER / "lines-seeds", ignore_errors=True)
    (FOLDER / "lines-seeds").mkdir()
    for i, session in enumerate(sessions()):
        (FOLDER / "lines-seeds" / str(i)).write_bytes(session)
    models = {"old": "one", "new": "dense"}
    for file, name in models.items():
        (folder / file).write_bytes(to_bytes(networks()[name]))
    script = ROOT / "tests" / "lab" / "node_scripts" / "fuzz_lines.py"
    paths = [script, *(folder / file for file in models)]
    return [str(build("unix-fuzz")), "-X", "heapsize=400k", *map(str, paths)]


def fuzz_lines(limits: list[str]) -> Iterator[str]:
    """The node's line reader; an account of it."""
    with tempfile.TemporaryDirectory() as folder:
        command = lines_command(Path(folder))
        log = run("lines", command, [*LINES, *limits], MICROPYPATH=NODE_PATH)
    yield f"line reader: {account(log)}"


def run_again(name: str, file: Path) -> int:
    """Runs one input; the exit status."""
    with tempfile.TemporaryDirectory() as folder:
        command = [str(build_loader())] if name == "loader" else lines_command(Path(folder))
        env = {**os.environ, "MICROPYPATH": NODE_PATH}
        return subprocess.run([*command, str(file)], env=env, check=False).returncode


def main(argv: list[str] | None = None) -> int:
    """The command. Returns the exit status."""
    parser = argparse.ArgumentParser(description="Fuzz what takes bytes from outside.")
    parser.add_argument("target", nargs="?", choices=TARGETS, help="default: one after the other")
    how_long = parser.add_mutually_exclusive_group()
    how_long.add_argument("--seconds", type=int, default=SECONDS, help="default %(default)s")
    how_long.add_argument("--runs", type=int, help="so many executions instead")
    how_long.add_argument("--crash", type=Path, metavar="FILE", help="run one input again")
    arguments = parser.parse_args(argv)
    if arguments.crash and not arguments.target:
        parser.error("which target? loader or lines")
    runs, seconds = arguments.runs, arguments.seconds
    limits = [f"-runs={runs}"] if runs else [f"-max_total_time={seconds}"]
    try:
        if arguments.crash:
            return run_again(arguments.target, arguments.crash)
        if arguments.target != "lines":
            for line in fuzz_loader(limits, runs or seconds * 20_000):
                print(line, flush=True)
        if arguments.target != "loader":
            for line in fuzz_lines(limits):
                print(line, flush=True)
    except FuzzError as error:
        print(f"fuzz: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main())
