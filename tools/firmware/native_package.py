"""The module as a native .mpy, one per architecture, for firmware that lacks it.

What belongs to a board lies in one folder with a package.json, for `mpremote mip install`.
"""

from __future__ import annotations

import json
import shutil
from pathlib import Path

from xnornode.board import node_library
from xnornode.board.assets import LIBRARY

FOLDER = "firmware_modules/bnn/natmod"


def write_package(folder: Path, version: str) -> None:
    """Put the node's library beside bnn.mpy, and a package.json that lists all of it."""
    library = LIBRARY.name
    shutil.rmtree(folder / library, ignore_errors=True)
    (folder / library).mkdir()
    names = ["bnn.mpy"]
    for path in node_library.sources():
        names.append(f"{library}/{node_library.module(path)}.py")
        (folder / names[-1]).parent.mkdir(exist_ok=True)
        shutil.copyfile(path, folder / names[-1])
    package = {"version": version, "urls": [[name, name] for name in names]}
    (folder / "package.json").write_text(json.dumps(package, indent=1) + "\n")
