"""Firmware files as MicroPython publishes them for the ESP32 chips, small and without a program."""

import hashlib
import struct
from functools import reduce
from operator import xor

from xnornode.board.esp32_image import CHIPS, TABLE, TABLE_BYTES, Chip

APPLICATION = 0x10000
"""Where the application lies in flash."""
FLASH = 4 << 20
"""Bytes of flash that the partitions take."""


def image(number: int, *segments: bytes, hashed: bool = True) -> bytes:
    """An image for the chip with a number: header, segments, checksum, SHA-256."""
    head = struct.pack("<BBBBI", 0xE9, len(segments), 2, 0x20, 0x40080000)
    head += struct.pack("<4xHBHH4xB", number, 0, 0, 0xFFFF, hashed)
    body = head + b"".join(struct.pack("<II", 0x3FFB0000, len(s)) + s for s in segments)
    checksum = reduce(xor, b"".join(segments), 0xEF)
    body += bytes(15 - len(body) % 16) + bytes([checksum])
    return body + hashlib.sha256(body).digest() if hashed else body


def table(*partitions: tuple[int, int, int, int, bytes]) -> bytes:
    """A partition table of (type, subtype, address, bytes, label)."""
    entries = b"".join(struct.pack("<2sBBII16sI", b"\xaaP", *entry, 0) for entry in partitions)
    entries += b"\xeb\xeb" + b"\xff" * 14 + hashlib.md5(entries).digest()
    return entries.ljust(TABLE_BYTES, b"\xff")


def firmware(
    chip: Chip = CHIPS["ESP32"], text: bytes = b"MicroPython", flash: int = FLASH, **changed: bytes
) -> bytes:
    """A whole file. changed: other bytes for its parts boot, partitions, application."""
    parts = {
        "boot": image(chip.number, bytes(range(200)), b"boot loader!"),
        "partitions": table(
            (1, 2, 0x9000, 0x6000, b"nvs"),
            (1, 1, 0xF000, 0x1000, b"phy_init"),
            (0, 0, APPLICATION, 0x1F0000, b"factory"),
            (1, 0x81, 0x200000, flash - 0x200000, b"vfs"),
        ),
        "application": image(chip.number, text * 500, bytes(1000)),
    } | changed
    data = parts["boot"].ljust(TABLE - chip.offset, b"\xff") + parts["partitions"]
    return data.ljust(APPLICATION - chip.offset, b"\xff") + parts["application"]
