"""Compile for the ESP32's core (Xtensa LX6, windowed ABI) with Debian's compiler.

Debian's GCC for Xtensa emits windowed code; its assembler and linker must be told about the core,
by a plugin that is built here from xtensa/config.c and the opcode table of binutils' sources.
There is no windowed libgcc: link RUNTIME for division and for products of 64 bits.

Usage: eval "$(python -m tools.firmware.xtensa_toolchain)"    sets XTENSA_GNU_CONFIG for commands
"""

from __future__ import annotations

import os
import shlex
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path

from tools.firmware import sources
from tools.firmware.sources import BUILD, ROOT, Archive, SourceError

FOLDER = ROOT / "tools" / "firmware" / "xtensa"
RUNTIME = FOLDER / "runtime.c"  # what libgcc would give: for the module, for a native .mpy
PREFIX = "xtensa-lx106-elf-"
FLAGS = ("-mabi=windowed", "-mtext-section-literals")

BINUTILS = Archive(
    "binutils",
    "2.44-3",
    "pool/main/b/binutils/binutils-source_2.44-3_all.deb",
    "5537e9ee460ac2c02a422efdf251f12b449febf0cc54dfbcca91417b694c135f",
)
TARBALL = "usr/src/binutils/binutils-2.44.tar.xz"
TABLE = "bfd/xtensa-modules.c"
HEADERS = ("ansidecl.h", "xtensa-dynconfig.h", "xtensa-isa.h", "xtensa-isa-internal.h")


def plugin() -> Path:
    """The plugin for XTENSA_GNU_CONFIG, built if it is not there.

    Raises:
        SourceError: binutils' sources cannot be had, or the compiler for this computer fails.
    """
    config = FOLDER / "config.c"
    path = BUILD / "xtensa" / f"{sources.sha256(config)[:8]}-{BINUTILS.sha256[:8]}.so"
    with sources.lock(path.parent / "lock", "the Xtensa assembler's plugin"):
        if path.exists():
            return path
        print("xtensa: the assembler's plugin, from binutils' sources ...", file=sys.stderr)
        deb = sources.download(BINUTILS)
        with tempfile.TemporaryDirectory(dir=path.parent) as scratch:
            folder = Path(scratch)
            wanted = [TABLE, *(f"include/{header}" for header in HEADERS)]
            fresh = folder / "plugin.so"
            gcc = ["gcc", "-shared", "-fPIC", "-O1", f"-I{folder}/include", "-o", str(fresh)]
            try:
                subprocess.run(["dpkg", "-x", str(deb), scratch], check=True)
                tar = ["tar", "-xJf", str(folder / TARBALL), "-C", scratch, "--strip-components=1"]
                tar += ["--wildcards", *(f"*/{name}" for name in wanted)]
                subprocess.run(tar, check=True)
                subprocess.run([*gcc, str(config), str(folder / TABLE)], check=True)
            except (OSError, subprocess.CalledProcessError) as error:
                raise SourceError(f"no plugin for the Xtensa assembler: {error}") from error
            fresh.replace(path)
    return path


def environment(others: Mapping[str, str] = os.environ) -> dict[str, str]:
    """Environment variables for the compiler, assembler, linker and objdump, beside others."""
    return {**others, "XTENSA_GNU_CONFIG": str(plugin())}


def main() -> int:
    try:
        print(f"export XTENSA_GNU_CONFIG={shlex.quote(str(plugin()))}")
    except SourceError as error:
        print(f"xtensa: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main())
