"""Files that are there whole or not at all."""

import errno
import os
import select
import stat
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

from xnornode.errors import XnorNodeError

STDOUT = 1
BLOCK = 1 << 20
"""Bytes that are read at a time."""
PIPE_SECONDS = 10.0
"""Seconds that a named pipe gets, until somebody writes or reads at its other end."""
POLL = 0.05
"""Seconds between two looks for who reads a pipe."""


def open_to_read(path: str | os.PathLike[str]) -> BinaryIO:
    """Open a file. Raises OSError, also for a named pipe that nobody writes in PIPE_SECONDS."""
    if not is_pipe(path):
        return open(path, "rb")
    file = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
    if not select.select([file], [], [], PIPE_SECONDS)[0] and not _is_written(file):
        os.close(file)
        raise _alone("nobody writes into this pipe", path)
    os.set_blocking(file, True)
    return os.fdopen(file, "rb")


def refuse_pipe(path: str | os.PathLike[str]) -> None:
    """Raise XnorNodeError for a named pipe, where a file is read from more than one position."""
    if is_pipe(path):
        raise XnorNodeError(f"{os.fspath(path)} is a pipe: save what it gives in a file")


def is_pipe(path: str | os.PathLike[str]) -> bool:
    """Whether a path is a named pipe, for which `open` may wait without an end."""
    try:
        return stat.S_ISFIFO(os.stat(path).st_mode)
    except OSError:  # it is said where it is opened
        return False


def _is_written(file: int) -> bool:
    """Whether somebody has the other end of an empty pipe open."""
    try:
        os.read(file, 1)
    except BlockingIOError:
        return True
    return False


def _alone(problem: str, path: str | os.PathLike[str]) -> OSError:
    return OSError(errno.ETIMEDOUT, f"{problem} for {PIPE_SECONDS:g} s", os.fspath(path))


def read_most(file: BinaryIO, most: int) -> bytes:
    """What a file holds, up to `most` bytes of it: a device such as /dev/zero has no end."""
    data = bytearray()
    while len(data) < most and (block := file.read(min(BLOCK, most - len(data)))):
        data += block
    return bytes(data)


def write_whole(path: str | os.PathLike[str], data: bytes) -> None:
    """Write a file by way of another one beside it and a rename, so no half file is left.

    Of a symbolic link, the file it points to is written. What is no regular file, such as a pipe
    or a device, and this program's own stdout, are written into.
    """
    if not is_replaced(path):
        with naming(path), _open_to_write(path) as file:
            file.write(data)
        return
    target = Path(os.path.realpath(path))
    part = _part(target)
    try:
        with naming(target), part.open("xb") as file:
            file.write(data)
        with suppress(FileNotFoundError):  # a new file has the mode that the umask gives
            part.chmod(stat.S_IMODE(target.stat().st_mode))
        part.replace(target)
    finally:
        part.unlink(missing_ok=True)


def write_new(path: str | os.PathLike[str], data: bytes) -> None:
    """Write a file that is not there yet, whole or not at all. Raises FileExistsError if it is."""
    target = Path(path)
    part = _part(target)
    try:
        with naming(target), part.open("xb") as file:
            file.write(data)
        try:
            os.link(part, target)  # a rename would replace what another program has just written
        except FileExistsError:
            raise
        except OSError:  # FAT has no links
            if os.path.lexists(target):
                raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), target) from None
            part.rename(target)
    finally:
        part.unlink(missing_ok=True)


def move_new(path: str | os.PathLike[str], target: str | os.PathLike[str]) -> None:
    """Give a file another name in its file system. Raises FileExistsError if `target` is there."""
    try:
        os.link(path, target, follow_symlinks=False)  # a rename would replace what is there
    except (FileExistsError, FileNotFoundError):
        raise
    except (OSError, NotImplementedError):  # FAT has no links
        if os.path.lexists(target):
            raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), target) from None
        os.rename(path, target)
    else:
        os.unlink(path)


def _open_to_write(path: str | os.PathLike[str]) -> BinaryIO:
    """What is no regular file. Raises OSError, also for a pipe that nobody reads."""
    if is_stdout(path):
        return open(STDOUT, "wb", closefd=False)
    if not is_pipe(path):
        return open(path, "wb")
    deadline = time.monotonic() + PIPE_SECONDS
    while True:
        try:
            file = os.open(path, os.O_WRONLY | os.O_NONBLOCK)
        except OSError as error:
            if error.errno != errno.ENXIO:
                raise
        else:
            os.set_blocking(file, True)
            return os.fdopen(file, "wb")
        if time.monotonic() > deadline:
            raise _alone("nobody reads this pipe", path)
        time.sleep(POLL)


def is_replaced(path: str | os.PathLike[str]) -> bool:
    """Whether writing `path` replaces a file, or makes one, instead of writing into it."""
    return not is_stdout(path) and (os.path.isfile(path) or not os.path.exists(path))


def check_writable(path: Path) -> None:
    """Raise XnorNodeError where `write_whole` would fail for want of a folder or of permission."""
    if path.is_dir():
        raise XnorNodeError(f"{path} is a folder: name a file to write")
    if not is_replaced(path):
        if not os.access(path, os.W_OK):
            raise XnorNodeError(f"{path} cannot be written: permission denied")
        return
    target = Path(os.path.realpath(path))
    part = _part(target)
    if target.is_symlink():
        raise XnorNodeError(f"{path} is a symbolic link that leads to itself: name a file")
    if not part.parent.is_dir():
        raise XnorNodeError(f"there is no folder {part.parent} to write to")
    try:
        part.touch(exist_ok=False)
        part.unlink()
    except OSError as error:
        raise XnorNodeError(f"{part.parent} cannot be written to: {error.strerror}") from error


def is_stdout(path: str | os.PathLike[str]) -> bool:
    """Whether `path` is where this program's stdout goes."""
    try:
        return os.path.samestat(os.stat(path), os.fstat(STDOUT))
    except OSError:
        return False


def _part(target: Path) -> Path:
    """A name beside the target that no other run has."""
    return target.with_name(f"{target.name}.{os.urandom(4).hex()}.part")


@contextmanager
def naming(path: str | os.PathLike[str]) -> Iterator[None]:
    """Put the file's name into errors of reading and writing, which have none."""
    try:
        yield
    except OSError as error:
        error.filename = error.filename or os.fspath(path)
        raise
