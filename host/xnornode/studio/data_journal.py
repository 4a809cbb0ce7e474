"""Files that take the place of others: what a studio was killed amid, the next one settles."""

from __future__ import annotations

import hashlib
import json
import os
import secrets
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from functools import lru_cache, partial
from itertools import count
from pathlib import Path
from types import TracebackType
from typing import Any, Literal, Self

from xnornode._files import move_new, write_new, write_whole
from xnornode.data.recording_file import SUFFIX
from xnornode.data.recording_folder import next_number
from xnornode.errors import XnorNodeError
from xnornode.studio.app import Studio
from xnornode.studio.data_paths import drop_empty, inside, key_of, version_of
from xnornode.studio.jobs_process import identity

FORMAT = "xnornode-edit-1"
FOLDER = "edits"
"""In the studio's folder: a file for each edit that is under way."""
LONGEST = 1 << 21
"""Bytes of such a file: 100 parts, each with a long name."""


class Swap:
    """Puts new files in the place of old ones. What it will make is on disk before it is made.

    Parameters
    ----------
    studio : Studio
        Has the folders.
    old : sequence of (Path, str)
        Files that go, each with its version.
    keep : {"old", "new"}, default "old"
        What stays if it is broken off while all old files are there, or all new ones.

    Examples
    --------
    >>> with Swap(studio, [(old, version_of(old))]) as swap:  # doctest: +SKIP
    ...     new = swap.move(old, beside(target))
    """

    def __init__(
        self,
        studio: Studio,
        old: Sequence[tuple[Path, str]],
        keep: Literal["old", "new"] = "old",
    ) -> None:
        self._studio, self._old, self._keep = studio, old, keep
        self._made: list[tuple[Path, str]] = []
        self._file = studio.kept / FOLDER / f"{secrets.token_hex(8)}.json"

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if error:
            with suppress(OSError, XnorNodeError):  # the first error is told; the next start tries
                _settle(self._studio, self._told())
                self._file.unlink(missing_ok=True)
        else:
            self._file.unlink(missing_ok=True)

    def write(self, names: Iterable[Path], content: Callable[[Path], bytes]) -> Path:
        """Write a new file under the first name that is free. Raises OSError."""
        for path in names:
            data = content(path)
            if self._try(path, _mark(data), partial(write_new, path, data)):
                return path
        raise FileExistsError(f"{path} is there")

    def move(self, source: Path, names: Iterable[Path]) -> Path:
        """Give a file the first name that is free. Raises OSError."""
        mark = _mark_of(source)
        for path in names:
            if self._try(path, mark, partial(move_new, source, path)):
                return path
        raise FileExistsError(f"{path} is there")

    def _try(self, path: Path, mark: str, make: Callable[[], None]) -> bool:
        if os.path.lexists(path):
            return False
        self._made.append((path, mark))
        self._note()
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            make()
        except FileExistsError:  # another program was quicker: this file is not ours
            self._made.pop()
            self._note()
            return False
        return True

    def _note(self) -> None:
        self._file.parent.mkdir(parents=True, exist_ok=True)
        write_whole(self._file, json.dumps(self._told()).encode())

    def _told(self) -> dict[str, Any]:
        folder, pid = self._studio.data, os.getpid()
        named = [
            [[key_of(path.relative_to(folder)), mark] for path, mark in files]
            for files in (self._old, self._made)
        ]
        process = {"pid": pid, "begun": _begun(pid)}
        return {"format": FORMAT, **process, "keep": self._keep, "old": named[0], "made": named[1]}


_begun = lru_cache(1)(identity)
"""Of this process: some systems take long to say it."""


def settle(studio: Studio) -> None:
    """Take back, or finish, the edits amid which a studio was killed.

    Parameters
    ----------
    studio : Studio
        Has the folders. Edits of a studio that lives are left alone; what cannot be settled now,
        as on a disk that cannot be written, is tried again at the next start.
    """
    for file in sorted((studio.kept / FOLDER).glob("*.json")):
        try:
            with file.open("rb") as opened:
                told = json.loads(opened.read(LONGEST))
            if told["format"] != FORMAT:
                continue  # of a later version
            if identity(int(told["pid"])) == told["begun"] != "":
                continue
            _settle(studio, told)
        except OSError:
            continue
        except (ValueError, KeyError, TypeError, RecursionError):
            pass  # it says nothing
        with suppress(OSError):
            file.unlink(missing_ok=True)


def _settle(studio: Studio, told: dict[str, Any]) -> None:
    old = [_found(studio, key, version, version_of) for key, version in told["old"]]
    made = [_found(studio, key, mark, _mark_of) for key, mark in told["made"]]
    if told["keep"] == "old":
        kept, gone = old, made
    else:
        kept, gone = made, old
    if not kept or None in kept:  # the others are all that there is
        return
    for path in filter(None, gone):
        path.unlink(missing_ok=True)
        drop_empty(studio.data, path.parent)


def _found(studio: Studio, key: str, mark: str, of: Callable[[Path], str]) -> Path | None:
    """A file of the data that is still what it was; None if there is no such one."""
    try:
        path = inside(studio, key)
        return path if of(path) == mark else None
    except (XnorNodeError, FileNotFoundError):
        return None


def _mark(data: bytes) -> str:
    return hashlib.blake2b(data).hexdigest()


def _mark_of(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "blake2b").hexdigest()


def numbered(place: Path, suffix: str = SUFFIX) -> Iterator[Path]:
    """Names for a new recording in a folder."""
    for number in count(next_number(place)):
        yield place / f"{number}{suffix}"


def beside(target: Path) -> Iterator[Path]:
    """A name, and others beside it."""
    yield target
    if target.suffix == SUFFIX:
        yield from numbered(target.parent)
    else:
        for number in count(2):
            yield target.with_name(f"{target.stem} ({number}){target.suffix}")
