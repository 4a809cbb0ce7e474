"""The flash operations of an emulated Pico (`--flash-log`), and every power cut among them.

The chip is deterministic between two flash operations as far as its flash goes: what a power cut
before operation k leaves is the image at the start with the first k operations carried out. So one
recorded run yields the image of every cut, without a run for each.
"""

from __future__ import annotations

import json
from base64 import b64decode
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ERASED = 0xFF


@dataclass(frozen=True)
class FlashOperation:
    """One sector or block erased (`data` is None), or one page programmed."""

    offset: int
    length: int
    data: bytes | None = None

    def __str__(self) -> str:
        kind = "erase" if self.data is None else "program"
        return f"{kind} {self.length} bytes at {self.offset:#x}"

    def apply(self, flash: bytearray) -> None:
        """Carry it out. Programming clears bits and never sets them, as in the chip."""
        part = slice(self.offset, self.offset + self.length)
        if self.data is None:
            flash[part] = bytes([ERASED]) * self.length
        else:
            flash[part] = bytes(a & b for a, b in zip(flash[part], self.data, strict=True))

    def half(self) -> FlashOperation:
        """Its first half: what a power cut in the middle may leave."""
        length = self.length // 2
        return FlashOperation(self.offset, length, self.data and self.data[:length])


@dataclass(frozen=True)
class PowerCut:
    """The flash after a power cut: `operations` carried out, and perhaps half of the next one."""

    operations: int
    torn: bool
    next: FlashOperation | None
    image: bytes

    def __str__(self) -> str:
        if self.next is None:
            return f"after all {self.operations} operations"
        where = "in the middle of" if self.torn else "before"
        return f"{where} operation {self.operations} ({self.next})"


def read_log(path: Path) -> list[FlashOperation]:
    """The operations that an emulated Pico wrote down."""

    def parse(entry: dict[str, Any]) -> FlashOperation:
        if entry["operation"] == "erase":
            return FlashOperation(entry["offset"], entry["length"])
        data = b64decode(entry["data"])
        return FlashOperation(entry["offset"], len(data), data)

    return [parse(json.loads(line)) for line in path.read_text().splitlines()]


def power_cuts(
    start: bytes, operations: Iterable[FlashOperation], torn: bool = False
) -> Iterator[PowerCut]:
    """The flash after a cut before each operation, and after the last; each image once.

    start: the flash before the first operation. torn: also in the middle of each operation, its
    first half carried out.
    """
    flash = bytearray(start)
    last = b""
    done = 0
    for operation in operations:
        if flash != last:
            last = bytes(flash)
            yield PowerCut(done, False, operation, last)
        if torn:
            partly = bytearray(flash)
            operation.half().apply(partly)
            if partly != last:
                yield PowerCut(done, True, operation, bytes(partly))
        operation.apply(flash)
        done += 1
    if flash != last:
        yield PowerCut(done, False, None, bytes(flash))
