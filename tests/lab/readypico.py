"""Emulated Picos that are set up already: the flash of each is made once, and copied after.

The images are in build/pico-flash/. Their names are hashes of what goes into them, and of the
sources of all that takes part in making one.
"""

import hashlib
import os
import tempfile
import time
from collections.abc import Mapping
from functools import cache
from pathlib import Path

from tools.emulators.emulated_pico import EMULATOR, EmulatedPico
from tools.firmware.sources import BUILD, ROOT, lock
from xnornode.board import node_library
from xnornode.board.install import Installer, Plan
from xnornode.link.repl import Board

FOLDER = BUILD / "pico-flash"
SOURCES = (EMULATOR, ROOT / "host" / "xnornode" / "board", ROOT / "host" / "xnornode" / "link")
"""What boots a Pico, and what puts files and a model on it. Those themselves are hashed as well."""
KEPT = 3 * 24 * 3600
"""Seconds since an image was used after which it goes."""


def install(board: Board, plan: Plan) -> None:
    """Without a word."""
    for _ in Installer(board, lambda text: None, lambda *_: None).install(plan):
        pass


def set_up(pico: EmulatedPico, files: dict[str, bytes], model: bytes | None) -> None:
    """Install files and a model as `xnornode flash` does; what is there already is left alone."""
    with Board(pico.url) as board:
        board.clear()
        install(board, Plan(files, model))
        board.restart()


def library_flash(firmware: Path, path: Path) -> Path:
    """The flash of a Pico with the node's library, as a file at the path."""
    path.write_bytes(ready_flash(firmware, node_library.files("armv6m")))
    return path


def ready_flash(
    firmware: Path, files: Mapping[str, bytes] | None = None, model: bytes | None = None
) -> bytes:
    """The flash of a Pico that has files and a model, as `set_up` puts them there.

    firmware: a .uf2 file.
    """
    files = dict(files or {})
    digest = hashlib.sha256(_sources() + firmware.read_bytes() + (model or b"-"))
    for path in sorted(files):
        digest.update(f"{path} {len(files[path])} ".encode() + files[path])
    image = FOLDER / f"{digest.hexdigest()[:32]}.bin"
    if not image.exists():
        before = _before(firmware, files, model)
        with lock(FOLDER / f"{image.stem}.lock", "a Pico that is set up"):
            if not image.exists():
                _make(image, firmware, files, model, before)
    os.utime(image)
    return image.read_bytes()


def _before(firmware: Path, files: dict[str, bytes], model: bytes | None) -> bytes | None:
    """The flash of a Pico that has a part of it, which others may need, too."""
    library = node_library.files("armv6m")
    if model:
        return ready_flash(firmware, files)
    if library.items() < files.items():
        return ready_flash(firmware, library)
    return ready_flash(firmware) if files else None


def _make(
    image: Path,
    firmware: Path,
    files: dict[str, bytes],
    model: bytes | None,
    before: bytes | None,
) -> None:
    with tempfile.TemporaryDirectory(dir=FOLDER) as folder:
        flash = Path(folder) / "flash.bin"
        if before:
            flash.write_bytes(before)
        with EmulatedPico(flash, firmware=firmware) as pico:
            set_up(pico, files, model)
        flash.rename(image)
    for old in FOLDER.iterdir():
        if old.is_file() and time.time() - old.stat().st_mtime > KEPT:
            old.unlink(missing_ok=True)


@cache
def _sources() -> bytes:
    digest = hashlib.sha256()
    for folder in SOURCES:
        for path in sorted(folder.rglob("*")):
            if path.suffix in (".py", ".mjs"):
                digest.update(path.read_bytes())
    return digest.digest()
