"""Fixtures of the command line's tests."""

import subprocess
import sys
from pathlib import Path

import pytest

from xnornode.data.recording_file import to_bytes

COMMAND = str(Path(sys.executable).parent / "xnornode")


def xnornode(
    *arguments: str | Path, baselines: bool = False, **given
) -> subprocess.CompletedProcess[str]:
    """Run the command as a person does; a training without simpler methods, which take seconds."""
    command = [COMMAND, *map(str, arguments)]
    if arguments[:1] in (("train",), ("search",)) and len(arguments) > 2 and not baselines:
        command.append("--no-baselines")
    given = {"capture_output": True} | given
    return subprocess.run(command, text=True, check=False, timeout=120, **given)


@pytest.fixture
def recordings(tmp_path, record):
    folder = tmp_path / "recordings"
    for person in range(8):
        (folder / f"p{person}").mkdir(parents=True)
        for label in ("slow", "fast"):
            file = record(label, f"p{person}", person)
            (folder / f"p{person}" / f"{label}.rec").write_bytes(to_bytes(file))
    return folder
