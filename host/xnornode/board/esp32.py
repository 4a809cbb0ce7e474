"""An ESP32 on a port: which port, whether MicroPython answers, and MicroPython after a reset.

The port stays open over the reset, so that what the chip says then is heard.
"""

from __future__ import annotations

import re

import serial
from serial.tools import list_ports

from xnornode.errors import LinkError, LinkLost
from xnornode.link.deadline import Deadline
from xnornode.link.hints import hint, kept_repl, last_lines, with_last_lines
from xnornode.link.ports import RETRY, boards, open_port
from xnornode.link.protocol import Session
from xnornode.link.raw_repl import FRIENDLY_PROMPT, RawRepl
from xnornode.link.reach import Say
from xnornode.link.repl import Board
from xnornode.link.stream import RECENT, Stream

VENDORS = (0x303A, 0x10C4, 0x1A86, 0x0403)
"""USB vendors of these boards: Espressif, and makers of serial chips (ports.VENDORS)."""
BOOT_SECONDS = 60.0
"""How long MicroPython may take after the reset: its first start formats the filesystem."""
QUIET_SECONDS = 2.0
"""Seconds without a byte after which a chip that starts is taken to be done with it."""
TALK_SECONDS = 8.0
"""Seconds after which it is a program that talks, and no start."""
PROMPT_SECONDS = 3.0
"""Seconds for the REPL to answer Ctrl-C."""
DOWNLOAD_MODE = re.compile(rb"waiting for download")
"""What a chip says whose boot loader waits for esptool."""


def find_port() -> str | None:
    """The only port that may have an ESP32; None where there is no such port.

    Raises
    ------
    LinkError
        There is more than one.
    """
    found = boards(VENDORS)
    if len(found) > 1:
        raise LinkError(f"{len(found)} boards found: choose one with --port {' or '.join(found)}")
    return found[0] if found else None


def usb_vendor(url: str) -> int | None:
    """The USB vendor of a serial port; None where it has none."""
    return next((p.vid for p in list_ports.comports() if p.device == url), None)


def answering(url: str) -> tuple[RawRepl, bool]:
    """A port, and whether MicroPython has given its REPL there.

    Parameters
    ----------
    url : str
        Serial port or pyserial URL.

    Returns
    -------
    tuple of RawRepl and bool
        The REPL on the open port. Its stream's `recent` has what came.

    Raises
    ------
    LinkError
        If the port cannot be opened.
    """
    repl = RawRepl(url, Stream(open_port(url)))
    try:
        return repl, any(repl.interrupt(1.0 + late, late=late) for late in (False, True))
    except BaseException:
        repl.stream.close()
        raise


def wait_for_micropython(
    url: str, port: serial.SerialBase, say: Say, seconds: float | None = None
) -> Board:
    """The board on a port whose chip was reset.

    Parameters
    ----------
    url : str
        Name of the port.
    port : serial.SerialBase
        The open port. It is opened again where the chip's own USB went away by the reset.
    say : callable
        Gets one line of talk.
    seconds : float, optional
        How long to wait for it. Default: BOOT_SECONDS.

    Returns
    -------
    Board
        With its REPL entered.

    Raises
    ------
    LinkError
        MicroPython does not come. The port is closed then.
    """
    wait = Deadline(BOOT_SECONDS if seconds is None else seconds)
    repl, told, late = RawRepl(url, Stream(port)), "", False
    stream, came = repl.stream, b""
    try:
        while True:
            try:
                waits_for_download = _listen(stream, wait)
                if not waits_for_download and repl.interrupt(PROMPT_SECONDS, late):
                    return Board(url, repl)
                late, came = True, stream.recent or came
                said = _what_to_press(came)
                if said and said != told:
                    say(said)
                    told, stream.recent = said, b""
            except LinkLost:
                if wait.passed:
                    raise
                wait.pause(RETRY)
                stream.reopen(url, wait)
            if wait.passed:
                raise LinkError(_why_not(url, stream, came))
    except BaseException:
        stream.close()
        raise


def _why_not(url: str, stream: Stream, came: bytes) -> str:
    """Why MicroPython does not come after the firmware was written."""
    session = Session(stream)
    if session.greet(session.timing.hello):
        return kept_repl(url)
    remedy = hint(came) or "press EN (RST), and run this again without --firmware"
    return with_last_lines(f"MicroPython does not answer on {url} after the reset: {remedy}", came)


def _listen(stream: Stream, wait: Deadline) -> bool:
    """Take what a starting chip says, to its prompt; whether it waits for a download instead."""
    settled = wait.within(TALK_SECONDS)
    while not settled.passed and stream.read(wait.within(QUIET_SECONDS)):
        if DOWNLOAD_MODE.search(stream.pending):
            stream.pending = b""
            return True
        if FRIENDLY_PROMPT in stream.pending:
            break
        stream.pending = stream.pending[-RECENT:]
    return False


def _what_to_press(came: bytes) -> str:
    if not came:
        return "nothing comes from the board: press its EN (RST) button"
    if DOWNLOAD_MODE.search(came):
        words = last_lines(came)[-1]
        return f"the chip says {words!r}: let go of BOOT (GPIO0), and press EN (RST)"
    return ""
