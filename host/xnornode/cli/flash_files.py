"""The files that `xnornode flash` puts on a board: read and checked before the board is touched."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from pathlib import Path

from xnornode._files import open_to_read, read_most
from xnornode.board import esp32_image, main_file
from xnornode.board.assets import CLASSIFY, missing
from xnornode.board.install import Plan
from xnornode.board.uf2 import CHIPS, RP2040, Chip, Uf2
from xnornode.data import recording_file
from xnornode.errors import XnorNodeError
from xnornode.link import keys
from xnornode.model import file_format
from xnornode.model.model_file import read_model

LONGEST_FIRMWARE = 1 << 26
"""Bytes: a UF2 file has two for each of the flash, and no board has more than 32 MiB."""


class UsageError(XnorNodeError):
    """A file that was named is not what it should be: nothing has been touched."""


def read_file(path: Path) -> bytes:
    """A file of firmware, or the first LONGEST_FIRMWARE bytes of a longer one."""
    with open_to_read(path) as file:
        return read_most(file, LONGEST_FIRMWARE)


def read(path: Path, reader: Callable[[Path], bytes] = read_file) -> bytes:
    """A file that the user named."""
    try:
        return reader(path)
    except OSError as error:
        raise UsageError(f"cannot read {path}: {error.strerror}") from error


def collect(options: argparse.Namespace) -> Plan:
    """Read and check every file that was named, before the board is touched."""
    plan = Plan()
    if options.autostart:
        program = read(CLASSIFY)
        if options.watchdog:
            program = program.replace(b"WATCHDOG = False", b"WATCHDOG = True")
        plan.files[programs(options)[0]] = main_file.stamped(program)
    if options.key:
        plan.key = plan.files[keys.ON_NODE] = keys.read_key(options.key)
    if options.model:
        plan.model = read(options.model, read_model)
        try:
            file_format.from_bytes(plan.model)
        except XnorNodeError as error:
            raise UsageError(f"{options.model}: {error}") from error
    for given in options.recording:
        inside = sorted(given.rglob("*.rec")) if given.is_dir() else [given]
        if not inside:
            raise UsageError(f"no .rec file in {given}")
        for path in inside:
            # A folder of a folder is a part of the name: a node's recordings lie side by side
            name = "-".join(path.relative_to(given).parts) if given.is_dir() else path.name
            place = f"/recordings/{name}"
            if place in plan.files:
                raise UsageError(f"two recordings would be {place} on the node: rename {path}")
            data = read(path, recording_file.read_recording)
            recording_file.from_bytes(data, str(path))
            plan.files[place] = data
    return plan


def programs(options: argparse.Namespace) -> list[str]:
    """The programs on the board that are replaced; first the one that classifies."""
    if not options.autostart:
        return []
    locked = options.lock_repl is not None
    return [main_file.PROGRAM, main_file.MAIN] if locked else [main_file.MAIN]


def read_firmware(options: argparse.Namespace) -> Uf2 | esp32_image.Image | None:
    """The file that --firmware names; None without."""
    if not options.firmware:
        return None
    data = read(options.firmware)
    if esp32_image.is_image(data) or options.firmware.suffix.lower() == ".bin":
        return esp32_image.Image(options.firmware, data)
    if chip := esp32_image.uf2_chip(data):
        raise UsageError(
            f"{options.firmware} is a UF2 file for the {chip.name}, which takes MicroPython's .bin "
            f"file here: {chip.advice}"
        )
    return Uf2(options.firmware, data)


def own_firmware(chip: Chip) -> Uf2:
    """XnorNode's firmware for a chip. Raises UsageError where it is not there."""
    if not chip.firmware.exists():
        target = "firmware" if chip is RP2040 else f"firmware CHIP={chip.firmware.parent.name}"
        raise UsageError(missing(chip.firmware, target))
    return Uf2(chip.firmware, read(chip.firmware))


def describe_own() -> str:
    """XnorNode's firmwares that are here. Raises UsageError where the Pico's is not."""
    chips = [RP2040, *(chip for chip in CHIPS if chip.firmware.exists() and chip is not RP2040)]
    return "; ".join(f"for a {chip.board} {own_firmware(chip).describe()}" for chip in chips)
