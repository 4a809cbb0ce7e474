"""`xnornode flash`: set a board up, and say what was done.

Progress goes to stderr, the account of what was done to stdout.
"""

from __future__ import annotations

import argparse
import os
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

from xnornode._files import open_to_read, read_most
from xnornode.board import main_file, native_module, node_library, repl_lock, rp2040
from xnornode.board.assets import CLASSIFY, missing
from xnornode.board.install import Installer, Plan
from xnornode.board.uf2 import CHIPS, RP2040, Chip, Uf2
from xnornode.cli.command import add_command, number
from xnornode.cli.output import Progress, confirm, say, show_field
from xnornode.data import recording_file
from xnornode.errors import LinkError, XnorNodeError
from xnornode.link import keys
from xnornode.link.ports import VARIABLE
from xnornode.link.repl import Board
from xnornode.model import file_format
from xnornode.model.model_file import read_model

LIBRARY = "armv6m"  # of a dry run
WIDTH = 11  # of the names in the account
LONGEST_FIRMWARE = 1 << 26
"""Bytes: a UF2 file has two for each of the flash, and no board has more than 32 MiB."""
EXAMPLE_COMMANDS = """
xnornode flash --model model.bnn
xnornode flash --native --port /dev/ttyUSB0 --model model.bnn
xnornode flash --model model.bnn --recording walk.rec --autostart
"""


class UsageError(XnorNodeError):
    """A file that was named is not what it should be: nothing has been touched."""


def add_parsers(commands: Any) -> None:
    """Add the command `xnornode flash`."""
    parser = add_command(
        commands,
        "flash",
        "set a board up: firmware, library, model, recordings",
        "Set a board up for XnorNode: firmware, library, model, recordings. What is on it already, "
        "byte for byte, is left alone, so a second run takes seconds.",
        EXAMPLE_COMMANDS,
    )
    parser.set_defaults(run=run)
    parser.add_argument(
        "--port", help=f"serial port or pyserial URL (default: ${VARIABLE}, or the only Pico found)"
    )
    parser.add_argument("--drive", type=Path, help="where the bootloader's drive is mounted")
    parser.add_argument("--firmware", type=Path, help="UF2 file (default: XnorNode's for the chip)")
    parser.add_argument("--no-firmware", action="store_true", help="leave the firmware as it is")
    parser.add_argument(
        "--native",
        action="store_true",
        help="leave the firmware as it is, and put the module beside the library as bnn.mpy",
    )
    parser.add_argument(
        "--force",
        action="store_true",
        help="write the firmware even if it is there, or lacks Wi-Fi",
    )
    parser.add_argument("--model", type=Path, help="a .bnn file to install and self-test")
    parser.add_argument(
        "--recording",
        type=Path,
        action="append",
        default=[],
        help="a .rec file, or a folder of them, to classify in place of a sensor",
    )
    parser.add_argument(
        "--autostart", action="store_true", help="classify from power-on, by its own /main.py"
    )
    parser.add_argument(
        "--replace-main",
        action="store_true",
        help="replace a /main.py of your own too; a copy stays as /main_before.py",
    )
    parser.add_argument(
        "--watchdog",
        action="store_true",
        help="start the board again by its hardware watchdog where the program hangs",
    )
    parser.add_argument(
        "--key", type=Path, help="take only models signed with this key from now on"
    )
    parser.add_argument(
        "--lock-repl",
        type=number(int, least=0),
        metavar="PIN",
        help="never give the port to the REPL, unless this GPIO is connected to ground while the "
        "board starts; with --key only; runs /program.py in place of /main.py",
    )
    parser.add_argument("--dry-run", action="store_true", help="say what would be done, do nothing")


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
        plan.files[_programs(options)[0]] = main_file.stamped(program)
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


def _programs(options: argparse.Namespace) -> list[str]:
    """The programs on the board that are replaced; first the one that classifies."""
    if not options.autostart:
        return []
    locked = options.lock_repl is not None
    return [main_file.PROGRAM, main_file.MAIN] if locked else [main_file.MAIN]


def owners_programs(board: Board, options: argparse.Namespace) -> list[str]:
    """Programs on the board that are its owner's, and that may be replaced.

    Raises LinkError where they may not; the board starts again.
    """
    try:
        found = main_file.owners(board, _programs(options))
        for path in found if not options.replace_main else ():
            copy = f"{path[:-3]}_before.py"
            if not confirm(
                f"the board has a {path} of its owner's: replace it, keep it as {copy}?"
            ):
                raise LinkError(
                    f"the board's {path} is not XnorNode's, and stays: take --replace-main, which "
                    f"keeps a copy as {copy}, or leave out --autostart"
                )
    except BaseException:  # Ctrl-C at the question, too
        with suppress(LinkError):
            board.restart()
        raise
    return found


def describe(options: argparse.Namespace, firmware: str | None, plan: Plan) -> None:
    """What a run would do."""
    named = options.port or os.environ.get(VARIABLE)
    target = named or f"the Pico found at {rp2040.find_pico(None, options.drive) or ''}"
    show_field("board", target, WIDTH)
    added = ", bnn.mpy for it is added" if options.native else ""
    show_field("firmware", firmware or f"left as it is{added}", WIDTH)
    files = with_library(plan, LIBRARY).files
    show_field("files", f"{len(files)}, {sum(map(len, files.values())):,} bytes", WIDTH)
    model = f"{options.model}, {len(plan.model):,} bytes" if plan.model else "none"
    show_field("model", model, WIDTH)
    if options.lock_repl is not None:
        show_field("REPL", f"locked, unless GPIO {options.lock_repl} is low at the start", WIDTH)
    print("dry run: nothing was done")


def own_firmware(chip: Chip) -> Uf2:
    """XnorNode's firmware for a chip. Raises UsageError where it is not there."""
    if not chip.firmware.exists():
        target = "firmware" if chip is RP2040 else f"firmware CHIP={chip.firmware.parent.name}"
        raise UsageError(missing(chip.firmware, target))
    return read_uf2(chip.firmware)


def describe_own() -> str:
    """XnorNode's firmwares that are here. Raises UsageError where the Pico's is not."""
    chips = [RP2040, *(chip for chip in CHIPS if chip.firmware.exists() and chip is not RP2040)]
    return "; ".join(f"for a {chip.board} {own_firmware(chip).describe()}" for chip in chips)


def read_uf2(path: Path) -> Uf2:
    """A firmware file, checked."""
    return Uf2(path, read(path))


def set_up(options: argparse.Namespace) -> None:
    """The whole of it; raises XnorNodeError."""
    plan = collect(options)
    leave = options.no_firmware or options.native
    named = None if leave or not options.firmware else read_uf2(options.firmware)
    if options.dry_run:
        own = None if leave else named.describe() if named else describe_own()
        describe(options, own, plan)
        return
    port = rp2040.find_pico(options.port, options.drive)
    owned = None
    if not leave:
        if options.autostart and port and rp2040.find_drive(options.drive) is None:
            with Board(port) as board:  # before anything is written
                owned = owners_programs(board, options)
        port, uf2, wrote = rp2040.flash(
            lambda chip: named or own_firmware(chip), port, options.drive, options.force, say
        )
        show_field(
            "firmware", f"{uf2.describe()}: {'written' if wrote else 'was there already'}", WIDTH
        )
    if not port:
        raise LinkError("the board is in its bootloader: run without --no-firmware or --native")
    with Board(port) as board:
        try:
            for path in owners_programs(board, options) if owned is None else owned:
                show_field("kept", f"{path} as {main_file.keep_copy(board, path)}", WIDTH)
            for line in install(board, plan, options.native):
                print(line, flush=True)
            if options.lock_repl is not None:
                print(repl_lock.lock(board, options.lock_repl, replace_main=options.autostart))
        except BaseException:
            with suppress(LinkError):
                board.restart()
            raise
        board.restart()


def with_library(plan: Plan, architecture: str) -> Plan:
    """The plan with the node's library before all else."""
    library = node_library.files(architecture)
    return replace(plan, files={**library, **plan.files}, obsolete=node_library.obsolete(library))


def install(board: Board, plan: Plan, native: bool) -> Iterator[str]:
    """Do what is planned, on a board that has its firmware; lines of account."""
    with Progress() as progress:
        yield from _install(board, plan, native, progress)


def _install(board: Board, plan: Plan, native: bool, progress: Progress) -> Iterator[str]:
    def show(path: str, done: int, total: int) -> None:
        progress(done, total, f"{done:,} of {total:,} bytes, {path}")
        if done >= total:
            progress.end()

    installer = Installer(board, progress.say, show)
    if not native:
        architecture = rp2040.architecture(board)
        board.clear()
        yield from installer.install(with_library(plan, architecture))
        return
    module = native_module.module_for(board)
    board.clear()
    files = with_library(replace(plan, model=None), module.architecture)
    files.files[native_module.PATH] = module.data
    yield from installer.install(files)
    yield native_module.check(board, module)
    yield from installer.install(Plan(model=plan.model, key=plan.key))


def run(options: argparse.Namespace) -> int:
    """Carry out `xnornode flash`; the exit status. Raises XnorNodeError."""
    if options.native and (options.firmware or options.force or options.drive):
        options.wrong_usage(
            "--native leaves the firmware as it is: no --firmware, --force or --drive"
        )
    if options.lock_repl is not None and not options.key:
        options.wrong_usage("--lock-repl goes with --key: without a key anyone can push a model")
    if not options.autostart and (options.replace_main or options.watchdog):
        options.wrong_usage("--replace-main and --watchdog go with --autostart")
    try:
        set_up(options)
    except KeyboardInterrupt:
        say("stopped; run it again to finish")
        return 1
    return 0
