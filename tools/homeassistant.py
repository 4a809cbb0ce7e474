"""Installs Home Assistant into an environment of its own, for the tests of its discovery messages.

It is the real one, of PyPI: core, MQTT integration, automations and HTTP API, without its web page
and what else it sets up by default. It takes nothing from the network while it runs.

Usage: python -m tools.homeassistant            build/homeassistant; prints its interpreter
"""

from __future__ import annotations

import argparse
import hashlib
import subprocess
import sys
import time
import venv
from pathlib import Path

from tools.firmware.sources import BUILD, ROOT, lock

FOLDER = BUILD / "homeassistant"
PACKAGES = ROOT / "tools" / "setup" / "requirements-homeassistant.txt"
VERSION = "2024.3.3"
"""The last one for Python 3.11."""
START = """
import sys
from homeassistant import bootstrap
from homeassistant.__main__ import main
bootstrap.DEFAULT_INTEGRATIONS.clear()  # the web page, and some that look for hardware
bootstrap.CRITICAL_INTEGRATIONS.clear()
sys.exit(main())
"""
"""What its interpreter runs; `-c FOLDER --skip-pip` come after it."""


class InstallError(Exception):
    """It cannot be installed; the text says why."""


def interpreter() -> Path:
    """Python with Home Assistant, installed if it is not. Raises InstallError."""
    python = FOLDER / "bin" / "python"
    wanted = hashlib.sha256(PACKAGES.read_bytes()).hexdigest()
    stamp = FOLDER / "installed"
    with lock(BUILD / "homeassistant.lock", "Home Assistant"):
        if stamp.exists() and stamp.read_text() == wanted:
            return python
        print("Home Assistant: installing, 400 MB, a minute ...", file=sys.stderr)
        venv.create(FOLDER, clear=True, with_pip=True)
        # All packages are in the list, and what is not imported need not be compiled
        options = ["--no-deps", "--no-compile", "--require-hashes", "--disable-pip-version-check"]
        command = [str(python), "-m", "pip", "install", *options, "-r", str(PACKAGES)]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode:
            raise InstallError(f"pip could not install it:\n{done.stderr[-2000:]}")
        stamp.write_text(wanted)
    return python


def main() -> int:
    """Exit status: 0, or 1 with a message."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.parse_args()
    start = time.monotonic()
    try:
        python = interpreter()
    except InstallError as error:
        print(f"Home Assistant: {error}", file=sys.stderr)
        return 1
    print(f"Home Assistant {VERSION}: {time.monotonic() - start:.0f} s", file=sys.stderr)
    print(python)
    return 0


if __name__ == "__main__":
    sys.exit(main())
