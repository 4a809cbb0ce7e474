"""Node.js and its packages, which the emulators in JavaScript need, and the studio's page.

A package goes into the build folder, never next to the sources.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
from functools import cache
from pathlib import Path

from tools.firmware.sources import BUILD, ROOT, lock

EMULATOR = ROOT / "tools" / "emulators" / "pico"
PACKAGE = BUILD / "pico-npm"
OLDEST_NODE = 18


class EmulatorError(Exception):
    """The emulator can't start or has ended; the text says why and what to do."""


def _find(program: str) -> str | None:
    """A program on the path or, as Node.js also comes as a Python package, beside Python."""
    return shutil.which(program) or shutil.which(program, path=str(Path(sys.executable).parent))


@cache
def node_command() -> str:
    """Path of the Node.js binary itself, not of a script that starts it.

    Raises:
        EmulatorError: there is none, or it is too old.
    """
    node = _find("node")
    if node is None:
        raise EmulatorError(
            "Node.js is needed, and is not installed; on Debian: sudo apt-get install nodejs npm"
        )
    question = "process.versions.node + ' ' + process.execPath"
    answer = subprocess.run([node, "-p", question], capture_output=True, text=True).stdout.strip()
    version, _, binary = answer.partition(" ")
    major = version.partition(".")[0]
    if not major.isdigit() or int(major) < OLDEST_NODE:
        raise EmulatorError(
            f"Node.js {OLDEST_NODE} or newer is needed, {node} is "
            f"{version or 'broken'}; on Debian 12: sudo apt-get install nodejs npm"
        )
    return binary


def install_package(source: Path = EMULATOR, folder: Path = PACKAGE) -> None:
    """Installs the npm package that `source` names into `folder`, if it is not there yet.

    The default is the emulator's package.

    Raises:
        EmulatorError: npm is missing or fails.
    """
    names = ("package.json", "package-lock.json", ".npmrc")
    wanted = hashlib.sha256(b"".join((source / name).read_bytes() for name in names)).hexdigest()
    stamp = folder / "installed"
    folder.mkdir(parents=True, exist_ok=True)
    with lock(folder / "lock", f"the npm package of {source.name}"):
        if stamp.exists() and stamp.read_text() == wanted:
            return
        npm = _find("npm")
        if npm is None:
            raise EmulatorError(
                f"npm is needed once, to install a package for {source.name}; "
                "on Debian: sudo apt-get install npm"
            )
        stamp.unlink(missing_ok=True)
        for name in names:
            shutil.copy(source / name, folder / name)
        command = [npm, "ci", "--ignore-scripts", "--no-audit", "--no-fund"]
        path = f"{Path(node_command()).parent}{os.pathsep}{os.environ.get('PATH', '')}"
        result = subprocess.run(
            command, cwd=folder, capture_output=True, text=True, env={**os.environ, "PATH": path}
        )
        if result.returncode != 0:
            raise EmulatorError(f"npm could not install for {source.name}:\n{result.stderr}")
        stamp.write_text(wanted)
