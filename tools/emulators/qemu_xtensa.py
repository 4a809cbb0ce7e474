"""Counts the instructions of code for the ESP32's core (Xtensa LX6, windowed ABI).

The machine is qemu-system-xtensa with the core dc233c, and counts are exact: instructions, not
cycles. Against the ESP32's own compiler they are high where that one uses what Debian's does not
know of: loops without overhead, division, minimum and maximum in one instruction.
"""

from __future__ import annotations

import struct
import subprocess
import tempfile
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType

from tools.emulators.unicorn_core import LIBRARY, STRING_H
from tools.firmware.c_core import includes
from tools.firmware.xtensa_toolchain import FLAGS, FOLDER, PREFIX, RUNTIME, environment


class XtensaMachine:
    """Runs functions of windowed code and counts their instructions; a context manager.

    `symbols` are the addresses of the code's global names. Memory is free from FREE on.
    """

    FREE = 0x1000000
    END = 0x30000000

    # The counter goes at 10 MHz, and an instruction takes 2^10 ns.
    TICKS, INSTRUCTIONS = 1024, 100
    OVERHEAD = 2  # the call, and the counter's first reading
    EXCEPTION = 14  # its handler in machine.S, and what caused it once more

    def __init__(self, files: Sequence[Path], flags: Sequence[str] = ("-Os",)) -> None:
        """Compile C and assembly files, which may call functions of RUNTIME and of LIBRARY.

        Raises:
            SourceError: there is no plugin for the assembler.
            subprocess.CalledProcessError: the compiler fails.
        """
        self.count = 0
        self._scratch = tempfile.TemporaryDirectory()
        elf = Path(self._scratch.name) / "machine.elf"
        build(elf, files, flags)
        listed = subprocess.check_output([PREFIX + "nm", "-g", str(elf)], text=True)
        columns = (line.split() for line in listed.splitlines())
        self.symbols = {name: int(at, 16) for at, _, name in columns}
        command = ["qemu-system-xtensa", "-M", "sim", "-cpu", "dc233c", "-m", f"{self.END >> 20}M"]
        command += ["-icount", "shift=10", "-semihosting", "-display", "none", "-serial", "none"]
        command += ["-monitor", "none", "-kernel", str(elf)]
        self._process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, bufsize=0
        )

    def __enter__(self) -> XtensaMachine:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Stop the machine."""
        self._process.kill()
        self._process.communicate()
        self._scratch.cleanup()

    def call(self, name: str, *arguments: int) -> int:
        """The function's result, 0 to 2^32 - 1, for up to 6 arguments.

        `count` is what it took: the instructions from its first to its return, without those of the
        exceptions that save and restore register windows. (The ESP32 takes none within seven calls;
        beyond, their number depends on what ran before.)
        """
        words = [value & 0xFFFFFFFF for value in (*arguments, *[0] * 6)][:6]
        self._send(struct.pack("<8I", 3, self.symbols[name], *words))
        result, ticks, exceptions = struct.unpack("<3I", self._receive(12))
        self.count = round(ticks * self.INSTRUCTIONS / self.TICKS) - self.OVERHEAD
        self.count -= exceptions * self.EXCEPTION
        return int(result)

    def write(self, address: int, data: bytes) -> None:
        """Put bytes into memory."""
        self._send(struct.pack("<3I", 1, address, len(data)) + data)

    def read(self, address: int, size: int) -> bytes:
        """Bytes of memory."""
        self._send(struct.pack("<3I", 2, address, size))
        return self._receive(size)

    def _send(self, data: bytes) -> None:
        assert self._process.stdin
        view = memoryview(data)
        while view:
            view = view[self._process.stdin.write(view) :]

    def _receive(self, size: int) -> bytes:
        assert self._process.stdout
        data = b""
        while len(data) < size:
            more = self._process.stdout.read(size - len(data))
            if not more:
                status = self._process.wait()
                raise RuntimeError(f"the Xtensa machine has stopped: exit status {status}")
            data += more
        return data


def build(elf: Path, files: Sequence[Path], flags: Sequence[str]) -> None:
    """Link files with the machine's own."""
    folder = elf.parent
    (folder / "string.h").write_text(STRING_H)
    (folder / "library.c").write_text(LIBRARY)
    own = [FOLDER / "machine.S", FOLDER / "machine.c", RUNTIME, folder / "library.c"]
    gcc = [PREFIX + "gcc", *FLAGS, "-std=gnu99", *flags, "-ffreestanding", "-nostdlib", "-static"]
    gcc += ["-fno-tree-loop-distribute-patterns", f"-I{folder}", *includes()]
    gcc += ["-Wl,--omagic,--no-warn-rwx-segments,-Ttext=0x10000,--section-start=.vectors=0x2000"]
    gcc += ["-Wl,--section-start=.reset=0xfe000000", "-o", str(elf), *map(str, [*own, *files])]
    subprocess.run(gcc, check=True, env=environment())
