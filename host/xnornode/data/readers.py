"""Files of any kind that people keep their data in, as a `Dataset`.

read("gestures/")      folders of .csv, .npy or .txt files, a folder per label; .rec files
read("gestures.csv")   one table with a label column
read("digits.npz")     arrays X and y, and groups where there are any
"""

import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

from xnornode.data.arrays import load_array, pick, read_arrays
from xnornode.data.csv_columns import SUFFIXES as TABLES
from xnornode.data.dataset import Dataset, identity, natural
from xnornode.data.recording_file import SUFFIX as RECORD
from xnornode.data.recording_file import from_bytes
from xnornode.data.tables import read_table
from xnornode.data.time_series import LABELS, Piece, ReadOptions, find, join, open_table, series
from xnornode.errors import DataError


def read(path: str | Path, options: ReadOptions | None = None, **changes: Any) -> Dataset:
    """What is in a file or a folder. Raises DataError where it cannot be understood."""
    path, options = Path(path), replace(options or ReadOptions(), **changes)
    if path.is_dir():
        return _folder(path, options)
    if not path.exists():
        raise DataError(f"there is no file or folder {path}")
    if path.suffix.lower() in (*TABLES, ".txt"):
        return read_table(path, options)
    if path.suffix.lower() in (".npz", ".npy"):
        return read_arrays(path, options)
    if path.suffix == RECORD:
        raise DataError(f"{path} is one recording: name the folder that holds all of them")
    raise DataError(
        f"{path} is of no kind that is read here (.csv, .tsv, .npy, .npz, folders): convert it to "
        ".csv or .npy"
    )


def _folder(folder: Path, options: ReadOptions) -> Dataset:
    if (folder / "X.npy").is_file():
        return read_arrays(folder / "X.npy", options)
    readers: dict[str, Callable[[Path, list[Path], ReadOptions], Dataset]] = {
        RECORD: _records,
        ".csv": _tables,
        ".tsv": _tables,
        ".npy": _numpy_recordings,
        ".txt": _text_files,
    }
    paths = [p for p in folder.rglob("*") if p.is_file() and p.suffix.lower() in readers]
    paths = sorted((p for p in paths if not _hidden(p, folder)), key=lambda p: natural(str(p)))
    kinds = sorted({p.suffix.lower() for p in paths})
    if not kinds:
        raise DataError(f"there is no {', '.join(readers)} file in {folder}")
    if len(kinds) > 1:
        raise DataError(f"{folder} holds files of different kinds, {', '.join(kinds)}: part them")
    return readers[kinds[0]](folder, paths, options)


def _hidden(path: Path, folder: Path) -> bool:
    return any(part.startswith(".") for part in path.relative_to(folder).parts)


def _place(path: Path, folder: Path) -> tuple[str, str]:
    """(label, group) of a file by where it lies: label/file, label/group/file, or label_01."""
    *above, name = path.relative_to(folder).with_suffix("").parts
    if above:
        return above[0], above[1] if len(above) > 1 else ""
    # A label in the file's own name ends before its number: walk_01, walk.3, walk-2024-05-01.
    return re.split(r"[ ._-]+\d|\d+$", name)[0], ""


def _records(folder: Path, paths: list[Path], options: ReadOptions) -> Dataset:
    files = [from_bytes(path.read_bytes(), str(path)) for path in paths]
    first = files[0]
    for path, file in zip(paths, files, strict=True):
        same = (file.channels, file.scales, file.rate_mhz)
        if same != (first.channels, first.scales, first.rate_mhz):
            raise DataError(f"{path} differs from {paths[0]} in channels, scales or sample rate")
    picked = pick(first.channels, options, str(folder))
    return Dataset(
        name=folder.resolve().name,
        kind="recordings",
        items=[f.recording.samples[:, picked] for f in files],
        labels=[f.recording.label for f in files],
        groups=[
            f.recording.group or p.relative_to(folder).as_posix()
            for f, p in zip(files, paths, strict=True)
        ],
        names=[str(p) for p in paths],
        grouping="group" if all(f.recording.group for f in files) else "recording",
        channels=tuple(first.channels[i] for i in picked),
        scales=tuple(first.scales[i] for i in picked),
        rate_mhz=first.rate_mhz,
    )


def _tables(folder: Path, paths: list[Path], options: ReadOptions) -> Dataset:
    if len(paths) == 1 and paths[0].parent == folder:
        return read_table(paths[0], options)
    if options.rows == "windows" or options.shape or options.image or options.text:
        raise DataError(f"{folder}: put windows or texts that have a row each into one table")
    pieces: list[Piece] = []
    grouped = True
    for path in paths:
        columns = open_table(path, options)
        label, group = _place(path, folder)
        inside = find(columns, options.label, LABELS, "label")
        found = series(columns, options, inside, label)
        if not group and all(p.group == p.name for p in found):
            # Nobody is named: the stretches of one file are one recording.
            grouped, group = False, path.relative_to(folder).as_posix()
        pieces += [replace(p, group=group) for p in found] if group else found
    note = f"{len(paths)} files, {len(pieces)} recordings"
    return join(folder.resolve().name, pieces, grouped, (note,))


def _numpy_recordings(folder: Path, paths: list[Path], options: ReadOptions) -> Dataset:
    items = [load_array(path) for path in paths]
    items = [a[:, None] if a.ndim == 1 else a for a in items]
    places = [_place(path, folder) for path in paths]
    width = items[0].shape[-1]
    names = tuple(f"channel {i}" for i in range(width))
    picked = pick(names, options, str(folder))
    return Dataset(
        name=folder.resolve().name,
        kind="recordings",
        items=[a[:, picked] if a.ndim == 2 and a.shape[1] == width else a for a in items],
        labels=[label for label, _ in places],
        groups=[
            group or p.relative_to(folder).as_posix()
            for (_, group), p in zip(places, paths, strict=True)
        ],
        names=[str(p) for p in paths],
        grouping="group" if all(group for _, group in places) else "recording",
        channels=tuple(names[i] for i in picked),
        rate_mhz=options.rate_mhz,
        notes=(f"{len(paths)} recordings",),
    )


def _text_files(folder: Path, paths: list[Path], options: ReadOptions) -> Dataset:
    lines = [path.read_bytes() for path in paths]
    places = [_place(path, folder) for path in paths]
    grouped = all(group for _, group in places)
    return Dataset(
        name=folder.resolve().name,
        kind="texts",
        items=lines,
        labels=[label for label, _ in places],
        groups=[group for _, group in places] if grouped else identity(lines),
        names=[str(p) for p in paths],
        grouping="group" if grouped else "none",
        channels=("text",),
        notes=(f"{len(paths)} texts",),
    )
