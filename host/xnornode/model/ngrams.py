"""The n-grams of a text, hashed into binary inputs (FORMAT.md, "Features 3: n-grams").

Twin of `bnn_text.c`: written to be read, compared with it bit for bit.
"""

import struct
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Literal, Self

import numpy as np
import numpy.typing as npt

from xnornode._typing import DataKind, Int8
from xnornode.errors import DataError, ModelError
from xnornode.model.features import Take

Bytes = npt.NDArray[np.uint8]
Indices = npt.NDArray[np.int64]
Hashes = npt.NDArray[np.uint32]
Unit = Literal["characters", "words"]

UNITS: dict[int, Unit] = {1: "characters", 2: "words"}
SECTION = struct.Struct("<4BI")
MAX_N = 8
MAX_BUCKETS = 65534
SPACE = 0x20
SELFTEST_TEXT = 256  # bytes of the self-test's text at most


def _clean_table(unit: Unit) -> Bytes:
    """What each byte becomes: itself, in lower case, or a space."""
    table = np.arange(256, dtype=np.uint8)
    text = bytes(range(256)).lower()  # of bytes, Python lowers ASCII letters alone
    for i, ch in enumerate(text):
        separates = i <= SPACE or i == 0x7F
        if unit == "words":
            separates = i < 0x80 and not bytes([i]).isalnum()
        table[i] = SPACE if separates else ch
    return table


TABLES = {unit: _clean_table(unit) for unit in UNITS.values()}


def fnv1a(data: Bytes, start: Indices, end: Indices) -> Hashes:
    """32-bit FNV-1a (Fowler, Noll, Vo) of data[start:end], for arrays of starts and ends."""
    hashes = np.full(len(start), 0x811C9DC5, np.uint32)
    left = np.arange(len(start))
    at = start.copy()
    while len(left):
        hashes[left] = (hashes[left] ^ data[at[left]]) * np.uint32(0x01000193)
        at[left] += 1
        left = left[at[left] < end[left]]
    return hashes


def mix(h: Hashes) -> Hashes:
    """Make every bit of `h` depend on every other: the end of MurmurHash3 (Appleby)."""
    h = (h ^ h >> np.uint32(16)) * np.uint32(0x85EBCA6B)
    h = (h ^ h >> np.uint32(13)) * np.uint32(0xC2B2AE35)
    return h ^ h >> np.uint32(16)


@dataclass(frozen=True)
class NGrams:
    """Which n-grams a text has: input b is 1 where an n-gram falls into bucket b.

    Upper case of ASCII counts as lower case, white space of any length as one space. Between words
    all is white space but ASCII letters, digits and the bytes from 0x80 on.

    Parameters
    ----------
    unit : {"characters", "words"}
        Of what n are taken. A character is a byte.
    shortest, longest : int
        The least and the greatest n, 1 to 8.
    buckets : int
        Binary inputs, 1 to 65534.
    length : int
        Bytes of a text that are read, 1 to 65535, as the model's window has it.

    Raises
    ------
    ModelError
        A value is outside these.
    """

    unit: Unit
    shortest: int
    longest: int
    buckets: int
    length: int

    KIND: ClassVar[int] = 3
    NAME: ClassVar[str] = "ngrams"
    data_kind: ClassVar[DataKind] = "texts"

    def __post_init__(self) -> None:
        if self.unit not in UNITS.values():
            raise ModelError("encoder", f"a text's unit is {' or '.join(UNITS.values())}")
        if not 1 <= self.shortest <= self.longest <= MAX_N:
            given = f"{self.shortest} to {self.longest}"
            raise ModelError("encoder", f"n-grams are of 1 to {MAX_N} {self.unit}, not {given}")
        if not 1 <= self.buckets <= MAX_BUCKETS:
            raise ModelError("encoder", f"buckets are 1 to {MAX_BUCKETS}, not {self.buckets}")
        if not 1 <= self.length <= 65535:
            raise ModelError("encoder", f"1 to 65535 bytes of a text are read, not {self.length}")

    def describe(self) -> str:
        """Name and settings, as short text."""
        span = f"{self.shortest} to {self.longest} {self.unit}"
        return f"{self.NAME} of {span}, {self.buckets} buckets"

    def count(self, length: int, channels: int) -> int:
        """Inputs of a text."""
        return self.buckets

    def rows(self, length: int, channels: int) -> int:
        """No input encoding follows."""
        return 0

    def check_window(self, length: int, hop: int, channels: int) -> None:
        """Raise ModelError unless length and hop are the bytes that are read."""
        if (channels, hop, length) != (1, length, self.length):
            text = "texts have one channel, and the bytes that are read as length and hop"
            raise ModelError("header", text)

    def check_items(self, items: Any, length: int, channels: int) -> Sequence[bytes]:
        """A list of texts. Raises DataError for an array, or one text alone."""
        if isinstance(items, np.ndarray | bytes | str):
            raise DataError(f"this model takes a list of bytes, not {type(items).__name__}")
        texts: Sequence[bytes] = items
        return texts

    def item_bytes(self, length: int, channels: int) -> int:
        """Bytes of one text on the node."""
        return length

    def selftest_items(
        self, numbers: Callable[[int], Sequence[int]], shift: int, length: int, channels: int
    ) -> Sequence[bytes]:
        """The self-test's text."""
        return [bytes(0x20 + n % 95 for n in numbers(min(length, SELFTEST_TEXT)))]

    def values(self, items: Sequence[bytes]) -> Int8:
        """Inputs -1 or +1, int8 (n, buckets), of texts. Raises DataError unless they are bytes."""
        if not all(isinstance(text, bytes) for text in items):
            raise DataError('texts must be bytes: text.encode("utf-8") makes them of a str')
        out = np.full((len(items), self.buckets), -1, np.int8)
        for row, text in zip(out, items, strict=True):
            row[self.buckets_of(text)] = 1
        return out

    def buckets_of(self, text: bytes) -> Indices:
        """The bucket of each n-gram of the text, int64; the same one may come more than once."""
        clean, start, end = self._units(text)
        hashes = [
            fnv1a(clean, start[: len(start) - n + 1], end[n - 1 :])
            for n in range(self.shortest, min(self.longest, len(start)) + 1)
        ]
        if not hashes:
            return np.empty(0, np.int64)
        mixed = mix(np.concatenate(hashes)).astype(np.uint64)
        return (mixed * np.uint64(self.buckets) >> np.uint64(32)).astype(np.int64)

    def _units(self, text: bytes) -> tuple[Bytes, Indices, Indices]:
        """The cleaned text, between two spaces, and where each of its units starts and ends."""
        read = np.frombuffer(text[: self.length], np.uint8)
        clean = np.concatenate(([SPACE], TABLES[self.unit][read], [SPACE])).astype(np.uint8)
        space = clean == SPACE
        clean = clean[~(space & np.append(False, space[:-1]))]
        if self.unit == "characters":
            start = np.arange(len(clean))
            return clean, start, start + 1
        spaces = np.flatnonzero(clean == SPACE)
        return clean, spaces[:-1] + 1, spaces[1:]

    def to_bytes(self) -> bytes:
        unit = {name: kind for kind, name in UNITS.items()}[self.unit]
        return SECTION.pack(unit, self.shortest, self.longest, 0, self.buckets)

    @classmethod
    def from_bytes(cls, take: Take, length: int, channels: int) -> Self:
        unit, shortest, longest, zero, buckets = SECTION.unpack(take(SECTION.size))
        if unit not in UNITS or zero:
            raise ModelError("encoder", "the n-grams' fields are not what the format allows")
        return cls(UNITS[unit], shortest, longest, buckets, length)
