"""Recordings from one kind of file to another: `.rec`, CSV, WAV."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from xnornode.data.arrays import pick_channels
from xnornode.data.dataset import Dataset, natural
from xnornode.data.full_scale import unit_of
from xnornode.data.paths import PathFacts, read_paths
from xnornode.data.read_options import ReadOptions
from xnornode.data.readers import RECORDINGS
from xnornode.data.recording_csv import read_csv, to_csv
from xnornode.data.recording_file import RecordFile, from_bytes, read_recording, to_bytes
from xnornode.data.scaling import choose_scales, to_counts, to_int16
from xnornode.data.sound import CHANNEL, SCALE, SUFFIXES, read_frames, to_wav
from xnornode.data.windows import Recording
from xnornode.errors import DataError

NO_LABEL = "?"
"""Stands for a label that nobody says, while a file is read."""

Say = Callable[[str], None]


@dataclass(frozen=True)
class Source:
    """A file, and what its path says.

    Parameters
    ----------
    path : Path
        The file.
    place : Path
        Where it is below the folder that is converted.
    label, group : str
        The class, and who or what was recorded; "" where the path says nothing.
    """

    path: Path
    place: Path
    label: str
    group: str


def find_sources(given: Path, kind: str) -> list[Source]:
    """The files that are converted.

    Parameters
    ----------
    given : Path
        A file, or a folder of files.
    kind : str
        What they become; such files are left alone in a folder.

    Returns
    -------
    list of Source
        In the order of their names.

    Raises
    ------
    DataError
        There are none.
    """
    if not given.exists():
        raise DataError(f"there is no file or folder {given}")
    if given.is_file():
        return [Source(given, Path(given.name), "", "")]
    hidden = [p for p in given.rglob("*") if p.is_file()]
    paths = [
        p
        for p in hidden
        if p.suffix.lower() in RECORDINGS
        and p.suffix.lower() != kind
        and not any(part.startswith(".") for part in p.relative_to(given).parts)
    ]
    if not paths:
        raise DataError(f"{given} holds no recording of another kind than {kind}")
    paths.sort(key=lambda p: natural(str(p)))
    facts: Sequence[PathFacts] = read_paths(paths, given)
    return [
        Source(path, path.relative_to(given), fact.label, fact.group)
        for path, fact in zip(paths, facts, strict=True)
    ]


def read_source(source: Source, options: ReadOptions) -> list[RecordFile] | Dataset:
    """The recordings of a file.

    Parameters
    ----------
    source : Source
        The file.
    options : ReadOptions
        What the user says about tables.

    Returns
    -------
    list of RecordFile or Dataset
        Recordings of counts; or numbers that have no scale yet.

    Raises
    ------
    DataError
        The file cannot be understood.
    """
    path, suffix = source.path, source.path.suffix.lower()
    if suffix == ".rec":
        return [_overruled(from_bytes(read_recording(path), str(path)), path, options)]
    if suffix in SUFFIXES:
        return [_overruled(_sound(source), path, options)]
    if suffix not in RECORDINGS:
        raise DataError(f"{path} is of no kind that holds recordings")
    if record := read_csv(path) if suffix == ".csv" else None:
        return [_overruled(record, path, options)]
    label = options.label_all or source.label or NO_LABEL
    return RECORDINGS[suffix](path, replace(options, rows="samples"), label)


def _overruled(record: RecordFile, path: Path, options: ReadOptions) -> RecordFile:
    """The recording as the user wants it: its channels, its label, its rate."""
    picked = pick_channels(record.channels, options, str(path))
    r = record.recording
    return replace(
        record,
        recording=Recording(r.samples[:, picked], options.label_all or r.label, r.group, r.name),
        channels=tuple(record.channels[i] for i in picked),
        scales=tuple(record.scales[i] for i in picked),
        rate_mhz=options.rate_mhz or record.rate_mhz,
    )


def _sound(source: Source) -> RecordFile:
    samples, rate = read_frames(source.path)
    count = samples.shape[1]
    channels = (CHANNEL,) if count == 1 else tuple(f"sound {i + 1} (FS)" for i in range(count))
    name = source.place.with_suffix("").as_posix()
    recording = Recording(samples, source.label, source.group, name)
    return RecordFile(recording, channels, (SCALE,) * count, 1000 * rate)


def scale_all(
    found: Mapping[Source, Dataset], full_scale: Mapping[str, float]
) -> Iterator[tuple[Source, list[RecordFile]]]:
    """Give numbers without a scale one that they share, and make them counts.

    Parameters
    ----------
    found : mapping of Source to Dataset
        The numbers, by their files.
    full_scale : mapping of str to float
        Full scales that the user gave, as in `PrepareOptions`.

    Yields
    ------
    source : Source
        The file.
    records : list of RecordFile
        Its recordings.

    Raises
    ------
    DataError
        Files have other channels than others, or a rate is unknown.
    """
    sets = [*found.values()]
    if not sets:
        return
    channels = sets[0].channels
    for source, dataset in found.items():
        if dataset.channels != channels:
            raise DataError(
                f"{source.path} has the channels {', '.join(dataset.channels)}, where others have "
                f"{', '.join(channels)}: convert them apart"
            )
        if not dataset.rate_mhz:
            raise DataError(f"{source.path} says no sample rate: give it with --rate")
    arrays = [item for dataset in sets for item in dataset.items]
    groups = [group for dataset in sets for group in dataset.groups]
    scales = choose_scales(arrays, groups, channels, wanted=full_scale)
    for source, dataset in found.items():
        yield source, [*_records(source, dataset, scales)]


def _records(source: Source, dataset: Dataset, scales: tuple[int, ...]) -> Iterator[RecordFile]:
    for i, item in enumerate(dataset.items):
        label = "" if dataset.labels[i] == NO_LABEL else dataset.labels[i]
        group = dataset.groups[i] if dataset.grouping == "group" else source.group
        number = f" {i + 1}" if len(dataset.items) > 1 else ""
        name = source.place.with_suffix("").as_posix() + number
        own = dataset.scales or scales
        counts = np.asarray(item) if dataset.scales else to_counts(np.asarray(item), scales)
        recording = Recording(counts.astype(np.int16), label, group, name)
        yield RecordFile(recording, dataset.channels, own, dataset.rate_mhz)


def write_as(record: RecordFile, kind: str, where: str, say: Say) -> bytes:
    """A recording as the bytes of a file.

    Parameters
    ----------
    record : RecordFile
        The recording.
    kind : {".rec", ".csv", ".wav"}
        What it becomes.
    where : str
        What messages call it.
    say : callable
        Is told what is lost.

    Returns
    -------
    bytes
        The whole file.

    Raises
    ------
    DataError
        A WAV file cannot hold it.
    """
    if kind == ".rec":
        return to_bytes(record)
    if kind == ".csv":
        return to_csv(record)
    return _wav(record, where, say)


def _wav(record: RecordFile, where: str, say: Say) -> bytes:
    other = [name for name in record.channels if unit_of(name) != "FS"]
    if other:
        raise DataError(
            f"{where}: the channel {other[0]} is no sound, which a WAV file holds: convert it to "
            "CSV (--to csv)"
        )
    samples, lost = record.recording.samples, []
    scales = [scale or SCALE for scale in record.scales]
    if any(scale != SCALE for scale in scales):
        samples = to_int16(samples * np.array(scales, np.float64), [SCALE] * len(scales))
        lost.append("values are rounded to another scale")
    rate = max(1, round(record.rate_mhz / 1000))
    if 1000 * rate != record.rate_mhz:
        lost.append(f"{record.rate_mhz / 1000:g} Hz becomes {rate} Hz")
    if record.breaks:
        lost.append("nothing says any more where samples are missing")
    if lost:
        say(f"{where}: a WAV file cannot hold all of it: {'; '.join(lost)}")
    return to_wav(samples, rate)
