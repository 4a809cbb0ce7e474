"""`xnornode flash`: set a board up, and say what was done.

Progress goes to stderr, the account of what was done to stdout.
"""

from __future__ import annotations

import argparse
import os
from contextlib import nullcontext, suppress
from pathlib import Path
from typing import Any

from xnornode.board import (
    esp32_image,
    main_file,
    repl_lock,
    rp2040,
    sensor_kinds,
)
from xnornode.board.install import Plan
from xnornode.board.uf2 import Uf2
from xnornode.cli import flash_esp32
from xnornode.cli.command import add_command, number
from xnornode.cli.flash_files import (
    UsageError,
    collect,
    describe_own,
    own_firmware,
    programs,
    read_firmware,
)
from xnornode.cli.flash_install import install, with_library
from xnornode.cli.output import confirm, say, show_field
from xnornode.cli.port_options import add_lines, checker
from xnornode.errors import LinkError
from xnornode.link.addresses import Port, PortNameError, checked_name, usual_lines
from xnornode.link.ports import VARIABLE
from xnornode.link.repl import Board
from xnornode.link.share import held

LIBRARY = "armv6m"  # of a dry run
WIDTH = 11  # of the names in the account
EXAMPLE_COMMANDS = """
xnornode flash --model model.bnn
xnornode flash --native --port /dev/ttyUSB0 --model model.bnn
xnornode flash --model model.bnn --recording walk.rec --autostart
xnornode flash --firmware ESP32_GENERIC-v1.26.1.bin --model model.bnn
"""


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
    add_lines(parser)
    parser.add_argument(
        "--port",
        type=checker(checked_name),
        help=f"serial port or pyserial URL (default: ${VARIABLE}, or the only board found)",
    )
    parser.add_argument("--drive", type=Path, help="where the bootloader's drive is mounted")
    parser.add_argument(
        "--firmware",
        type=Path,
        help="a Pico's UF2 file (default: XnorNode's for the chip), or MicroPython's .bin file for "
        f"an ESP32 ({esp32_image.DOWNLOADS})",
    )
    flash_esp32.add_options(parser)
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


def owners_programs(board: Board, options: argparse.Namespace) -> list[str]:
    """Programs on the board that are its owner's, and that may be replaced.

    Raises LinkError where they may not; the board starts again.
    """
    try:
        found = main_file.owners(board, programs(options))
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


def describe(
    options: argparse.Namespace, firmware: str | None, port: str | None, plan: Plan
) -> None:
    """What a run would do. port: an ESP32's, if the board is one."""
    named = port or options.port or os.environ.get(VARIABLE)
    target = named or f"the Pico found at {rp2040.find_pico(None, options.drive) or ''}"
    show_field("board", target, WIDTH)
    added = ", bnn.mpy for it is added" if options.native else ""
    show_field("firmware", firmware or f"left as it is{added}", WIDTH)
    if options.drive and rp2040.find_drive(options.drive) is None:
        missing = f"no {rp2040.INFO} of a Pico there" if options.drive.is_dir() else "no folder"
        show_field("drive", f"{options.drive} is no boot loader's drive ({missing})", WIDTH)
    if options.erase:
        show_field("erased", "all of the flash: models, recordings and all other files", WIDTH)
    files = with_library(plan, LIBRARY).files
    show_field("files", f"{len(files)}, {sum(map(len, files.values())):,} bytes", WIDTH)
    model = f"{options.model}, {len(plan.model):,} bytes" if plan.model else "none"
    show_field("model", model, WIDTH)
    if options.lock_repl is not None:
        show_field("REPL", f"locked, unless GPIO {options.lock_repl} is low at the start", WIDTH)
    print("dry run: nothing was done, and the board was not asked")


def set_up(options: argparse.Namespace) -> None:
    """The whole of it; raises XnorNodeError."""
    if options.port:
        options.port = Port(options.port, options.baud)
    plan = collect(options)
    firmware = None if options.no_firmware or options.native else read_firmware(options)
    image = firmware if isinstance(firmware, esp32_image.Image) else None
    uf2 = firmware if isinstance(firmware, Uf2) else None
    if image and options.drive:
        raise UsageError("--drive goes with a Pico's UF2 file, not with a .bin file for an ESP32")
    if options.erase and not image:
        raise UsageError("--erase goes with a .bin file for an ESP32, not with UF2")
    leaves = options.no_firmware or options.native or uf2
    esp32 = None if leaves else flash_esp32.find(options, image)
    if options.dry_run and (esp32 or leaves):
        describe(options, firmware.describe() if firmware else None, esp32, plan)
    elif esp32:
        _set_up_esp32(options, esp32, image, plan)
    else:
        _set_up_pico(options, uf2, plan)


def _set_up_esp32(
    options: argparse.Namespace, port: str, image: esp32_image.Image | None, plan: Plan
) -> None:
    with held(port):
        _write_esp32(options, port, image, plan)


def _write_esp32(
    options: argparse.Namespace, port: str, image: esp32_image.Image | None, plan: Plan
) -> None:
    owned = None
    if image and options.autostart:
        with flash_esp32.board_before(port) as board:
            owned = owners_programs(board, options) if board else None
    with flash_esp32.board_with_firmware(port, image, options, WIDTH) as board:
        _finish(options, board, plan, owned, None)


def _set_up_pico(options: argparse.Namespace, named: Uf2 | None, plan: Plan) -> None:
    if options.dry_run:
        describe(options, describe_own(), None, plan)
        return
    port = rp2040.find_pico(options.port, options.drive)
    with held(port) if port else nullcontext():
        _write_pico(options, named, plan, port)


def _write_pico(
    options: argparse.Namespace, named: Uf2 | None, plan: Plan, port: str | None
) -> None:
    owned = None
    leave = options.no_firmware or options.native
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
        either = options.no_firmware and not options.native and flash_esp32.is_esp32(board)
        _finish(options, board, plan, owned, None if either else options.native)


def _finish(
    options: argparse.Namespace,
    board: Board,
    plan: Plan,
    owned: list[str] | None,
    native: bool | None,
) -> None:
    """All but the firmware, and start the board again."""
    try:
        for path in owners_programs(board, options) if owned is None else owned:
            show_field("kept", f"{path} as {main_file.keep_copy(board, path)}", WIDTH)
        for line in install(board, plan, native):
            print(line, flush=True)
        if options.lock_repl is not None:
            print(repl_lock.lock(board, options.lock_repl, replace_main=options.autostart))
        if options.autostart and board.hashes([sensor_kinds.PATH])[sensor_kinds.PATH] is None:
            say("no sensor is set: `xnornode sensor` sets one; the node's recordings play once")
    except BaseException:
        with suppress(LinkError):
            board.restart()
        raise
    board.restart()


def run(options: argparse.Namespace) -> int:
    """Carry out `xnornode flash`; the exit status. Raises XnorNodeError."""
    if not options.port and os.environ.get(VARIABLE):
        try:
            checked_name(os.environ[VARIABLE])
        except PortNameError as error:
            options.wrong_usage(f"${VARIABLE}: {error}")
    if options.no_firmware and (options.firmware or options.erase):
        options.wrong_usage("--no-firmware leaves the firmware as it is: no --firmware, no --erase")
    if options.native and (options.firmware or options.force or options.drive):
        options.wrong_usage(
            "--native leaves the firmware as it is: no --firmware, --force or --drive"
        )
    if options.erase and (not options.firmware or options.no_firmware):
        options.wrong_usage("--erase goes with --firmware, a .bin file for an ESP32")
    if options.lock_repl is not None and not options.key:
        options.wrong_usage("--lock-repl goes with --key: without a key anyone can push a model")
    if not options.autostart and (options.replace_main or options.watchdog):
        options.wrong_usage("--replace-main and --watchdog go with --autostart")
    try:
        with usual_lines(options.lines):
            set_up(options)
    except KeyboardInterrupt:
        say("stopped; run it again to finish")
        return 1
    return 0
