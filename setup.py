"""pyproject.toml says all but this: there is no wheel without what it puts on a board."""

from pathlib import Path

from setuptools import setup
from setuptools.command.build_py import build_py

FILES = Path("host/xnornode/board/files")
WANTED = ("device/xnornode", "device/classify.py", "firmware/native",
          "firmware/rp2/firmware.uf2", "firmware/rp2350/firmware.uf2")  # fmt: skip


class BuildWithFiles(build_py):
    """Refuses to build without the board's files; an editable install has the checkout's."""

    def run(self) -> None:
        missing = [name for name in WANTED if not (FILES / name).exists()]
        if missing and not self.editable_mode:
            raise SystemExit(
                f"{FILES} lacks {', '.join(missing)}: in a checkout, `make package` builds a wheel "
                "with all of it; an sdist of that has it too"
            )
        super().run()


setup(cmdclass={"build_py": BuildWithFiles})
