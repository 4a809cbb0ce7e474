"""Recordings in a folder, as `xnornode record` leaves them: waves of six channels."""

from pathlib import Path

import numpy as np

from tests.lab.motionlab import AXES
from xnornode.data.recording_file import RecordFile, to_bytes
from xnornode.data.windows import Recording

CYCLES = {"rest": 0.0, "circle": 1.0, "wave": 2.0, "shake": 4.0, "tap": 7.0}
"""A second, of each class."""
RATE = 100  # Hz
SCALES = (122_070,) * 3 + (15_267_176,) * 3


def write_recordings(
    folder: Path, labels: tuple[str, ...], groups: int, each: int, seconds: float
) -> int:
    """Write `each` recordings of each label and group; how many these are."""
    rng = np.random.default_rng(0)
    count = round(seconds * RATE)
    number = 0
    for label in labels:
        for group in range(1, groups + 1):
            place = folder / label / f"person {group}"
            place.mkdir(parents=True)
            for take in range(1, each + 1):
                angle = 2 * np.pi * CYCLES[label] * np.arange(count)[:, None] / RATE
                angle = angle + rng.uniform(0, 2 * np.pi) + np.arange(len(AXES))
                samples = 3000 * np.sin(angle) * bool(CYCLES[label])
                samples = samples + rng.normal(0, 300, samples.shape)
                name = f"{label}/person {group}/{take}"
                recording = Recording(samples.astype(np.int16), label, f"person {group}", name)
                file = RecordFile(recording, AXES, SCALES, 1000 * RATE)
                (place / f"{take}.rec").write_bytes(to_bytes(file))
                number += 1
    return number
