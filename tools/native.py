"""The module as a native .mpy, one per architecture, for firmware that lacks it.

What belongs to a board lies in one folder with a package.json, for `mpremote mip install`.
"""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import nodelib

FOLDER = "firmware_modules/bnn/natmod"

ARCHITECTURES = (
    None, "x86", "x64", "armv6", "armv6m", "armv7m", "armv7em", "armv7emsp", "armv7emdp",
    "xtensa", "xtensawin", "rv32imc", "rv64imc",
)  # fmt: skip
"""Names by MicroPython's numbers for them (py/persistentcode.h)."""

RUNS = {"armv7em": "armv7m", "armv7emdp": "armv7emsp"}
"""Whose code an architecture runs where it has no module of its own."""


def write_package(folder: Path, version: str) -> None:
    """Put the node's library beside bnn.mpy, and a package.json that lists all of it."""
    library = nodelib.FOLDER.name
    shutil.rmtree(folder / library, ignore_errors=True)
    (folder / library).mkdir()
    names = ["bnn.mpy"]
    for path in nodelib.sources():
        names.append(f"{library}/{path.name}")
        shutil.copyfile(path, folder / names[-1])
    package = {"version": version, "urls": [[name, name] for name in names]}
    (folder / "package.json").write_text(json.dumps(package, indent=1) + "\n")
