"""Files of any kind that is read, as recordings, images or texts of the studio's folder."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from xnornode._files import write_new
from xnornode.data.convert import NO_LABEL, Source, find_sources, read_source, scale_all
from xnornode.data.dataset import Dataset, natural
from xnornode.data.paths import read_paths
from xnornode.data.read_options import ReadOptions
from xnornode.data.readers import RECORDINGS
from xnornode.data.recording_file import SUFFIX, RecordFile, to_bytes
from xnornode.data.recording_folder import check_name, next_number, place_of
from xnornode.data.windows import Recording
from xnornode.datasets.load import load_dataset
from xnornode.errors import DataError
from xnornode.studio.data_bin import LOCK
from xnornode.studio.data_paths import drop_empty

MOST = 20_000
"""Recordings that an import may make."""

Progress = Callable[[int, int], None]


@dataclass(frozen=True)
class Piece:
    """One file that an import makes.

    Parameters
    ----------
    label, group : str
        Its place.
    content : RecordFile, bytes or Path
        A recording; a text; or an image that is copied.
    name : str, default ""
        The file's name; "" for a number.
    """

    label: str
    group: str
    content: RecordFile | bytes | Path
    name: str = ""


ROWS = (
    "each row is taken as one sample, as `xnornode convert` does. If a row is a whole window, say "
    "of which length and channels"
)


def load(source: Path, options: ReadOptions) -> tuple[Dataset, ReadOptions]:
    """What the readers understand of dropped files, and the options with which they do.

    Parameters
    ----------
    source : Path
        The file or folder.
    options : ReadOptions
        What the user says of it.

    Returns
    -------
    Dataset, ReadOptions
        A table whose rows could be windows is read as samples, unless the user gives a shape.

    Raises
    ------
    DataError
        The files cannot be understood.
    """
    dataset = load_dataset(source, options)
    is_table = source.is_file() and source.suffix.lower() in RECORDINGS and source.suffix != ".npy"
    if dataset.kind == "windows" and is_table and not options.shape:
        options = replace(options, rows="samples")
        dataset = load_dataset(source, options)
    return dataset, options


def pieces(
    source: Path, dataset: Dataset, options: ReadOptions, full_scale: dict[str, float]
) -> tuple[list[Piece], list[str]]:
    """What an import makes of dropped files.

    Parameters
    ----------
    source : Path
        The file or folder.
    dataset : Dataset
        What the readers understood of it.
    options : ReadOptions
        What the user says of it.
    full_scale : dict of str to float
        Full scales, likewise.

    Returns
    -------
    list of Piece
        The files that are made.
    list of str
        What a person should know, a sentence each.

    Raises
    ------
    DataError
        It cannot be kept as recordings, images or texts, or a folder cannot have a label's name.
    """
    notes = [ROWS] if options.rows == "samples" else []
    if dataset.kind == "texts":
        found = _texts(dataset)
    elif dataset.image_shape and all(Path(name).is_file() for name in dataset.names[:1]):
        found = _images(dataset)
    elif dataset.kind == "recordings" and (files := _recording_files(source)):
        found = [*_converted(source, files, options, full_scale, notes)]
    else:
        found = [*_items(source, dataset, full_scale)]
    if len(found) > MOST:
        raise DataError(
            f"these would be {len(found):,} recordings, more than {MOST:,}: train on the file "
            "itself"
        )
    if any(piece.label in ("", NO_LABEL) for piece in found):
        raise DataError("nothing says the label: give it (--label-all), or its column (--label)")
    for label in {piece.label for piece in found}:
        check_name(label, "label")
    for group in {piece.group for piece in found if piece.group}:
        check_name(group, "group")
    return found, notes


def plan(found: Sequence[Piece]) -> list[dict[str, Any]]:
    """How many files each label and group would get."""
    counts = Counter((piece.label, piece.group) for piece in found)
    rows = sorted(counts.items(), key=lambda row: [natural(text) for text in row[0]])
    return [{"label": label, "group": group, "files": n} for (label, group), n in rows]


def write(folder: Path, found: Sequence[Piece], progress: Progress) -> list[Path]:
    """Write all files into the folder of the data, or none.

    Parameters
    ----------
    folder : Path
        The folder of the data.
    found : sequence of Piece
        What is written.
    progress : callable
        Is told how many are done, of how many.

    Returns
    -------
    list of Path
        The new files.

    Raises
    ------
    OSError
        They cannot be written; then none is left.
    """
    made: list[Path] = []
    numbers: dict[Path, int] = {}
    try:
        for n, piece in enumerate(found):
            progress(n, len(found))
            with LOCK:
                made.append(_write(folder, piece, numbers))
    except BaseException:
        for path in made:
            path.unlink(missing_ok=True)
            drop_empty(folder, path.parent)
        raise
    progress(len(found), len(found))
    return made


def _write(folder: Path, piece: Piece, numbers: dict[Path, int]) -> Path:
    place = place_of(folder, piece.label, piece.group)
    place.mkdir(parents=True, exist_ok=True)
    number = numbers.get(place) or next_number(place)
    name = Path(piece.name or f"{number}{SUFFIX}")
    stem, again = name.stem, 2
    while True:
        path = place / (name if piece.name else f"{number}{SUFFIX}")
        try:
            write_new(path, _bytes(piece, "/".join(path.relative_to(folder).with_suffix("").parts)))
        except FileExistsError:
            number += 1
            name = Path(f"{stem} ({again}){name.suffix}")
            again += 1
        else:
            if not piece.name:
                numbers[place] = number + 1
            return path


def _bytes(piece: Piece, name: str) -> bytes:
    if isinstance(piece.content, bytes):
        return piece.content
    if isinstance(piece.content, Path):
        return piece.content.read_bytes()
    r = piece.content.recording
    recording = Recording(r.samples, piece.label, piece.group, name)
    return to_bytes(replace(piece.content, recording=recording))


def _recording_files(source: Path) -> list[Path]:
    """The files, if each holds recordings and can be converted by itself; else none."""
    if source.is_file():
        return [source] if source.suffix.lower() in RECORDINGS else []
    inside = [path for path in source.rglob("*") if path.is_file()]
    return [path for path in inside if path.suffix.lower() in RECORDINGS]


def _converted(
    source: Path,
    files: Sequence[Path],
    options: ReadOptions,
    full_scale: dict[str, float],
    notes: list[str],
) -> Iterator[Piece]:
    """The recordings that `xnornode convert` makes."""
    sources = find_sources(source, "")
    parts = {}
    if source.is_dir():
        paths = [one.path for one in sources]
        parts = {p: f.part for p, f in zip(paths, read_paths(paths, source), strict=True)}
    records: dict[Source, list[RecordFile]] = {}
    unscaled: dict[Source, Dataset] = {}
    for one in sources:
        try:
            got = read_source(one, options)
        except DataError as error:
            if not options.skip or len(sources) == 1:
                raise
            notes.append(f"left out: {error}")
            continue
        if isinstance(got, Dataset):
            unscaled[one] = got
        else:
            records[one] = got
    records.update(scale_all(unscaled, full_scale))
    if any(parts.values()):
        notes.append("the parts training, validation and test become groups of these names")
    for one in sources:
        for record in records.get(one, ()):
            r = record.recording
            group = _with_part(r.group or one.group, parts.get(one.path, ""))
            yield Piece(r.label or one.label, group, record)


def _with_part(group: str, part: str) -> str:
    return (f"{group} ({part})" if group else part) if part else group


def _items(source: Path, dataset: Dataset, full_scale: dict[str, float]) -> Iterator[Piece]:
    """Windows or recordings of a file of arrays, or of a table with a window in each row."""
    if len(dataset.items) > MOST:
        raise DataError(
            f"these are {len(dataset.items):,} windows, more than {MOST:,} recordings that a "
            "folder should hold: train on the file itself"
        )
    if dataset.image_shape:
        raise DataError(
            "these are images in an array: save them as files in a folder per label, or train on "
            "the file itself"
        )
    if not dataset.rate_mhz:
        raise DataError(
            f"nothing says the sample rate of these {dataset.kind}, which a recording must have: "
            "give it (--rate), or train on the file itself"
        )
    where = Source(source, Path(source.name), "", "")
    for _, records in scale_all({where: dataset}, full_scale):
        for record in records:
            yield Piece(record.recording.label, record.recording.group, record)


def _images(dataset: Dataset) -> list[Piece]:
    grouped = dataset.grouping == "group"
    return [
        Piece(label, group if grouped else "", Path(name), Path(name).name)
        for label, group, name in zip(dataset.labels, dataset.groups, dataset.names, strict=True)
    ]


def _texts(dataset: Dataset) -> list[Piece]:
    grouped = dataset.grouping == "group"
    rows = zip(dataset.labels, dataset.groups, dataset.items, strict=True)
    return [
        Piece(label, group if grouped else "", bytes(item), f"{n}.txt")
        for n, (label, group, item) in enumerate(rows, 1)
    ]
