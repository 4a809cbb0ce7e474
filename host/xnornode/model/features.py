"""Features: what a window or a text becomes before the network (FORMAT.md, "Features").

Features of sensor windows are int16 values, which an input encoding turns into binary or int8
inputs. Features of texts are binary inputs already.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import prod
from typing import Any, ClassVar, Protocol, Self

import numpy as np

from xnornode._typing import DataKind, Int16
from xnornode.errors import DataError

Take = Callable[[int], bytes]
Items = Int16 | Sequence[bytes]
"""What a node is given: windows, int16 (n, length, channels), or n texts."""


def xorshift32(state: int, count: int) -> list[int]:
    """The upper 16 bits of the next `count` states (Marsaglia, "Xorshift RNGs", 2003)."""
    numbers = []
    for _ in range(count):
        state ^= state << 13 & 0xFFFFFFFF
        state ^= state >> 17
        state ^= state << 5 & 0xFFFFFFFF
        numbers.append(state >> 16)
    return numbers


class Features(Protocol):
    """What a model file, training and inference ask of features."""

    KIND: ClassVar[int]
    """The number in the file."""
    NAME: ClassVar[str]
    """What options and reports call them."""
    data_kind: ClassVar[DataKind]

    def describe(self) -> str:
        """Name and settings, as short text."""

    def count(self, length: int, channels: int) -> int:
        """Values of one window, or inputs of one text."""

    def rows(self, length: int, channels: int) -> int:
        """Rows of the input encoding that follows: value i is of row i mod rows. 0: none."""

    def values(self, items: Any) -> Any:
        """Values, int16 (n, V), of windows; inputs -1 or +1, int8 (n, V), of texts."""

    def check_window(self, length: int, hop: int, channels: int) -> None:
        """Raise ModelError("header") for a window that a model file may not have with these."""

    def check_items(self, items: Any, length: int, channels: int) -> Any:
        """The items as `values` takes them. Raises DataError for another shape or type."""

    def item_bytes(self, length: int, channels: int) -> int:
        """Bytes of one window or text on the node."""

    def selftest_items(
        self, numbers: Callable[[int], Sequence[int]], shift: int, length: int, channels: int
    ) -> Items:
        """The self-test's window or text (FORMAT.md) of `numbers(count)`, 16 bits each."""

    def to_bytes(self) -> bytes:
        """The section of the file: a multiple of 4 bytes."""

    @classmethod
    def from_bytes(cls, take: Take, length: int, channels: int) -> Self:
        """The features of a section whose next n bytes `take(n)` gives.

        Raises ModelError("encoder") for what FORMAT.md does not allow; `take` raises "end".
        """


class WindowFeatures:
    """What features of sensor windows have in common."""

    data_kind: ClassVar[DataKind] = "windows"

    def check_window(self, length: int, hop: int, channels: int) -> None:
        """Every window that a header can hold is allowed."""

    def check_items(self, items: Any, length: int, channels: int) -> Int16:
        """Windows, int16 (n, length, channels). Raises DataError for another shape or type."""
        windows = np.asarray(items)
        if (
            windows.dtype != np.int16
            or windows.ndim != 3
            or windows.shape[1:] != (length, channels)
        ):
            raise DataError(
                f"windows must be int16 of shape (n, {length}, {channels}), not {windows.dtype} "
                f"{windows.shape}"
            )
        return windows

    def item_bytes(self, length: int, channels: int) -> int:
        """Bytes of one window on the node."""
        return 2 * length * channels

    def selftest_items(
        self, numbers: Callable[[int], Sequence[int]], shift: int, length: int, channels: int
    ) -> Int16:
        """The self-test's window, int16 (1, length, channels)."""
        shape = (1, length, channels)
        samples = np.array(numbers(prod(shape)), np.uint16).view(np.int16)
        return (samples >> shift).reshape(shape)


@dataclass(frozen=True)
class Raw(WindowFeatures):
    """Features 1: the values are the samples of the window, by time, then channel."""

    KIND: ClassVar[int] = 1
    NAME: ClassVar[str] = "raw"

    def describe(self) -> str:
        return self.NAME

    def count(self, length: int, channels: int) -> int:
        return length * channels

    def rows(self, length: int, channels: int) -> int:
        return channels

    def values(self, items: Int16) -> Int16:
        return items.reshape(len(items), -1)

    def to_bytes(self) -> bytes:
        return b""

    @classmethod
    def from_bytes(cls, take: Take, length: int, channels: int) -> Self:
        return cls()
