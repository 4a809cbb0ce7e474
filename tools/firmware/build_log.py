"""Runs compilers with their output in a log, and their progress on a terminal."""

from __future__ import annotations

import re
import subprocess
import sys
import time
from pathlib import Path

from xnornode.cli.output import Progress


class BuildError(Exception):
    """A firmware cannot be built; the text says why and what to do."""


def run_logged(
    path: Path, title: str, command: list[str], environment: dict[str, str], append: bool = False
) -> None:
    """Run a command with its output in a log at `path`, and its progress on stderr.

    Raises:
        BuildError: it failed; the text ends with the log's last lines.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    started = time.monotonic()
    files = 0
    print(f"{title} ...", file=sys.stderr, flush=True)
    with (
        Progress() as progress,
        path.open("a" if append else "w") as log,
        subprocess.Popen(
            command,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
        ) as process,
    ):
        assert process.stdout
        for line in process.stdout:
            log.write(line)
            if line.startswith("[") or re.match(r"[A-Z]+ ", line):
                files += 1
                percent = re.match(r"\[ *(\d+)%\]", line)
                state = f"{percent[1]} %" if percent else f"{files} files"
                done, total = (int(percent[1]), 100) if percent else (files, None)
                progress(done, total, f"{title}, {state}, {time.monotonic() - started:.0f} s")
    if process.returncode:
        tail = "".join(path.read_text(errors="replace").splitlines(keepends=True)[-25:])
        raise BuildError(f"{title} failed; the end of {path}:\n{tail}")
    print(f"{title}, {time.monotonic() - started:.1f} s", file=sys.stderr)
