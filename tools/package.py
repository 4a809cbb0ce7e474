"""Build the wheel and the sdist with all that goes on a board; their paths go to stdout.

The node's library, also compiled, native modules and the Picos' firmwares are built where they are
out of date, and put with the sources and the library of the studio's charts into a folder of their
own, of which `build` makes the two.
Beside them is a folder for each architecture that `mip` installs from (docs/guides/native.md).

Usage: python -m tools.package    writes build/dist/
"""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
from pathlib import Path

from tools.emulators.nodejs import EmulatorError
from tools.firmware.build import LOG, build
from tools.firmware.build_log import BuildError, run_logged
from tools.firmware.sources import BUILD, ROOT
from tools.web.packages import charts
from xnornode.board import node_library
from xnornode.board.native_module import BUILT

DIST = BUILD / "dist"
SOURCES = ("pyproject.toml", "setup.py", "README.md", "LICENSE", "NOTICES.txt", "host/xnornode")
FILES = Path("host/xnornode/board/files")
VENDOR = Path("host/xnornode/studio/web/vendor")


def put_together(target: Path) -> None:
    """Copy all that a package has to an empty folder. Raises BuildError, EmulatorError."""
    charts(target / VENDOR)
    put = {name: ROOT / name for name in SOURCES}
    on_board = ("classify.py", "library_trial.py", "locked_main.py", "xnornode")
    put |= {f"{FILES}/device/{name}": ROOT / "device" / name for name in on_board}
    for chip in ("rp2", "rp2350"):
        put[f"{FILES}/firmware/{chip}/firmware.uf2"] = build(chip)
    for architecture in BUILT:
        native = f"{FILES}/firmware/native/{architecture}"
        put[f"{native}/bnn.mpy"] = build(f"native/{architecture}")
        for name, data in node_library.compile_library(architecture).items():
            file = target / native / "xnornode" / Path(name).relative_to(node_library.ON_NODE)
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(data)
    for name, source in put.items():
        (target / name).parent.mkdir(parents=True, exist_ok=True)
        if source.is_dir():
            junk = shutil.ignore_patterns("__pycache__")
            shutil.copytree(source, target / name, ignore=junk, dirs_exist_ok=True)
        else:
            shutil.copyfile(source, target / name)


def package(dist: Path) -> Path:
    """The path of the wheel, built from the sdist beside it. Raises BuildError, EmulatorError."""
    with tempfile.TemporaryDirectory() as folder:
        put_together(Path(folder))
        shutil.rmtree(dist, ignore_errors=True)
        command = [sys.executable, "-m", "build", "--no-isolation", "--outdir", str(dist), folder]
        run_logged(LOG / "package.log", "package", command, dict(os.environ))
    for architecture in BUILT:
        shutil.copytree(
            build(f"native/{architecture}").parent,
            dist / "mip" / architecture,
            ignore=shutil.ignore_patterns("obj", "stamp.json"),
        )
    return next(dist.glob("*.whl"))


def main() -> int:
    """Exit status: 0, or 1 with a message."""
    try:
        package(DIST)
    except (BuildError, EmulatorError) as error:
        print(f"package: {error}", file=sys.stderr)
        return 1
    print(*sorted(DIST.iterdir()), sep="\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
