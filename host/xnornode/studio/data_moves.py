"""Single moves of files of the data, checked: what edits are made of."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

from xnornode._files import write_new
from xnornode.data.convert import NO_LABEL
from xnornode.data.csv_columns import SUFFIXES as TABLES
from xnornode.data.read_options import ReadOptions
from xnornode.data.readers import RECORDINGS
from xnornode.data.recording_csv import MARK
from xnornode.data.recording_folder import next_number
from xnornode.errors import DataError, XnorNodeError
from xnornode.studio.app import Studio
from xnornode.studio.data_bin import move_beside
from xnornode.studio.data_list import Item
from xnornode.studio.data_paths import drop_empty, version_of

Step = Callable[[], None]
"""A part of what undoes an edit."""


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
        raise DataError(f"{path} has changed since: this cannot be undone any more")


def remove(studio: Studio, path: Path) -> Step:
    """What takes a new file away again."""
    version = version_of(path)

    def step() -> None:
        check_version(path, version)
        path.unlink()
        drop_empty(studio.data, path.parent)

    return step


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


def write_numbered(place: Path, suffix: str, data: Callable[[str], bytes]) -> Path:
    number = next_number(place)
    while True:
        path = place / f"{number}{suffix}"
        try:
            write_new(path, data(str(number)))
        except FileExistsError:
            number += 1
        else:
            return path


def move_file(path: Path, target: Path) -> Path:
    if path.parent == target.parent:
        raise DataError(f"{path.name} is there already")
    target.parent.mkdir(parents=True, exist_ok=True)
    return move_beside(path, target)
