"""NumPy's files, read without trust: only what is asked for is unpacked, in bounded memory."""

import warnings
import zipfile
from collections.abc import Callable, Collection
from math import prod
from pathlib import Path
from typing import IO, Any, TypeVar

import numpy as np
import numpy.typing as npt

from xnornode.errors import DataError

Array = npt.NDArray[Any]
T = TypeVar("T")

MOST_PACKED = 100
"""How many times larger a member of an archive may be than its bytes there."""
SMALL = 1 << 26
"""Bytes that a member may have in any case."""
MAGIC = b"\x93NUMPY"
OBJECTS = (
    "holds Python objects, which are not read because they can run programs: save numbers or "
    "text (windows of one length by np.stack, labels by np.array(labels, str))"
)
KINDS = {
    b"PK": "it is an archive: name it .npz",
    b"\x80": "it is a pickle, which is not read because it can run programs: save it with np.save",
    b"version https://git-lfs": "it is a pointer of Git LFS: get the file with git lfs pull",
    b"\x89HDF": "it is an HDF5 file: save its arrays with np.savez",
    b"MATLAB": "it is a MATLAB file: read it with scipy.io.loadmat, save it with np.savez",
    b"<": "it is a web page: download the file itself",
}


def load_array(path: Path) -> Array:
    """Load the array of a .npy file.

    Parameters
    ----------
    path : Path
        The file.

    Returns
    -------
    ndarray
        Numbers or text, in this computer's byte order.

    Raises
    ------
    DataError
        It is no such file, is cut, holds objects, or holds more than one array.
    """

    def load() -> Array:
        size = _size(path)
        with path.open("rb") as file:
            array = _read(file, size)
            if file.tell() < size:
                raise DataError("it holds more than one array: save each in a file, or np.savez")
        return array

    return _carefully(load, path)


def names_in(path: Path) -> list[str]:
    """The names of the arrays in a .npz file. Raises DataError if it is none."""

    def load() -> list[str]:
        _size(path)
        with _archive(path) as archive:
            return [name.removesuffix(".npy") for name in archive.namelist()]

    return _carefully(load, path)


def load_members(path: Path, names: Collection[str]) -> dict[str, Array]:
    """Load some arrays of a .npz file; the others are not unpacked.

    Parameters
    ----------
    path : Path
        The file.
    names : collection of str
        The names of the arrays.

    Returns
    -------
    dict of str to ndarray
        Numbers or text, in this computer's byte order.

    Raises
    ------
    DataError
        The file is damaged, an array is not there, holds objects, or would fill the memory.
    """

    def load() -> dict[str, Array]:
        with _archive(path) as archive:
            return {name: _member(archive, name, size) for name in names}

    size = path.stat().st_size
    return _carefully(load, path)


def _carefully(load: Callable[[], T], path: Path) -> T:
    """What `load` gives; all that a damaged file causes becomes a DataError that names the file."""
    try:
        with warnings.catch_warnings():  # NumPy evaluates the header, and Python warns of it
            warnings.simplefilter("ignore")
            return load()
    except DataError as error:
        raise DataError(f"{path} cannot be read: {error}") from None
    except MemoryError as error:
        raise DataError(f"{path} cannot be read: it is too large for the memory") from error
    except OSError as error:
        raise DataError(f"{path} cannot be read: {error.strerror or error}") from error
    except Exception as error:  # a damaged header fails in many ways
        raise DataError(
            f"{path} cannot be read ({error}): it is cut or damaged: copy it again, or save it "
            "again with np.save or np.savez"
        ) from error


def _size(path: Path) -> int:
    if not path.is_file():
        raise DataError("it is no file")
    return path.stat().st_size


def _archive(path: Path) -> zipfile.ZipFile:
    try:
        return zipfile.ZipFile(path)
    except zipfile.BadZipFile:
        with path.open("rb") as file:
            start = file.read(64)
        if start.startswith(MAGIC):
            raise DataError("it is one array: name it .npy") from None
        if start.startswith(b"PK"):
            raise DataError("its end is missing, it is cut: copy it again") from None
        raise DataError(_no_array(start)) from None


def _member(archive: zipfile.ZipFile, name: str, size: int) -> Array:
    found = [m for m in archive.infolist() if m.filename in (name, f"{name}.npy")]
    if len(found) != 1:
        raise DataError(f"it has {name} {'twice' if found else 'no longer'}: save it again")
    (member,) = found
    if member.compress_size > size:
        raise DataError(f"{name} is said to be larger than the file: it is cut or damaged")
    if member.file_size > max(SMALL, MOST_PACKED * member.compress_size):
        raise DataError(
            f"{name} unpacks to {member.file_size:,} bytes, more than {MOST_PACKED} times its "
            "size: save it with np.savez"
        )
    with archive.open(member) as file:
        try:
            array = _read(file, member.file_size)
            file.read(1)  # at the end the checksum is compared
        except zipfile.BadZipFile as error:
            raise DataError(f"{name} is damaged ({error}): copy the file again") from error
        except DataError as error:
            raise DataError(f"{name}: {error}") from None
    return array


def _read(file: IO[bytes], size: int) -> Array:
    """The array of an open .npy file of `size` bytes; its header is checked before any memory."""
    start = file.read(64)
    if not start.startswith(MAGIC):
        raise DataError(_no_array(start))
    file.seek(0)
    version = np.lib.format.read_magic(file)
    if version == (1, 0):
        shape, _, dtype = np.lib.format.read_array_header_1_0(file)
    else:  # 3.0 differs from 2.0 in the encoding of the names of fields alone
        shape, _, dtype = np.lib.format.read_array_header_2_0(file)
    if dtype.hasobject:
        raise DataError(f"it {OBJECTS}")
    if not dtype.itemsize or min(shape, default=0) < 0:
        raise DataError("its header is damaged: save it again")
    if prod(shape) * dtype.itemsize > size - file.tell():
        raise DataError(f"it is cut: {shape} of {dtype} need more bytes than it has: copy it again")
    file.seek(0)
    array: Array = np.lib.format.read_array(file, allow_pickle=False)
    return array if dtype.isnative else array.astype(dtype.newbyteorder("="))


def _no_array(start: bytes) -> str:
    """What a file is that is no array, by its first bytes."""
    if not start:
        return "it is empty"
    known = [text for magic, text in KINDS.items() if start.startswith(magic)]
    return known[0] if known else "it is no array of NumPy: save it with np.save or np.savez"
