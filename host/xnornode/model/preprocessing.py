"""Fronts: what a node is given becomes the values of the network's input (FORMAT.md, "Front").

A front of sensor windows gives int16 values, which a code turns into bits or bytes; the front of
texts gives bits itself.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import ClassVar, Protocol, Self, runtime_checkable

from xnornode._typing import Int8, Int16

Take = Callable[[int], bytes]


class Section(Protocol):
    """What every front is to the file."""

    KIND: ClassVar[int]

    def count(self, length: int, channels: int) -> int:
        """Values of one window, or bits of one text."""

    def to_bytes(self) -> bytes:
        """The front's section of the file: a multiple of 4 bytes."""

    @classmethod
    def from_bytes(cls, take: Take, length: int, channels: int) -> Self:
        """The front of a section whose next n bytes `take(n)` gives.

        Raises ModelError("encoder") for what FORMAT.md does not allow; `take` raises "end".
        """


class WindowFeatures(Section, Protocol):
    """From windows of samples to values."""

    def rows(self, length: int, channels: int) -> int:
        """Rows of the code that comes after: value i is of row i mod rows."""

    def values(self, windows: Int16) -> Int16:
        """Values, int16 (n, V), of windows int16 (n, length, channels)."""


@runtime_checkable
class TextFeatures(Section, Protocol):
    """From texts to bits."""

    @property
    def length(self) -> int:
        """Bytes of a text that are read."""

    def bits(self, texts: Sequence[bytes]) -> Int8:
        """Bits -1 or +1, int8 (n, count)."""


Features = WindowFeatures | TextFeatures


@dataclass(frozen=True)
class Raw:
    """Front 1: the values are the samples of the window, by time, then channel."""

    KIND: ClassVar[int] = 1

    def count(self, length: int, channels: int) -> int:
        return length * channels

    def rows(self, length: int, channels: int) -> int:
        return channels

    def values(self, windows: Int16) -> Int16:
        return windows.reshape(len(windows), -1)

    def to_bytes(self) -> bytes:
        return b""

    @classmethod
    def from_bytes(cls, take: Take, length: int, channels: int) -> Self:
        return cls()
