"""The C core on every instruction set, in memory that ends where a buffer ends."""

import hashlib
import os
import random
import re
import struct
import subprocess
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, Protocol

from tests.lab.core import BUILD, SANITIZERS
from tests.lab.kernel_calls import Buffer, Call
from tools.emulators.qemu_xtensa import XtensaMachine
from tools.emulators.unicorn_core import (
    ARMV6M,
    LIBRARY,
    M33,
    RV32IMC,
    STACK,
    STRING_H,
    Architecture,
    Machine,
)
from tools.firmware import c_core
from tools.firmware.sources import ROOT

# Before and behind an arena there is no memory; on Xtensa only not behind the first one.
ARENA = 1 << 19
ENDS = tuple(XtensaMachine.END - (i << 24) for i in range(13))
WATCHED = 8  # of them those where it is seen how memory is accessed, which takes long
MARGIN = 64  # bytes on either side of a buffer that are looked at
PAINT = random.Random(0).randbytes(MARGIN)
MODEL_SIZE = 4096  # at least of a bnn_model_t
SERVER = ROOT / "tests" / "lab" / "kernel_server.c"


class Target(Protocol):
    """A machine with the core in it, and with arenas."""

    def call(self, name: str, *arguments: int) -> int: ...
    def write(self, address: int, data: bytes) -> None: ...
    def read(self, address: int, size: int) -> bytes: ...
    def close(self) -> None: ...


class Emulator(Machine):
    """Unicorn. It checks on the way that a function preserves what it must, and on ARM that no
    access to a watched arena is unaligned: Unicorn allows that, a Cortex-M0 does not, nor does a
    Cortex-M33 in LDRD and LDM."""

    def __init__(self, architecture: Architecture) -> None:
        super().__init__(architecture)
        import unicorn

        for end in ENDS:
            self.uc.mem_map(end - ARENA, ARENA)
        self.unaligned: list[int] = []
        if self.arm:
            kinds = unicorn.UC_HOOK_MEM_READ | unicorn.UC_HOOK_MEM_WRITE
            self.uc.hook_add(kinds, self._access, None, ENDS[WATCHED - 1] - ARENA, ENDS[0])
            from unicorn import arm_const as names

            kept = [f"UC_ARM_REG_R{i}" for i in range(4, 12)]
        else:
            from unicorn import riscv_const as names

            kept = [f"UC_RISCV_REG_{name}" for name in ("GP", "TP", *(f"S{i}" for i in range(12)))]
        self.kept = [getattr(names, name) for name in kept]

    def _access(self, uc: Any, _: int, address: int, size: int, *__: Any) -> None:
        if address % size:
            self.unaligned.append(address)
            uc.emu_stop()

    def call(self, name: str, *arguments: int) -> int:
        """The function's result, 0 to 2^32 - 1."""
        values = [0x5EED0001 * i & 0xFFFFFFFF for i in range(1, 1 + len(self.kept))]
        for register, value in zip(self.kept, values, strict=True):
            self.uc.reg_write(register, value)
        above = STACK + 4 * max(0, len(arguments) - len(self.registers))
        self.uc.mem_write(above, PAINT)
        self.unaligned.clear()
        result = super().call(name, *arguments)
        assert not self.unaligned, f"unaligned access at {self.unaligned[0]:#x}"
        kept = [self.uc.reg_read(register) & 0xFFFFFFFF for register in self.kept]
        assert kept == values, "a register is not preserved"
        assert self.uc.reg_read(self.stack) == STACK, "the stack pointer is not preserved"
        assert self.uc.mem_read(above, len(PAINT)) == PAINT, "the caller's stack is written to"
        return result & 0xFFFFFFFF

    def close(self) -> None:
        """There is nothing to stop."""


class Process:
    """A process of Linux with the core and SERVER in it."""

    def __init__(self, name: str, compiler: str, flags: Sequence[str], *emulator: str) -> None:
        gcc = [compiler, "-std=gnu99", *c_core.includes(), str(SERVER)]
        gcc += [*map(str, c_core.sources()), *flags]
        elf = _built(f"kernels-{name}", gcc)
        # The binary tools of this computer read the symbols of any ELF.
        listed = subprocess.check_output(["nm", str(elf)], text=True)
        self.symbols = {name: int(at, 16) for at, name in re.findall(r"(\w+) T (\w+)", listed)}
        self._process = subprocess.Popen(
            [*emulator, str(elf)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
        )
        for end in ENDS:
            self._send(struct.pack("<3I", 4, end - ARENA, ARENA))

    def call(self, name: str, *arguments: int) -> int:
        """The function's result, 0 to 2^32 - 1, for up to 6 arguments."""
        words = [value & 0xFFFFFFFF for value in (*arguments, *[0] * 6)][:6]
        self._send(struct.pack("<8I", 3, self.symbols[name], *words))
        return int.from_bytes(self._receive(4), "little")

    def write(self, address: int, data: bytes) -> None:
        """Put bytes into memory."""
        self._send(struct.pack("<3I", 1, address, len(data)) + data)

    def read(self, address: int, size: int) -> bytes:
        """Bytes of memory."""
        self._send(struct.pack("<3I", 2, address, size))
        return self._receive(size)

    def close(self) -> None:
        """Stop the process."""
        self._process.kill()
        self._process.communicate()

    def _send(self, data: bytes) -> None:
        assert self._process.stdin
        self._process.stdin.write(data)

    def _receive(self, size: int) -> bytes:
        assert self._process.stdin and self._process.stdout
        self._process.stdin.flush()
        data = self._process.stdout.read(size)
        if len(data) < size:
            raise RuntimeError(f"the process has stopped: exit status {self._process.wait()}")
        return data


def _built(name: str, gcc: Sequence[str]) -> Path:
    """What a command compiles, kept for as long as no file of it changes."""
    digest = hashlib.sha256(repr(gcc).encode())
    for path in [SERVER, *c_core.files()]:
        digest.update(path.read_bytes())
    elf = BUILD / f"{name}-{digest.hexdigest()[:16]}"
    if not elf.exists():
        BUILD.mkdir(parents=True, exist_ok=True)
        for old in BUILD.glob(f"{name}-*"):
            old.unlink(missing_ok=True)
        fresh = BUILD / f"{name}.{os.getpid()}"
        subprocess.run([*gcc, "-o", str(fresh)], check=True)
        fresh.replace(elf)
    return elf


def zbb() -> Process:
    """RV32 with the instructions for bits, without a C library."""
    folder = BUILD / "kernels-include"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "string.h").write_text(STRING_H)
    (folder / "library.c").write_text(LIBRARY)
    flags = ["-march=rv32imac_zbb", "-mabi=ilp32", "-Os", "-ffreestanding", "-nostdlib", "-static"]
    flags += ["-fno-tree-loop-distribute-patterns", f"-I{folder}", str(folder / "library.c")]
    compiler = RV32IMC.prefix + "gcc"
    return Process("zbb", compiler, [*flags, "-lgcc"], "qemu-riscv32", "-cpu", "rv32,zbb=true")


def host(sanitize: bool) -> Process:
    """This computer; functions are below 2^32, as arenas are."""
    flags = ["-O1", *SANITIZERS] if sanitize else ["-O2"]
    return Process("sanitized" if sanitize else "host", "gcc", ["-no-pie", *flags])


TARGETS: dict[str, Callable[[], Target]] = {
    "armv6m": partial(Emulator, ARMV6M),
    "cortex-m33": partial(Emulator, M33),
    "rv32imc": partial(Emulator, RV32IMC),
    "rv32-zbb": zbb,
    "xtensa": lambda: XtensaMachine(c_core.sources()),
    "x86-64": partial(host, sanitize=False),
    "sanitized": partial(host, sanitize=True),
}


@dataclass(frozen=True)
class Placed:
    """A buffer in an arena, between paint."""

    buffer: Buffer
    begin: int  # of the arena
    address: int

    @classmethod
    def of(cls, buffer: Buffer, arena: int) -> "Placed":
        """A buffer in an arena by its number."""
        end = ENDS[arena]
        begin = end - ARENA
        if buffer.place == "end":
            return cls(buffer, begin, end - len(buffer.data))
        return cls(buffer, begin, begin + (0 if buffer.place == "begin" else MARGIN + buffer.place))

    def write(self, target: Target) -> None:
        """Put buffer and paint into memory."""
        before, behind = self._paint()
        target.write(self.address - len(before), before + self.buffer.data + behind)

    def read(self, target: Target) -> bytes:
        """The buffer's bytes. AssertionError where paint is gone."""
        before, behind = self._paint()
        size = len(self.buffer.data)
        found = target.read(self.address - len(before), len(before) + size + len(behind))
        found, tail = found[: len(before) + size], found[len(before) + size :]
        assert found[: len(before)] == before, "written to before a buffer"
        assert tail == behind, "written to behind a buffer"
        return found[len(before) :]

    def _paint(self) -> tuple[bytes, bytes]:
        room = self.begin + ARENA - self.address - len(self.buffer.data)
        return PAINT[: min(MARGIN, self.address - self.begin)], PAINT[: min(MARGIN, room)]


class Runner:
    """A target that is started when there is need of it, and again where a call has stopped it."""

    def __init__(self, name: str) -> None:
        self.name = name
        self._target: Target | None = None

    @contextmanager
    def _running(self) -> Iterator[Target]:
        self._target = self._target or TARGETS[self.name]()
        try:
            yield self._target
        except (OSError, RuntimeError):
            self.close()
            raise

    def close(self) -> None:
        """Stop the target."""
        if self._target:
            self._target.close()
        self._target = None

    def check(self, call: Call) -> None:
        """Run a call. AssertionError for a wrong result; OSError, RuntimeError or UcError where it
        stops the target."""
        turns = [call.turn]
        if self.name == "xtensa":  # where each buffer in turn has the arena that ends
            turns = [-i for i, a in enumerate(call.buffers()) if a.place == "end"] or turns
        for turn in turns:
            placed = [Placed.of(a, (turn + i) % WATCHED) for i, a in enumerate(call.buffers())]
            addresses = iter([one.address - one.buffer.before for one in placed])
            arguments = [a if isinstance(a, int) else next(addresses) for a in call.arguments]
            with self._running() as target:
                for one in placed:
                    one.write(target)
                result = target.call(call.function, *arguments)
                found = [one.read(target) for one in placed]
            if call.free:
                found[-1] = _sorted_runs(found[-1], call.free)
            for one, data in zip(placed, found, strict=True):
                assert data == (one.buffer.data if one.buffer.after is None else one.buffer.after)
            if call.result == "end":
                assert result == placed[-1].address + len(placed[-1].buffer.data)
            elif call.result is not None:
                assert result == call.result, f"{result:#x} instead of {call.result:#x}"

    def classify(self, file: bytes, room: int, window: Buffer, classes: int) -> tuple[int, bytes]:
        """The class and the scores of a window, by a model that needs `room` bytes of scratch."""
        buffers = [Buffer(file, "end"), Buffer(bytes(MODEL_SIZE), 0), window]
        buffers += [Buffer(PAINT * (room // MARGIN) + PAINT[: room % MARGIN], "end")]
        buffers += [Buffer(bytes(4 * classes), "end")]
        placed = [Placed.of(buffer, WATCHED + i) for i, buffer in enumerate(buffers)]
        data, model, given, scratch, scores = (one.address for one in placed)
        with self._running() as target:
            for one in placed:
                one.write(target)
            assert target.call("bnn_load", model, data, len(file)) == 0
            size = len(window.data)
            best = target.call("bnn_classify", model, given, size, scratch, scores)
            found = [one.read(target) for one in placed]
        assert found[0] == file and found[2] == window.data
        return best, found[4]


def _sorted_runs(data: bytes, lengths: Sequence[int]) -> bytes:
    """Runs of u16, each sorted."""
    entries, runs = struct.unpack(f"<{len(data) // 2}H", data), []
    for length in lengths:
        runs += sorted(entries[:length])
        entries = entries[length:]
    return struct.pack(f"<{len(runs)}H", *runs)
