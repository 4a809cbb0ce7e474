"""A node on the emulated Pico that keeps windows as fast as it can, and loses no sample by it."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from tests.lab.keeplab import RULES
from tests.lab.samplinglab import Kind, Outcome, sampling_node
from tools.firmware.sources import ROOT
from xnornode.link.kept import Window, ask_kept, fetch
from xnornode.link.messages import Kept
from xnornode.model.model import Model

SETTINGS = b'{"bytes": 262144, "below": 1000, "per_hour": 3600}'
OFTEN = "import xnornode.kept\nxnornode.kept.ENDURANCE = 10**9\n"
"""Before the program: flash that stands more than a chip's, or windows would come once in 30 s."""
PATIENCE = 400.0
"""Seconds for some windows, on a busy computer."""


@dataclass
class Keeping:
    """What a run gave."""

    outcome: Outcome
    facts: Kept
    windows: list[Window]
    fetch_ms: int
    """How long the node took to give them all, by its clock."""

    def places(self) -> list[int]:
        """The sample at which each window begins; it is of the stream, bit for bit."""
        expected = self.outcome.expected()
        found = []
        for window in self.windows:
            assert window.record, window.problem
            rows = window.record.recording.samples
            starts = np.flatnonzero((expected[: -len(rows)] == rows[0]).all(axis=1))
            at = [n for n in starts if np.array_equal(expected[n : n + len(rows)], rows)]
            assert at, f"window {window.number} is not of the stream"
            found.append(int(at[0]))
        return found


def unsure(kind: Kind, hidden: tuple[int, ...] = (8,)) -> Model:
    """A model whose answers have a confidence."""
    return replace(kind.model(1, hidden=hidden), answers=RULES)


def keep(
    kind: Kind,
    firmware: Path,
    folder: Path,
    windows: int,
    speed: float = 1,
    amid: Callable[[object], None] = lambda node: None,
) -> Keeping:
    """Have a node keep so many windows, and fetch them while it goes on.

    amid: is called with the SamplingNode when the first window is there.
    """
    program = OFTEN + (ROOT / "device" / "classify.py").read_text()
    more = {"/keep.json": SETTINGS}
    with sampling_node(folder, firmware, kind, unsure(kind), program, speed, more) as made:
        node, outcomes = made
        end, done = time.monotonic() + PATIENCE, False
        while (facts := ask_kept(node.session)).windows < windows:
            assert time.monotonic() < end and not facts.why, facts
            if facts.windows and not done:
                amid(node)
                done = True
            node.follow(2)
        found = list(fetch(node.session, facts, 1))
        fetch_ms = ask_kept(node.session).ms - facts.ms
        node.follow(2)
    return Keeping(outcomes[0], facts, found, fetch_ms)
