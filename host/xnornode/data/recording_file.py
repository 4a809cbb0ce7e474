"""Recording files (docs/reference/recordings.md), which a node replays."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import numpy as np

from xnornode._files import open_to_read, read_most
from xnornode._typing import Int16
from xnornode.data.windows import Recording
from xnornode.errors import DataError

FORMAT = "xnornode-recording-1"
SUFFIX = ".rec"
WORD = 2**32 - 1
"""The largest scale and sample rate, which a model file can hold."""
LONGEST_HEADER = 1 << 16
"""Bytes of the first line."""
LONGEST = 1 << 30
"""Bytes of a file."""

OPTIONAL: Mapping[str, Any] = {
    "sensor": "",
    "time": "",
    "device": "",
    "lost": 0,
    "clipped": 0,
    "cut": False,
    "breaks": (),
    "kept": "",
    "answer": "",
    "confidence": 0,
    "model": "",
    "revision": 0,
}
"""What a file may leave out, and what it is then."""


@dataclass(frozen=True)
class RecordFile:
    """A recording and what its samples mean.

    Parameters
    ----------
    recording : Recording
        Samples, label, group and name.
    channels : tuple of str
        Per channel a name with its unit: `accel x (g)`.
    scales : tuple of int
        Per channel, billionths of its unit per count; 0 if unknown.
    rate_mhz : int
        Sample rate in millihertz.
    sensor, time, device : str, default ""
        What a node recorded it with, when (ISO 8601, UTC), and that node's own number.
    lost : int, default 0
        Samples that are missing.
    clipped : int, default 0
        Values at an end of the sensor's range.
    cut : bool, default False
        Whether the recording ended before its time, as when the node was unplugged.
    breaks : tuple of int, default ()
        The samples before which some are missing, by their number from 0, rising.
    kept : str, default ""
        Of a window that a node has kept: the ring's word and its number, `1a2b3c4d/17`.
    answer : str, default ""
        What the node answered: a class or `unknown`.
    confidence : int, default 0
        Of the answer, in thousandths; 0 if unknown.
    model : str, default ""
        The model that answered.
    revision : int, default 0
        Its revision.
    """

    recording: Recording
    channels: tuple[str, ...]
    scales: tuple[int, ...]
    rate_mhz: int
    sensor: str = ""
    time: str = ""
    device: str = ""
    lost: int = 0
    clipped: int = 0
    cut: bool = False
    breaks: tuple[int, ...] = ()
    kept: str = ""
    answer: str = ""
    confidence: int = 0
    model: str = ""
    revision: int = 0

    @property
    def seconds(self) -> float:
        """How long it is."""
        return 1000 * len(self.recording.samples) / self.rate_mhz


def to_bytes(record: RecordFile) -> bytes:
    """Write a recording as the bytes of a `.rec` file."""
    samples = record.recording.samples.astype("<i2").tobytes()
    return json.dumps(header_of(record)).encode("ascii") + b"\n" + samples


def header_of(record: RecordFile) -> dict[str, object]:
    """What a file's first line says of a recording, as JSON can hold it."""
    r = record.recording
    header: dict[str, object] = {
        "format": FORMAT,
        "name": r.name,
        "label": r.label,
        "group": r.group,
        "channels": record.channels,
        "scales": record.scales,
        "rate_mhz": record.rate_mhz,
    }
    for key, default in OPTIONAL.items():
        if (value := getattr(record, key)) != default:
            header[key] = value
    return header


def read_recording(path: Path) -> bytes:
    """The bytes of a `.rec` file, which `from_bytes` has not checked yet.

    Parameters
    ----------
    path : Path
        The file.

    Returns
    -------
    bytes
        All of a recording. Of a file whose first line is that of no recording, this line, as far as
        LONGEST_HEADER.

    Raises
    ------
    DataError
        The file is longer than a recording can be.
    OSError
        The file cannot be read.
    """
    with open_to_read(path) as file:
        data = file.readline(LONGEST_HEADER)
        if data.endswith(b"\n") and FORMAT.encode() in data:
            data += read_most(file, LONGEST + 1 - len(data))
    if len(data) > LONGEST:
        raise DataError(f"{path} is longer than {LONGEST:,} bytes: split the recording")
    return data


def from_bytes(data: bytes, name: str) -> RecordFile:
    """Read the bytes of a `.rec` file.

    Parameters
    ----------
    data : bytes
        The whole file.
    name : str
        What messages call it.

    Returns
    -------
    RecordFile
        The recording and its header.

    Raises
    ------
    DataError
        This is no recording, or it is cut short.
    """
    line, _, body = data.partition(b"\n")
    header = Header.read(line, name)
    if not body or len(body) % (2 * len(header.channels)):
        raise DataError(f"{name} does not end with a whole sample: copy it again")
    samples = np.frombuffer(body, "<i2").reshape(-1, len(header.channels)).astype(np.int16)
    return header.file(samples)


@dataclass(frozen=True)
class Header:
    """The first line of a recording.

    Parameters
    ----------
    where : str
        What messages call the file.
    names : tuple of str
        Label, group and name of the recording.
    channels : tuple of str
        Per channel a name with its unit.
    scales : tuple of int
        Per channel, billionths of its unit per count.
    rate_mhz : int
        Sample rate in millihertz.
    more : dict
        The keys of OPTIONAL.
    """

    where: str
    names: tuple[str, str, str]
    channels: tuple[str, ...]
    scales: tuple[int, ...]
    rate_mhz: int
    more: dict[str, Any]

    @classmethod
    def read(cls, line: bytes, where: str) -> Self:
        """The header of a line of JSON. Raises DataError."""
        try:
            header = json.loads(line)
            if header["format"] != FORMAT:
                raise ValueError
            channels = tuple(str(c) for c in header["channels"])
            scales = tuple(int(s) for s in header["scales"])
            label, group, name = (str(header[key]) for key in ("label", "group", "name"))
            rate_mhz = int(header["rate_mhz"])
            more = _optional(header)
        except (ValueError, KeyError, TypeError, OverflowError, RecursionError) as error:
            text = f"{where} is not a recording: see docs/reference/recordings.md"
            raise DataError(text) from error
        bad = not channels or len(scales) != len(channels) or not 1 <= rate_mhz <= WORD
        if bad or not all(0 <= scale <= WORD for scale in scales):
            raise DataError(f"{where} is not a recording: channels, scales or rate are not right")
        return cls(where, (label, group, name), channels, scales, rate_mhz, more)

    def file(self, samples: Int16) -> RecordFile:
        """The recording of these samples (n, channels). Raises DataError for a wrong break."""
        if not all(0 < at < len(samples) for at in self.more["breaks"]):
            raise DataError(f"{self.where} is not a recording: it has a break where no sample is")
        recording = Recording(samples, *self.names)
        return RecordFile(recording, self.channels, self.scales, self.rate_mhz, **self.more)


def _optional(header: dict[str, Any]) -> dict[str, Any]:
    """The keys of a header that may be left out. Raises ValueError."""
    found = dict(OPTIONAL)
    for key, default in OPTIONAL.items():
        value = header.get(key, default)
        if key == "breaks":
            value = tuple(value)
            if any(type(at) is not int for at in value) or list(value) != sorted(set(value)):
                raise ValueError(key)
        if type(value) is not type(default) or (type(value) is int and value < 0):
            raise ValueError(key)
        found[key] = value
    return found
