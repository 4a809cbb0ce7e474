"""A board with an ESP32 or ESP32-C3 that is not there: one serial port, from reset to predictions.

At its port, by RFC 2217, DTR and RTS move the chip's reset (EN) and GPIO0, as the two transistors
of a board do. With GPIO0 low the chip starts its ROM's boot loader (PyPI's esp32-mock-bootloader),
otherwise MicroPython, where flash has a valid image for the chip.

What is real and what is not:

- MicroPython 1.25 runs in the chip's instruction set, and so do native modules: Xtensa with
  register windows under qemu-xtensa (core dc233c, which lacks the ESP32's floating-point unit), or
  RV32IMC under qemu-riscv32. It has an ESP32's heap and stack, and starts again by Ctrl-D as there.
- It is the port tools/firmware/qemu_user, not ports/esp32, and not what was flashed: of that, the
  stand-in looks at header, checksum and hash, as the ROM does, and starts its own.
- Files are a folder of this computer, which looks 2 MiB large; erased flash takes them along.
- There are no pins, no radio, no second core, no baud rate. Input that does not fit waits longer
  than in a UART.

Usage: python -m tools.emulators.esp32_standin --chip esp32    the port goes to stdout
"""

from __future__ import annotations

import argparse
import signal
import sys
import tempfile
from pathlib import Path
from types import TracebackType

from tools.emulators.esp32.chip import Esp32
from tools.emulators.esp32.image import CHIPS, image
from tools.emulators.esp32.lines import Change
from tools.emulators.esp32.port import Port
from tools.firmware.build import BuildError


class Esp32Standin:
    """A board at `url`; a context manager.

    Args:
        chip: "esp32" (MicroPython runs in Xtensa code) or "esp32c3" (in RV32IMC code).
        folder: what it keeps without power: flash.bin, and the folder files.
        blank: whether flash that is made has no firmware.

    Raises:
        BuildError: its MicroPython cannot be built.
        RuntimeError: its boot loader does not start.
    """

    def __init__(self, chip: str, folder: Path, blank: bool = False) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.chip = chip
        self._chip = Esp32(chip, folder, b"" if blank else image(chip))
        self._port = Port(self._chip)
        self._port.start()

    @property
    def url(self) -> str:
        """Its port, for pyserial: one client at a time."""
        return self._port.url

    @property
    def lines(self) -> list[Change]:
        """How its lines have changed since the start."""
        return list(self._port.lines.log)

    @property
    def resets(self) -> int:
        """How often EN has fallen."""
        return self.lines.count(Change("EN", False))

    @property
    def files(self) -> Path:
        """The folder that MicroPython has as its filesystem."""
        return self._chip.files

    @staticmethod
    def image(chip: str, size: int = 16384, seed: int = 0) -> bytes:
        """A valid image to flash, with `size` bytes of no meaning, which `seed` makes."""
        return image(chip, size, seed)

    def read_flash(self, offset: int, size: int) -> bytes:
        """What is in flash."""
        return bytes(self._chip.flash[offset : offset + size])

    def close(self) -> None:
        """Take its power away."""
        self._port.close()
        self._chip.close()

    def __enter__(self) -> Esp32Standin:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()


def main(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description="An ESP32 board at a port of RFC 2217.")
    parser.add_argument("--chip", choices=sorted(CHIPS), default="esp32")
    parser.add_argument(
        "--folder", type=Path, help="what it keeps (default: a new one, removed at the end)"
    )
    parser.add_argument("--blank", action="store_true", help="without firmware at first")
    arguments = parser.parse_args(argv)
    ends = {signal.SIGINT, signal.SIGTERM}
    signal.pthread_sigmask(signal.SIG_BLOCK, ends)  # for all threads: sigwait takes them
    with tempfile.TemporaryDirectory() as scratch:
        folder = arguments.folder or Path(scratch)
        try:
            with Esp32Standin(arguments.chip, folder, arguments.blank) as board:
                print(board.url, flush=True)
                signal.sigwait(ends)
        except (BuildError, RuntimeError) as error:
            print(f"esp32_standin: {error}", file=sys.stderr)
            return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
