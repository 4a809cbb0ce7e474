"""Files of any kind that people keep their data in, as a `Dataset`."""

import re
from collections.abc import Callable, Sequence
from dataclasses import replace
from itertools import chain
from pathlib import Path
from typing import Any

from xnornode.data.arrays import load_array, pick_channels, read_arrays
from xnornode.data.csv_columns import SUFFIXES as TABLES
from xnornode.data.dataset import NOT_UTF8, Dataset, ItemKind, group_equal_items, natural
from xnornode.data.read_options import ReadOptions
from xnornode.data.recording_file import SUFFIX as RECORD
from xnornode.data.recording_file import from_bytes, read_recording
from xnornode.data.tables import read_table
from xnornode.errors import DataError


def read(path: Path, options: ReadOptions | None = None) -> Dataset:
    """Read a file, or a folder of files of one kind.

    Parameters
    ----------
    path : Path
        A table (.csv, .tsv, .txt); arrays X and y, and groups where there are any (.npz, .npy); or
        a folder with a folder per label, of tables, arrays, texts (.txt) or recordings (.rec).
    options : ReadOptions, optional
        What the user says about the files. Default: found out.

    Returns
    -------
    Dataset
        Everything that was read.

    Raises
    ------
    DataError
        There is no such file, or it cannot be understood.
    """
    options = options or ReadOptions()
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
        ".npy": _arrays,
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


def _label_and_group(path: Path, folder: Path) -> tuple[str, str]:
    """What a file's path says, "" where it says nothing: label/file, label/group/file, label_01."""
    *above, name = path.relative_to(folder).with_suffix("").parts
    if above:
        return above[0], above[1] if len(above) > 1 else ""
    # A label in the file's own name ends before its number: walk_01, walk.3, walk-2024-05-01.
    return re.split(r"[ ._-]+\d|\d+$", name)[0], ""


def _tables(folder: Path, paths: list[Path], options: ReadOptions) -> Dataset:
    if len(paths) == 1 and paths[0].parent == folder:
        return read_table(paths[0], options)
    if options.rows == "windows" or options.shape or options.image or options.text:
        raise DataError(f"{folder}: put windows or texts that have a row each into one table")
    tables: list[Dataset] = []
    groups: list[str] = []
    grouped = True
    for path in paths:
        label, group = _label_and_group(path, folder)
        table = read_table(path, replace(options, rows="samples"), label)
        if not group and table.groups == table.names:
            # No column names a person or a recording: all of one file is one group.
            grouped, group = False, path.relative_to(folder).as_posix()
        groups += [group] * len(table.items) if group else table.groups
        tables.append(table)
        if table.channels != tables[0].channels:
            raise DataError(
                f"{table.names[0]} has the channels {', '.join(table.channels)}, "
                f"{tables[0].names[0]} {', '.join(tables[0].channels)}: all must have the same"
            )
    spelled = dict.fromkeys(n for t in tables for n in t.notes if n.startswith(NOT_UTF8))
    joined: dict[str, Any] = {
        field: list(chain.from_iterable(getattr(table, field) for table in tables))
        for field in ("items", "labels", "names")
    }
    return replace(
        tables[0],
        name=folder.resolve().name,
        groups=groups,
        grouping="group" if grouped else "recording",
        notes=(f"{len(paths)} files, {len(joined['items'])} recordings", *spelled),
        **joined,
    )


def _records(folder: Path, paths: list[Path], options: ReadOptions) -> Dataset:
    files = [from_bytes(read_recording(path), str(path)) for path in paths]
    first = files[0]
    for path, file in zip(paths, files, strict=True):
        same = (file.channels, file.scales, file.rate_mhz)
        if same != (first.channels, first.scales, first.rate_mhz):
            raise DataError(f"{path} differs from {paths[0]} in channels, scales or sample rate")
    picked = pick_channels(first.channels, options, str(folder))
    return _item_per_file(
        folder,
        paths,
        "recordings",
        [f.recording.samples[:, picked] for f in files],
        [(f.recording.label, f.recording.group) for f in files],
        channels=tuple(first.channels[i] for i in picked),
        scales=tuple(first.scales[i] for i in picked),
        rate_mhz=first.rate_mhz,
    )


def _arrays(folder: Path, paths: list[Path], options: ReadOptions) -> Dataset:
    items = [load_array(path) for path in paths]
    items = [a[:, None] if a.ndim == 1 else a for a in items]
    width = items[0].shape[-1]
    names = tuple(f"channel {i}" for i in range(width))
    picked = pick_channels(names, options, str(folder))
    return _item_per_file(
        folder,
        paths,
        "recordings",
        [a[:, picked] if a.ndim == 2 and a.shape[1] == width else a for a in items],
        [_label_and_group(path, folder) for path in paths],
        channels=tuple(names[i] for i in picked),
        rate_mhz=options.rate_mhz,
        notes=(f"{len(paths)} recordings",),
    )


def _text_files(folder: Path, paths: list[Path], options: ReadOptions) -> Dataset:
    texts = [path.read_bytes() for path in paths]
    said = [_label_and_group(path, folder) for path in paths]
    note = f"{len(paths)} texts"
    dataset = _item_per_file(folder, paths, "texts", texts, said, channels=("text",), notes=(note,))
    if dataset.grouping == "group":
        return dataset
    return replace(dataset, groups=group_equal_items(texts), grouping="none")


def _item_per_file(
    folder: Path,
    paths: list[Path],
    kind: ItemKind,
    items: list[Any],
    said: Sequence[tuple[str, str]],
    **more: Any,
) -> Dataset:
    """Files of one item each. said: label and group of each; without one, it is its own group."""
    own = [path.relative_to(folder).as_posix() for path in paths]
    return Dataset(
        name=folder.resolve().name,
        kind=kind,
        items=items,
        labels=[label for label, _ in said],
        groups=[group or path for (_, group), path in zip(said, own, strict=True)],
        names=[str(path) for path in paths],
        grouping="group" if all(group for _, group in said) else "recording",
        **more,
    )
