"""A board with littlefs in RAM, updates of its library, and its starts after them."""

import json
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tests.lab.targets import Interpreter, interpreter, terminal
from tools.firmware.build import build
from tools.firmware.sources import ROOT
from xnornode.board import node_library
from xnornode.board.install import Installer
from xnornode.board.library_places import LIBRARY
from xnornode.board.library_steps import stage, switch
from xnornode.link.repl import Board

SCRIPTS = ROOT / "tests" / "lab" / "node_scripts"
OWN = {
    f"{LIBRARY}/own.py": b"OWN = 'own'",
    f"{LIBRARY}/sensors/own.py": b"PART = 'ers'",
}
"""What the owner of a board has put into the library's folder."""


CLASSIFY = ("__init__", "classifier", "model_store", "matching", "romfs", "watchdog")
"""What of the library classifies: an emulated Pico is given it in seconds, all of it in a half
minute."""
PARTS = (*CLASSIFY, "events", "line_writer", "rate_check", "sensors/__init__", "sensors/sensor")
"""Enough of the library to classify and to write an event: few files, so few power cuts."""


def parts(library: Mapping[str, bytes]) -> dict[str, bytes]:
    """A library of PARTS alone."""
    return {path: library[path] for path in (f"{LIBRARY}/{name}.mpy" for name in PARTS)}


def quiet(*_: object) -> None:
    """Nobody listens."""


def with_version(library: Mapping[str, bytes], version: str) -> dict[str, bytes]:
    """A library that says that it is another version."""
    text = (node_library.LIBRARY / "__init__.py").read_bytes()
    assert text.count(b'"0.2.0"') == 1
    files = {path: data for path, data in library.items() if path != f"{LIBRARY}/__init__.mpy"}
    return files | {f"{LIBRARY}/__init__.py": text.replace(b'"0.2.0"', f'"{version}"'.encode())}


class LibraryLab:
    """In a folder: the flash of a board, and what was done to it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.unix = [str(build("unix")), "-X", "heapsize=64M"]

    @contextmanager
    def board(self) -> Iterator[Board]:
        """The board at its REPL, with the flash that the folder has, if it has one."""
        script = str(SCRIPTS / "library_flash.py")
        command = [*interpreter("native/x64").command, "-X", "heapsize=64M", "-i", script]
        with terminal(Interpreter(command, SCRIPTS)) as board:
            if (self.folder / "image").exists():
                board.run(f"load({str(self.folder)!r})")
            yield board

    def save(self, board: Board, name: str = "image") -> None:
        """Keep the flash, and what was done to it since it was kept."""
        board.run(f"save({str(self.folder)!r})")
        if name != "image":
            (self.folder / "image").rename(self.folder / name)

    def set_up(self, board: Board, library: Mapping[str, bytes]) -> None:
        """Put a library on the board, and files of its owner into it."""
        Installer(board, quiet, quiet).put_all({**library, **OWN})  # type: ignore[arg-type]

    def update(self, board: Board, library: Mapping[str, bytes]) -> int:
        """What `xnornode update` does up to the start with the new version."""
        known = sorted({*library, *node_library.obsolete([])})
        sent = stage(board, library, known, quiet, quiet)
        switch(board)
        return sent

    def starts(self, model: bytes, count: int, *kinds: str) -> list[dict[str, Any]]:
        """What starts of the board say. kinds: as of library_cuts.py."""
        (self.folder / "model.bnn").write_bytes(model)
        command = [*self.unix, str(SCRIPTS / "library_cuts.py"), str(self.folder)]
        command += [str(self.folder / "model.bnn"), str(count), *kinds]
        done = subprocess.run(
            command,
            capture_output=True,
            text=True,
            check=False,
            timeout=500,
            env={"MICROPYPATH": str(SCRIPTS)},
        )
        assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-2000:]
        lines = [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")]
        return [line for line in lines if "event" not in line]
