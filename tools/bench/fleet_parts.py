"""Processes of the bench of a fleet."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

from tools.firmware.sources import ROOT


class Talker:
    """A process that answers each line of its input with a JSON value."""

    def __init__(self, *command: str) -> None:
        self.name, pipe = command[0], subprocess.PIPE
        program = [sys.executable, "-m", *command]
        self.process = subprocess.Popen(program, stdin=pipe, stdout=pipe, text=True, cwd=ROOT)

    def hear(self) -> str:
        """A line of it. Raises RuntimeError where it has ended."""
        assert self.process.stdout
        if line := self.process.stdout.readline():
            return line
        raise RuntimeError(f"a part of the bench has ended: {self.name}")

    def ask(self, text: str) -> Any:
        """Its answer."""
        assert self.process.stdin
        self.process.stdin.write(text + "\n")
        self.process.stdin.flush()
        return json.loads(self.hear())

    def __enter__(self) -> Talker:
        return self

    def __exit__(self, *about: object) -> None:
        assert self.process.stdin
        self.process.stdin.close()
        try:
            self.process.wait(30)
        except subprocess.TimeoutExpired:
            self.process.kill()


class GatewayProcess:
    """The command, in a process."""

    def __init__(self, folder: Path, file: Path) -> None:
        self.status: int | None = None
        self.log = (folder / "gateway.log").open("w")
        self.process = subprocess.Popen(
            [*os.environ.get("GATEWAY", f"{sys.executable} -m xnornode").split(), "gateway", file],
            env={**os.environ, "XDG_RUNTIME_DIR": str(folder)},
            stderr=self.log,
            cwd=ROOT,
        )

    def __enter__(self) -> GatewayProcess:
        return self

    def __exit__(self, *about: object) -> None:
        self.process.terminate()
        try:
            self.status = self.process.wait(60)
        except subprocess.TimeoutExpired:
            self.process.kill()
        self.log.close()
