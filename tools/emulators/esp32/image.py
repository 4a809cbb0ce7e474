"""Firmware images for ESP32s, as their boot loader reads them: a valid one, and what is wrong.

The format is that of esptool's documentation ("Firmware Image Format").
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
    """A valid image for a chip: a segment of `size` bytes, a multiple of 4, which mean nothing."""
    facts = CHIPS[chip]
    data = bytes(random.Random(seed).choices(b"\x00\x00 xnor", k=size))  # compressed, as code is
    header = HEADER.pack(
        MAGIC, 1, DIO, FOUR_MEGABYTES, facts.ram, 0xEE, 0, 0, 0, facts.id, 0, 0, 0xFFFF, 1
    )
    body = header + SEGMENT.pack(facts.ram, size) + data
    body += bytes(-(len(body) + 1) % ALIGN) + bytes([reduce(xor, data, SEED)])
    return body + hashlib.sha256(body).digest()


def fault(flash: bytes, chip: str) -> str | None:
    """Why a chip does not start what is in its flash, in the words of its ROM; None if it does."""
    facts = CHIPS[chip]
    at = facts.offset
    magic, segments, *_, chip_id, _, _, _, hashed = HEADER.unpack_from(flash, at)
    if magic != MAGIC:
        return f"invalid header: 0x{int.from_bytes(flash[at : at + 4], 'little'):08x}"
    if chip_id != facts.id:
        return f"mismatch chip ID, expected {facts.id}, found {chip_id}"
    end, checksum = at + HEADER.size, SEED
    for _ in range(segments):
        _, size = SEGMENT.unpack_from(flash, end)
        start, end = end + SEGMENT.size, end + SEGMENT.size + size
        if end > len(flash):
            return f"invalid segment length 0x{size:08x}"
        checksum = reduce(xor, flash[start:end], checksum)
    end += -(end - at + 1) % ALIGN + 1
    if flash[end - 1] != checksum:
        return f"csum err:0x{flash[end - 1]:02x}!=0x{checksum:02x}"
    if hashed and flash[end : end + 32] != hashlib.sha256(flash[at:end]).digest():
        return "Checksum failed. Image is corrupted"
    return None
