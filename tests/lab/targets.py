"""MicroPythons that tests run on: interpreters for scripts, and boards at a serial port.

Those named native/<architecture> have no `bnn` of their own: they load the native module.
"""

import os
import pty
import re
import subprocess
import tty
from base64 import b64encode
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.lab.near_board import MemoryOf, NearBoard
from tools.firmware.build import build
from tools.firmware.sources import ROOT
from tools.firmware.tool_packages import install
from xnornode.link.repl import CHUNK, Board

MICROBIT = (
    "qemu-system-arm -machine microbit -global nrf51-soc.flash-size=1048576 "
    "-global nrf51-soc.sram-size=262144"
)
VIRT = "qemu-system-riscv32 -machine virt -bios none"
# MicroPython's start-up does not switch the floating-point unit on (CPACR).
WITH_FLOATS = "-device loader,addr=0xe000ed88,data=0xf00000,data-len=4"
QEMU = {
    "qemu-arm": MICROBIT,
    "qemu-riscv": VIRT,
    "qemu-arm-stock": MICROBIT,
    "qemu-riscv-stock": VIRT,
    "qemu-m3-stock": "qemu-system-arm -machine mps2-an385",
    "qemu-m4-stock": f"qemu-system-arm -machine mps2-an386 {WITH_FLOATS}",
    "qemu-m4-softfp-stock": f"qemu-system-arm -machine mps2-an386 {WITH_FLOATS}",
}
# Where each machine has memory that the firmware does not use.
FREE = {"microbit": 0x80000, "virt": 0x84000000, "mps2-an385": 0x21000000, "mps2-an386": 0x21000000}
NATIVE_QEMU = {
    "native/armv6m": "qemu-arm-stock",
    "native/armv7m": "qemu-m3-stock",
    "native/armv7emsp": "qemu-m4-stock",
    "native/rv32imc": "qemu-riscv-stock",
}
INTERPRETERS = ("unix", "unix-asan", "xtensa", "native/x64", "native/xtensawin")
BOARDS = ("qemu-arm", "qemu-riscv", "xtensa", "native/x64", "native/xtensawin", *NATIVE_QEMU)


@dataclass(frozen=True)
class Interpreter:
    """A MicroPython that runs scripts, as a command; `path` is where `bnn` lies if not inside."""

    command: list[str]
    path: Path | None = None

    def environment(self) -> dict[str, str]:
        """What it needs of the environment; scripts find the node's library."""
        path = [str(folder) for folder in (ROOT / "device", self.path) if folder]
        # The sanitizers' leak check would report MicroPython's own garbage.
        settings = {"MICROPYPATH": ":".join(path), "ASAN_OPTIONS": "detect_leaks=0"}
        return {**os.environ, "PYTHONPATH": str(install("stock")), **settings}

    def run(self, script: Path | str, *args: str | Path) -> str:
        """What a script printed."""
        command = [*self.command, str(script), *map(str, args)]
        done = subprocess.run(
            command, capture_output=True, text=True, env=self.environment(), check=False
        )
        assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-4000:]
        return done.stdout


def interpreter(target: str) -> Interpreter:
    """One of INTERPRETERS, built."""
    match target:
        case "native/x64":  # a release as one finds it, not built by us
            command = [str(install("stock") / "bin" / "micropython")]
        case "native/xtensawin":
            command = [str(build("xtensa-stock"))]
        case _:
            return Interpreter([str(build(target))])
    return Interpreter(command, build(target).parent)


@contextmanager
def board_of(target: str) -> Iterator[Board]:
    """A board of BOARDS at its raw REPL, from start to end of the emulator; it can import bnn."""
    if target in NATIVE_QEMU:
        with qemu(NATIVE_QEMU[target]) as board:
            lend(board, build(target))
            yield board
    else:
        with qemu(target) if target in QEMU else terminal(interpreter(target)) as board:
            yield board


@contextmanager
def terminal(micropython: Interpreter) -> Iterator[Board]:
    """A process that serves its REPL on a terminal."""
    ours, its = pty.openpty()
    tty.setraw(its)
    environment = micropython.environment()
    with subprocess.Popen(micropython.command, stdin=ours, stdout=ours, env=environment) as process:
        try:
            with Board(os.ttyname(its)) as board:
                yield board
        finally:
            process.kill()
            os.close(ours)
            os.close(its)


@contextmanager
def qemu(target: str) -> Iterator[Board]:
    """A machine with a serial port, which finds long code in its memory."""
    command = [*QEMU[target].split(), "-nographic", "-monitor", "null", "-semihosting"]
    command += ["-serial", "pty", "-kernel", str(build(target))]
    free = FREE[command[command.index("-machine") + 1]]
    with TemporaryDirectory() as folder:
        gdb = Path(folder) / "gdb"
        command += ["-gdb", f"unix:{gdb},server=on,wait=off"]
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
                with NearBoard(port[0], MemoryOf(gdb, free)) as board:
                    yield board
            finally:
                process.kill()


# For a board without a filesystem: a folder that has one file, from RAM.
LEND = """
import io, sys, vfs
from binascii import a2b_base64
class File(io.IOBase):
    at = 0
    def ioctl(self, request, argument):
        return 0 if request == 4 else -1  # 4 is to close
    def readinto(self, buffer):
        part = content[self.at : self.at + len(buffer)]
        buffer[: len(part)] = part
        self.at += len(part)
        return len(part)
class Folder:
    def mount(self, readonly, mkfs):
        pass
    def umount(self):
        pass
    def stat(self, path):
        if path != "/bnn.mpy":
            raise OSError(2)
        return (0x8000,) + 9 * (0,)
    def open(self, path, mode):
        return File()
content = bytearray({size})
"""


def lend(board: Board, module: Path) -> None:
    """Have a board import a native module that it does not keep."""
    data = module.read_bytes()
    board.run(LEND.replace("{size}", str(len(data))))
    for at in range(0, len(data), CHUNK):
        piece = data[at : at + CHUNK]
        text = b64encode(piece).decode()
        board.run(f"content[{at}:{at + len(piece)}] = a2b_base64('{text}')")
    board.run("vfs.mount(Folder(), '/lent')\nsys.path.append('/lent')\nimport bnn")
    board.run("vfs.umount('/lent')\ndel File, Folder, content")
