"""The C core in an emulator (Unicorn), for tools that count what it takes.

Counts are the same on every machine: Cortex-M0+ cycles by the core's manual, with memory that never
waits, or instructions of the Cortex-M33 and RV32IMC. An instruction that moves several words counts
as one for each of them.
"""

import re
import struct
import subprocess
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from tools.emulators.block_counter import BlockCounter
from tools.firmware import c_core

# What the core asks of the C library: nothing else is linked, so that it is in no count by chance.
LIBRARY = """
#include <stddef.h>
void *memset(void *p, int c, size_t n) {
    unsigned char *q = p;
    for (; n >= 4 && (size_t)q % 4 == 0; n -= 4, q += 4) {
        *(unsigned *)q = (unsigned char)c * 0x01010101u;
    }
    while (n--) *q++ = (unsigned char)c;
    return p;
}
void *memcpy(void *d, const void *s, size_t n) {
    unsigned char *a = d;
    const unsigned char *b = s;
    for (; n >= 4 && ((size_t)a | (size_t)b) % 4 == 0; n -= 4, a += 4, b += 4) {
        *(unsigned *)a = *(const unsigned *)b;
    }
    while (n--) *a++ = *b++;
    return d;
}
void *memmove(void *d, const void *s, size_t n) {
    unsigned char *a = d;
    const unsigned char *b = s;
    if (a < b) return memcpy(d, s, n);
    while (n--) a[n] = b[n];
    return d;
}
int memcmp(const void *a, const void *b, size_t n) {
    const unsigned char *x = a, *y = b;
    for (; n--; x++, y++) if (*x != *y) return *x - *y;
    return 0;
}
"""
STRING_H = """
#include <stddef.h>
void *memset(void *, int, size_t);
void *memcpy(void *, const void *, size_t);
void *memmove(void *, const void *, size_t);
int memcmp(const void *, const void *, size_t);
"""

# The RP2040's map, so that the same image runs on tools/emulators/pico too.
FLASH, FLASH_SIZE, SRAM, SRAM_SIZE = 0x10000000, 0x200000, 0x20000000, 0x42000
CODE, FILE = FLASH + 0x1000, FLASH + 0x100000
MODEL, INPUT, SCRATCH, SCORES, STACK, END = (
    SRAM + at for at in (0, 0x1000, 0x8000, 0x3B000, 0x40000, 0x41000)
)
STACK_ROOM = STACK - SCORES - 0x1000
PAINT = 0xA5  # of stack that was not written to


@dataclass(frozen=True)
class Architecture:
    """An instruction set: how it is compiled for, and what a count of it is."""

    name: str
    prefix: str
    flags: tuple[str, ...]
    counts: str


ARMV6M = Architecture("ARMv6-M", "arm-none-eabi-", ("-mcpu=cortex-m0plus", "-mthumb"), "cycles")
M33 = Architecture(
    "Cortex-M33", "arm-none-eabi-", ("-mcpu=cortex-m33", "-mthumb"), "instructions"
)  # fmt: skip
M33_PORTABLE = Architecture(
    "Cortex-M33 portable", M33.prefix, (*M33.flags, "-DBNN_KERNEL_PORTABLE"), M33.counts
)
RV32IMC = Architecture(
    # GCC 12 of Debian has no libgcc for rv32imc; the core has no use for the atomic instructions.
    "RV32IMC", "riscv64-unknown-elf-", ("-march=rv32imac", "-mabi=ilp32"), "instructions"
)  # fmt: skip


def compiler(architecture: Architecture) -> str:
    """The compiler's version, on which counts depend."""
    command = [architecture.prefix + "gcc", "-dumpfullversion"]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()


@cache
def emulator() -> Any:
    """The Unicorn package; it takes a moment to import."""
    import unicorn

    return unicorn


def build(architecture: Architecture, files: Sequence[Path]) -> tuple[bytes, dict[str, int]]:
    """These files as they lie in memory from CODE on, and their functions' addresses."""
    prefix = architecture.prefix
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "string.h").write_text(STRING_H)
        (folder / "library.c").write_text(LIBRARY)
        elf, image = folder / "core.elf", folder / "core.bin"
        gcc = [prefix + "gcc", "-std=c99", "-Os", *architecture.flags, "-ffreestanding"]
        gcc += ["-nostdlib", "-fno-tree-loop-distribute-patterns", f"-I{folder}"]
        gcc += ["-Wl,-e,bnn_load", f"-Wl,-Ttext={CODE:#x}", "-Wl,-z,noexecstack", "-o", str(elf)]
        gcc += [*c_core.includes(), *map(str, files), str(folder / "library.c"), "-lgcc"]
        subprocess.run(gcc, check=True)
        subprocess.run([prefix + "objcopy", "-O", "binary", str(elf), str(image)], check=True)
        nm = [prefix + "nm", str(elf)]
        listed = subprocess.run(nm, check=True, capture_output=True, text=True).stdout
        symbols = {name: int(at, 16) for at, name in re.findall(r"(\w+) T (\w+)", listed)}
        return image.read_bytes(), symbols


class Emulated(Protocol):
    """A machine with the core in it: Machine, or XtensaMachine of qemu_xtensa.py."""

    @property
    def count(self) -> int: ...

    def call(self, name: str, *arguments: int) -> int: ...
    def write(self, address: int, data: bytes) -> None: ...
    def read(self, address: int, size: int) -> bytes: ...


def thumb_cycles(op: int) -> int:
    """Cycles of an ARMv6-M instruction by its first half (Cortex-M0+ manual, table 3-1); a branch
    that is taken takes one more."""
    if op >> 11 in (0x1D, 0x1E, 0x1F):
        return 2  # BL, of which the jump is the third
    if op >> 12 in (5, 6, 7, 8, 9) or op >> 11 == 0b01001:
        return 2  # loads and stores
    if op >> 12 == 0xC:
        return 1 + (op & 0xFF).bit_count()
    if op >> 9 in (0b1011010, 0b1011110):
        return 1 + (op & 0x1FF).bit_count() + (op >> 8 == 0b10111101)
    return 1


def thumb_words(op: int, second: int) -> int:
    """How many instructions one of ARMv8-M counts as: one, or the words that it moves."""
    if op >> 12 == 0xC:
        return (op & 0xFF).bit_count()
    if op >> 9 in (0b1011010, 0b1011110):
        return (op & 0x1FF).bit_count()
    if op >> 9 == 0b1110100:
        if not op & 0x40:
            return second.bit_count()  # LDM, STM
        return 2 if op & 0x120 else 1  # LDRD, STRD; others, such as TBB
    return 1


class Machine:
    """Runs functions of the core, and of `files` beside it, and counts what they take."""

    def __init__(self, architecture: Architecture, files: Sequence[Path] | None = None) -> None:
        self.architecture = architecture
        self.code, self.symbols = build(architecture, files or c_core.sources())
        unicorn = emulator()
        self.arm = architecture.prefix == ARMV6M.prefix
        self.cycles = architecture is ARMV6M
        if self.arm:
            import unicorn.arm_const as names

            mode = unicorn.UC_MODE_THUMB
            self.uc = unicorn.Uc(unicorn.UC_ARCH_ARM, mode)
            if not self.cycles:
                self.uc = unicorn.Uc(unicorn.UC_ARCH_ARM, mode | unicorn.UC_MODE_MCLASS)
                self.uc.ctl_set_cpu_model(names.UC_CPU_ARM_CORTEX_M33)
            registers = [f"UC_ARM_REG_R{i}" for i in range(4)]
            self.link, self.stack = names.UC_ARM_REG_LR, names.UC_ARM_REG_SP
        else:
            import unicorn.riscv_const as names

            self.uc = unicorn.Uc(unicorn.UC_ARCH_RISCV, unicorn.UC_MODE_RISCV32)
            registers = [f"UC_RISCV_REG_A{i}" for i in range(8)]
            self.link, self.stack = names.UC_RISCV_REG_RA, names.UC_RISCV_REG_SP
        self.registers = [getattr(names, name) for name in registers]
        self.uc.mem_map(FLASH, FLASH_SIZE)
        self.uc.mem_map(SRAM, SRAM_SIZE)
        self.uc.mem_write(CODE, self.code)
        self._counter = BlockCounter(self.uc, self._cost)

    @property
    def count(self) -> int:
        """What the last call took, its return included."""
        if self.cycles:  # a jump takes one more, and so does the return
            return self._counter.cost + self._counter.jumps + 1
        return self._counter.cost

    def _cost(self, address: int, size: int) -> int:
        """Of instructions without a jump in between."""
        at, end, cost = address - CODE, address - CODE + size, 0
        while at < end:
            (half,) = struct.unpack_from("<H", self.code, at)
            long = half >> 11 in (0x1D, 0x1E, 0x1F) if self.arm else half & 3 == 3
            if self.cycles:
                cost += thumb_cycles(half)
            elif self.arm:
                cost += thumb_words(half, struct.unpack_from("<H", self.code, at + 2)[0])
            else:
                cost += 1
            at += 4 if long else 2
        return cost

    def call(self, name: str, *arguments: int) -> int:
        """The function's result; `count` is what it took."""
        self.prepare(name, *arguments)
        self._counter.start(self.symbols[name])
        self.uc.emu_start(self.symbols[name] | self.arm, END)
        result: int = self.uc.reg_read(self.registers[0])
        return result

    def prepare(self, name: str, *arguments: int) -> dict[int, int]:
        """Set registers and stack for a call; the ARM registers' numbers and values."""
        self.uc.mem_write(STACK - STACK_ROOM, bytes([PAINT]) * STACK_ROOM)
        some = len(self.registers)
        values = dict(zip(self.registers, arguments, strict=False))
        values |= {self.stack: STACK, self.link: END | self.arm}
        for register, value in values.items():
            self.uc.reg_write(register, value & 0xFFFFFFFF)
        for i, value in enumerate(arguments[some:]):
            self.uc.mem_write(STACK + 4 * i, struct.pack("<I", value))
        numbers = {register: i for i, register in enumerate(self.registers)}
        numbers |= {self.stack: 13, self.link: 14}
        return {numbers[register]: value for register, value in values.items()}

    def stack_used(self) -> int:
        """Bytes of stack that the last call has written to, from the highest."""
        painted = np.frombuffer(self.uc.mem_read(STACK - STACK_ROOM, STACK_ROOM), np.uint8)
        return STACK_ROOM - int((painted != PAINT).argmax())

    def write(self, address: int, data: bytes) -> None:
        """Put bytes into memory."""
        self.uc.mem_write(address, data)

    def read(self, address: int, size: int) -> bytes:
        """Bytes of memory."""
        return bytes(self.uc.mem_read(address, size))


def load(machine: Emulated, data: bytes) -> None:
    """Put a model file into flash and load it to MODEL. Raises RuntimeError where it is refused."""
    if len(data) > FLASH + FLASH_SIZE - FILE:
        raise RuntimeError(f"a model of {len(data)} bytes: too large for this emulator")
    machine.write(FILE, data)
    if machine.call("bnn_load", MODEL, FILE, len(data)):
        raise RuntimeError("the core refuses the model")


def classify(machine: Emulated, given: bytes, classes: int) -> bytes:
    """The scores of a window or text, as bytes."""
    if len(given) > SCRATCH - INPUT:
        raise RuntimeError(f"a window of {len(given)} bytes: too large for this emulator")
    machine.write(INPUT, given)
    machine.call("bnn_classify", MODEL, INPUT, len(given), SCRATCH, SCORES)
    return machine.read(SCORES, 4 * classes)
