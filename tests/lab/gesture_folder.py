"""A folder of made recordings, as `xnornode record` and the studio write them."""

from pathlib import Path

import numpy as np

from xnornode.data.recording_file import RecordFile, to_bytes
from xnornode.data.windows import Recording

CLASSES = {"circle": 2.0, "shake": 6.0, "rest": 0.0}
"""Oscillations a second of each class."""
RATE = 50
"""Samples a second."""


def write_gestures(
    folder: Path, groups: str = "abcd", each: int = 2, seconds: float = 4.0, first: int = 1
) -> Path:
    """Write `each` recordings of every class and group, numbered from `first`; the folder."""
    for g, group in enumerate(groups):
        for c, (label, hertz) in enumerate(CLASSES.items()):
            for number in range(first, first + each):
                rng = np.random.default_rng([g, c, number])
                at = np.arange(round(seconds * RATE)) / RATE
                angle = 2 * np.pi * hertz * at[:, None] + rng.uniform(0, 6, 3)
                wave = 3000 * np.sin(angle) * (hertz > 0) + rng.normal(0, 500, angle.shape)
                path = folder / label / group / f"{number}.rec"
                path.parent.mkdir(parents=True, exist_ok=True)
                recording = Recording(wave.astype(np.int16), label, group, str(path))
                channels = ("accel x (g)", "accel y (g)", "accel z (g)")
                record = RecordFile(recording, channels, (122_070,) * 3, 1000 * RATE)
                path.write_bytes(to_bytes(record))
    return folder
