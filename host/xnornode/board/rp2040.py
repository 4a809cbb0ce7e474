"""The firmware of a Raspberry Pi Pico: bootloader, RPI-RP2 drive, UF2 (RP2040 datasheet, 2.8.5)."""

from __future__ import annotations

import ctypes
import hashlib
import os
import shutil
import struct
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

from xnornode.errors import LinkError, XnorNodeError
from xnornode.link.ports import RASPBERRY_PI, VARIABLE, boards
from xnornode.link.repl import Board, wait_for_board

DRIVE_SECONDS = 20.0
"""How long the drive may take to show up once the board is in its bootloader."""
FLASH_SECONDS = 60.0
"""How long copying the firmware may take, until the drive goes away."""
BOOT_SECONDS = 60.0
"""How long the board may take to come back: its first boot formats the filesystem."""

INFO = "INFO_UF2.TXT"
"""The file on the drive that names the board."""
DRIVE_REMOVABLE, DRIVE_FIXED = 2, 3
"""Kinds of drives that Windows' GetDriveTypeW gives."""

UF2_BLOCK = struct.Struct("<8I")
UF2_MAGIC = (0x0A324655, 0x9E5D5157)
UF2_END = 0x0AB16F30
UF2_RP2040 = 0xE48BFF56
UF2_NOT_MAIN_FLASH = 0x1

Say = Callable[[str], None]


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
        It is no UF2 file, or not one for the RP2040.
    """

    def __init__(self, path: Path, data: bytes) -> None:
        self.path, self.data = path, data
        self.segments = _segments(path, data)

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


def _segments(path: Path, data: bytes) -> dict[int, bytes]:
    """Address to bytes, adjacent blocks joined."""
    segments: dict[int, bytearray] = {}
    end, start = -1, 0
    for at in range(0, len(data), 512):
        block = data[at : at + 512]
        if len(block) < 512 or UF2_BLOCK.unpack(block[:32])[:2] != UF2_MAGIC:
            raise XnorNodeError(f"{path} is not a UF2 file: --firmware names one, or leave it out")
        _, _, flags, address, size, number, count, family = UF2_BLOCK.unpack(block[:32])
        if block[508:] != UF2_END.to_bytes(4, "little") or size > 476:
            raise XnorNodeError(f"{path} is damaged at block {at // 512}: copy it again")
        if count != len(data) // 512 or number != at // 512:
            raise XnorNodeError(f"{path} is cut short: copy it again")
        if flags & UF2_NOT_MAIN_FLASH:
            continue
        if family != UF2_RP2040:
            raise XnorNodeError(f"{path} is not for the RP2040 (UF2 family {family:#x})")
        if address != end:
            start = address
            segments[start] = bytearray()
        segments[start] += block[32 : 32 + size]
        end = address + size
    if not segments:
        raise XnorNodeError(f"{path} is empty")
    return {address: bytes(part) for address, part in segments.items()}


def find_pico(port: str | None, drive: Path | None) -> str | None:
    """The port named, or $XNORNODE_PORT, or the only Pico's.

    Parameters
    ----------
    port : str or None
        The port that the user names.
    drive : Path or None
        Where the user says that the RPI-RP2 drive is.

    Returns
    -------
    str or None
        None when the Pico is in its bootloader.

    Raises
    ------
    LinkError
        There is no Pico, or more than one to choose from.
    """
    port = port or os.environ.get(VARIABLE)
    if port:
        return port
    found = boards([RASPBERRY_PI])
    if len(found) > 1:
        raise LinkError(f"{len(found)} boards found: choose one with --port {' or '.join(found)}")
    if found:
        return found[0]
    if find_drive(drive):
        return None
    raise LinkError(
        "no Pico found: plug one in (a new one with BOOTSEL held down) or name its port with --port"
    )


def find_drive(drive: Path | None) -> Path | None:
    """Where the RPI-RP2 drive is mounted; None when it is not there."""
    for folder in [drive] if drive else mounted(sys.platform):
        try:
            if b"RPI-RP2" in (folder / INFO).read_bytes():
                return folder
        except OSError:
            continue
    return None


def mounted(platform: str, root: Path = Path("/")) -> list[Path]:
    """Where a system may have the RPI-RP2 drive. root: the top of its file system, but on Windows.

    Linux lists what it has mounted; macOS has it by name, a second one with a number.
    """
    if platform == "win32":
        return local_drives(_drive_type)
    if platform == "darwin":
        return sorted(root.glob("Volumes/RPI-RP2*"))
    mounts = root / "proc" / "mounts"
    lines = os.fsdecode(mounts.read_bytes()).splitlines() if mounts.exists() else []
    return [Path(line.split()[1].replace("\\040", " ")) for line in lines if "RPI-RP2" in line]


def local_drives(drive_type: Callable[[str], int]) -> list[Path]:
    """The drives of this computer, by GetDriveTypeW: a dead network drive answers late."""
    roots = [f"{letter}:\\" for letter in "DEFGHIJKLMNOPQRSTUVWXYZ"]
    return [Path(root) for root in roots if drive_type(root) in (DRIVE_REMOVABLE, DRIVE_FIXED)]


def _drive_type(root: str) -> int:
    kernel = ctypes.windll.kernel32  # type: ignore[attr-defined,unused-ignore]
    kernel.SetErrorMode(1)  # else a card reader without a card opens a window
    return int(kernel.GetDriveTypeW(root))


def _mount() -> None:
    """Ask the desktop to mount the drive where nothing does so by itself."""
    device = Path("/dev/disk/by-label/RPI-RP2")
    if device.exists() and shutil.which("udisksctl"):
        subprocess.run(
            ["udisksctl", "mount", "--no-user-interaction", "-b", str(device)],
            capture_output=True,
            check=False,
        )


def check_platform(board: Board) -> None:
    """Raise LinkError unless the board is one that this program knows how to set up."""
    machine = board.run("import sys\nprint(sys.platform, sys.implementation._machine)").strip()
    if not machine.startswith("rp2 ") or "RP2040" not in machine:
        raise LinkError(
            f"the board on {board.url} is not a Pico with an RP2040 but {machine!r}: "
            "name another --port"
        )


def flash(
    uf2: Uf2, port: str | None, drive: Path | None, force: bool, say: Say
) -> tuple[str, bool]:
    """Put the firmware on the board unless it is there.

    Parameters
    ----------
    uf2 : Uf2
        The firmware.
    port : str or None
        The board's port. None when it is in its bootloader already.
    drive : Path or None
        Where the user says that the RPI-RP2 drive is. None: where the system mounts it.
    force : bool
        Write it even where it is there already.
    say : callable
        Gets one line of talk.

    Returns
    -------
    tuple of str and bool
        The board's port, and whether the firmware was written.

    Raises
    ------
    LinkError
        The board cannot be reached, is of another kind, or does not take the firmware.
    """
    if find_drive(drive) is None:
        if port is None:
            raise LinkError("the RPI-RP2 drive has gone: plug the board in again with BOOTSEL held")
        with Board(port) as board:
            check_platform(board)
            if not force and uf2.is_on(board):
                return port, False
            say("firmware: entering the bootloader")
            board.leave("import machine\nmachine.bootloader()")
    folder = _wait_for_drive(drive)
    say(f"firmware: copying to {folder}")
    _copy(uf2, folder)
    _wait_until_gone(folder)
    say("firmware: booting")
    return _wait_for_port(port), True


def _wait_for_drive(drive: Path | None) -> Path:
    deadline = time.monotonic() + DRIVE_SECONDS
    while time.monotonic() < deadline:
        folder = find_drive(drive)
        if folder:
            return folder
        if not drive:
            _mount()
        time.sleep(0.1)
    device = " (/dev/disk/by-label/RPI-RP2)" if sys.platform == "linux" else ""
    raise LinkError(
        f"{drive or 'the RPI-RP2 drive'} did not show up: if nothing mounts it, do so yourself"
        f"{device} and name its folder with --drive; the board waits in its bootloader meanwhile"
    )


def _copy(uf2: Uf2, folder: Path) -> None:
    try:
        with open(folder / "firmware.uf2", "wb") as f:
            f.write(uf2.data)
            f.flush()
            os.fsync(f.fileno())
    except OSError as error:
        # The board reboots at the last block: the drive may be gone before the close returns.
        if os.path.exists(folder / INFO):
            raise LinkError(f"cannot copy to {folder}: {error.strerror}") from error


def _wait_until_gone(folder: Path) -> None:
    deadline = time.monotonic() + FLASH_SECONDS
    while os.path.exists(folder / INFO):  # Path.exists may raise for a drive that goes
        if time.monotonic() > deadline:
            raise LinkError(
                "the board does not take the firmware: unplug it, hold BOOTSEL, try again"
            )
        time.sleep(0.1)


def _wait_for_port(port: str | None) -> str:
    deadline = time.monotonic() + BOOT_SECONDS
    while port is None:
        try:
            port = find_pico(None, None)
        except LinkError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.2)
    wait_for_board(port, max(1.0, deadline - time.monotonic())).close()
    return port
