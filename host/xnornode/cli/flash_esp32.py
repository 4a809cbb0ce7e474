"""What `xnornode flash` does for an ESP32 before MicroPython answers: port, chip, firmware."""

from __future__ import annotations

import argparse
import os
from collections.abc import Iterator
from contextlib import closing, contextmanager
from typing import Any

from xnornode.board import esp32, esp32_loader, rp2040
from xnornode.board.esp32_image import DOWNLOADS, Image
from xnornode.cli.output import Progress, say, show_field
from xnornode.cli.port_options import add_checked
from xnornode.errors import LinkError, XnorNodeError
from xnornode.link.addresses import BAUD_VARIABLE, BAUDRATE, Port, checked_baud
from xnornode.link.hints import kept_repl, unreached, with_last_lines
from xnornode.link.ports import RASPBERRY_PI, VARIABLE, boards, open_port
from xnornode.link.protocol import Session
from xnornode.link.raw_repl import RawRepl
from xnornode.link.repl import Board
from xnornode.link.share import held
from xnornode.link.stream import Stream

_MACHINE = "import sys\nprint(sys.platform, sys.implementation._machine)"


def add_options(parser: Any) -> None:
    """The options that an ESP32 alone has."""
    parser.add_argument(
        "--erase",
        action="store_true",
        help="erase an ESP32's flash first: models, recordings and all other files go",
    )
    add_checked(
        parser,
        "--baud",
        BAUD_VARIABLE,
        checked_baud,
        metavar="N",
        help=f"bits per second of the port (default: ${BAUD_VARIABLE}, or {BAUDRATE}; "
        f"{esp32_loader.WRITE_BAUD} while an ESP32's firmware is written)",
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
        return Port(port, options.baud)
    if rp2040.find_drive(options.drive):
        return None
    if not named and boards([RASPBERRY_PI]):
        return None
    port = named or esp32.find_port()
    if not port or esp32.usb_vendor(port) == RASPBERRY_PI:
        return None
    if options.dry_run:  # asks no board
        return None if named else port
    port = Port(port, options.baud)
    with held(port), _board(port) as (repl, answers):
        if not answers:
            _explain_silence(repl)
        with Board(port, repl) as board:
            return port if is_esp32(board) else None


def is_esp32(board: Board) -> bool:
    """Whether MicroPython on a board runs on an ESP32."""
    return board.run(_MACHINE).startswith("esp32 ")


@contextmanager
def _board(port: str) -> Iterator[tuple[RawRepl, bool]]:
    repl, answers = esp32.answering(port)
    with closing(repl.stream):
        yield repl, answers


def _explain_silence(repl: RawRepl) -> None:
    """Raise LinkError that says what to do for a port on which no MicroPython answers."""
    url, stream = repl.url, repl.stream
    session = Session(stream)
    if session.greet(session.timing.hello):
        raise LinkError(kept_repl(url))
    silent, came = unreached(url, stream.recent), stream.recent
    try:
        with esp32_loader.BootLoader(url, stream.port, say) as loader:
            chip = loader.chip
    except XnorNodeError as error:
        text = f"if it is an ESP32, whose firmware is at {DOWNLOADS}: {error}"
        raise LinkError(f"{silent}\n  {text}") from error
    raise LinkError(
        with_last_lines(f"no MicroPython answers on {url}, an {chip.name}: {chip.advice}", came)
    )


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

            with esp32_loader.BootLoader(port, stream.port, progress.say, show) as loader:
                chip = loader.chip
                wrote = loader.write(
                    image, options.erase, options.force, options.baud or esp32_loader.WRITE_BAUD
                )
        show_field("board", f"{chip.name} on {port}", width)
        if options.erase:
            show_field("erased", "all of the flash: models, recordings and all other files", width)
        what = f"written at {chip.offset:#x} and verified" if wrote else "was there already"
        show_field("firmware", f"{image.describe()}: {what}", width)
        by_hand = ": press the board's EN (RST) button" if port.startswith("socket:") else ""
        say(f"waiting for MicroPython{by_hand}")
        with esp32.wait_for_micropython(port, stream.port, say) as board:
            yield board
