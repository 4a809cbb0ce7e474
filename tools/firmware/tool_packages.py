"""Python packages that one tool needs, in folders of their own below build/packages."""

from __future__ import annotations

import hashlib
import shutil
import subprocess
import sys
from pathlib import Path

from tools.firmware.sources import BUILD, ROOT, SourceError, lock


def install(name: str, compiled: bool = True) -> Path:
    """The folder with the packages of tools/setup/requirements-<name>.txt, installed once.

    Args:
        name: of the list.
        compiled: whether all is compiled at once; else each module when it is first imported.

    Raises:
        SourceError: pip cannot install them; it has said why on stderr.
    """
    requirements = ROOT / "tools" / "setup" / f"requirements-{name}.txt"
    folder = BUILD / "packages" / name
    stamp = folder / "installed"
    wanted = hashlib.sha256(requirements.read_bytes()).hexdigest()
    with lock(folder.with_suffix(".lock"), f"the Python packages for {name}"):
        if not stamp.exists() or stamp.read_text() != wanted:
            shutil.rmtree(folder, ignore_errors=True)
            pip = [sys.executable, "-m", "pip", "--disable-pip-version-check", "install"]
            pip += [] if compiled else ["--no-compile"]
            pip += ["--quiet", "--no-deps", "--require-hashes", "--target", str(folder)]
            done = subprocess.run([*pip, "--requirement", str(requirements)], check=False)
            if done.returncode:
                raise SourceError(f"pip cannot install {requirements.name}")
            stamp.write_text(wanted)
    return folder
