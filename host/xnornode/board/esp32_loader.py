"""An ESP32's boot loader by esptool: what the chip is, and its flash written and verified."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from hashlib import md5
from typing import Any

import serial

from xnornode._extras import load_extra
from xnornode.board.esp32_image import CHIPS, DOWNLOADS, Image
from xnornode.errors import LinkError, LinkLost
from xnornode.link.addresses import BAUDRATE, BOTH
from xnornode.link.hints import hint, with_last_lines
from xnornode.link.lines import PORT_ERRORS, set_lines
from xnornode.link.reach import Say
from xnornode.link.stream import RECENT

EXTRA = "esp32"
"""Of xnornode: it brings esptool."""
WRITE_BAUD = 460_800
"""Bits per second while the firmware is written."""
STRAP_SECONDS = 0.3
"""Seconds after the reset in which the chip reads GPIO0, which DTR pulls down."""
CONNECT_TRIES = 4
"""How often the chip is reset into its boot loader: by each of esptool's ways, on a serial port."""
BOOT_LOG = re.compile(rb"(?i)rst:0x|boot:0x|brown-?out|waiting for download")
"""Words of a chip that starts."""
BROWN_OUT = re.compile(rb"(?i)brown-?out")
"""What a chip says whose voltage drops."""

HOLD_BOOT = (
    "hold the board's BOOT button (GPIO0) down, press EN (RST) and let go of it, and run this "
    "again; let go of BOOT once the writing begins"
)
POWER = (
    "use a shorter USB cable, another port or a powered hub, and unplug what else the board feeds"
)
REMEDIES = (
    (
        r"Download mode successfully detected, but getting no sync",
        "the chip is in download mode and does not hear: its RX does not get this computer's TX",
    ),
    (r"Wrong boot mode", f"the chip started its program, not its boot loader: {HOLD_BOOT}"),
    (r"Failed to connect", f"no boot loader of an ESP32 answers: {HOLD_BOOT}"),
    (
        r"Unexpected chip|Failed to autodetect",
        'a chip that this esptool does not know: pip install --upgrade "xnornode[esp32]"',
    ),
    (
        r"MD5 of file|written flash region is empty",
        "the flash does not hold what was written: run it again with --baud 115200; if it fails "
        f"again, the flash or the power supply is faulty: {POWER}",
    ),
    (
        r"[Ss]ecure|[Ee]ncrypt",
        "the chip is locked by its owner's fuses, and takes firmware only by its owner's tools",
    ),
    (r"requires chip revision", f"take another file from {DOWNLOADS}"),
)
"""What esptool says, and what to do about it."""
STOPPED = (
    "the chip stopped answering: run it again with --baud 115200; if it fails again, its power "
    f"may be too weak: {POWER}"
)


class BootLoader:
    """The boot loader of an ESP32 on an open port; a context manager that resets the chip.

    Parameters
    ----------
    url : str
        Name of the port, for messages.
    port : serial.SerialBase
        The open port. It stays open.
    say : callable
        Gets one line of talk.
    progress : callable
        Gets the bytes written, and the bytes in all.
    before, after : str, optional
        How esptool resets the chip at the start and at the end, in its own words.

    Attributes
    ----------
    chip : Chip
        What it is.
    flash_bytes : int or None
        The size of its flash; None where the flash does not say.
    """

    def __init__(
        self,
        url: str,
        port: serial.SerialBase,
        say: Say,
        progress: Callable[[int, int], None] = lambda done, total: None,
        before: str = "default-reset",
        after: str = "hard-reset",
    ) -> None:
        self.url, self._port, self._say, self._progress = url, port, say, progress
        self._before, self._after = before, after
        self._tool = load_extra("esptool", EXTRA)
        self._esp: Any = None
        self._baud = getattr(url, "baud", BAUDRATE)
        self._heard = b""
        self._size = 0

    def __enter__(self) -> BootLoader:
        self._read = self._port.read
        self._port.read = self._hear  # type: ignore[method-assign]
        _listen_to(self._tool)
        _listeners.append((self._say, self._show))
        try:
            with self._explained():
                self._connect()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        try:
            if self._esp:
                with suppress(Exception):  # a chip that was stopped amid something says anything
                    if self._port.baudrate != self._baud:  # what it says next is at this speed
                        self._esp.change_baud(self._baud)
                with suppress(Exception):
                    self._tool.reset_chip(self._esp, self._after)
                time.sleep(STRAP_SECONDS)
        finally:
            self._let_go()

    def write(
        self, image: Image, erase: bool = False, force: bool = False, baud: int = WRITE_BAUD
    ) -> bool:
        """Write an image unless it is there.

        Parameters
        ----------
        image : Image
            For this chip.
        erase : bool, default False
            Whether all of the flash is erased first.
        force : bool, default False
            Whether it is written even where it is there.
        baud : int, default WRITE_BAUD
            Bits per second. A TCP socket has none.

        Returns
        -------
        bool
            Whether it was written.

        Raises
        ------
        LinkError
            It is for another chip or a larger flash: nothing is written. Or the chip fails.
        """
        self._check(image)
        with self._explained():
            if baud != self._port.baudrate and not self.url.startswith("socket:"):
                self._esp.change_baud(baud)
            if not (erase or force) and all(
                self._esp.flash_md5sum(at, len(part))
                == md5(part, usedforsecurity=False).hexdigest()
                for at, part in image.parts.items()
            ):
                return False
            if erase:
                self._say("erasing the flash: models, recordings and all other files go")
                self._tool.erase_flash(self._esp)
            self._size = len(image.data)
            self._say(f"writing {image.describe()}, at {image.chip.offset:#x}")
            # esptool compares the flash with the image by MD5 afterwards
            self._tool.write_flash(self._esp, [(image.chip.offset, image.data)])
        return True

    def _is_on(self, image: Image) -> bool:
        """Whether the flash holds an image, but for what the board keeps between its parts."""
        digests = {at: md5(part, usedforsecurity=False) for at, part in image.parts.items()}
        return all(
            self._esp.flash_md5sum(at, len(image.parts[at])) == digest.hexdigest()
            for at, digest in digests.items()
        )

    def _check(self, image: Image) -> None:
        """Raise LinkError unless the image is for this chip and its flash."""
        if image.chip != self.chip:
            raise LinkError(
                f"{image.path} is for the {image.chip.name}, and the chip on {self.url} is an "
                f"{self.chip.name}: nothing was written; {self.chip.advice}"
            )
        if self.flash_bytes and self.flash_bytes < image.flash_bytes:
            raise LinkError(
                f"{image.path} is for {image.flash_bytes >> 20} MB of flash, and the "
                f"{self.chip.name} on {self.url} has {self.flash_bytes / (1 << 20):g} MB: nothing "
                f"was written; look for a file for that size at {DOWNLOADS}{self.chip.board}/"
            )

    def _connect(self) -> None:
        esp = self._tool.detect_chip(
            self._port, self._baud, self._before, connect_attempts=CONNECT_TRIES
        )
        self._esp = esp
        if esp.CHIP_NAME not in CHIPS:
            raise LinkError(
                f"the chip on {self.url} is an {esp.CHIP_NAME}: firmware is written to "
                f"{', '.join(CHIPS)} alone"
            )
        if esp.secure_download_mode:
            raise self._tool.FatalError("Secure download mode")
        self.chip = CHIPS[esp.CHIP_NAME]
        self._say(f"the chip on {self.url} is an {self.chip.name}")
        self._esp = self._tool.run_stub(esp)
        self._tool.attach_flash(self._esp)
        size = self._tool.cmds.detect_flash_size(self._esp)
        self.flash_bytes = self._tool.util.flash_size_bytes(size) if size else None

    def _hear(self, size: int = 1) -> bytes:
        """Read from the port, and keep what came last."""
        data = self._read(size)
        self._heard = (self._heard + data)[-RECENT:]
        return data

    def _show(self, done: int, total: int) -> None:
        """Progress; esptool counts compressed bytes."""
        if self._size and total:
            self._progress(self._size * done // total, self._size)

    def _let_go(self) -> None:
        """The port and esptool as they were."""
        del self._port.read
        _listeners.pop()
        if self._port.is_open:
            with suppress(*PORT_ERRORS):
                self._port.baudrate = self._baud
            set_lines(self._port, getattr(self.url, "lines", BOTH))

    @contextmanager
    def _explained(self) -> Iterator[None]:
        """Errors with their remedies."""
        try:
            yield
        except (self._tool.FatalError, RuntimeError) as error:
            raise LinkError(self._why(str(error))) from error
        except PORT_ERRORS as error:
            raise LinkLost(
                f"{self.url} went away: {error}. If nobody unplugged it, the power failed: {POWER}"
            ) from error

    def _why(self, said: str) -> str:
        """What went wrong, and what to do."""
        said = _own_words(said)
        remedy = next((text for pattern, text in REMEDIES if re.search(pattern, said)), STOPPED)
        if BROWN_OUT.search(self._heard):
            remedy = hint(self._heard)
        elif HOLD_BOOT in remedy and self.url.startswith("socket:"):
            remedy += "; socket:// does not carry the lines that do this, rfc2217:// does"
        text = f"{self.url}: {remedy} (esptool: {said})"
        return with_last_lines(text, self._heard) if _is_boot_log(self._heard) else text


def _own_words(said: str) -> str:
    """What esptool says, without its own options and addresses."""
    return re.split(r"\n|[,.]? ?(?:Use|[Ss]et) (?:--|the force)", said)[0].strip()


def _is_boot_log(heard: bytes) -> bool:
    """Whether what came is what a chip says at its start, and no answer to esptool."""
    return bool(BOOT_LOG.search(heard))


_listeners: list[tuple[Say, Callable[[int, int], None]]] = []
"""Who gets esptool's warnings and its progress: at most one."""


def _listen_to(tool: Any) -> None:
    """Have esptool log to the listeners, instead of to stdout. It keeps the first logger."""
    if hasattr(tool, "xnornode_listens"):
        return

    class Logger(tool.logger.TemplateLogger):
        def print(self, *args: Any, **kwargs: Any) -> None:
            pass

        def note(self, message: str) -> None:
            pass

        def warning(self, message: str) -> None:
            for say, _ in _listeners:
                say(f"esptool: {_own_words(message)}")

        error = warning

        def stage(self, finish: bool = False) -> None:
            pass

        def progress_bar(
            self,
            cur_iter: int,
            total_iters: int,
            prefix: str = "",
            suffix: str = "",
            bar_length: int = 30,
        ) -> None:
            for _, progress in _listeners:
                progress(cur_iter, total_iters)

        def set_verbosity(self, verbosity: str) -> None:
            pass

    tool.logger.log.set_logger(Logger())
    tool.xnornode_listens = True
