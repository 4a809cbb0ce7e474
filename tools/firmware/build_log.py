"""Runs compilers with their output in a log, and their progress on a terminal."""

from __future__ import annotations

import re
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path


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
    show = progress(title, started)
    with (
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
            show(line)
    if process.returncode:
        tail = "".join(path.read_text(errors="replace").splitlines(keepends=True)[-25:])
        raise BuildError(f"{title} failed; the end of {path}:\n{tail}")
    show(None)


def progress(title: str, started: float) -> Callable[[str | None], None]:
    """A function that shows a build's output line on a terminal, and its end with None."""
    terminal = sys.stderr.isatty()
    count = 0

    def show(line: str | None) -> None:
        nonlocal count
        seconds = time.monotonic() - started
        if line is None:
            clear = "\r\033[K" if terminal else ""
            print(f"{clear}{title}, {seconds:.1f} s", file=sys.stderr, flush=True)
        elif terminal and (line.startswith("[") or re.match(r"[A-Z]+ ", line)):
            count += 1
            percent = re.match(r"\[ *(\d+%)\]", line)
            state = percent[1] if percent else f"{count} files"
            print(f"\r\033[K{title}, {state}, {seconds:.0f} s", end="", file=sys.stderr, flush=True)

    if not terminal:
        print(f"{title} ...", file=sys.stderr, flush=True)
    return show
