"""MicroPython's firmware files for the ESP32 chips, checked before anything is written.

A file holds what lies in flash from the boot loader on: its image, the partition table, and the
application's image (ESP-IDF documentation, "Application Image Structure" and "Partition Tables").
"""

from __future__ import annotations

import hashlib
import struct
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from xnornode.errors import XnorNodeError

DOWNLOADS = "https://micropython.org/download/"
"""Where MicroPython publishes firmware."""

MAGIC = 0xE9
"""First byte of an image."""
HEADER = struct.Struct("<BBBBI BBBB H BHH 4x B")
"""Of an image: magic, segments, flash mode, size, entry; pins; chip; revisions; hash."""
SEGMENT = struct.Struct("<II")
"""Of a segment: where it is loaded, and its bytes."""
CHECKSUM_START, CHECKSUM_ALIGN = 0xEF, 16
HASH_BYTES = 32
MOST_SEGMENTS = 16

TABLE, TABLE_BYTES = 0x8000, 0xC00
"""The partition table's address in flash, and its bytes."""
ENTRY = struct.Struct("<2sBBII16sI")
"""Of the table: magic, type, subtype, address, bytes, label, flags."""
ENTRY_MAGIC, MD5_MAGIC = b"\xaa\x50", b"\xeb\xeb"
APPLICATION = 0
"""The type of a partition that holds an application."""

OTHERS = (
    (b"UF2\n", "a UF2 file, which no boot loader of Espressif takes"),
    (b"\x7fELF", "an ELF file, with which programs are debugged"),
    (b"PK\3\4", "a ZIP archive: unpack it"),
    (b"\x1f\x8b", "a gzip archive: unpack it"),
    (b"<", "a web page: save the file itself"),
)
"""How other files begin that people take for firmware."""


@dataclass(frozen=True)
class Chip:
    """A kind of ESP32.

    Parameters
    ----------
    name : str
        As Espressif writes it.
    number : int
        In the header of an image.
    offset : int
        Where the boot loader lies in flash.
    family : int
        In the header of a UF2 file.

    Examples
    --------
    >>> CHIPS["ESP32-C3"].file
    'ESP32_GENERIC_C3-*.bin'
    """

    name: str
    number: int
    offset: int
    family: int

    @property
    def board(self) -> str:
        """MicroPython's name for a board with this chip and nothing else."""
        return f"ESP32_GENERIC{self.name[len('ESP32') :].replace('-', '_')}"

    @property
    def file(self) -> str:
        """The name of MicroPython's file for it; the date and the version differ."""
        return f"{self.board}-*.bin"

    @property
    def advice(self) -> str:
        """Where its firmware comes from."""
        return (
            f"download {self.file}, or the file for your board, from {DOWNLOADS}{self.board}/ and "
            "name it with --firmware"
        )


CHIPS = {
    chip.name: chip
    for chip in (
        Chip("ESP32", 0, 0x1000, 0x1C5F21B0),
        Chip("ESP32-S2", 2, 0x1000, 0xBFDD4EEE),
        Chip("ESP32-C3", 5, 0x0, 0xD42BA06C),
        Chip("ESP32-S3", 9, 0x0, 0xC47E5767),
        Chip("ESP32-C2", 12, 0x0, 0x2B88D29C),
        Chip("ESP32-C6", 13, 0x0, 0x540DDF62),
        Chip("ESP32-H2", 16, 0x0, 0x332726F6),
        Chip("ESP32-P4", 18, 0x2000, 0x3D308E94),
        Chip("ESP32-C5", 23, 0x2000, 0xF71C0343),
    )
}
"""The chips that firmware is written to, by name."""


class Image:
    """A firmware file for an ESP32 chip.

    Parameters
    ----------
    path : Path
        Its path, for messages.
    data : bytes
        Its content.

    Attributes
    ----------
    chip : Chip
        The chip that it is for.
    data : bytes
        What is written at the chip's offset.
    parts : dict of int to bytes
        Address in flash to what must be there: boot loader, partition table, application. What lies
        between them belongs to the board, such as its calibration.
    flash_bytes : int
        The flash that its partitions need.

    Raises
    ------
    XnorNodeError
        It is no such file, or not a whole one.
    """

    def __init__(self, path: Path, data: bytes) -> None:
        self.path = path
        self.sha256 = hashlib.sha256(data).hexdigest()
        lead = _lead(data)
        self.data = data[lead:]
        self.chip = _chip(path, self.data)
        if lead not in (0, self.chip.offset):
            raise XnorNodeError(
                f"{path} begins with {lead:,} empty bytes, and the boot loader of the "
                f"{self.chip.name} lies at {self.chip.offset:#x}: {self.chip.advice}"
            )
        entries = self._table()
        self.flash_bytes = max(address + size for _, address, size in entries)
        self.parts = {self.chip.offset: self._image(0, "the boot loader")}
        self.parts[TABLE] = self._at(TABLE, TABLE_BYTES)
        first = min(address for kind, address, _ in entries if kind == APPLICATION)
        self.parts[first] = self._image(first - self.chip.offset, "the application")

    def describe(self) -> str:
        """Name, chip, bytes, and the start of the hash."""
        return (
            f"{self.path.name} for the {self.chip.name}, {len(self.data):,} bytes, "
            f"SHA-256 {self.sha256[:12]}"
        )

    def _at(self, address: int, size: int) -> bytes:
        """The bytes that go to an address in flash."""
        at = address - self.chip.offset
        return self.data[at : at + size]

    def _table(self) -> list[tuple[int, int, int]]:
        """The partitions: type, address, bytes."""
        table = self._at(TABLE, TABLE_BYTES)
        if table[:2] != ENTRY_MAGIC:
            end = _image_end(self.data, 0)
            alone = end is not None and len(self.data) - end <= HASH_BYTES
            if len(table) < TABLE_BYTES and not alone:
                raise self._cut_short()
            raise XnorNodeError(
                f"{self.path} is a part of a firmware, such as an application for an update over "
                f"the air (.app-bin), without boot loader and partition table: {self.chip.advice}"
            )
        if len(table) < TABLE_BYTES:
            raise self._cut_short()
        found = []
        for at in range(0, TABLE_BYTES, ENTRY.size):
            magic, kind, _, address, size, _, _ = ENTRY.unpack_from(table, at)
            if magic == ENTRY_MAGIC:
                found.append((kind, address, size))
                continue
            digest = hashlib.md5(table[:at], usedforsecurity=False).digest()
            if magic == MD5_MAGIC and digest != table[at + 16 : at + 32]:
                raise self._damaged("the partition table")
            break
        if not any(kind == APPLICATION for kind, _, _ in found):
            raise XnorNodeError(f"{self.path} has no partition for an application")
        return found

    def _image(self, at: int, what: str) -> bytes:
        """The image at a place of the file, without what fills it up."""
        head = self.data[at : at + HEADER.size]
        end = _image_end(self.data, at)
        if end is None:
            raise self._cut_short()
        if head[0] != MAGIC or HEADER.unpack(head)[1] > MOST_SEGMENTS:
            raise self._damaged(what)
        if HEADER.unpack(head)[9] != self.chip.number:
            raise XnorNodeError(
                f"{self.path} is mixed up: {what} is not for the {self.chip.name}, as the boot "
                f"loader is; {self.chip.advice}"
            )
        body, checksum = self.data[at:end], CHECKSUM_START
        place = HEADER.size
        for _ in range(head[1]):
            _, size = SEGMENT.unpack_from(body, place)
            place += SEGMENT.size
            segment = np.frombuffer(body, np.uint8, size, place)
            checksum ^= int(np.bitwise_xor.reduce(segment))
            place += size
        if body[-1] != checksum:
            raise self._damaged(what)
        if head[-1]:  # a hash follows
            digest = self.data[end : end + HASH_BYTES]
            if len(digest) < HASH_BYTES:
                raise self._cut_short()
            if digest != hashlib.sha256(body).digest():
                raise self._damaged(what)
            body += digest
        return body

    def _cut_short(self) -> XnorNodeError:
        return XnorNodeError(f"{self.path} is cut short, {len(self.data):,} bytes: copy it again")

    def _damaged(self, what: str) -> XnorNodeError:
        return XnorNodeError(f"{self.path} is damaged in {what}: copy it again")


def is_image(data: bytes) -> bool:
    """Whether a file looks like one for an ESP32 chip, and not for a Pico."""
    lead = _lead(data)
    return data[lead : lead + 1] == bytes([MAGIC])


def uf2_chip(data: bytes) -> Chip | None:
    """The chip that a UF2 file is for, if it is one of these."""
    family = int.from_bytes(data[28:32], "little") if data[:4] == b"UF2\n" else None
    return next((chip for chip in CHIPS.values() if chip.family == family), None)


def _lead(data: bytes) -> int:
    """The empty bytes at the start of a file that is to be written at address 0."""
    for chip in CHIPS.values():
        if chip.offset and data[: chip.offset + 1] == b"\xff" * chip.offset + bytes([MAGIC]):
            return chip.offset
    return 0


def _chip(path: Path, data: bytes) -> Chip:
    """The chip that the first image is for."""
    for start, what in OTHERS:
        if data.startswith(start):
            raise XnorNodeError(
                f"{path} is {what}. An ESP32 takes a .bin file from {DOWNLOADS}, a Pico a .uf2 file"
            )
    if data[:1] != bytes([MAGIC]):
        raise XnorNodeError(
            f"{path} is no firmware for an ESP32: take a .bin file from {DOWNLOADS}. A Pico takes "
            "a .uf2 file"
        )
    if len(data) < HEADER.size:
        raise XnorNodeError(f"{path} is cut short, {len(data):,} bytes: copy it again")
    number = HEADER.unpack_from(data)[9]
    for chip in CHIPS.values():
        if chip.number == number:
            return chip
    raise XnorNodeError(
        f"{path} is for another chip (number {number} of Espressif's; an ESP8266 has none): "
        f"there are files for {', '.join(CHIPS)} at {DOWNLOADS}"
    )


def _image_end(data: bytes, at: int) -> int | None:
    """Where an image ends, with its checksum; None where the file ends before that."""
    if len(data) < at + HEADER.size:
        return None
    place = at + HEADER.size
    for _ in range(min(data[at + 1], MOST_SEGMENTS)):
        if len(data) < place + SEGMENT.size:
            return None
        place += SEGMENT.size + SEGMENT.unpack_from(data, place)[1]
    end = place + CHECKSUM_ALIGN - (place - at) % CHECKSUM_ALIGN
    return end if end <= len(data) else None
