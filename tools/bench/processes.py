"""What a process takes, by Linux's /proc."""

import os
from dataclasses import dataclass
from pathlib import Path

TICKS = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True)
class Usage:
    """Of one process. cpu: seconds of all its threads so far. own, resident: MiB of memory, by
    proportional set size (a page that n processes have counts 1/n), and with all shared pages."""

    cpu: float
    own: float
    resident: float
    threads: int
    files: int


def usage(pid: int) -> Usage:
    """What a process has taken so far, and has now."""
    place = Path("/proc", str(pid))
    fields = (place / "stat").read_text().rpartition(")")[2].split()
    memory = _table(place / "smaps_rollup")
    return Usage(
        (int(fields[11]) + int(fields[12])) / TICKS,
        int(memory["Pss"].split()[0]) / 1024,
        int(memory["Rss"].split()[0]) / 1024,
        int(_table(place / "status")["Threads"]),
        len(list((place / "fd").iterdir())),
    )


def _table(path: Path) -> dict[str, str]:
    """Names and values of a file of `Name: value`."""
    lines = (line.partition(":") for line in path.read_text().splitlines())
    return {name: value.strip() for name, _, value in lines}


def machine() -> str:
    """Processor, clock and cores of this computer."""
    found = _table(Path("/proc/cpuinfo"))
    name = next((value for key, value in found.items() if key.strip() == "model name"), "unknown")
    clock = next((value for key, value in found.items() if key.strip() == "cpu MHz"), "0")
    return f"{name}, {float(clock) / 1000:.1f} GHz, {len(os.sched_getaffinity(0))} cores"
