#!/usr/bin/env python3
"""Counts what the C core takes, instruction by instruction, and fits host/xnornode/chips.py to it.

Builds the core for the Cortex-M0+ and for RV32IMC as for a board (-Os), runs networks of many
shapes in an emulator (Unicorn, put into build/fit/), checks their scores against the reference, and
prints counts, estimates by chips.py, and the constants that fit best. Cortex-M0+ cycles are those
of its manual, with memory that never waits; of RV32IMC instructions are counted.
Exit status 0; 1 where a tool is missing, scores differ, or an estimate is off by more than --most.
"""

import argparse
import re
import struct
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

import numpy as np
from fit_networks import Case, cases
from xnornode.chips import ESP32, RP2040, Chip, FrontCosts
from xnornode.estimate import cycles
from xnornode.fileformat import to_bytes

ROOT = Path(__file__).resolve().parent.parent
CORE = ROOT / "firmware_modules" / "bnn"
BUILD = ROOT / "build" / "fit"
REQUIREMENTS = Path(__file__).with_name("requirements-fit.txt")

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
void *memmove(void *d, const void *s, size_t n) {
    unsigned char *a = d;
    const unsigned char *b = s;
    if (a < b) while (n--) *a++ = *b++;
    else while (n--) a[n] = b[n];
    return d;
}
void *memcpy(void *d, const void *s, size_t n) { return memmove(d, s, n); }
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
TARGETS = {
    "RP2040": ("arm-none-eabi-", ["-mcpu=cortex-m0plus", "-mthumb"]),
    "ESP32": ("riscv64-unknown-elf-", ["-march=rv32imac", "-mabi=ilp32"]),
}
MODEL, FILE, INPUT, SCRATCH, SCORES, STACK, END = (
    0x20000000 + at for at in (0, 0x10000, 0x200000, 0x210000, 0x300000, 0x3FF000, 0x400000)
)


def emulator() -> Any:
    """The Unicorn package, fetched once."""
    site = BUILD / "site"
    if not (site / "unicorn").is_dir():
        pip = [sys.executable, "-m", "pip", "--disable-pip-version-check", "install", "--quiet"]
        pip += ["--require-hashes", "--target", str(site), "--requirement", str(REQUIREMENTS)]
        subprocess.run(pip, check=True)
    sys.path.insert(0, str(site))
    import unicorn

    return unicorn


def build(chip: str) -> tuple[bytes, dict[str, int]]:
    """The core for a chip as it lies in memory from address 0, and its functions' addresses."""
    prefix, flags = TARGETS[chip]
    BUILD.mkdir(parents=True, exist_ok=True)
    (BUILD / "string.h").write_text(STRING_H)
    (BUILD / "library.c").write_text(LIBRARY)
    elf, image = BUILD / f"{chip}.elf", BUILD / f"{chip}.bin"
    command = [prefix + "gcc", *flags, "-std=c99", "-Os", "-ffreestanding", "-nostdlib"]
    command += ["-fno-tree-loop-distribute-patterns", f"-I{BUILD}", f"-I{CORE}"]
    command += ["-Wl,-e,bnn_load", "-Wl,-Ttext=0x1000", "-Wl,-Tdata=0x80000", "-o", str(elf)]
    command += [*map(str, sorted(CORE.glob("bnn_*.c"))), str(BUILD / "library.c"), "-lgcc"]
    subprocess.run(command, check=True)
    subprocess.run([prefix + "objcopy", "-O", "binary", str(elf), str(image)], check=True)
    listed = subprocess.run([prefix + "nm", str(elf)], check=True, capture_output=True, text=True)
    symbols = {name: int(at, 16) for at, name in re.findall(r"(\w+) T (\w+)", listed.stdout)}
    return bytes(0x1000) + image.read_bytes(), symbols


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


class Machine:
    """Runs the core's functions and counts cycles (Cortex-M0+) or instructions (RV32IMC)."""

    def __init__(self, unicorn: Any, chip: str) -> None:
        self.code, self.symbols = build(chip)
        self.arm = chip == "RP2040"
        uc = unicorn
        if self.arm:
            import unicorn.arm_const as names

            self.uc = uc.Uc(uc.UC_ARCH_ARM, uc.UC_MODE_THUMB)
            registers = [f"UC_ARM_REG_R{i}" for i in range(4)]
            self.link, self.stack = names.UC_ARM_REG_LR, names.UC_ARM_REG_SP
        else:
            import unicorn.riscv_const as names

            self.uc = uc.Uc(uc.UC_ARCH_RISCV, uc.UC_MODE_RISCV32)
            registers = [f"UC_RISCV_REG_A{i}" for i in range(5)]
            self.link, self.stack = names.UC_RISCV_REG_RA, names.UC_RISCV_REG_SP
        self.registers = [getattr(names, name) for name in registers]
        self.uc.mem_map(0, 0x100000)
        self.uc.mem_map(MODEL, 0x401000)
        self.uc.mem_write(0, self.code)
        self.uc.hook_add(uc.UC_HOOK_CODE, self._step)
        self.count, self._next = 0, 0

    def _step(self, _: Any, address: int, size: int, __: Any) -> None:
        if not self.arm:
            self.count += 1
            return
        self.count += address != self._next  # a jump
        self.count += thumb_cycles(struct.unpack_from("<H", self.code, address)[0])
        self._next = address + size

    def call(self, name: str, *arguments: int) -> int:
        """The function's result; `count` is what it took."""
        thumb = int(self.arm)
        self.uc.reg_write(self.stack, STACK)
        self.uc.reg_write(self.link, END | thumb)
        for register, value in zip(self.registers, arguments, strict=False):
            self.uc.reg_write(register, value)
        if self.arm and len(arguments) > 4:
            self.uc.mem_write(STACK, struct.pack("<I", arguments[4]))
        self.count, self._next = 0, self.symbols[name]
        self.uc.emu_start(self.symbols[name] | thumb, END)
        result: int = self.uc.reg_read(self.registers[0])
        return result

    def classify(self, case: Case) -> float:
        """Mean count of the case's inputs. Raises RuntimeError where scores are not right."""
        data = to_bytes(case.model)
        self.uc.mem_write(FILE, data)
        if self.call("bnn_load", MODEL, FILE, len(data)):
            raise RuntimeError(f"{case.name}: the core refuses the model")
        total = 0
        for given, scores in zip(case.inputs, case.model.scores(case.given), strict=True):
            self.uc.mem_write(INPUT, given)
            self.call("bnn_classify", MODEL, INPUT, len(given), SCRATCH, SCORES)
            total += self.count
            if bytes(self.uc.mem_read(SCORES, scores.nbytes)) != scores.tobytes():
                raise RuntimeError(f"{case.name}: the core's scores differ from the reference")
        return total / len(case.inputs)


def fit(chip: Chip, done: Sequence[tuple[Case, float]]) -> dict[str, float]:
    """The constants with the least squares of relative errors: an estimate is linear in them."""
    fronts = [f.name for f in fields(FrontCosts)]
    own = [f.name for f in fields(Chip) if f.name not in ("name", "hertz", "basis", "front")]
    nothing: dict[str, Any] = {name: 0.0 for name in own}
    nothing["front"] = FrontCosts(*(0.0 for _ in fronts))
    units: dict[str, Chip] = {}
    for name in own:
        units[name] = replace(chip, **{**nothing, name: 1.0})
    for name in fronts:
        front = replace(nothing["front"], **{name: 1.0})
        units[f"front.{name}"] = replace(chip, **{**nothing, "front": front})
    rows = [
        [cycles(case.model, unit) / counted for unit in units.values()] for case, counted in done
    ]
    best, *_ = np.linalg.lstsq(np.array(rows), np.ones(len(rows)))
    return dict(zip(units, best.tolist(), strict=True))


def main(argv: Sequence[str] | None = None) -> int:
    """Run from the command line; the exit status."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--most", type=float, default=10, help="%% an estimate may be off (10)")
    args = parser.parse_args(argv)
    worst = 0.0
    try:
        unicorn = emulator()
        for chip in (RP2040, ESP32):
            machine = Machine(unicorn, chip.name)
            done = []
            print(f"\n{chip.name:<28} counted  estimated")
            for case in cases():
                counted = machine.classify(case)
                done.append((case, counted))
                off = 100 * (cycles(case.model, chip) / counted - 1)
                worst = max(worst, abs(off))
                print(f"{case.name:<24} {counted:11,.0f} {off:+9.1f} %", flush=True)
            print("best: " + " ".join(f"{name}={v:.3g}" for name, v in fit(chip, done).items()))
    except (OSError, RuntimeError, subprocess.CalledProcessError) as error:
        print(f"fit_chips: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("\nfit_chips: stopped", file=sys.stderr)
        return 1
    if worst > args.most:
        print(f"fit_chips: an estimate is {worst:.1f} % off: renew chips.py", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
