"""Files that are there whole or not at all."""

import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

from xnornode.errors import XnorNodeError

STDOUT = 1
BLOCK = 1 << 20
"""Bytes that are read at a time."""


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
        with (
            _naming(path),
            open(STDOUT if is_stdout(path) else path, "wb", closefd=not is_stdout(path)) as file,
        ):
            file.write(data)
        return
    target = Path(os.path.realpath(path))
    part = _part(target)
    try:
        with _naming(target), part.open("xb") as file:
            file.write(data)
        with suppress(FileNotFoundError):  # a new file has the mode that the umask gives
            part.chmod(stat.S_IMODE(target.stat().st_mode))
        part.replace(target)
    finally:
        part.unlink(missing_ok=True)


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
    part = _part(Path(os.path.realpath(path)))
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
def _naming(path: str | os.PathLike[str]) -> Iterator[None]:
    """Put the file's name into errors of writing, which have none."""
    try:
        yield
    except OSError as error:
        error.filename = error.filename or os.fspath(path)
        raise
