"""What a file's head says of a recording: enough to list it, and read in no time."""

from __future__ import annotations

import wave
from dataclasses import dataclass, replace
from pathlib import Path

from xnornode._words import because
from xnornode.data import data_frames, edge_impulse, image_files, sound
from xnornode.data.csv_columns import SUFFIXES as TABLES
from xnornode.data.recording_csv import MARK
from xnornode.data.recording_file import LONGEST_HEADER, SUFFIX, Header
from xnornode.data.text_or_table import is_table
from xnornode.errors import DataError

COUNTED = 1 << 24
"""Bytes of a recording in CSV whose lines are counted."""
KINDS = {
    SUFFIX: "recording",
    **dict.fromkeys((*TABLES, *data_frames.SUFFIXES, *edge_impulse.SUFFIXES), "table"),
    **dict.fromkeys((".npy", ".npz"), "arrays"),
    **dict.fromkeys(sound.SUFFIXES, "sound"),
    **dict.fromkeys(image_files.SUFFIXES, "image"),
    ".txt": "text",
}
"""What a file is by its suffix. A .txt may be a table, and a table a recording."""


@dataclass(frozen=True)
class Facts:
    """What is known of a file without its samples.

    Parameters
    ----------
    kind : str
        A value of `KINDS`.
    label, group : str, default ""
        What the file says of itself.
    channels : tuple of str, default ()
        The channels' names, where the head has them.
    scales : tuple of int, default ()
        Billionths of a unit per count, likewise.
    samples : int, default 0
        How many; 0 if unknown.
    rate : float, default 0
        Samples per second, in hertz; 0 if unknown.
    remarks : tuple of str, default ()
        What went wrong while it was recorded, and what a node answered.
    problem : str, default ""
        Why it cannot be read.
    """

    kind: str
    label: str = ""
    group: str = ""
    channels: tuple[str, ...] = ()
    scales: tuple[int, ...] = ()
    samples: int = 0
    rate: float = 0.0
    remarks: tuple[str, ...] = ()
    problem: str = ""

    @property
    def seconds(self) -> float:
        """How long it is; 0 if unknown."""
        return self.samples / self.rate if self.rate else 0.0


def read_facts(path: Path, size: int) -> Facts:
    """Read the head of a file of a kind that `KINDS` has.

    Parameters
    ----------
    path : Path
        The file.
    size : int
        Its length in bytes.

    Returns
    -------
    Facts
        What it says. What is damaged has a `problem`.
    """
    kind = KINDS[path.suffix.lower()]
    facts = Facts(kind)
    try:
        if not size:
            return replace(facts, problem=f"{path.name} is empty")
        if kind == "recording":
            return _record(path, size)
        if kind == "sound" and path.suffix.lower() == ".wav":
            return _wave(path)
        if path.suffix.lower() == ".csv":
            return _csv(path, size)
        if kind == "text" and is_table(path):
            return Facts("table")
    except DataError as error:
        return replace(facts, problem=str(error))
    except OSError as error:
        return replace(facts, problem=f"{path.name}: {error.strerror or error}")
    return facts


def _record(path: Path, size: int) -> Facts:
    with path.open("rb") as file:
        line = file.readline(LONGEST_HEADER)
    header = Header.read(line, path.name)
    body, wide = size - len(line), 2 * len(header.channels)
    if not body or body % wide:
        raise DataError(f"{path.name} does not end with a whole sample: copy it again")
    return _of(header, body // wide)


def _of(header: Header, samples: int) -> Facts:
    more, remarks = header.more, list[str]()
    if more["cut"]:
        remarks.append("cut short")
    if more["lost"] or more["breaks"]:
        remarks.append(f"{more['lost']:,} samples lost" if more["lost"] else "samples are missing")
    if more["clipped"]:
        remarks.append(f"{more['clipped']:,} values clipped")
    if more["answer"]:  # a window that a node has kept
        remarks.append(f"the node answered {more['answer']}, {more['confidence'] / 10:g} %")
    label, group, _ = header.names
    rate = header.rate_mhz / 1000
    own = header.channels, header.scales, samples, rate
    return Facts("recording", label, group, *own, tuple(remarks))


def _csv(path: Path, size: int) -> Facts:
    """A recording that `xnornode convert` has written, or any table."""
    with path.open("rb") as file:
        line = file.readline(LONGEST_HEADER)
        if not line.startswith(MARK.encode()):
            return Facts("table")
        header = Header.read(line[len(MARK) :], path.name)
        rows = sum(1 for _ in file) - 1 if size <= COUNTED else 0
    return _of(header, max(0, rows))


def _wave(path: Path) -> Facts:
    try:
        with wave.open(str(path), "rb") as file:
            samples, rate = file.getnframes(), file.getframerate()
            wide = file.getnchannels()
    except (wave.Error, EOFError, ValueError, RuntimeError) as error:
        if "unknown format" in str(error):  # soundfile reads it
            return Facts("sound")
        raise DataError(f"{path.name} is no WAV file, or it is damaged{because(error)}") from error
    remarks = (f"{wide} channels, mixed down",) if wide > 1 else ()
    return Facts("sound", "", "", (sound.CHANNEL,), (sound.SCALE,), samples, float(rate), remarks)
