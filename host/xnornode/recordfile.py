"""Recording files (docs/recordings.md): what a node replays and, later, records."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from xnornode.data import DataSet, Recording
from xnornode.errors import DataError

FORMAT = "xnornode-recording-1"
SUFFIX = ".rec"


@dataclass(frozen=True)
class RecordFile:
    """A recording and what its samples mean: channels, scales, rate_mhz as in `model.Window`."""

    recording: Recording
    channels: tuple[str, ...]
    scales: tuple[int, ...]
    rate_mhz: int


def to_bytes(record: RecordFile) -> bytes:
    """The bytes of a `.rec` file."""
    r = record.recording
    header = {
        "format": FORMAT,
        "name": r.name,
        "label": r.label,
        "group": r.group,
        "channels": record.channels,
        "scales": record.scales,
        "rate_mhz": record.rate_mhz,
    }
    return json.dumps(header).encode("ascii") + b"\n" + r.samples.astype("<i2").tobytes()


def from_bytes(data: bytes, name: str) -> RecordFile:
    """The recording in the bytes of a `.rec` file. `name` is the file's, for messages.

    Raises DataError when it is none, or is cut short.
    """
    line, _, body = data.partition(b"\n")
    try:
        header = json.loads(line)
        if header["format"] != FORMAT:
            raise ValueError
        channels = tuple(str(c) for c in header["channels"])
        scales = tuple(int(s) for s in header["scales"])
        names = [str(header[key]) for key in ("label", "group", "name")]
        rate_mhz = int(header["rate_mhz"])
    except (ValueError, KeyError, TypeError) as error:
        raise DataError(f"{name} is not a recording: see docs/recordings.md") from error
    if not channels or len(scales) != len(channels) or rate_mhz < 1:
        raise DataError(f"{name} is not a recording: channels, scales or rate are not right")
    if not body or len(body) % (2 * len(channels)):
        raise DataError(f"{name} does not end with a whole sample: copy it again")
    samples = np.frombuffer(body, "<i2").reshape(-1, len(channels)).astype(np.int16)
    return RecordFile(Recording(samples, *names), channels, scales, rate_mhz)


def load_folder(folder: Path, test_groups: Sequence[str] = ()) -> DataSet:
    """The recordings in the `.rec` files of a folder, and of the folders below it, as a data set.

    test_groups: the groups to test on; without them the last third of the groups by name.
    Raises DataError when there are none, or they differ in channels, scales or rate.
    """
    paths = sorted(folder.rglob("*" + SUFFIX))
    if not paths:
        raise DataError(f"there is no {SUFFIX} file in {folder}")
    files = [from_bytes(path.read_bytes(), str(path)) for path in paths]
    first = files[0]
    for path, file in zip(paths, files, strict=True):
        same = (file.channels, file.scales, file.rate_mhz)
        if same != (first.channels, first.scales, first.rate_mhz):
            raise DataError(f"{path} differs from {paths[0]} in channels, scales or sample rate")
        if not file.recording.label:
            raise DataError(f"{path} has no label: training needs to know its class")
    groups = sorted({file.recording.group for file in files})
    if len(groups) < 2:
        raise DataError(
            "all recordings are of one group (person, place, device): record another to test on"
        )
    return DataSet(
        name=folder.resolve().name,
        recordings=tuple(file.recording for file in files),
        labels=tuple(sorted({file.recording.label for file in files})),
        channels=first.channels,
        scales=first.scales,
        rate_mhz=first.rate_mhz,
        test_groups=tuple(test_groups) or tuple(groups[-max(1, len(groups) // 3) :]),
    )
