"""The firmwares and native modules that tools/firmware/build.py can build, as a table."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from tools.firmware import native_package, xtensa_toolchain
from tools.firmware.sources import ROOT


@dataclass(frozen=True)
class Target:
    """One firmware: a MicroPython port with its settings, and the files it yields."""

    port: str
    about: str
    tools: tuple[str, ...]
    outputs: tuple[str, ...]  # the first one is what a user wants
    settings: dict[str, str] = field(default_factory=dict)
    uses_modules: bool = True
    ours: bool = False  # `port` is a folder of this repository


UNIX = {
    "MICROPY_SSL_MBEDTLS": "0",
    "MICROPY_PY_SSL": "0",
    "MICROPY_PY_BTREE": "0",
    "MICROPY_PY_FFI": "0",
    "FROZEN_MANIFEST": "",
}
FUZZ = ROOT / "tests" / "lab" / "modules" / "fuzz"
SANITIZE = "-fsanitize=address,undefined --param asan-use-after-return=0"
# Clang sees more than GCC. Without ASan, which takes half of the speed and sees the heap as
# one block; the loader's fuzz target has it. Left out is what MicroPython itself does: adds 0 to
# NULL, calls through pointers to other types, hashes floats beyond int (which a key of JSON may be)
# by a plain cast.
SANITIZE_CLANG = (
    "-fsanitize=undefined -fno-sanitize-recover=all "
    "-fno-sanitize=function,nonnull-attribute,pointer-overflow,float-cast-overflow "
    f"-fsanitize-ignorelist={FUZZ / 'ignore.txt'}"
)
COVERAGE = (  # what libFuzzer needs
    "-fsanitize-coverage=inline-8bit-counters,pc-table "
    f"-fsanitize-coverage-allowlist={FUZZ / 'covered.txt'}"
)
HOST_TOOLS = ("make", "gcc")
ARM_TOOLS = ("make", "gcc", "arm-none-eabi-gcc")
# Bytes for ROMFS between the firmware's code and the littlefs, which stays where stock firmware has
# it (docs/guides/placement.md).
RP2_ROMFS = 128 * 1024
XTENSA = Target(
    "tools/firmware/qemu_user",
    "the ESP32's instruction set (Xtensa LX6), for qemu-xtensa: micropython",
    ("make", "gcc", "xtensa-lx106-elf-gcc", "qemu-xtensa"),
    ("micropython", "micropython.elf"),
    {"CPU": "xtensa"},
    ours=True,
)
# What tools/emulators/esp32_standin.py starts: stock, for native modules.
STANDINS = {
    "standin/esp32": replace(
        XTENSA,
        about="an ESP32 at a serial port, for qemu-xtensa: micropython",
        settings={"CPU": "xtensa", "CHIP": "ESP32"},
        uses_modules=False,
    ),
    "standin/esp32c3": replace(
        XTENSA,
        about="an ESP32-C3 (RV32IMC) at a serial port, for qemu-riscv32: micropython",
        tools=("make", "gcc", "riscv64-unknown-elf-gcc", "qemu-riscv32"),
        settings={"CPU": "rv32", "CHIP": "ESP32C3"},
        uses_modules=False,
    ),
}

TARGETS = {
    "rp2": Target(
        "ports/rp2",
        "Raspberry Pi Pico: firmware.uf2",
        (*ARM_TOOLS, "g++", "cmake"),
        ("firmware.uf2", "firmware.bin", "firmware.elf"),
        {"BOARD": "RPI_PICO", "CFLAGS_EXTRA": f"-DMICROPY_HW_ROMFS_BYTES={RP2_ROMFS}"},
    ),
    "rp2350": Target(
        "ports/rp2",
        "Raspberry Pi Pico 2: firmware.uf2",
        (*ARM_TOOLS, "g++", "cmake"),
        ("firmware.uf2", "firmware.bin", "firmware.elf"),
        {"BOARD": "RPI_PICO2", "CFLAGS_EXTRA": f"-DMICROPY_HW_ROMFS_BYTES={RP2_ROMFS}"},
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
        "this computer, with libFuzzer, for tools/stress/fuzz.py",
        ("make", "clang"),
        ("micropython",),
        UNIX
        | {
            "CC": "clang",
            "COPT": "-O2",  # each input runs some thousand bytecodes
            "MICROPY_PY_THREAD": "0",  # whose locks take a tenth of the time
            "USER_C_MODULES": str(ROOT / "tests" / "lab" / "modules"),
            "FROZEN_MANIFEST": str(FUZZ / "manifest.py"),
            "CFLAGS_EXTRA": f"{SANITIZE_CLANG} {COVERAGE} -DMP_UBSAN=1",
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
    "xtensa": XTENSA,
    "xtensa-stock": replace(
        XTENSA,
        about="the same without the module, to load it from a native .mpy",
        uses_modules=False,
    ),
    **STANDINS,
    "mpy-cross": Target(
        "mpy-cross",
        "MicroPython's cross-compiler to .mpy",
        HOST_TOOLS,
        ("mpy-cross",),
        uses_modules=False,
    ),
}

# As MicroPython itself releases them: without bnn, for native modules. What qemu's boards leave out
# but any real board has, is put in.
MPS2 = {"BOARD": "MPS2_AN385", "FROZEN_MANIFEST": ""}
HARD_FLOAT = "-mcpu=cortex-m4 -mfpu=fpv4-sp-d16 -mfloat-abi=hard"
SOFT_FLOAT = HARD_FLOAT.replace("=hard", "=softfp")
THUMB = "-DMICROPY_EMIT_THUMB=1 -DMICROPY_EMIT_THUMB_ARMV7M=0 -DMICROPY_EMIT_INLINE_THUMB_FLOAT=0"
STOCK = {
    "rp2": replace(TARGETS["rp2"], settings={"BOARD": "RPI_PICO"}),
    "qemu-riscv": TARGETS["qemu-riscv"],
    "qemu-arm": replace(
        TARGETS["qemu-arm"], settings=TARGETS["qemu-arm"].settings | {"CFLAGS_EXTRA": THUMB}
    ),
    "qemu-m3": replace(
        TARGETS["qemu-arm"], about="emulated Cortex-M3: firmware.elf", settings=MPS2
    ),
    "qemu-m4": replace(
        TARGETS["qemu-arm"],
        about="emulated Cortex-M4 with floats: firmware.elf",
        settings=MPS2 | {"CFLAGS_EXTRA": HARD_FLOAT},
    ),
    "qemu-m4-softfp": replace(
        TARGETS["qemu-arm"],
        about="emulated Cortex-M4 that passes floats as the RP2350's firmware does: firmware.elf",
        settings=MPS2 | {"CFLAGS_EXTRA": SOFT_FLOAT},
    ),
}
for name, target in STOCK.items():
    about = f"{target.about}, without bnn"
    TARGETS[f"{name}-stock"] = replace(target, about=about, uses_modules=False)

# Their compilers, and what differs from MicroPython's settings for the architecture.
NATIVE: dict[str, tuple[str, dict[str, str]]] = {
    "x64": ("gcc", {}),
    "armv6m": ("arm-none-eabi-gcc", {}),
    "armv7m": ("arm-none-eabi-gcc", {}),
    "armv7emsp": ("arm-none-eabi-gcc", {}),
    "rv32imc": ("riscv64-unknown-elf-gcc", {}),
    "xtensawin": (
        "xtensa-lx106-elf-gcc",
        {
            "CROSS": xtensa_toolchain.PREFIX,
            "CFLAGS_EXTRA": "-mabi=windowed",
            "RUNTIME": str(xtensa_toolchain.RUNTIME),
        },
    ),
}
for architecture, (compiler, settings) in NATIVE.items():
    TARGETS[f"native/{architecture}"] = Target(
        native_package.FOLDER,
        f"the module for stock firmware on {architecture}: bnn.mpy",
        ("make", compiler),
        ("bnn.mpy",),
        {"ARCH": architecture, **settings},
        ours=True,
    )
