"""Targets of fuzz_parsers for what comes from a board: answers of its raw REPL, a firmware file."""

from __future__ import annotations

import io
import random
import struct
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import serial

from xnornode.board.install import Installer
from xnornode.board.native_module import Module, check, module_for
from xnornode.board.rp2040 import identify
from xnornode.board.uf2 import UF2_BLOCK, UF2_END, UF2_MAGIC, UF2_RP2040, Uf2
from xnornode.errors import XnorNodeError
from xnornode.link.raw_repl import RawRepl
from xnornode.link.repl import Board
from xnornode.link.stream import Stream

TAKES_CODE = b"R\x01\xff\xff\x04"
"""Raw-paste mode, a window of 65,535 bytes, and the code's end."""
ENDS = b"\x04\x04>"
ANSWERS = (
    b'[9478, "1.25.0", null]',
    b'[true, "0.1.0", "portable"]',
    b"[1441792, 1040384, true]",
    b'{"/lib/a.py": null}',
    b"rp2 Raspberry Pi Pico with RP2040\r\n",
)


class Played:
    """A port that plays bytes, then goes away."""

    name, is_open, timeout, write_timeout = "played", True, 0.0, 0.0

    def __init__(self, data: bytes) -> None:
        self._data = io.BytesIO(data)
        self._size = len(data)

    @property
    def in_waiting(self) -> int:
        """Bytes that are left."""
        return self._size - self._data.tell()

    def read(self, size: int = 1) -> bytes:
        """The next bytes."""
        if self.in_waiting:
            return self._data.read(size)
        if size == 1:
            raise serial.SerialException("the end")
        return b""

    def write(self, data: bytes) -> int:
        """Takes what is written."""
        return len(data)


def take_answer(data: bytes) -> None:
    """Each question that is put to a board, answered by `data`. None raises but XnorNodeError."""
    asked: list[Callable[[Board], object]] = [
        module_for,
        lambda board: check(board, Module("x64", b"")),
        lambda board: Installer(board, lambda _: None, lambda *_: None)._can_stage({}),
        lambda board: board.hashes(["/lib/a.py"]),
        identify,
    ]
    for question in asked:
        port: serial.SerialBase = Played(data)  # type: ignore[assignment]
        with suppress(XnorNodeError):
            question(Board("played", RawRepl("played", Stream(port))))


def change_answer(
    changed: Callable[[random.Random, bytes], bytes],
) -> Callable[[random.Random, bytes], bytes]:
    """A change of what the board prints, within the REPL's frame."""

    def change(rng: random.Random, data: bytes) -> bytes:
        return TAKES_CODE + changed(rng, data[len(TAKES_CODE) : -len(ENDS)]) + ENDS

    return change


def firmware() -> bytes:
    """A UF2 file of three blocks."""
    made = b""
    for number in range(3):
        head = (*UF2_MAGIC, 0x2000, 0x10000000 + 256 * number, 256, number, 3, UF2_RP2040)
        made += UF2_BLOCK.pack(*head) + bytes(476) + struct.pack("<I", UF2_END)
    return made


def take_firmware(data: bytes) -> None:
    """A firmware file, as `flash --firmware` reads it."""
    Uf2(Path("f.uf2"), data).describe()
