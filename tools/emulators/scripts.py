"""Programs on the emulated Pico by the chip's own clock alone: the same result at each run.

`EmulatedPico` runs beside the wall clock, and other programs talk to it. Here the chip alone runs:
it boots, is given programs at its prompt, and ends. What it prints does not depend on the computer.
"""

from __future__ import annotations

import subprocess
import tempfile
from binascii import b2a_base64
from collections.abc import Mapping, Sequence
from pathlib import Path

from tools.emulators.nodejs import EMULATOR, EmulatorError, install_package, node_command

CHUNK = 1024  # bytes of a file in one program: compiling it takes some times as much RAM
WRITE = """
from binascii import a2b_base64
import os
def put(path, mode, text):
    for i, letter in enumerate(path):
        if i and letter == '/':
            try: os.mkdir(path[:i])
            except OSError: pass
    with open(path, mode) as f: f.write(a2b_base64(text))
"""


def firmware_image(firmware: Path, flash: Path) -> Path:
    """Write the flash of a Pico that has only this firmware (a .bin, or a .uf2 beside one)."""
    flash.write_bytes(firmware.with_suffix(".bin").read_bytes())
    return flash


def run_programs(
    flash: Path, programs: Sequence[str], cache: bool = False, save: Path | None = None
) -> str:
    """Run programs, one after the other, on a Pico that starts with this flash.

    Parameters
    ----------
    flash : Path
        The flash's first bytes; the file is not changed.
    programs : sequence of str
        MicroPython, which the chip compiles.
    cache : bool, default False
        Whether reads of flash take their time, through the chip's flash cache.
    save : Path, optional
        A file for the flash as the programs leave it.

    Returns
    -------
    str
        What they printed.

    Raises
    ------
    EmulatorError
        One of them raised an exception, or the chip does not come to the end.
    """
    install_package()
    with tempfile.TemporaryDirectory() as folder:
        files = [Path(folder, f"{number}.py") for number in range(len(programs))]
        for file, program in zip(files, programs, strict=True):
            file.write_text(program)
        command = [node_command(), str(EMULATOR / "script.mjs"), str(flash), *map(str, files)]
        command += ["--cache"] * cache + (["--save", str(save)] if save else [])
        done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise EmulatorError(f"a program on the emulated Pico: {done.stderr.strip()}")
    return done.stdout


def install_files(flash: Path, files: Mapping[str, bytes]) -> None:
    """Put files, by their paths, into the filesystem of a Pico's flash."""
    programs = [WRITE]
    for path, data in files.items():
        for at in range(0, len(data), CHUNK):
            text = b2a_base64(data[at : at + CHUNK], newline=False).decode()
            programs.append(f"put({path!r}, {'ab' if at else 'wb'!r}, '{text}')")
    run_programs(flash, programs, save=flash)
