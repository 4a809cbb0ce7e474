"""Commands over lines on which things go wrong, in real time: the part `commands` of the soak."""

from __future__ import annotations

import sys
import tempfile
import time
from collections import Counter, defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing import Pool
from pathlib import Path

from tests.lab import commandplans
from tests.lab.commandlab import CommandLab, Endless, Run, unix_commands
from tests.lab.commandplans import KINDS
from tests.lab.powerlab import PicoLab, PowerLab
from tools.firmware.build import build

PORTION = 25
"""Commands that one node takes."""


@dataclass(frozen=True)
class Failure:
    """What does not hold, and the plan that shows it."""

    text: str


def say(text: str) -> None:
    """One line of talk."""
    print(text, file=sys.stderr, flush=True)


@contextmanager
def pico_commands(folder: Path) -> Iterator[CommandLab]:
    """The emulated Pico, which has two models."""
    with PicoLab(PowerLab(folder, build("rp2"))) as lab:
        lab.push([])
        yield CommandLab(lab, folder)


def some(part: tuple[range, bool]) -> list[Run | Failure]:
    """Carry out the plans of these numbers on one node; on an emulated Pico, if that is true."""
    numbers, pico = part
    done: list[Run | Failure] = []
    with (
        tempfile.TemporaryDirectory() as folder,
        (pico_commands if pico else unix_commands)(Path(folder)) as lab,
    ):
        for plan in map(commandplans.plan, numbers):
            try:
                done.append(lab.run(plan))
                say(str(done[-1]))
            except (Exception, Endless) as error:
                done.append(Failure(f"{plan}: {error!r}"))
                say(f"FAILED {plan}: {error!r}")
                lab.revive()
    return done


def table(runs: list[Run]) -> str:
    """For each kind: how many runs, how many were struck, how they ended, the longest."""
    kinds: dict[str, list[Run]] = defaultdict(list)
    for run in runs:
        kinds[run.plan.kind].append(run)
    lines = [f"{'':20}{'runs':>7}{'struck':>8}{'done':>7}{'failed':>8}{'longest':>10}"]
    for kind in dict.fromkeys(KINDS):
        if of := kinds[kind]:
            ended = Counter(run.status for run in of)
            lines.append(
                f"{kind:20}{len(of):7,}{sum(run.fired for run in of):8,}{ended[0]:7,}"
                f"{ended[1]:8,}{max(run.seconds for run in of):8.1f} s"
            )
    return "\n".join(lines)


def commands(count: int, jobs: int, first: int = 0, pico: bool = False) -> bool:
    """Carry out so many plans, from the number `first` on. Whether all holds."""
    started = time.monotonic()
    numbers = range(first, first + count)
    parts = [(numbers[at : at + PORTION], pico) for at in range(0, count, PORTION)]
    done: list[Run | Failure] = []
    with Pool(jobs) as pool:
        for more in pool.imap_unordered(some, parts):
            done += more
            say(f"{len(done):,} commands in {time.monotonic() - started:.0f} s")
    runs = [run for run in done if isinstance(run, Run)]
    failures = [failure for failure in done if isinstance(failure, Failure)]
    where = "an emulated Pico" if pico else "a node on this computer"
    took = time.monotonic() - started
    print(f"{len(done):,} commands to {where}, plans {first} to {numbers[-1]}, in {took:.0f} s")
    print(table(runs))
    by_command = Counter(run.plan.command for run in runs)
    print(", ".join(f"{name} {n}" for name, n in sorted(by_command.items())))
    print("the longest:")
    for run in sorted(runs, key=lambda run: -run.seconds)[:5]:
        print(f"  {run}")
    for failure in failures:
        print(f"FAILED {failure.text}")
    print(f"{len(failures)} failed; a plan again: soak commands --first NUMBER --runs 1")
    return not failures
