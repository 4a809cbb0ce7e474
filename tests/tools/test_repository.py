"""What git keeps: sources alone, and scripts that can be run as they are named."""

import subprocess

import pytest

import xnornode
from tools.firmware.sources import ROOT

pytestmark = pytest.mark.quick


def tracked() -> dict[str, str]:
    """The mode of each file by its path."""
    done = subprocess.run(
        ["git", "ls-files", "--stage"], cwd=ROOT, capture_output=True, text=True, check=True
    )
    rows = (line.split(maxsplit=3) for line in done.stdout.splitlines())
    return {path: mode for mode, _, _, path in rows}


def test_scripts_and_no_others_have_the_execute_bit():
    for path, mode in tracked().items():
        if (ROOT / path).is_file():
            with (ROOT / path).open("rb") as file:
                assert (file.read(2) == b"#!") == (mode == "100755"), path


def test_no_file_is_binary():
    for path in tracked():
        if (ROOT / path).is_file():
            assert b"\0" not in (ROOT / path).read_bytes(), path


def test_the_nodes_library_has_the_packages_version():
    library = (ROOT / "device" / "xnornode" / "__init__.py").read_text()
    assert f'__version__ = "{xnornode.__version__}"' in library
