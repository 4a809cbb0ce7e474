"""A folder that recordings are added to, `LABEL/GROUP/1.rec`, as `read` takes it."""

import errno
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from xnornode._files import write_new
from xnornode.data.facts import ClassFacts
from xnornode.data.part_names import all_parts
from xnornode.data.paths import DATE, OCCASION, OWNER
from xnornode.data.recording_file import LONGEST_HEADER, SUFFIX, Header, RecordFile, to_bytes
from xnornode.data.scaling import full_scale_of
from xnornode.errors import DataError
from xnornode.model.limits import MAX_STRING
from xnornode.model.names import normalized

FORBIDDEN = '/\\:*?"<>|'
"""What a folder's name cannot have, on Linux, macOS or Windows."""
RESERVED = {"con", "prn", "aux", "nul", *(f"{p}{n}" for p in ("com", "lpt") for n in range(1, 10))}
"""Names that Windows keeps for devices."""


@dataclass(frozen=True)
class Kept:
    """What the first line of a recording says, and how long the file is.

    Parameters
    ----------
    path : Path
        The file.
    label, group : str
        The class, and who or what was recorded.
    channels : tuple of str
        The channels' names.
    scales : tuple of int
        Billionths of a unit per count.
    rate_mhz : int
        Sample rate in millihertz.
    samples : int
        How many it has.
    """

    path: Path
    label: str
    group: str
    channels: tuple[str, ...]
    scales: tuple[int, ...]
    rate_mhz: int
    samples: int


def check_name(text: str, what: str) -> str:
    """A label or a group that can be a folder's name, and is read as what it is.

    Parameters
    ----------
    text : str
        The name.
    what : {"label", "group"}
        What it names.

    Returns
    -------
    str
        The name in Unicode's form NFC.

    Raises
    ------
    DataError
        No folder can have this name, or a training would take it for something else.

    Examples
    --------
    >>> check_name("wave", "label")
    'wave'
    """
    name = normalized(text)
    bad = [letter for letter in name if letter in FORBIDDEN or not letter.isprintable()]
    if bad:
        raise DataError(
            f"the {what} {text!a} has {bad[0]!a}, which the name of a folder cannot have"
        )
    if not name or name != name.strip(" ") or name[0] == "." or name[-1] == ".":
        raise DataError(
            f"the {what} {text!a} is empty, begins with a dot or a blank, or ends with one: "
            "it cannot be the name of a folder"
        )
    if name.split(".")[0].lower() in RESERVED or name == "__MACOSX":
        raise DataError(f"the {what} {name} is a name that a system keeps for itself")
    if len(name.encode()) > MAX_STRING:
        raise DataError(f"the {what} {name} is longer than {MAX_STRING} bytes of UTF-8")
    if what == "label" and any(kind.fullmatch(name) for kind in (OWNER, OCCASION, DATE)):
        raise DataError(
            f"the label {name} would be taken for who or when was recorded (that is --group): "
            "choose another name"
        )
    return name


def check_parts(names: Sequence[str], what: str) -> None:
    """Check that a training takes no folder of labels or groups for a part of the data.

    Parameters
    ----------
    names : sequence of str
        All labels, or all groups, of a folder.
    what : {"label", "group"}
        What they are.

    Raises
    ------
    DataError
        All of them are names of parts, such as `train` and `test`.
    """
    if all_parts(names):
        raise DataError(
            f"the {what} {names[0]} would be taken for a part of the data, as a folder `train` is: "
            "choose another name"
        )


def kept(folder: Path) -> Iterator[Kept]:
    """The recordings in a folder; a file that is none, or is hidden by a dot, is passed over.

    Parameters
    ----------
    folder : Path
        Need not be there.

    Yields
    ------
    Kept
        One for each file.
    """
    for path in sorted(_files(folder)):
        try:
            with path.open("rb") as file:
                line = file.readline(LONGEST_HEADER)
            header = Header.read(line, str(path))
            samples = (path.stat().st_size - len(line)) // (2 * len(header.channels))
        except (OSError, DataError):
            continue
        label, group, _ = header.names
        yield Kept(path, label, group, header.channels, header.scales, header.rate_mhz, samples)


def _files(folder: Path) -> Iterator[Path]:
    """The files of recordings; not what is hidden, such as what the studio keeps."""
    for at, folders, names in os.walk(folder):
        folders[:] = [name for name in folders if not name.startswith(".")]
        for name in names:
            path = Path(at, name)
            if name.endswith(SUFFIX) and not name.startswith(".") and path.is_file():
                yield path  # to open a named pipe could wait without an end


def count_classes(recordings: list[Kept]) -> list[ClassFacts]:
    """What there is of each class.

    Parameters
    ----------
    recordings : list of Kept
        What a folder has.

    Returns
    -------
    list of ClassFacts
        By the labels' names.
    """
    found = []
    for label in sorted({r.label for r in recordings}):
        own = [r for r in recordings if r.label == label]
        seconds = sum(1000 * r.samples / r.rate_mhz for r in own)
        groups = len({r.group for r in own if r.group})
        found.append(ClassFacts(label, len(own), sum(r.samples for r in own), seconds, groups))
    return found


def check_alike(recordings: list[Kept], channels: tuple[str, ...], scales: tuple[int, ...]) -> None:
    """Check that a sensor's recordings can be trained on together with those that are there.

    Parameters
    ----------
    recordings : list of Kept
        What a folder has.
    channels : tuple of str
        The sensor's channels.
    scales : tuple of int
        Billionths of a unit per count.

    Raises
    ------
    DataError
        One of them has other channels or another scale.
    """
    own = dict(zip(channels, scales, strict=True))
    for r in recordings:
        other = dict(zip(r.channels, r.scales, strict=False))
        if other == own:
            continue
        if {*other} != {*own}:
            problem = f"has the channels {', '.join(r.channels)}; the sensor has {', '.join(own)}"
        else:
            name = next(name for name in own if own[name] != other[name])
            ranges = [f"{full_scale_of(each[name]):g}" for each in (other, own)]
            problem = f"has {name} to {ranges[0]} at full scale; the sensor's is {ranges[1]}"
        raise DataError(
            f"{r.path} {problem}. They cannot be trained on together: set the sensor as it was "
            "(`xnornode sensor`), or record into another folder"
        )


def add_recording(folder: Path, record: RecordFile) -> Path:
    """Write a recording into its place, under a number that no other one has.

    Parameters
    ----------
    folder : Path
        On top of the labels' folders.
    record : RecordFile
        Its label and group say where.

    Returns
    -------
    Path
        The file.

    Raises
    ------
    OSError
        It cannot be written.
    """
    place = place_of(folder, record.recording.label, record.recording.group)
    place.mkdir(parents=True, exist_ok=True)
    data = to_bytes(record)
    number = next_number(place)
    while True:
        path = place / f"{number}{SUFFIX}"
        try:
            write_new(path, data)
        except FileExistsError:
            number += 1
        else:
            return path


def next_name(folder: Path, label: str, group: str) -> str:
    """What the next recording of a label and group is called: `wave/anna/3`."""
    place = place_of(folder, label, group)
    return f"{place.relative_to(folder).as_posix()}/{next_number(place)}"


def next_number(place: Path) -> int:
    """The number behind the last one of a folder's recordings."""
    taken = [int(p.stem) for p in place.glob(f"*{SUFFIX}") if p.stem.isdecimal()]
    return max(taken, default=0) + 1


def place_of(folder: Path, label: str, group: str) -> Path:
    """The folder of a label's and a group's recordings."""
    return folder / label / group if group else folder / label


def check_place(folder: Path, label: str, group: str) -> None:
    """Check that recordings can be written, before anything is recorded.

    Parameters
    ----------
    folder : Path
        On top of the labels' folders. It need not be there.
    label, group : str
        What is to be recorded.

    Raises
    ------
    DataError
        One of the folders is a file, or cannot be written to.
    """
    place = place_of(folder, label, group)
    at = place
    while not os.path.lexists(at) and at != at.parent:
        at = at.parent
    if not at.is_dir():
        raise DataError(f"{at} is a file: name a folder for the recordings")
    if not os.access(at, os.W_OK | os.X_OK):
        raise DataError(f"{at} cannot be written to: {os.strerror(errno.EACCES)}")
