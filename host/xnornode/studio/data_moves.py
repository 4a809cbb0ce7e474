"""Single moves of files of the data, checked: what edits are made of."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from xnornode.data.convert import NO_LABEL
from xnornode.data.csv_columns import SUFFIXES as TABLES
from xnornode.data.read_options import ReadOptions
from xnornode.data.readers import RECORDINGS
from xnornode.data.recording_csv import MARK
from xnornode.data.recording_file import SUFFIX, read_recording
from xnornode.errors import DataError, XnorNodeError
from xnornode.studio.app import Studio
from xnornode.studio.data_bin import Binned, entry_of, from_bin
from xnornode.studio.data_journal import Swap, beside, numbered
from xnornode.studio.data_list import Item
from xnornode.studio.data_paths import drop_empty, version_of


@dataclass(frozen=True)
class Step:
    """A part of what undoes an edit; it needs none of the others.

    Parameters
    ----------
    check : callable
        Raises XnorNodeError or OSError if it cannot be done any more.
    do : callable
        Does it, whole or not at all.
    entry : str, default ""
        What it brings back from the bin, and is nothing without.
    """

    check: Callable[[], None]
    do: Callable[[], None]
    entry: str = ""


def check_same(item: Item) -> None:
    """Raise DataError if a file is not what a page has shown."""
    gone = "another page or program has moved or deleted it"
    try:
        version = version_of(item.path)
    except OSError as error:
        raise DataError(f"{item.path} is not there any more: {gone}") from error
    if version != item.version:
        raise DataError(
            f"{item.path} has changed since this page showed it: another page or program has "
            "written it. Look at it again"
        )


def check_version(path: Path, version: str) -> None:
    if not path.is_file() or version_of(path) != version:
        raise DataError(f"{path} was changed or moved since: this cannot be undone any more")


def remove(studio: Studio, path: Path) -> Step:
    """What takes a new file away again."""
    version = version_of(path)

    def do() -> None:
        path.unlink()
        drop_empty(studio.data, path.parent)

    return Step(lambda: check_version(path, version), do)


def bring_back(studio: Studio, entry: Binned) -> Step:
    """What brings a deleted file back."""

    def check() -> None:
        entry_of(studio, entry.id)

    def do() -> None:
        from_bin(studio, entry.id)

    return Step(check, do, entry.id)


def join(studio: Studio, entry: Binned, parts: Sequence[Path]) -> Step:
    """What puts a whole recording in the place of its parts: all of that, or nothing."""
    versions = [(path, version_of(path)) for path in parts]

    def check() -> None:
        entry_of(studio, entry.id)
        for path, version in versions:
            try:
                check_version(path, version)
            except DataError as error:
                raise DataError(f"{error}. The whole recording stays in the bin") from error

    def do() -> None:
        # The whole one comes first, so that it is never missing.
        with Swap(studio, versions, keep="new") as swap:
            from_bin(studio, entry.id, swap)
            for path in parts:
                path.unlink()
        for path in parts:
            drop_empty(studio.data, path.parent)

    return Step(check, do, entry.id)


def move(studio: Studio, item: Item, place: Path, names: tuple[str, str]) -> tuple[Path, Step]:
    """Move a file into another folder, and have its head say so: where it is, and the way back.

    Of a recording, the way back is its old first line: the rest is in the new file.
    """
    old, folder = item.path, studio.data
    is_recording = item.facts.kind == "recording"
    if not is_recording and place == old.parent:
        raise DataError(f"{old.name} is there already")
    stat = old.stat()
    with Swap(studio, [(old, item.version)]) as swap:
        head = b""
        if is_recording:
            data = _content(old)
            head = data.partition(b"\n")[0]
            new = swap.write(
                numbered(place, old.suffix), lambda path: named(data, *names, path.stem)
            )
            old.unlink()
        else:
            new = swap.move(old, beside(place / old.name))
    drop_empty(folder, old.parent)
    version = version_of(new)

    def check() -> None:
        check_version(new, version)
        if is_recording and os.path.lexists(old):
            raise DataError(f"{old} is there again, so {new.name} cannot go back: move that first")

    def do() -> None:
        with Swap(studio, [(new, version)]) as swap:
            if is_recording:
                body = _content(new).partition(b"\n")[2]
                swap.write([old], lambda _: head + b"\n" + body)
                # The version is the old one again, for edits before this one that are undone next.
                os.utime(old, ns=(stat.st_atime_ns, stat.st_mtime_ns))
                new.unlink()
            else:
                swap.move(new, beside(old))
        drop_empty(folder, new.parent)

    return new, Step(check, do)


def _content(path: Path) -> bytes:
    return read_recording(path) if path.suffix.lower() == SUFFIX else path.read_bytes()


def check_column(item: Item) -> None:
    """Raise DataError for a table that says its labels itself."""
    path, suffix = item.path, item.path.suffix.lower()
    if suffix not in (*TABLES, ".txt") or item.facts.kind != "table":
        return
    try:
        columns = RECORDINGS[suffix](path, ReadOptions(rows="samples"), NO_LABEL).reading.columns
    except XnorNodeError:
        return  # what cannot be read can be put elsewhere
    own = [column.name for column in columns if column.role == "label" and column.name != "path"]
    if own:
        raise DataError(
            f"{path} has the labels in its column {own[0]}: change them in the table, or import it"
        )


def named(data: bytes, label: str, group: str, stem: str) -> bytes:
    """The bytes of a recording with other names in its head; all else of it stays."""
    line, _, body = data.partition(b"\n")
    mark = MARK.encode() if line.startswith(MARK.encode()) else b""
    header = json.loads(line[len(mark) :])
    name = "/".join(part for part in (label, group, stem) if part)
    header |= {"label": label, "group": group, "name": name}
    return mark + json.dumps(header).encode("ascii") + b"\n" + body
