"""Read a data frame of an R package: the little of R's serialization that such files use.

The format is in "R Internals", section "Serialization Formats".
"""

import bz2
import gzip
import lzma
import struct
from typing import Any

import numpy as np

from xnornode.errors import DataError

NOTHING, GLOBAL, REFERENCE, MISSING = 254, 253, 255, 251
SYMBOL, PAIRS, TEXT, LOGICAL, INTEGER, REAL, STRINGS, LIST = 1, 2, 9, 10, 13, 14, 16, 19


def read_frame(data: bytes) -> dict[str, np.ndarray[Any, Any]]:
    """The first data frame of an .rda file.

    Parameters
    ----------
    data : bytes
        The file.

    Returns
    -------
    dict of str to ndarray
        The columns: numbers, or the names of a factor's levels.

    Raises
    ------
    DataError
        It holds what this does not read.
    """
    for magic, unpack in ((b"BZh", bz2), (b"\x1f\x8b", gzip), (b"\xfd7zXZ", lzma)):
        if data.startswith(magic):
            data = unpack.decompress(data)
    if not data.startswith((b"RDX2\nX\n", b"RDX3\nX\n")):
        raise DataError("no .rda file in R's binary format")
    reader = _Reader(data, 7)
    version = reader.ints(3)[0]
    if version == 3:
        reader.take(reader.ints(1)[0])  # the character encoding's name
    for _, value in reader.value()[0]:
        columns, about = value
        if "names" in about:
            return {
                name: _column(*column) for name, column in zip(about["names"], columns, strict=True)
            }
    raise DataError("no data frame in this .rda file")


def _column(values: Any, about: dict[str, Any]) -> np.ndarray[Any, Any]:
    if "levels" in about:
        return np.array(about["levels"])[np.asarray(values) - 1]
    return np.asarray(values)


class _Reader:
    """Values one after the other, each with its attributes."""

    def __init__(self, data: bytes, at: int) -> None:
        self.data, self.at = data, at
        self.symbols: list[str] = []

    def take(self, count: int) -> bytes:
        self.at += count
        return self.data[self.at - count : self.at]

    def ints(self, count: int) -> tuple[int, ...]:
        return struct.unpack(f">{count}i", self.take(4 * count))

    def value(self) -> tuple[Any, dict[str, Any]]:
        """A value and its attributes; of a pair list, pairs of a name and such a value."""
        (flags,) = self.ints(1)
        kind, with_attributes, with_tag = flags & 0xFF, flags & 0x200, flags & 0x400
        if kind in (NOTHING, GLOBAL, MISSING):
            return None, {}
        if kind == REFERENCE:
            return self.symbols[(flags >> 8) - 1], {}
        if kind == SYMBOL:
            self.symbols.append(self.value()[0])
            return self.symbols[-1], {}
        if kind == PAIRS:
            return self._pairs(with_attributes, with_tag), {}
        if kind == TEXT:
            (length,) = self.ints(1)
            return ("" if length < 0 else self.take(length).decode("latin-1")), {}
        (length,) = self.ints(1)
        values: Any
        if kind in (LOGICAL, INTEGER):
            values = np.frombuffer(self.take(4 * length), ">i4")
        elif kind == REAL:
            values = np.frombuffer(self.take(8 * length), ">f8")
        elif kind == STRINGS:
            values = [self.value()[0] for _ in range(length)]
        elif kind == LIST:
            values = [self.value() for _ in range(length)]
        else:
            raise DataError(f"R's type {kind} is not read here")
        about = self.value()[0] if with_attributes else []
        return values, {name: of[0] for name, of in about}

    def _pairs(self, with_attributes: int, with_tag: int) -> list[tuple[str, Any]]:
        pairs = []
        while True:
            if with_attributes:
                self.value()
            tag = self.value()[0] if with_tag else ""
            pairs.append((tag, self.value()))
            (flags,) = self.ints(1)
            if flags & 0xFF != PAIRS:
                return pairs
            with_attributes, with_tag = flags & 0x200, flags & 0x400
