"""What `xnornode flash` does for an ESP32 before MicroPython answers: port, chip, firmware."""

from __future__ import annotations

import argparse
import os
from collections.abc import Iterator
from contextlib import closing, contextmanager
from typing import Any

from xnornode.board import esp32, rp2040
from xnornode.board.esp32_image import DOWNLOADS, Image
from xnornode.cli.command import number
from xnornode.cli.output import Progress, say, show_field
from xnornode.errors import LinkError, XnorNodeError
from xnornode.link.hints import kept_repl, unreached, with_last_lines
from xnornode.link.ports import RASPBERRY_PI, VARIABLE, boards, open_port
from xnornode.link.protocol import Session
from xnornode.link.raw_repl import RawRepl
from xnornode.link.repl import Board
from xnornode.link.stream import Stream

_MACHINE = "import sys\nprint(sys.platform, sys.implementation._machine)"


def add_options(parser: Any) -> None:
    """The options that an ESP32 alone has."""
    parser.add_argument(
        "--erase",
        action="store_true",
        help="erase an ESP32's flash first: models, recordings and all other files go",
    )
    parser.add_argument(
        "--baud",
        type=number(int, least=9600),
        help="bits per second while an ESP32's firmware is written "
        f"(default: {esp32.WRITE_BAUD:,})",
    )


def find(options: argparse.Namespace, image: Image | None) -> str | None:
    """The port of an ESP32; None if the board is a Pico.

    Raises XnorNodeError where the image is for the other kind, or there is no board.
    """
    named = options.port or os.environ.get(VARIABLE)
    if image:
        if named and esp32.usb_vendor(named) == RASPBERRY_PI:
            raise XnorNodeError(
                f"{image.path} is for the {image.chip.name}, and on {named} is a board by "
                "Raspberry Pi: a Pico takes a .uf2 file"
            )
        port = named or esp32.find_port()
        if not port:
            raise LinkError("no ESP32 found: plug one in, or name its port with --port")
        return port
    if rp2040.find_drive(options.drive):
        return None
    if not named:
        return None if boards([RASPBERRY_PI]) else esp32.find_port()
    if options.dry_run or esp32.usb_vendor(named) == RASPBERRY_PI:
        return None
    return named if _is_esp32(named) else None


def _is_esp32(port: str) -> bool:
    """Whether MicroPython on a port runs on an ESP32. Raises LinkError if none answers."""
    with _board(port) as (repl, answers):
        if not answers:
            _explain_silence(repl)
        with Board(port, repl) as board:
            return board.run(_MACHINE).startswith("esp32")


@contextmanager
def _board(port: str) -> Iterator[tuple[RawRepl, bool]]:
    repl, answers = esp32.answering(port)
    with closing(repl.stream):
        yield repl, answers


def _explain_silence(repl: RawRepl) -> None:
    """Raise LinkError that says what to do for a port on which no MicroPython answers."""
    stream = repl.stream
    if stream.recent:
        session = Session(stream)
        if session.greet(session.timing.hello):
            raise LinkError(kept_repl(repl.url))
    silent = unreached(repl.url, stream.recent)
    try:
        with esp32.BootLoader(repl.url, stream.port, say) as loader:
            text = f"the {loader.chip.name} on {repl.url} has no MicroPython: {loader.chip.advice}"
            raise LinkError(with_last_lines(text, stream.recent))
    except XnorNodeError as error:
        if "has no MicroPython" in str(error):
            raise
        raise LinkError(
            f"{silent}\n  for an ESP32, whose firmware is at {DOWNLOADS}: {error}"
        ) from error


@contextmanager
def board_before(port: str) -> Iterator[Board | None]:
    """The board as it is before its firmware is written; None where no MicroPython answers."""
    with _board(port) as (repl, answers):
        yield Board(port, repl) if answers else None


@contextmanager
def board_with_firmware(
    port: str, image: Image | None, options: argparse.Namespace, width: int
) -> Iterator[Board]:
    """The board with its REPL entered, once it has the image's firmware. Says what was done."""
    if not image:
        with Board(port) as board:
            show_field("board", board.run(_MACHINE).partition(" ")[2].strip(), width)
            show_field("firmware", "MicroPython is there, left as it is", width)
            yield board
        return
    with closing(Stream(open_port(port))) as stream:
        with Progress() as progress:

            def show(done: int, total: int) -> None:
                progress(done, total, f"{done:,} of {total:,} bytes, {image.path.name}")
                if done >= total:
                    progress.end()

            with esp32.BootLoader(port, stream.port, progress.say, show) as loader:
                chip = loader.chip
                wrote = loader.write(
                    image, options.erase, options.force, options.baud or esp32.WRITE_BAUD
                )
        show_field("board", f"{chip.name} on {port}", width)
        if options.erase:
            show_field("erased", "all of the flash: models, recordings and all other files", width)
        what = f"written at {chip.offset:#x} and verified" if wrote else "was there already"
        show_field("firmware", f"{image.describe()}: {what}", width)
        say("waiting for MicroPython")
        with esp32.wait_for_micropython(port, stream.port, say) as board:
            yield board
