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
    """Put the node's library, compiled, beside bnn.mpy, and lists of both for `mip`.

    package.json has all of it; library.json has no bnn.mpy, for firmware that has it built in.
    folder: named as the architecture.
    """
    library = LIBRARY.name
    shutil.rmtree(folder / library, ignore_errors=True)
    names = []
    for path, data in node_library.compile_library(folder.name).items():
        names.append(f"{library}/{Path(path).relative_to(node_library.ON_NODE).as_posix()}")
        (folder / names[-1]).parent.mkdir(parents=True, exist_ok=True)
        (folder / names[-1]).write_bytes(data)
    for file, listed in (("package.json", ["bnn.mpy", *names]), ("library.json", names)):
        package = {"version": version, "urls": [[name, name] for name in listed]}
        (folder / file).write_text(json.dumps(package, indent=1) + "\n")
