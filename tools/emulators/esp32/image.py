"""Firmware for ESP32s, as their boot loaders read it: a valid file, and what is wrong with one.

The formats are those of Espressif's documentation: "Firmware Image Format", "Partition Tables".
"""

from __future__ import annotations

import hashlib
import random
import struct
from dataclasses import dataclass
from functools import reduce
from operator import xor

MAGIC = 0xE9
HEADER = struct.Struct("<BBBBI BBBB HBHH 4x B")
SEGMENT = struct.Struct("<II")
SEED = 0xEF  # of the checksum
ALIGN = 16  # the checksum is the last byte of so many
FOUR_MEGABYTES = 0x20
DIO = 2

ENTRY = struct.Struct("<2sBBII16sI")
ENTRY_MAGIC = b"\xaa\x50"
MD5_MARK = b"\xeb\xeb" + b"\xff" * 14
TABLE, APPLICATION, FILES = 0x8000, 0x10000, 0x200000
"""Where the partition table lies in flash, and what it lists: MicroPython, and its files."""
PARTITIONS = (
    (1, 2, 0x9000, 0x6000, b"nvs"),
    (1, 1, 0xF000, 0x1000, b"phy_init"),
    (0, 0, APPLICATION, FILES - APPLICATION, b"factory"),
    (1, 0x81, FILES, 0x200000, b"vfs"),
)


@dataclass(frozen=True)
class Chip:
    """What differs from chip to chip."""

    name: str  # as esptool calls it with --chip
    id: int  # in an image's header
    offset: int  # in flash, where its ROM looks for an image
    ram: int  # where a segment may be loaded to
    greeting: str  # what its ROM says first
    loader: str  # what it says as its boot loader begins
    program: str  # as it goes on to what is in flash


CHIPS = {
    chip.name: chip
    for chip in (
        Chip(
            "esp32",
            0,
            0x1000,
            0x3FFF0030,
            "ets Jun  8 2016 00:22:57\r\n\r\n",
            "rst:0x1 (POWERON_RESET),boot:0x3 (DOWNLOAD_BOOT(UART0/UART1/SDIO_REI_REO_V2))\r\n",
            "rst:0x1 (POWERON_RESET),boot:0x13 (SPI_FAST_FLASH_BOOT)\r\n",
        ),
        Chip(
            "esp32c3",
            5,
            0x0,
            0x3FCD5820,
            "ESP-ROM:esp32c3-api1-20210207\r\nBuild:Feb  7 2021\r\n",
            "rst:0x1 (POWERON),boot:0x4 (DOWNLOAD(USB/UART0/1))\r\n",
            "rst:0x1 (POWERON),boot:0xc (SPI_FAST_FLASH_BOOT)\r\n",
        ),
    )
}


def image(chip: str, size: int = 16384, seed: int = 0) -> bytes:
    """A valid firmware file for a chip, as MicroPython publishes them, to be written at its offset.

    Args:
        chip: a key of CHIPS.
        size: of its application, in bytes: a multiple of 4.
        seed: makes what they are, which means nothing.
    """
    facts = CHIPS[chip]
    flash = bytearray(b"\xff" * APPLICATION)
    loader = _one_image(facts, 1024, seed)
    flash[facts.offset : facts.offset + len(loader)] = loader
    table = b"".join(
        ENTRY.pack(ENTRY_MAGIC, kind, subtype, at, room, name, 0)
        for kind, subtype, at, room, name in PARTITIONS
    )
    table += MD5_MARK + hashlib.md5(table, usedforsecurity=False).digest()
    flash[TABLE : TABLE + len(table)] = table
    return bytes(flash[facts.offset :]) + _one_image(facts, size, seed + 1)


def _one_image(facts: Chip, size: int, seed: int) -> bytes:
    data = bytes(random.Random(seed).choices(b"\x00\x00 xnor", k=size))  # compresses, as code does
    header = HEADER.pack(
        MAGIC, 1, DIO, FOUR_MEGABYTES, facts.ram, 0xEE, 0, 0, 0, facts.id, 0, 0, 0xFFFF, 1
    )
    body = header + SEGMENT.pack(facts.ram, size) + data
    body += bytes(-(len(body) + 1) % ALIGN) + bytes([reduce(xor, data, SEED)])
    return body + hashlib.sha256(body).digest()


def fault(flash: bytes, chip: str) -> str | None:
    """Why a chip does not start what is in its flash, in its own words; None if it does.

    The application is looked at where there is a partition table.
    """
    facts = CHIPS[chip]
    why = _fault_of(flash, facts.offset, facts)
    if why or flash[TABLE : TABLE + 2] != ENTRY_MAGIC:
        return why
    why = _fault_of(flash, APPLICATION, facts)
    return why and f"E (90) boot: {why}\r\nE (95) boot: No bootable app partitions in flash"


def _fault_of(flash: bytes, at: int, facts: Chip) -> str | None:
    magic, segments, *_, chip_id, _, _, _, hashed = HEADER.unpack_from(flash, at)
    if magic != MAGIC:
        return f"invalid header: 0x{int.from_bytes(flash[at : at + 4], 'little'):08x}"
    if chip_id != facts.id:
        return f"mismatch chip ID, expected {facts.id}, found {chip_id}"
    end, checksum = at + HEADER.size, SEED
    for _ in range(segments):
        _, size = SEGMENT.unpack_from(flash, end)
        start, end = end + SEGMENT.size, end + SEGMENT.size + size
        if end + ALIGN > len(flash):
            return f"invalid segment length 0x{size:08x}"
        checksum = reduce(xor, flash[start:end], checksum)
    end += -(end - at + 1) % ALIGN + 1
    if flash[end - 1] != checksum:
        return f"csum err:0x{flash[end - 1]:02x}!=0x{checksum:02x}"
    if hashed and flash[end : end + 32] != hashlib.sha256(flash[at:end]).digest():
        return "Checksum failed. Image is corrupted"
    return None
