"""Recordings that are under way, on disk: what had come is there when a program was killed.

A partial file has lines of JSON: one with what is recorded, then one for each block of samples.
"""

from __future__ import annotations

import json
import os
import time
from base64 import b64decode, b64encode
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from types import TracebackType
from typing import Any, BinaryIO, Self, TextIO

import numpy as np

from xnornode._files import naming
from xnornode.data.recording_folder import add_recording, check_name, next_name
from xnornode.errors import DataError, LinkError
from xnornode.link.messages import Streaming
from xnornode.link.recording import Block
from xnornode.link.schema import instance
from xnornode.link.take import Take, Written

try:
    import fcntl

    LOCKS = True
except ImportError:  # Windows, where an open file cannot be renamed
    LOCKS = False

FORMAT = "xnornode-partial-1"
PLACE = Path(".studio", "partial")
"""In the folder of the recordings. Readers of data skip names that begin with a dot."""
SUFFIX = ".part"
NEW = ".new"
"""Follows a file's name until it is locked."""
LONGEST_LINE = 1 << 20
"""Characters of a line."""
TRIES = 10
"""To create a file in a folder that another program may remove."""
STILL = 60.0
"""Seconds without a change after which a file is nobody's, where the disk has no locks."""


class Partial:
    """The partial file of a recording. Use it in a `with` block.

    It is removed on the way out, unless an error has kept the recording from its place, such as
    that of a full disk.

    Parameters
    ----------
    folder : Path
        Of all recordings.
    take : Take
        What is recorded.
    label, group : str
        What it will be.
    """

    def __init__(self, folder: Path, take: Take, label: str, group: str) -> None:
        name = f"{take.began:%Y%m%dT%H%M%S}-{os.urandom(4).hex()}{SUFFIX}"
        self._path = folder / PLACE / name
        self._file = _create(self._path)
        header = {
            "format": FORMAT,
            "label": label,
            "group": group,
            "seconds": take.seconds,
            "time": take.began.isoformat(),
            "info": asdict(take.info),
        }
        self._write(header)

    def add(self, block: Block) -> None:
        """Write samples, so that they are there when this program is killed. Raises OSError."""
        self._write(
            {
                "data": b64encode(block.samples.astype("<i2").tobytes()).decode(),
                "broken": block.broken,
                "lost": block.lost,
                "taken": block.taken,
                "ms": block.ms,
            }
        )

    def _write(self, line: dict[str, Any]) -> None:
        with naming(self._path):
            self._file.write(json.dumps(line) + "\n")
            self._file.flush()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        with suppress(OSError):  # of a full disk
            self._file.close()
        if error is None or isinstance(error, LinkError | KeyboardInterrupt):
            remove(self._path)


def _create(path: Path) -> TextIO:
    """A new file to write, also where another program removes the empty folder just now."""
    for tries_left in reversed(range(TRIES)):
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            return _locked(path) if LOCKS else path.open("x", encoding="ascii")
        except FileNotFoundError:
            if not tries_left:
                raise
    raise AssertionError


def _locked(path: Path) -> TextIO:
    """A new file that nobody can claim: it gets its name once it is locked."""
    new = path.with_name(path.name + NEW)
    file = new.open("x", encoding="ascii")
    try:
        with suppress(OSError):  # not every disk has locks
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        new.rename(path)
    except BaseException:
        file.close()
        new.unlink(missing_ok=True)
        raise
    return file


def recover(folder: Path) -> Iterator[Written]:
    """Move what programs that were killed had recorded to its place.

    Parameters
    ----------
    folder : Path
        Of all recordings.

    Yields
    ------
    Written
        One for each. What another program is recording is left alone, and so is a file that is
        no partial file.

    Raises
    ------
    OSError
        A recording cannot be written.
    """
    for path in (folder / PLACE).glob(f"*{SUFFIX}{NEW}"):
        with suppress(OSError):
            if time.time() - path.stat().st_mtime > STILL:  # its program was killed at once
                remove(path)
    for path in sorted((folder / PLACE).glob(f"*{SUFFIX}")):
        with suppress(_InUse, DataError, FileNotFoundError):
            yield from _recovered(path, folder)


def _recovered(path: Path, folder: Path) -> Iterator[Written]:
    if not LOCKS:
        try:
            path = path.rename(path.with_suffix(f".kept{SUFFIX}"))
        except PermissionError as error:
            raise _InUse from error
    with path.open("rb") as file:
        _claim(file.fileno(), path)
        take, label, group = _read(file, path)
        if take.taken:
            record = take.file(next_name(folder, label, group), label, group)
            yield Written.of(add_recording(folder, record), take, label, group)
        if LOCKS:
            remove(path)  # while it is claimed
    remove(path)


def remove(path: Path) -> None:
    """Remove a partial file, and the folders if there is nothing else in them."""
    path.unlink(missing_ok=True)
    with suppress(OSError):
        path.parent.rmdir()
        path.parent.parent.rmdir()


class _InUse(Exception):
    """Another program is writing this file."""


def _read(file: BinaryIO, path: Path) -> tuple[Take, str, str]:
    """What a partial file has, up to a line that is cut off. Raises DataError, OSError."""
    try:
        header = json.loads(file.readline(LONGEST_LINE))
        if header["format"] != FORMAT:
            raise ValueError
        info = instance(Streaming, header["info"])
        take = Take(info, float(header["seconds"]), datetime.fromisoformat(header["time"]))
        label = check_name(header["label"], "label")
        group = check_name(header["group"], "group") if header["group"] else ""
    except (ValueError, KeyError, TypeError, OverflowError, RecursionError) as error:
        raise DataError(f"{path} is no recording that was under way") from error
    with suppress(ValueError, KeyError, TypeError, LinkError):
        while not take.done and (line := file.readline(LONGEST_LINE)):
            take.add(_block(json.loads(line), len(info.channels)))
    return take, label, group


def _block(line: dict[str, Any], width: int) -> Block:
    samples = np.frombuffer(b64decode(line["data"], validate=True), "<i2").reshape(-1, width)
    numbers = [int(line[key]) for key in ("lost", "taken", "ms")]
    return Block(samples.astype(np.int16), bool(line["broken"]), *numbers)


def _claim(file: int, path: Path) -> None:
    """Raise _InUse where another program has the file, or had it and has removed it."""
    if not LOCKS:
        return
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        raise _InUse from error
    except OSError as error:  # a disk without locks
        if time.time() - os.fstat(file).st_mtime < STILL:
            raise _InUse from error
    if not os.path.samestat(os.fstat(file), path.stat()):
        raise _InUse
