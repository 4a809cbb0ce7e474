"""UF2 firmware files, and the chips of Picos that they are for.

RP2040 datasheet, 2.8.5; RP2350 datasheet, 5.5. The format is Microsoft's.
"""

from __future__ import annotations

import hashlib
import struct
from dataclasses import dataclass
from pathlib import Path

from xnornode.board.assets import FIRMWARE
from xnornode.errors import XnorNodeError
from xnornode.link.repl import Board

UF2_BLOCK = struct.Struct("<8I")
UF2_MAGIC = (0x0A324655, 0x9E5D5157)
UF2_END = 0x0AB16F30
UF2_RP2040 = 0xE48BFF56
UF2_RP2350_ARM = 0xE48BFF59
UF2_RP2350_RISCV = 0xE48BFF5A
UF2_ABSOLUTE = 0xE48BFF57
UF2_NOT_MAIN_FLASH = 0x1
ERRATUM_BLOCK = 0x10FFFF00
"""Where files from picotool have a first block of family UF2_ABSOLUTE, which the RP2350 ignores: it
works round erratum E10."""


@dataclass(frozen=True)
class Chip:
    """A chip with a bootloader that is a drive.

    Parameters
    ----------
    name : str
        As MicroPython's `sys.implementation._machine` ends.
    board : str
        The board that people know it by.
    drive : str
        The label of its drive, and the board's identity in the drive's INFO_UF2.TXT.
    families : tuple of int
        Of UF2 blocks that it takes.
    firmware : Path
        XnorNode's own.
    """

    name: str
    board: str
    drive: str
    families: tuple[int, ...]
    firmware: Path


RP2040 = Chip("RP2040", "Pico", "RPI-RP2", (UF2_RP2040,), FIRMWARE / "rp2" / "firmware.uf2")
RP2350 = Chip(
    "RP2350",
    "Pico 2",
    "RP2350",
    (UF2_RP2350_ARM, UF2_RP2350_RISCV),
    FIRMWARE / "rp2350" / "firmware.uf2",
)
CHIPS = (RP2040, RP2350)


class Uf2:
    """A firmware file.

    Parameters
    ----------
    path : Path
        Its path, for messages.
    data : bytes
        Its content.

    Raises
    ------
    XnorNodeError
        It is no UF2 file, or not one for a chip of CHIPS.
    """

    def __init__(self, path: Path, data: bytes) -> None:
        self.path, self.data = path, data
        self.chip, self.segments = _read(path, data)

    def describe(self) -> str:
        """Name, bytes of flash, and the start of the hash."""
        size = sum(len(s) for s in self.segments.values())
        digest = hashlib.sha256(self.data).hexdigest()[:12]
        return f"{self.path.name}, {size:,} bytes, SHA-256 {digest}"

    def is_on(self, board: Board) -> bool:
        """Whether the board's flash holds these very bytes."""
        for address, data in self.segments.items():
            digest = board.run(
                "import hashlib, uctypes\n"
                f"flash = uctypes.bytearray_at({address}, {len(data)})\n"
                "print(hashlib.sha256(flash).digest().hex())"
            )
            if digest.strip() != hashlib.sha256(data).hexdigest():
                return False
        return True


def _read(path: Path, data: bytes) -> tuple[Chip, dict[int, bytes]]:
    """The chip, and address to bytes with adjacent blocks joined."""
    segments: dict[int, bytearray] = {}
    chip: Chip | None = None
    end, start = -1, 0
    total, first = len(data) // 512, 0
    for at in range(0, len(data), 512):
        block = data[at : at + 512]
        if len(block) < 512 or UF2_BLOCK.unpack(block[:32])[:2] != UF2_MAGIC:
            raise XnorNodeError(f"{path} is not a UF2 file: --firmware names one, or leave it out")
        _, _, flags, address, size, number, count, family = UF2_BLOCK.unpack(block[:32])
        if block[508:] != UF2_END.to_bytes(4, "little") or size > 476:
            raise XnorNodeError(f"{path} is damaged at block {at // 512}: copy it again")
        if at == 0 and (family, address) == (UF2_ABSOLUTE, ERRATUM_BLOCK):
            first = 1
            continue
        if count != total - first or number != at // 512 - first:
            raise XnorNodeError(f"{path} is cut short: copy it again")
        if flags & UF2_NOT_MAIN_FLASH:
            continue
        its = next((chip for chip in CHIPS if family in chip.families), None)
        if its is None or its is not (chip or its):
            known = " or ".join(chip.name for chip in CHIPS)
            raise XnorNodeError(f"{path} is not for the {known} (UF2 family {family:#x})")
        chip = its
        if address != end:
            start = address
            segments[start] = bytearray()
        segments[start] += block[32 : 32 + size]
        end = address + size
    if not chip:
        raise XnorNodeError(f"{path} is empty")
    return chip, {address: bytes(part) for address, part in segments.items()}
