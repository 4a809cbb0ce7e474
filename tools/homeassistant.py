"""Installs Home Assistant into a folder of its own, for the tests of its discovery messages.

It is the real one, of PyPI: core, MQTT integration, automations and HTTP API, without its web page
and what else it sets up by default. It takes nothing from the network while it runs.

Usage: python -m tools.homeassistant       build/packages/homeassistant, 370 MB
"""

from __future__ import annotations

import argparse
import os
import sys
import time
from pathlib import Path

from tools.firmware.sources import SourceError
from tools.firmware.tool_packages import install

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


def command(folder: Path) -> tuple[list[str], dict[str, str]]:
    """What starts it with its settings in `folder`, and the environment for that.

    Installs it if it is not. Raises SourceError where it cannot be.
    """
    packages = install("homeassistant", compiled=False)
    options = ["-c", str(folder), "--skip-pip", "--log-no-color"]
    # -S: of this project's environment nothing is seen, whose packages are newer ones
    return [sys.executable, "-S", "-c", START, *options], os.environ | {"PYTHONPATH": str(packages)}


def main() -> int:
    """Exit status: 0, or 1 with a message."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.parse_args()
    start = time.monotonic()
    try:
        command(Path())
    except SourceError as error:
        print(f"Home Assistant: {error}", file=sys.stderr)
        return 1
    print(f"Home Assistant {VERSION} is there, {time.monotonic() - start:.0f} s", file=sys.stderr)
    return 0


if __name__ == "__main__":
    sys.exit(main())
