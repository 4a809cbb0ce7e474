"""An ESP32 behind its serial port: what it runs after a reset, and what that says."""

from __future__ import annotations

import mmap
import os
import shutil
import socket
import subprocess
import tty
from contextlib import suppress
from pathlib import Path

from tools.emulators.esp32.boot_loader import FLASH_SIZE, BootLoader
from tools.emulators.esp32.image import CHIPS, FILES, fault
from tools.firmware.build import build

# At the start of the files' partition: erased, it takes them along.
FORMATTED = b"formatted by the stand-in"
BOOT_PY = "# This file is run at each start, before main.py.\n"


class Esp32:
    """A chip with 4 MB of flash. It is not started before `start`.

    Args:
        name: "esp32" or "esp32c3".
        folder: of its flash (flash.bin) and of its files (files); made where they are not there.
        firmware: what is written into flash that is made, at the chip's offset.

    Raises:
        BuildError: its MicroPython cannot be built.
        RuntimeError: its boot loader does not start.
    """

    def __init__(self, name: str, folder: Path, firmware: bytes = b"") -> None:
        self.facts = CHIPS[name]
        self.files = folder / "files"
        self.fd = -1
        """What the program writes can be read here, and its input written; not blocking. -1 where
        none runs."""
        self._micropython = build(f"standin/{name}")
        self._process: subprocess.Popen[bytes] | None = None
        self._loader: socket.socket | None = None
        flash = folder / "flash.bin"
        self.files.mkdir(parents=True, exist_ok=True)
        if not flash.exists():
            content = bytearray(b"\xff" * FLASH_SIZE)
            content[self.facts.offset : self.facts.offset + len(firmware)] = firmware
            if any(self.files.iterdir()):
                content[FILES : FILES + len(FORMATTED)] = FORMATTED
            flash.write_bytes(content)
        with flash.open("r+b") as file:
            self.flash = mmap.mmap(file.fileno(), FLASH_SIZE)
        self._boot_loader = BootLoader(name, flash)
        try:
            self._boot_loader.wait()
        except BaseException:
            self.close()
            raise

    def start(self, download: bool) -> bytes:
        """Leave the reset; what the ROM says. download: whether GPIO0 is low."""
        self.stop()
        facts = self.facts
        if download:
            self._loader = self._boot_loader.connect()
            self._loader.setblocking(False)
            self.fd = self._loader.fileno()
            return f"{facts.greeting}{facts.loader}waiting for download\r\n".encode()
        if why := fault(self.flash[:FILES], facts.name):
            return f"{facts.greeting}{facts.program}{why}\r\n".encode()
        self._run_micropython()
        return f"{facts.greeting}{facts.program}".encode()

    def _run_micropython(self) -> None:
        if self.flash[FILES : FILES + len(FORMATTED)] != FORMATTED:
            shutil.rmtree(self.files)
            self.files.mkdir()
            (self.files / "boot.py").write_text(BOOT_PY)
            self.flash[FILES : FILES + len(FORMATTED)] = FORMATTED
        self.fd, terminal = os.openpty()
        tty.setraw(terminal)
        os.set_blocking(self.fd, False)
        self._process = subprocess.Popen(
            [str(self._micropython), str(self.files.resolve())],
            stdin=terminal,
            stdout=terminal,
            stderr=terminal,
            start_new_session=True,
        )
        os.close(terminal)

    def stop(self) -> None:
        """Hold it in reset: its program ends where it is."""
        if self._process:
            self._process.kill()
            self._process.wait()
            os.close(self.fd)
        if self._loader:
            self._loader.close()
        self._process = self._loader = None
        self.fd = -1

    @property
    def loading(self) -> bool:
        """Whether the boot loader runs."""
        return self._loader is not None

    def read(self) -> bytes | None:
        """What the program has written; empty when it has ended, None when there is nothing."""
        try:
            return os.read(self.fd, 65536)
        except BlockingIOError:
            return None
        except OSError:  # a terminal whose program has ended
            return b""

    def write(self, data: bytes | bytearray) -> int:
        """Give the program input; how much of it went."""
        with suppress(OSError):
            return os.write(self.fd, data)
        return 0

    def close(self) -> None:
        """End all its processes."""
        self.stop()
        self._boot_loader.close()
        self.flash.close()
