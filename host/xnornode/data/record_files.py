"""Recordings with a header as data: in one piece, or in several where samples are missing."""

from collections.abc import Iterator
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import numpy as np

from xnornode.data.arrays import pick_channels
from xnornode.data.dataset import Dataset
from xnornode.data.read_options import ReadOptions
from xnornode.data.reading import Guess, Reading
from xnornode.data.recording_file import RecordFile, from_bytes, read_recording
from xnornode.data.single import one_recording
from xnornode.model.names import normalized

MANY_CLIPPED = 0.001
"""The share of values at an end of the sensor's range that is worth a warning."""


def read_record(path: Path, options: ReadOptions, label: str) -> Dataset:
    """Read a `.rec` file.

    Parameters
    ----------
    path : Path
        The file.
    options : ReadOptions
        Its channels and its label for all matter here.
    label : str
        The label that the path says; the file has its own.

    Returns
    -------
    Dataset
        One recording; where samples are missing, one for each piece between.

    Raises
    ------
    DataError
        This is no recording.
    """
    return as_dataset(path, from_bytes(read_recording(path), str(path)), options, label)


def as_dataset(path: Path, file: RecordFile, options: ReadOptions, label: str) -> Dataset:
    """A recording as a dataset.

    Parameters
    ----------
    path : Path
        Where it is from.
    file : RecordFile
        The recording.
    options : ReadOptions
        Its channels and its label for all matter here.
    label : str
        The label that the path says; the recording's own one counts.

    Returns
    -------
    Dataset
        Its pieces.
    """
    picked = pick_channels(file.channels, options, str(path))
    r = file.recording
    whole = one_recording(
        path,
        r.samples[:, picked],
        options.label_all or r.label or label,
        r.group,
        channels=tuple(file.channels[i] for i in picked),
        scales=tuple(file.scales[i] for i in picked),
        rate_mhz=file.rate_mhz,
        reading=Reading(
            1,
            f"recordings of a node ({file.sensor})" if file.sensor else "recordings of a node",
            guesses=(*_moved(path, file, label), *_doubts(path, file)),
        ),
    )
    if not file.breaks:
        return whole
    edges = (0, *file.breaks, len(r.samples))
    return replace(
        whole,
        items=np.split(whole.items[0], file.breaks),
        labels=[*whole.labels] * (len(edges) - 1),
        groups=[*whole.groups] * (len(edges) - 1),
        names=[f"{path}, samples {a} to {b - 1}" for a, b in pairwise(edges)],
    )


def _moved(path: Path, file: RecordFile, label: str) -> Iterator[Guess]:
    """A word about a file that lies in the folder of another class than its own."""
    own = file.recording.label
    folders = [normalized(part) for part in path.parts[:-1]]
    if own and label in folders and own not in folders:
        text = f"{path} is in {label}, but says of itself that it is {own}"
        yield Guess(text, "record it again, or put it into its folder", doubtful=True)


def _doubts(path: Path, file: RecordFile) -> Iterator[Guess]:
    """What went wrong while it was recorded."""
    if file.cut:
        text = f"{path} was cut short: it has {file.seconds:.3g} s"
        yield Guess(text, "delete it if it is of no use", doubtful=True)
    if file.lost or file.breaks:
        lost = f"{file.lost:,} samples are" if file.lost else "samples are"
        text = f"{path}: {lost} missing, at {len(file.breaks)} places; no window reaches across"
        yield Guess(text, "record it again, at a lower rate or over USB", doubtful=True)
    values = file.recording.samples.size
    if file.clipped > MANY_CLIPPED * values:
        text = f"{path}: {file.clipped:,} of {values:,} values are at an end of the sensor's range"
        yield Guess(text, "set a larger range with `xnornode sensor`", doubtful=True)
