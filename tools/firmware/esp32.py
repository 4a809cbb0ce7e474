"""ESP32 firmware with the bnn module inside, by the port's own build, for those who have ESP-IDF.

It needs what no package registry has: ESP-IDF with its compilers, and a MicroPython checkout with
its libraries. So it is not in `build all`, and this repository's tests never compile it: they see
how the port's build is called.
"""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path

from tools.firmware.build_log import BuildError, run_logged
from tools.firmware.releases import RELEASES
from tools.firmware.sources import SourceError, own_checkout

NAME = "esp32"
ABOUT = "ESP32 and its kin, with ESP-IDF (IDF_PATH): firmware.bin; --board says which"
BOARD = "ESP32_GENERIC"
OUTPUT = "firmware.bin"  # with boot loader and partition table
LIBRARIES = {  # of the checkout: what the build includes, and a file that tells
    "berkeley-db-1.xx": "db/db.c",
    "micropython-lib": "micropython",
    "tinyusb": "src/tusb.h",
}
INSTALL = (
    "No package registry has ESP-IDF; MicroPython 1.25 takes its versions 5.2 to 5.4. Install it:\n"
    "  git clone -b v5.4 --recursive https://github.com/espressif/esp-idf.git\n"
    "  esp-idf/install.sh all && . esp-idf/export.sh\n"
    "Or keep MicroPython's own firmware, and have the module as a file: docs/guides/native.md."
)
CHECKOUT = (
    "esp32 needs a MicroPython checkout of yours: the pinned sources lack libraries of the port.\n"
    "  git clone -b v1.25.0 https://github.com/micropython/micropython.git\n"
    "  make -C micropython/ports/esp32 submodules\n"
    "Name it with --micropython DIR or MICROPYTHON_DIR."
)


def build(own: str, board: str, folder: Path, log: Path, foreign: tuple[str, ...]) -> None:
    """Have the port's build make the firmware of a board; it decides what is up to date.

    Args:
        own: the MicroPython checkout, or an empty string.
        board: a folder of the port's `boards`.
        folder: where it is put: OUTPUT.
        log: where the compilers' output goes.
        foreign: names of the environment that must not reach the build.

    Raises:
        BuildError: ESP-IDF, the board or the checkout is missing, or the build fails.
    """
    environment = {key: value for key, value in os.environ.items() if key not in foreign}
    idf = Path(environment.get("IDF_PATH") or ".missing")
    if not environment.get("IDF_PATH"):
        raise BuildError(f"esp32 needs ESP-IDF, and IDF_PATH is not set.\n{INSTALL}")
    if not (idf / "tools/cmake/project.cmake").exists():
        raise BuildError(f"IDF_PATH is {idf}, where there is no ESP-IDF.\n{INSTALL}")
    if not shutil.which("idf.py"):
        raise BuildError(f"idf.py of ESP-IDF is not in the PATH. Run this first: . {idf}/export.sh")
    if not own or own in RELEASES:
        raise BuildError(CHECKOUT)
    try:
        tree = own_checkout(Path(own), "esp32", LIBRARIES)
    except SourceError as error:
        raise BuildError(str(error)) from error
    boards = sorted(path.name for path in (tree / "ports/esp32/boards").glob("*/"))
    if board not in boards:
        raise BuildError(f"MicroPython's port has no board {board!r}; it has: {', '.join(boards)}")
    settings = {
        "BOARD": board,
        "BUILD": str(folder / "obj"),
        "USER_C_MODULES": str(Path(__file__).parents[2] / "firmware_modules" / "micropython.cmake"),
        "PYTHON": sys.executable,
    }
    command = ["make", "-C", str(tree / "ports/esp32")]
    command += [f"{key}={value}" for key, value in settings.items()]
    folder.mkdir(parents=True, exist_ok=True)
    run_logged(log, f"esp32, {board}: compile", command, environment)
    shutil.copy2(folder / "obj" / OUTPUT, folder / OUTPUT)
