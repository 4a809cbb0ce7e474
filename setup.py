"""pyproject.toml says all but this: no wheel lacks what goes on a board, or draws charts."""

from pathlib import Path

from setuptools import setup
from setuptools.command.build_py import build_py

PACKAGE = Path("host/xnornode")
ON_BOARD = ("device/xnornode", "device/classify.py", "firmware/native",
            "firmware/rp2/firmware.uf2", "firmware/rp2350/firmware.uf2")  # fmt: skip
CHARTS = ("uPlot.esm.js", "uPlot.min.css", "LICENSE")
WANTED = (*(f"board/files/{name}" for name in ON_BOARD),
          *(f"studio/web/vendor/uplot/{name}" for name in CHARTS))  # fmt: skip


class BuildWithFiles(build_py):
    """Refuses to build without these files; an editable install has the checkout's."""

    def run(self) -> None:
        missing = [name for name in WANTED if not (PACKAGE / name).exists()]
        if missing and not self.editable_mode:
            raise SystemExit(
                f"{PACKAGE} lacks {', '.join(missing)}: in a checkout, `make package` builds a "
                "wheel with all of it; an sdist of that has it too"
            )
        super().run()


setup(cmdclass={"build_py": BuildWithFiles})
