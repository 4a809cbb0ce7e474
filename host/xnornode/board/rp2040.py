"""The firmware of a Raspberry Pi Pico or Pico 2: bootloader, its drive, UF2.

RP2040 datasheet, 2.8.5; RP2350 datasheet, 5.5.
"""

from __future__ import annotations

import ctypes
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

from xnornode.board.uf2 import CHIPS, Chip, Uf2
from xnornode.errors import LinkError
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

Say = Callable[[str], None]


def find_pico(port: str | None, drive: Path | None) -> str | None:
    """The port named, or $XNORNODE_PORT, or the only Pico's.

    Parameters
    ----------
    port : str or None
        The port that the user names.
    drive : Path or None
        Where the user says that the bootloader's drive is.

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


def find_drive(drive: Path | None) -> tuple[Path, Chip] | None:
    """Where the bootloader's drive is mounted, and whose it is; None when it is not there."""
    for folder in [drive] if drive else mounted(sys.platform):
        try:
            info = (folder / INFO).read_bytes()
        except OSError:
            continue
        for chip in CHIPS:
            if f"Board-ID: {chip.drive}".encode() in info:
                return folder, chip
    return None


def mounted(platform: str, root: Path = Path("/")) -> list[Path]:
    """Where a system may have the drive. root: the top of its file system, but on Windows.

    Linux lists what it has mounted; macOS has it by name, a second one with a number.
    """
    if platform == "win32":
        return local_drives(_drive_type)
    labels = [chip.drive for chip in CHIPS]
    if platform == "darwin":
        return [path for label in labels for path in sorted(root.glob(f"Volumes/{label}*"))]
    mounts = root / "proc" / "mounts"
    lines = os.fsdecode(mounts.read_bytes()).splitlines() if mounts.exists() else []
    return [
        Path(line.split()[1].replace("\\040", " "))
        for line in lines
        if any(label in line for label in labels)
    ]


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
    for chip in CHIPS:
        device = Path("/dev/disk/by-label") / chip.drive
        if device.exists() and shutil.which("udisksctl"):
            subprocess.run(
                ["udisksctl", "mount", "--no-user-interaction", "-b", str(device)],
                capture_output=True,
                check=False,
            )


def identify(board: Board) -> tuple[Chip, str]:
    """The board's chip, and what MicroPython calls the board.

    Raises LinkError for one that this program cannot set up.
    """
    machine = board.run("import sys\nprint(sys.platform, sys.implementation._machine)").strip()
    for chip in CHIPS:
        if machine.startswith("rp2 ") and chip.name in machine:
            return chip, machine
    known = " or ".join(f"{chip.board} with an {chip.name}" for chip in CHIPS)
    raise LinkError(
        f"the board on {board.url} is not a {known} but {machine!r}: name another --port"
    )


def architecture(board: Board) -> str:
    """Of the machine code that the board's firmware loads. Raises LinkError as `identify`."""
    return "rv32imc" if "RISCV" in identify(board)[1] else "armv6m"


def _check_chip(uf2: Uf2, chip: Chip, where: str) -> None:
    """Raise LinkError for another chip's firmware."""
    if uf2.chip is not chip:
        raise LinkError(
            f"{uf2.path} is for the {uf2.chip.name} ({uf2.chip.board}), and {where} is an "
            f"{chip.name} ({chip.board}): nothing was written. Name its firmware with --firmware, "
            "or leave --firmware out for XnorNode's own"
        )


def flash(
    choose: Callable[[Chip], Uf2], port: str | None, drive: Path | None, force: bool, say: Say
) -> tuple[str, Uf2, bool]:
    """Put the firmware on the board unless it is there.

    Parameters
    ----------
    choose : callable
        Gives the firmware for a chip. One for another chip is refused before anything is written.
    port : str or None
        The board's port. None when it is in its bootloader already.
    drive : Path or None
        Where the user says that the bootloader's drive is. None: where the system mounts it.
    force : bool
        Write it even where it is there already.
    say : callable
        Gets one line of talk.

    Returns
    -------
    tuple of str, Uf2 and bool
        The board's port, its firmware, and whether that was written.

    Raises
    ------
    LinkError
        The board cannot be reached, is of another kind, or does not take the firmware.
    """
    if find_drive(drive) is None:
        if port is None:
            raise LinkError("the drive has gone: plug the board in again with BOOTSEL held")
        with Board(port) as board:
            chip, machine = identify(board)
            uf2 = choose(chip)
            _check_chip(uf2, chip, f"the board on {board.url}")
            if uf2.path == chip.firmware and " W with " in machine and not force:
                raise LinkError(
                    f"the board on {board.url} is a {machine.partition(' ')[2]}, and XnorNode's "
                    "firmware has no Wi-Fi: --native keeps the board's own, --force writes it"
                )
            if not force and uf2.is_on(board):
                return port, uf2, False
            say("firmware: entering the bootloader")
            board.leave("import machine\nmachine.bootloader()")
    folder, chip = _wait_for_drive(drive)
    uf2 = choose(chip)
    _check_chip(uf2, chip, f"the board of the drive {folder}")
    say(f"firmware: copying to {folder}")
    _copy(uf2, folder)
    _wait_until_gone(folder)
    say("firmware: booting")
    return _wait_for_port(port), uf2, True


def _wait_for_drive(drive: Path | None) -> tuple[Path, Chip]:
    deadline = time.monotonic() + DRIVE_SECONDS
    while time.monotonic() < deadline:
        found = find_drive(drive)
        if found:
            return found
        if not drive:
            _mount()
        time.sleep(0.1)
    labels = " or ".join(chip.drive for chip in CHIPS)
    device = f" (/dev/disk/by-label/{labels})" if sys.platform == "linux" else ""
    raise LinkError(
        f"{drive or f'the {labels} drive'} did not show up: if nothing mounts it, do so yourself"
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
