"""Steps of the demo: where its seconds go, and the commands that it gives as an owner would."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from rich.table import Table

from tools.firmware.sources import BUILD, ROOT
from xnornode.errors import LinkError

FOLDER = BUILD / "demo"


@dataclass
class Clock:
    """Where the seconds of a run went."""

    spent: dict[str, float] = field(default_factory=dict)

    @contextmanager
    def step(self, name: str) -> Iterator[None]:
        """Time one step and say that it begins."""
        print(f"== {name}", file=sys.stderr, flush=True)
        start = time.monotonic()
        try:
            yield
        finally:
            self.spent[name] = time.monotonic() - start

    def add_to(self, table: Table) -> None:
        """Rows for each step, and for all."""
        table.add_section()
        for name, seconds in self.spent.items():
            table.add_row(name, f"{seconds:.1f} s")
        table.add_row("in all", f"{sum(self.spent.values()):.1f} s")


def command(*words: object) -> None:
    """Give a command of `xnornode`, and show it; what it says is talk.

    Raises LinkError where it fails, which has said why.
    """
    texts = [str(word) for word in words]
    shown = [text.replace(f"{ROOT}/", "") for text in texts]
    print("$ xnornode", *shown, file=sys.stderr, flush=True)
    done = subprocess.run([sys.executable, "-m", "xnornode", *texts], stdout=sys.stderr)
    if done.returncode:
        raise LinkError(f"`xnornode {shown[0]}` failed: see the message above")
