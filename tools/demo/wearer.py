"""Somebody who wears the sensor: exercises to be recorded, and the same ones later, to be told.

They are recordings of a person of the watch dataset, played by the emulated sensor. In its ranges
of 8 g and 2000 degrees a second, which are the recordings', it gives their counts back exactly.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from xnornode._files import write_whole
from xnornode.data.dataset import Dataset
from xnornode.data.recording_file import RecordFile, to_bytes
from xnornode.data.windows import Recording

WHO = "person 8 right"
SECONDS = 4.3
"""Of each recording that the demo makes: two of each of the seven exercises are a minute."""
REPEAT = 2
BEGIN = 4.0
"""Seconds into an exercise at which the wearer is under way."""
LATER = 8.6
"""Seconds of each exercise that are told apart later: a minute in all."""


@dataclass(frozen=True)
class Exercise:
    """One exercise: its label, the file that is played to be recorded, and what comes later."""

    label: str
    file: Path
    later: Path
    samples: np.ndarray
    """int16, of `later`."""


def exercises(data: Dataset, folder: Path) -> list[Exercise]:
    """Cut the wearer's recordings into what is recorded and what comes later, into a folder."""
    folder.mkdir(parents=True, exist_ok=True)
    assert data.scales and data.rate_mhz
    rate = data.rate_mhz / 1000
    begin = round(BEGIN * rate)
    middle = begin + round((REPEAT * SECONDS + 1) * rate)
    end = middle + round(LATER * rate)
    found = []
    for recording in data.recordings():
        if not recording.name.endswith(WHO):
            continue
        label = recording.label
        samples = {
            "recorded": recording.samples[begin:middle],
            "later": recording.samples[middle:end],
        }
        paths = {name: folder / f"{label} {name}.rec" for name in samples}
        for name, part in samples.items():
            played = Recording(part, label, "", name)
            file = RecordFile(played, data.channels, data.scales, data.rate_mhz)
            write_whole(paths[name], to_bytes(file))
        found.append(Exercise(label, paths["recorded"], paths["later"], samples["later"]))
    return sorted(found, key=lambda one: one.label)
