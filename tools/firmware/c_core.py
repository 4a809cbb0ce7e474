"""The C core's files: the one list of them for all that compile it."""

from __future__ import annotations

from pathlib import Path

from tools.firmware.sources import ROOT

MODULE = ROOT / "firmware_modules" / "bnn"
FOLDERS = ("core", "kernels")


def files(module: Path = MODULE) -> list[Path]:
    """All that a build depends on: sources, and what they include."""
    return sorted(path for name in FOLDERS for path in (module / name).iterdir())


def sources(module: Path = MODULE) -> list[Path]:
    """What is compiled; kernels for another instruction set are empty files."""
    return [path for path in files(module) if path.suffix in (".c", ".S")]


def includes(module: Path = MODULE) -> list[str]:
    """The compiler's options for include paths."""
    return [f"-I{module / name}" for name in FOLDERS]
