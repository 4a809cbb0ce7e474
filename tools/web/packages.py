"""Others' JavaScript: what draws the studio's charts, and what its tests check the page with.

Usage: python -m tools.web.packages          uPlot, into build/web-vendor/
       python -m tools.web.packages --test   and axe-core, which the tests alone need
"""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

from tools.emulators.nodejs import EmulatorError, install_package
from tools.firmware.sources import BUILD, ROOT
from xnornode.studio.assets import CHARTS

SOURCES = ROOT / "tools" / "web"
VENDOR = BUILD / "web-vendor"
_WHERE = {"uPlot.esm.js": "dist", "uPlot.min.css": "dist", "LICENSE": ""}  # in the npm package


def charts(vendor: Path = VENDOR) -> Path:
    """Bring uPlot to `vendor`/uplot, as the server has it. Raises EmulatorError without npm."""
    package = BUILD / "uplot-npm"
    install_package(SOURCES / "uplot", package)
    folder = vendor / "uplot"
    folder.mkdir(parents=True, exist_ok=True)
    for name in CHARTS:
        source = package / "node_modules" / "uplot" / _WHERE[name] / name
        if not (folder / name).exists() or (folder / name).read_bytes() != source.read_bytes():
            shutil.copyfile(source, folder / name)
    return folder


def checks() -> Path:
    """The path of axe-core's script, installed if it is not. Raises EmulatorError without npm."""
    package = BUILD / "axe-npm"
    install_package(SOURCES / "axe", package)
    return package / "node_modules" / "axe-core" / "axe.min.js"


def main(argv: list[str] | None = None) -> int:
    """Exit status: 0, or 1 with a message."""
    try:
        print(charts())
        if "--test" in (sys.argv[1:] if argv is None else argv):
            print(checks())
    except EmulatorError as error:
        print(f"the studio's JavaScript: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
