"""Build MicroPython firmwares with the bnn module inside, and native modules for others.

Results lie in build/firmware/<target>, the compilers' output in build/log. A target whose inputs
are unchanged since its last build is left alone; where only our C changed, only that is compiled.

Usage: python -m tools.firmware.build rp2 [unix ...]    paths go to stdout, progress to stderr
       python -m tools.firmware.build native            the native modules whose compilers are here
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path

from tools.firmware import esp32, native_package, sources, tool_packages, xtensa_toolchain
from tools.firmware.build_log import BuildError as BuildError
from tools.firmware.build_log import run_logged
from tools.firmware.releases import PINNED, RELEASES, Release
from tools.firmware.sources import BUILD, ROOT, SourceError
from tools.firmware.targets import TARGETS, Target
from xnornode.board import node_library

MODULES = ROOT / "firmware_modules"
SOURCE_SUFFIXES = (".c", ".h", ".s", ".S", ".inc", ".mk", ".cmake")
MANIFEST = ROOT / "tools" / "firmware" / "manifest_rp2.py"
FIRMWARE = BUILD / "firmware"
LOG = BUILD / "log"
JOBS = 2
RP2_FLASH_START = "0x10000000"
UF2_FAMILIES = {"RPI_PICO": "0xe48bff56", "RPI_PICO2": "0xe48bff59"}  # of the RP2040, RP2350 (ARM)

# Settings of the caller that would change what is built, or which make would pass on.
FOREIGN = ("MAKEFLAGS", "MFLAGS", "MAKELEVEL", "MAKEOVERRIDES", "BOARD", "BUILD", "VARIANT",
           "PORT", "CFLAGS", "LDFLAGS", "CFLAGS_EXTRA", "LDFLAGS_EXTRA", "CROSS_COMPILE",
           "CMAKE_ARGS", "USER_C_MODULES", "FROZEN_MANIFEST", "PICO_SDK_PATH")  # fmt: skip


def digest(parts: Iterable[str | bytes]) -> str:
    """SHA-256 over a sequence, each part with its length."""
    total = hashlib.sha256()
    for part in parts:
        data = part.encode() if isinstance(part, str) else part
        total.update(len(data).to_bytes(8, "little") + data)
    return total.hexdigest()


def folder_of(release: Release | None) -> Path:
    """Where firmwares of a release lie: those of other sources than the pinned ones beside them."""
    return FIRMWARE / release.name if release and release != PINNED else FIRMWARE


def module_version() -> str:
    """The version of the bnn module, as its header states it."""
    match = re.search(r'BNN_MODULE_VERSION "(.+?)"', (MODULES / "bnn/core/bnn.h").read_text())
    return match[1] if match else "unknown"


class Builder:
    """Builds targets from one MicroPython tree."""

    def __init__(self, micropython: str | os.PathLike[str] | None = None) -> None:
        self.tree = sources.micropython(micropython)
        self.release = sources.release_of(self.tree)  # None for somebody's own tree
        self.firmware = folder_of(self.release)

    def build(self, name: str) -> Path:
        """Bring a target up to date and return its main output."""
        target = TARGETS[name]
        folder = self.firmware / name
        with sources.lock(self.firmware / f"{name}.lock", f"firmware {name}"):
            stamp = folder / "stamp.json"
            wanted = self.inputs(name)
            had = json.loads(stamp.read_text()) if stamp.exists() else {}
            whole = all((folder / output).exists() for output in target.outputs)
            # Somebody's own tree may change at any time: there, make decides what is up to date.
            if not (had == wanted and whole and self.release):
                if missing := missing_tools(name):
                    raise BuildError(
                        f"{name} needs {', '.join(missing)}, not found on this system. "
                        "Run tools/setup/setup.sh test, or install it yourself."
                    )
                environment = self.environment(target)
                if had.get("settings") != wanted["settings"]:
                    shutil.rmtree(folder, ignore_errors=True)
                folder.mkdir(parents=True, exist_ok=True)
                stamp.write_text(json.dumps(wanted | {"code": "unfinished"}))
                self.make(name, environment)
                self.collect(name)
                stamp.write_text(json.dumps(wanted))
        return folder / target.outputs[0]

    def inputs(self, name: str) -> dict[str, str]:
        """Hashes of what a build depends on: after other `settings` the build starts again."""
        target = TARGETS[name]
        files = []
        other = target.settings.get("USER_C_MODULES")  # which includes ours
        if target.uses_modules or other:
            files = sorted(path for path in MODULES.rglob("*") if path.suffix in SOURCE_SUFFIXES)
        if target.port == native_package.FOLDER:
            files += node_library.sources()
        own = sorted(ROOT.joinpath(target.port).rglob("*")) if target.ours else []
        own += [xtensa_toolchain.RUNTIME] if "xtensa-lx106-elf-gcc" in target.tools else []
        own += sorted(Path(other).rglob("*")) if other else []
        settings: list[str | bytes] = [
            repr(target),
            sources.identity(self.release) if self.release else str(self.tree),
            MANIFEST.read_text() if target.port == "ports/rp2" else "",
            module_version() if target.uses_modules else "",
            # In a copy, make's dependencies lead to the headers of the old place.
            str(self.firmware) if target.uses_modules or other else "",
            *(f"{tool} {shutil.which(tool)}" for tool in target.tools),
            *(path.read_bytes() for path in files if path.suffix in (".mk", ".cmake")),
            *(path.read_bytes() for path in own if path.is_file()),
        ]
        return {"settings": digest(settings), "code": digest(p.read_bytes() for p in files)}

    def environment(self, target: Target) -> dict[str, str]:
        """The environment for make."""
        result = {key: value for key, value in os.environ.items() if key not in FOREIGN}
        if target.port == "ports/rp2" or target.settings.get("FROZEN_MANIFEST"):
            result["MICROPY_MPYCROSS"] = str(self.build("mpy-cross"))
        if target.port == "ports/rp2":
            # On make's command line this would hide the additions of the port's makefile.
            result["CMAKE_ARGS"] = (
                f"-DPICO_NO_PICOTOOL=1 -DPython3_EXECUTABLE={sys.executable} "
                f"-DCMAKE_EXE_LINKER_FLAGS={self.cxx_library_flag()}"
            )
        if "xtensa-lx106-elf-gcc" in target.tools:
            result = xtensa_toolchain.environment(result)
        if target.ours:
            result["MICROPYTHON_TOP"] = str(self.tree)
        if target.port == native_package.FOLDER:
            result["PYTHONPATH"] = str(tool_packages.install("native"))
        if self.release:  # else MicroPython's build would describe the repository around its tree
            version = f"+bnn.{module_version()}" if target.uses_modules else ""
            result["MICROPY_GIT_TAG"] = f"v{self.release.version}{version}"
            result["MICROPY_GIT_HASH"] = "pinned"
            result["SOURCE_DATE_EPOCH"] = self.release.date
        return result

    def cxx_library_flag(self) -> str:
        """The linker's flag for a system without a C++ library for ARM.

        The SDK links as C++, yet nothing in the firmware is from that library: an empty one does,
        and spares each newcomer 1.6 GB of Debian's libstdc++-arm-none-eabi-newlib.
        """
        name = "libstdc++.a"
        command = ["arm-none-eabi-g++", "-mcpu=cortex-m0plus", "-mthumb"]
        found = subprocess.check_output([*command, f"-print-file-name={name}"], text=True)
        if found.startswith("/"):
            return ""
        folder = FIRMWARE / "empty-library"
        folder.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(b"!<arch>\n")
        return f"-L{folder}"

    def make(self, name: str, environment: dict[str, str]) -> None:
        """Run make for a target, with its progress on stderr and its output in the log."""
        target = TARGETS[name]
        settings = target.settings | {"PYTHON": sys.executable}
        work = self.firmware / name / "obj"
        if target.port == native_package.FOLDER:
            # All of it, as its makefile does not know of headers. From here, since the module keeps
            # the name that the linker is given.
            work.mkdir(exist_ok=True)
            command = ["make", "-B", "-C", str(work), "-f", str(ROOT / target.port / "Makefile")]
            settings["MPY_DIR"] = str(self.tree)
        else:
            command = ["make", "-C", str((ROOT if target.ours else self.tree) / target.port)]
            settings["BUILD"] = str(work)
        rp2 = target.port == "ports/rp2"
        if target.uses_modules:
            settings["USER_C_MODULES"] = str(MODULES / "micropython.cmake" if rp2 else MODULES)
        if rp2 and not (self.tree / "lib/micropython-lib/micropython").exists():
            settings["FROZEN_MANIFEST"] = str(MANIFEST)
        command += [f"-j{JOBS}", *(f"{key}={value}" for key, value in settings.items())]
        run_logged(log(name), f"{name}: compile", command, environment)

    def collect(self, name: str) -> None:
        """Copy the outputs out of the build tree, each one whole or not at all."""
        target, folder = TARGETS[name], self.firmware / name
        if target.port == "ports/rp2":
            # Without picotool the SDK makes no UF2; MicroPython has its own converter.
            run_logged(
                log(name),
                f"{name}: UF2",
                [sys.executable, str(self.tree / "tools/uf2conv.py"), "--convert",
                 "--base", RP2_FLASH_START, "--family", UF2_FAMILIES[target.settings["BOARD"]],
                 "--output", str(folder / "obj/firmware.uf2"), str(folder / "obj/firmware.bin")],
                dict(os.environ),
                append=True,
            )  # fmt: skip
        for output in target.outputs:
            partial = folder / f"{output}.part"
            shutil.copy2(folder / "obj" / output, partial)
            partial.replace(folder / output)
        if target.port == native_package.FOLDER:
            native_package.write_package(folder, module_version())


def log(name: str) -> Path:
    """Where the compilers' output of a target is."""
    return LOG / f"firmware-{name.replace('/', '-')}.log"


def missing_tools(name: str) -> list[str]:
    """What a target needs and this system lacks."""
    return [tool for tool in TARGETS[name].tools if not shutil.which(tool)]


def build(name: str, micropython: str | os.PathLike[str] | None = None) -> Path:
    """Build a target if anything it depends on has changed.

    Args:
        name: a key of TARGETS.
        micropython: a MicroPython checkout to use instead of the pinned sources, or "newest".

    Returns:
        The path of the target's main output, such as firmware.uf2.

    Raises:
        BuildError: a compiler is missing or fails, or MicroPython's sources cannot be had.
    """
    try:
        return Builder(micropython).build(name)
    except SourceError as error:
        raise BuildError(str(error)) from error


def expanded(targets: list[str]) -> list[str]:
    """The targets, with `native` replaced by the native modules whose compilers are here."""
    chosen = []
    for name in targets:
        modules = [each for each in TARGETS if each.startswith("native/")]
        chosen += modules if name == "native" else [name]
        for module in modules if name == "native" else ():
            if missing := missing_tools(module):
                print(f"{module}: left out, it needs {', '.join(missing)}", file=sys.stderr)
                chosen.remove(module)
    return chosen


def main(argv: list[str] | None = None) -> int:
    names = ", ".join((*TARGETS, esp32.NAME))
    parser = argparse.ArgumentParser(description="Build MicroPython firmwares with the bnn module.")
    parser.add_argument("targets", nargs="*", metavar="TARGET", help=f"{names}, or all")
    parser.add_argument("--micropython", metavar="DIR", help="build from this checkout "
                        "(default: MICROPYTHON_DIR, or the pinned sources); newest: MicroPython "
                        f"{RELEASES['newest'].version}")  # fmt: skip
    parser.add_argument(
        "--path", action="store_true", help="print the outputs' paths, build nothing"
    )
    parser.add_argument(
        "--board", default=esp32.BOARD, help="of esp32: a board of the port, default %(default)s"
    )
    parser.add_argument("--clean", action="store_true", help="remove what was built of the targets")
    parser.add_argument("--list", action="store_true", help="list the targets")
    arguments = parser.parse_args(argv)
    if arguments.list:
        for name, target in TARGETS.items():
            print(f"{name:17} {target.about}")
        print(f"{esp32.NAME:17} {esp32.ABOUT}")
        return 0
    unknown = sorted(set(arguments.targets) - {*TARGETS, esp32.NAME, "all", "native"})
    if unknown or not arguments.targets:
        problem = f"no such target: {', '.join(unknown)}" if unknown else "which target?"
        parser.error(f"{problem} (known: {names}, native_package, all)")
    chosen = list(TARGETS) if "all" in arguments.targets else expanded(arguments.targets)
    own = arguments.micropython or os.environ.get("MICROPYTHON_DIR", "")
    folder = folder_of(RELEASES.get(own))
    try:
        builder = None
        for name in chosen:
            if arguments.clean:
                shutil.rmtree(folder / name, ignore_errors=True)
            elif name == esp32.NAME:
                work = FIRMWARE / esp32.NAME / arguments.board
                if not arguments.path:
                    esp32.build(own, arguments.board, work, log(esp32.NAME), FOREIGN)
                print(work / esp32.OUTPUT, flush=True)
            elif arguments.path:
                print(folder / name / TARGETS[name].outputs[0])
            else:
                builder = builder or Builder(arguments.micropython)
                print(builder.build(name), flush=True)
    except (BuildError, SourceError) as error:
        print(f"firmware: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("\nfirmware: stopped; the next build goes on from here", file=sys.stderr)
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main())
