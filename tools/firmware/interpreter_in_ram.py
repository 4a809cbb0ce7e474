"""A Pico's firmware whose MicroPython interpreter runs from RAM, out of what `build rp2` compiled.

    python -m tools.firmware.interpreter_in_ram [vm gc parse]    prints the .uf2's path

MicroPython's linker script (to 1.26) means to have its interpreter, garbage collector and parser in
RAM, but names objects `*vm.c.obj` where the Pico SDK calls them `vm.c.o`. By default only the
interpreter (vm) goes there: 5.7 kB. docs/explanation/interpreter-in-ram.md has what it brings.
"""

from __future__ import annotations

import argparse
import os
import re
import shlex
import sys
from collections.abc import Sequence
from pathlib import Path

from tools.firmware.build import (
    FIRMWARE,
    RP2_FLASH_START,
    UF2_FAMILIES,
    BuildError,
    build,
    log,
)
from tools.firmware.build_log import run_logged
from tools.firmware.sources import SourceError, micropython

FILES = ("vm", "gc", "parse")
MISTAKEN = "*gc.c.obj *vm.c.obj *parse.c.obj"
SCRIPT = "memmap_mp_rp2040.ld"


def link(files: Sequence[str] = ("vm",), firmware: Path | None = None) -> Path:
    """Link the Pico's firmware again.

    Args:
        files: which of FILES run from RAM.
        firmware: the folder of a build of rp2, by default brought up to date here.

    Returns:
        The .uf2; firmware.bin and firmware.elf lie beside it.

    Raises:
        BuildError: the firmware or a tool cannot be had, or the linker script is another one.
    """
    if firmware is None:
        build("rp2")
        firmware = FIRMWARE / "rp2"
    objects = firmware / "obj"
    command = objects / "CMakeFiles/firmware.dir/link.txt"
    if not command.exists():
        raise BuildError(f"{objects} has no objects: `build --clean rp2`, and once more")
    words = shlex.split(command.read_text())
    (given,) = (word for word in words if word.endswith(SCRIPT))
    text = Path(given.partition("=")[2]).read_text()
    if text.count(MISTAKEN) != 1:
        raise BuildError(f"{SCRIPT} of this MicroPython has no {MISTAKEN!r}: it needs no mending")
    folder = FIRMWARE / f"rp2-{'-'.join(files)}-in-ram"
    folder.mkdir(parents=True, exist_ok=True)
    script, elf, image = folder / SCRIPT, folder / "firmware.elf", folder / "firmware.bin"
    # The folder, since other objects end alike: modgc.c.o
    script.write_text(text.replace(MISTAKEN, " ".join(f"*/py/{name}.c.o" for name in files)))
    words[words.index(given)] = f"{given.partition('=')[0]}={script}"
    words[words.index("firmware.elf")] = str(elf)
    words = [re.sub(r"^-Wl,-Map=.*", f"-Wl,-Map={folder / 'firmware.map'}", word) for word in words]
    output = folder / "firmware.uf2"
    converter = str(micropython() / "tools/uf2conv.py")
    for title, parts in (
        ("link", words),
        ("binary", ["arm-none-eabi-objcopy", "-O", "binary", str(elf), str(image)]),
        ("UF2", [sys.executable, converter, "--convert", "--base", RP2_FLASH_START, "--family",
                 UF2_FAMILIES["RPI_PICO"], "--output", str(output), str(image)]),
    ):  # fmt: skip
        at_objects = ["env", "-C", str(objects), *parts]
        run_logged(log(folder.name), f"{folder.name}: {title}", at_objects, dict(os.environ))
    return output


def main(argv: Sequence[str] | None = None) -> int:
    """Run from the command line; the exit status."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument(
        "files", nargs="*", metavar="FILE", help=f"what runs from RAM: {', '.join(FILES)}"
    )
    files = parser.parse_args(argv).files or ["vm"]
    if unknown := sorted(set(files) - set(FILES)):
        parser.error(f"no such file: {', '.join(unknown)} (known: {', '.join(FILES)})")
    try:
        print(link(files))
    except (BuildError, SourceError, OSError) as error:
        print(f"interpreter_in_ram: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
