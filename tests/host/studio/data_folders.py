"""Folders of data for the tests of the data page."""

import json
import wave
from pathlib import Path

import numpy as np

from xnornode.data.recording_file import RecordFile
from xnornode.data.recording_folder import add_recording
from xnornode.data.windows import Recording

CHANNELS = ("accel x (g)", "accel y (g)", "accel z (g)")
SCALES = (122_070,) * 3
RATE = 100.0


def motion(label: str, group: str, n: int, seconds: float = 2.0) -> RecordFile:
    """A movement: each label has a frequency of its own."""
    drawn = np.random.default_rng([n, *label.encode(), *group.encode()])
    time = np.arange(round(seconds * RATE)) / RATE
    hertz = 1 + sum(label.encode()) % 5
    turns = 2 * np.pi * (hertz * time[:, None] + np.array([0, 0.25, 0.5]) + drawn.random())
    values = 8000 * np.sin(turns) + drawn.normal(0, 300, (len(time), 3))
    recording = Recording(values.astype(np.int16), label, group, "")
    return RecordFile(recording, CHANNELS, SCALES, round(1000 * RATE), sensor="mpu6050")


def gestures(folder: Path, count: int = 2, seconds: float = 2.0) -> list[Path]:
    """Recordings of two classes and three groups."""
    return [
        add_recording(folder, motion(label, group, n, seconds))
        for label in ("circle", "wave")
        for group in ("anna", "ben", "cleo")
        for n in range(count)
    ]


def write_wav(path: Path, hertz: float, seconds: float = 0.5, rate: int = 8000) -> None:
    """A tone."""
    path.parent.mkdir(parents=True, exist_ok=True)
    values = 12000 * np.sin(2 * np.pi * hertz * np.arange(round(seconds * rate)) / rate)
    with wave.open(str(path), "wb") as file:
        file.setparams((1, 2, rate, 0, "NONE", ""))
        file.writeframes(values.astype("<i2").tobytes())


def csv_text(hertz: float, rows: int = 200) -> str:
    """A table with times at 100 Hz, in g."""
    lines = ["time (s),ax (g),ay (g)"]
    for n in range(rows):
        turn = 2 * np.pi * hertz * n / 100
        lines.append(f"{n / 100:.2f},{np.sin(turn):.4f},{np.cos(turn):.4f}")
    return "\n".join(lines) + "\n"


def header(path: Path) -> dict:
    """The first line of a recording."""
    return json.loads(path.read_bytes().partition(b"\n")[0])
