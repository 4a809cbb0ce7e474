"""Boards that tests run on: MicroPython under qemu, spoken to as an owner would, by serial port."""

import re
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from firmware import build
from xnornode.link import Board

ROOT = Path(__file__).resolve().parent.parent
QEMU = {
    "qemu-arm": (
        "qemu-system-arm -machine microbit -global nrf51-soc.flash-size=1048576 "
        "-global nrf51-soc.sram-size=262144"
    ),
    "qemu-riscv": "qemu-system-riscv32 -machine virt -bios none",
}


@contextmanager
def qemu(target: str) -> Iterator[Board]:
    """A board under qemu at its raw REPL, from start to end of the emulator."""
    command = [*QEMU[target].split(), "-nographic", "-monitor", "null", "-semihosting"]
    command += ["-serial", "pty", "-kernel", str(build(target))]
    with subprocess.Popen(
        command,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    ) as process:
        try:
            assert process.stdout
            port = re.search(r"/dev/pts/\d+", process.stdout.readline())
            assert port, "qemu names its serial port"
            with Board(port[0]) as board:
                yield board
        finally:
            process.kill()
