"""Deleted recordings: kept in `DATA/.studio/bin/`, each with a record of its place."""

from __future__ import annotations

import json
import re
import secrets
import shutil
import threading
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from xnornode._files import move_new, write_whole
from xnornode.errors import DataError
from xnornode.studio.app import Studio
from xnornode.studio.data_journal import Swap, beside
from xnornode.studio.data_paths import below, drop_empty, key_of, parts_of, tell_change
from xnornode.studio.requests import BadRequest

FORMAT = "xnornode-bin-1"
RECORD = "record.json"
FILE = "file"
"""The deleted file in its folder, whatever its name was."""
LONGEST = 1 << 16
"""Bytes of a record."""
ID = re.compile(r"\d{8}-\d{6}-[0-9a-f]{8}")

LOCK = threading.RLock()
"""Held while files of the data are moved, so that two pages cannot move one file at once."""


@dataclass(frozen=True)
class Binned:
    """A file in the bin.

    Parameters
    ----------
    id : str
        Names its folder in the bin.
    path : str
        Where it was: its key below the folder of the data.
    time : str
        When it was deleted: ISO 8601, UTC.
    why : str
        "deleted", or "cut" where a cut has replaced it.
    bytes : int
        How long it is.
    """

    id: str
    path: str
    time: str
    why: str
    bytes: int


def to_bin(studio: Studio, path: Path, why: str = "deleted") -> Binned:
    """Put a file of the data into the bin.

    Parameters
    ----------
    studio : Studio
        Has the folder.
    path : Path
        A file below it.
    why : str, default "deleted"
        Kept with it.

    Returns
    -------
    Binned
        Its place in the bin; `from_bin` takes its `id`.

    Raises
    ------
    DataError
        There is no such file.
    OSError
        It cannot be moved.
    """
    with LOCK:
        relative = path.relative_to(studio.data)
        below(studio.data, relative.parts)
        now = datetime.now(UTC)
        name = f"{now:%Y%m%d-%H%M%S}-{secrets.token_hex(4)}"
        time, size = now.isoformat(timespec="seconds"), path.stat().st_size
        entry = Binned(name, key_of(relative), time, why, size)
        folder = _folder(studio) / name
        folder.mkdir(parents=True)
        try:
            # The record comes first: a file without one could not be brought back.
            record = {"format": FORMAT, **asdict(entry)}
            write_whole(folder / RECORD, json.dumps(record).encode())
            path.rename(folder / FILE)  # in one step; nothing else has this name
        except OSError:
            shutil.rmtree(folder, ignore_errors=True)
            raise
        drop_empty(studio.data, path.parent)
    tell_change(studio)
    return entry


def from_bin(studio: Studio, id: str, swap: Swap | None = None) -> Path:
    """Bring a file back to where it was.

    Parameters
    ----------
    studio : Studio
        Has the folder.
    id : str
        Of a `Binned`.
    swap : Swap, optional
        Where it takes the place of other files.

    Returns
    -------
    Path
        Where it is now: its old place, or a free name beside it where another file has that.

    Raises
    ------
    DataError
        The bin has no such file.
    OSError
        It cannot be moved.
    """
    with LOCK:
        folder = _entry_folder(studio, id)
        target = studio.data.joinpath(*parts_of(entry_of(studio, id).path))
        target.parent.mkdir(parents=True, exist_ok=True)
        if swap:
            target = swap.move(folder / FILE, beside(target))
        elif not (target.exists() and target.samefile(folder / FILE)):  # killed amid this move
            target = _move(folder / FILE, beside(target))
        shutil.rmtree(folder, ignore_errors=True)
    tell_change(studio)
    return target


def _move(path: Path, names: Iterator[Path]) -> Path:
    """Move a file to the first name that is free. Gives where it is. Raises OSError."""
    while True:
        free = next(names)
        with suppress(FileExistsError):
            move_new(path, free)
            return free


def entry_of(studio: Studio, id: str) -> Binned:
    """What the bin has under an id. Raises DataError if it has nothing."""
    entry = _read(_entry_folder(studio, id))
    if not entry:
        raise DataError("the bin does not have this recording any more")
    return entry


def in_bin(studio: Studio) -> list[Binned]:
    """What the bin has, the last deleted first."""
    with suppress(OSError):
        names = sorted((p.name for p in _folder(studio).iterdir()), reverse=True)
        found = [_read(_folder(studio) / name) for name in names if ID.fullmatch(name)]
        return [entry for entry in found if entry]
    return []


def empty_bin(studio: Studio, ids: Sequence[str] | None = None) -> int:
    """Delete files of the bin for good.

    Parameters
    ----------
    studio : Studio
        Has the bin.
    ids : sequence of str, optional
        Which ones. Default: all.

    Returns
    -------
    int
        How many there were.
    """
    with LOCK:
        wanted = [entry.id for entry in in_bin(studio)] if ids is None else ids
        for id in wanted:
            shutil.rmtree(_entry_folder(studio, id))
    tell_change(studio)
    return len(wanted)


def _folder(studio: Studio) -> Path:
    return studio.kept / "bin"


def _entry_folder(studio: Studio, id: str) -> Path:
    """The folder of an entry. Raises XnorNodeError."""
    if not ID.fullmatch(id):
        raise BadRequest("this is no name of the bin")
    folder = _folder(studio) / id
    if folder.is_symlink() or not folder.is_dir():
        raise DataError("the bin does not have this recording any more")
    return folder


def _read(folder: Path) -> Binned | None:
    """The entry of a folder; None if it holds no file, as after a power cut."""
    try:
        with (folder / RECORD).open("rb") as file:
            record: Any = json.loads(file.read(LONGEST))
        size = (folder / FILE).stat().st_size
        texts = [record[key] for key in ("path", "time", "why")]
        parts_of(texts[0])
    except (OSError, ValueError, KeyError, TypeError, RecursionError, AttributeError, DataError):
        return None
    except BadRequest:
        return None
    if record.get("format") != FORMAT or not all(isinstance(t, str) for t in texts):
        return None
    path, time, why = texts
    return Binned(folder.name, path, time, why, size)
