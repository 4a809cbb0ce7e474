"""A node's Keeper in MicroPython, on samples that a test draws; and models that are seldom sure."""

import json
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from tests.lab.nets import random_model
from tests.lab.targets import interpreter
from tools.firmware.sources import ROOT
from xnornode.link.kept import Window, read_window
from xnornode.link.messages import Kept
from xnornode.link.parsing import parse
from xnornode.model.answers import Answers
from xnornode.model.file_format import to_bytes
from xnornode.model.model import Model

SCRIPT = ROOT / "tests" / "lab" / "node_scripts" / "keeping.py"
CHANNELS = ("accel x (g)", "accel y (g)")
SCALES = (122_070, 122_070)
RULES = Answers(*Answers.scaled(0.05), threshold=20_000)
"""An answer is of one window alone, so that its confidence says which window it was."""


def unsure_model(seed: int = 1, length: int = 32, hop: int = 16, **more: Any) -> Model:
    """For two channels, with answers of all confidences."""
    made = random_model(seed, length, len(CHANNELS), 2, (24, 4))
    window = replace(
        made.window, channels=CHANNELS, scales=SCALES, rate_mhz=100_000, hop=hop, **more
    )
    return replace(made, window=window, answers=RULES)


@dataclass
class Outcome:
    """What a Keeper did. said: answer and confidence of each prediction."""

    folder: Path
    facts: Kept
    warned: list[list[str]]
    said: list[list[Any]]

    def windows(self) -> list[Window]:
        """Those in flash, whole."""
        return [
            read_window(int(path.stem), path.read_bytes())
            for path in sorted(
                (self.folder / "kept").glob("*.rec"), key=lambda path: int(path.stem)
            )
        ]


def keep(
    folder: Path,
    models: dict[str, Model],
    samples: np.ndarray,
    plan: list[list[Any]],
    channels: tuple[str, ...] = CHANNELS,
    scales: tuple[int, ...] = SCALES,
    settings: Any = None,
) -> Outcome:
    """Run a plan of keeping.py. models: by the file's name; the one named first.bnn begins."""
    for name, model in models.items():
        (folder / name).write_bytes(to_bytes(model))
    (folder / "samples.bin").write_bytes(samples.astype("<i2").tobytes())
    settings = {"bytes": 1 << 20, "below": 1000} if settings is None else settings
    (folder / "keep.json").write_text(json.dumps(settings))
    (folder / "plan.json").write_text(json.dumps([channels, scales, plan]))
    out = interpreter("unix").run(SCRIPT, folder)
    facts, warned, said = map(json.loads, out.splitlines()[-3:])
    found = parse({"event": "reply", "id": 1, **facts})
    assert isinstance(found, Kept), found
    return Outcome(folder, found, warned, said)
