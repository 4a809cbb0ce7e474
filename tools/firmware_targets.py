"""The firmwares that tools/firmware.py can build, as a table."""

from __future__ import annotations

from dataclasses import dataclass, field

from sources import ROOT


@dataclass(frozen=True)
class Target:
    """One firmware: a MicroPython port with its settings, and the files it yields."""

    port: str
    about: str
    tools: tuple[str, ...]
    outputs: tuple[str, ...]  # the first one is what a user wants
    settings: dict[str, str] = field(default_factory=dict)
    uses_modules: bool = True


UNIX = {
    "MICROPY_SSL_MBEDTLS": "0",
    "MICROPY_PY_SSL": "0",
    "MICROPY_PY_BTREE": "0",
    "MICROPY_PY_FFI": "0",
    "FROZEN_MANIFEST": "",
}
SANITIZE = "-fsanitize=address,undefined --param asan-use-after-return=0"
# Clang sees more than GCC. Left out is what MicroPython itself does: adds 0 to NULL, calls through
# pointers to other types, hashes floats beyond int (which a key of JSON may be) by a plain cast.
SANITIZE_CLANG = (
    "-fsanitize=address,undefined -fno-sanitize-recover=all "
    "-fno-sanitize=function,nonnull-attribute,pointer-overflow,float-cast-overflow "
    f"-fsanitize-ignorelist={ROOT / 'tests' / 'modules' / 'fuzz' / 'ignore.txt'}"
)
COVERAGE = "-fsanitize-coverage=inline-8bit-counters,pc-table"  # what libFuzzer needs
HOST_TOOLS = ("make", "gcc")
ARM_TOOLS = ("make", "gcc", "arm-none-eabi-gcc")

TARGETS = {
    "rp2": Target(
        "ports/rp2",
        "Raspberry Pi Pico: firmware.uf2",
        (*ARM_TOOLS, "g++", "cmake"),
        ("firmware.uf2", "firmware.bin", "firmware.elf"),
        {"BOARD": "RPI_PICO"},
    ),
    "unix": Target("ports/unix", "this computer: micropython", HOST_TOOLS, ("micropython",), UNIX),
    "unix-asan": Target(
        "ports/unix",
        "this computer, with address and undefined-behaviour sanitizers",
        HOST_TOOLS,
        ("micropython",),
        UNIX
        | {
            # nonnull: MicroPython itself passes NULL with length 0 to memcpy and the like
            "CFLAGS_EXTRA": f"{SANITIZE} -fno-sanitize=nonnull-attribute -DMP_ASAN=1 -DMP_UBSAN=1",
            "LDFLAGS_EXTRA": SANITIZE,
            "STRIP": "",
        },
    ),
    "unix-fuzz": Target(
        "ports/unix",
        "this computer, with libFuzzer, for tools/fuzz.py",
        ("make", "clang"),
        ("micropython",),
        UNIX
        | {
            "CC": "clang",
            "USER_C_MODULES": str(ROOT / "tests" / "modules"),
            "CFLAGS_EXTRA": f"{SANITIZE_CLANG} {COVERAGE} -DMP_ASAN=1 -DMP_UBSAN=1",
            "LDFLAGS_EXTRA": f"{SANITIZE_CLANG} $(shell clang -print-file-name="
            "libclang_rt.fuzzer_no_main-$(shell uname -m).a) -lstdc++",
            "STRIP": "",
        },
        uses_modules=False,
    ),
    "qemu-arm": Target(
        "ports/qemu",
        "emulated Cortex-M0 (micro:bit): firmware.elf",
        ARM_TOOLS,
        ("firmware.elf",),
        {"BOARD": "MICROBIT", "FROZEN_MANIFEST": ""},
    ),
    "qemu-riscv": Target(
        "ports/qemu",
        "emulated RV32IMC, as in the ESP32-C3: firmware.elf",
        (*HOST_TOOLS, "riscv64-unknown-elf-gcc"),
        ("firmware.elf",),
        {
            "BOARD": "VIRT_RV32",
            # GCC 12 has its libgcc under the name without zicsr, while the code itself needs it.
            "RV32_ARCH": "rv32imac",
            "AFLAGS": "-mabi=ilp32 -march=rv32imac_zicsr",
            "LIBS": "$(shell $(CC) -march=rv32imac -mabi=ilp32 -print-libgcc-file-name)",
            "FROZEN_MANIFEST": "",
        },
    ),
    "mpy-cross": Target(
        "mpy-cross",
        "MicroPython's cross-compiler to .mpy",
        HOST_TOOLS,
        ("mpy-cross",),
        uses_modules=False,
    ),
}
