"""`build esp32`: what it asks of the port's own build, and its refusals. ESP-IDF is not here."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tools.firmware import build as firmware
from tools.firmware import esp32, sources
from tools.firmware.sources import ROOT

pytestmark = pytest.mark.quick

# Writes down how it was called, and leaves what the port's makeimg.py puts together.
IDF_PY = f"""#!{sys.executable}
import json, os, sys
from pathlib import Path
arguments = sys.argv[1:]
build = Path(arguments[arguments.index("-B") + 1])
for name in ("bootloader/bootloader.bin", "partition_table/partition-table.bin", "micropython.bin"):
    (build / name).parent.mkdir(parents=True, exist_ok=True)
    (build / name).write_bytes(name.encode())
(build / "sdkconfig").write_text('CONFIG_IDF_TARGET="esp32"\\n')
names = ("IDF_PATH", "CMAKE_ARGS", "MAKEFLAGS")
found = {{"arguments": arguments, "environment": {{n: os.environ.get(n) for n in names}}}}
Path(os.environ["RECORD"]).write_text(json.dumps(found))
sys.exit(int(os.environ.get("STATUS", "0")))
"""
PARTITIONS = """
APP_TYPE = 0
class Part:
    def __init__(self, name, type, offset, size):
        self.name, self.type, self.offset, self.size = name, type, offset, size
class PartitionTable:
    @staticmethod
    def from_binary(data):
        return [Part("nvs", 1, 0x9000, 0x6000), Part("factory", 0, 0x10000, 0x1F0000)]
"""


@pytest.fixture
def idf(tmp_path: Path) -> dict[str, str]:
    """The environment of somebody who has installed ESP-IDF, and has a checkout in tmp_path."""
    root = tmp_path / "esp-idf"
    for name, text in (
        ("tools/cmake/project.cmake", ""),
        ("components/partition_table/gen_esp32part.py", PARTITIONS),
        ("bin/idf.py", IDF_PY),
    ):
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text)
    (root / "bin/idf.py").chmod(0o755)
    path = f"{root / 'bin'}:{os.environ['PATH']}"
    return {"IDF_PATH": str(root), "PATH": path, "RECORD": str(tmp_path / "record.json")}


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """The port's real makefiles and boards, with the libraries that a checkout has."""
    pinned, tree = sources.micropython(), tmp_path / "micropython"
    for name in (
        "py/verbose.mk",
        "py/mpconfig.h",
        "ports/esp32/Makefile",
        "ports/esp32/makeimg.py",
    ):
        (tree / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(pinned / name, tree / name)
    shutil.copytree(pinned / "ports/esp32/boards", tree / "ports/esp32/boards")
    for library, probe in esp32.LIBRARIES.items():
        (tree / "lib" / library / probe).mkdir(parents=True)
    return tree


@pytest.fixture
def run_tool(tmp_path, monkeypatch, capsys):
    """The command, with this environment: its exit status, stdout and stderr."""
    monkeypatch.setattr(firmware, "FIRMWARE", tmp_path / "firmware")
    monkeypatch.setattr(firmware, "LOG", tmp_path / "log")
    for name in ("IDF_PATH", "MICROPYTHON_DIR"):
        monkeypatch.delenv(name, raising=False)

    def run(*arguments: str | Path, **environment: str) -> tuple[int, str, str]:
        for name, value in environment.items():
            monkeypatch.setenv(name, value)
        status = firmware.main(["esp32", *map(str, arguments)])
        said = capsys.readouterr()
        return status, said.out, said.err

    return run


@pytest.fixture
def refusal(run_tool):
    """What a refused build says: on stderr, with exit status 1."""

    def run(*arguments: str | Path, **environment: str) -> str:
        status, out, text = run_tool(*arguments, **environment)
        assert (status, out) == (1, "")
        return text

    return run


@pytest.mark.parametrize("board", ["ESP32_GENERIC", "ESP32_GENERIC_C3"])
def test_the_ports_build_gets_the_board_and_our_module(run_tool, idf, checkout, board):
    hostile = {"CMAKE_ARGS": "-DUSER_C_MODULES=/elsewhere", "BOARD": "ESP32_GENERIC_S2"}
    arguments = ["--micropython", checkout, "--board", board]
    status, out, text = run_tool(*arguments, **idf, **hostile)
    assert status == 0, text
    assert Path(out.strip()).parts[-3:] == ("esp32", board, "firmware.bin")
    image = Path(out.strip()).read_bytes()
    # makeimg.py has put the parts at the offsets of the default configuration
    assert image.startswith(b"bootloader/bootloader.bin\xff")
    assert image[0x8000 - 0x1000 :].startswith(b"partition_table/partition-table.bin\xff")
    assert image[0x10000 - 0x1000 :] == b"micropython.bin"
    record = json.loads(Path(idf["RECORD"]).read_text())
    given = " ".join(record["arguments"])
    assert f"-D MICROPY_BOARD={board} " in given
    assert f"-DUSER_C_MODULES={ROOT / 'firmware_modules/micropython.cmake'} " in given
    assert record["arguments"][-1] == "build"
    assert record["environment"]["IDF_PATH"] == idf["IDF_PATH"]
    assert record["environment"]["CMAKE_ARGS"] is None


def test_without_idf_path_it_says_what_to_install(refusal):
    text = refusal()
    assert "IDF_PATH is not set" in text and "esp-idf/install.sh" in text
    assert "docs/guides/native.md" in text


def test_an_idf_path_without_esp_idf_is_named(refusal, tmp_path):
    assert f"IDF_PATH is {tmp_path}, where there is no ESP-IDF" in refusal(IDF_PATH=str(tmp_path))


def test_an_idf_that_is_not_exported_is_told_how(refusal, idf):
    text = refusal(IDF_PATH=idf["IDF_PATH"])
    assert f". {idf['IDF_PATH']}/export.sh" in text


@pytest.mark.parametrize("arguments", [(), ("--micropython", "newest")])
def test_sources_without_the_ports_libraries_are_refused(refusal, idf, arguments):
    text = refusal(*arguments, **idf)
    assert "a MicroPython checkout of yours" in text and "submodules" in text


def test_a_checkout_without_submodules_is_told_what_to_run(refusal, idf, checkout):
    shutil.rmtree(checkout / "lib/berkeley-db-1.xx")
    text = refusal("--micropython", checkout, **idf)
    assert "lacks lib/berkeley-db-1.xx" in text
    libraries = " ".join(f"lib/{name}" for name in esp32.LIBRARIES)
    assert f"git submodule update --init {libraries}" in text


def test_an_unknown_board_is_answered_with_those_there_are(refusal, idf, checkout):
    text = refusal("--micropython", checkout, "--board", "ESP33", **idf)
    assert "no board 'ESP33'" in text and "ESP32_GENERIC_C6" in text


def test_a_failed_build_ends_with_its_log(refusal, idf, checkout):
    text = refusal("--micropython", checkout, **idf, STATUS="2")
    assert "esp32, ESP32_GENERIC: compile failed" in text
    assert "firmware-esp32.log" in text


def test_the_module_joins_a_project_of_esp_idf(tmp_path):
    """MicroPython's own usermod.cmake gathers it, and kernels go to the RAM for code."""
    usermod = sources.micropython() / "py/usermod.cmake"
    (tmp_path / "CMakeLists.txt").write_text(f"""
cmake_minimum_required(VERSION 3.16)
project(micropython NONE)
set(IDF_TARGET esp32c3)
set(USER_C_MODULES {ROOT / "firmware_modules/micropython.cmake"})
include({usermod})
usermod_gather_sources(SOURCES FOLDERS SEEN usermod)
get_target_property(DEFINED usermod_bnn INTERFACE_COMPILE_DEFINITIONS)
file(WRITE ${{CMAKE_BINARY_DIR}}/found "${{SOURCES}}\\n${{FOLDERS}}\\n${{DEFINED}}")
""")
    command = ["cmake", "-S", str(tmp_path), "-B", str(tmp_path / "build")]
    subprocess.run(command, check=True, capture_output=True, text=True)
    files, folders, defined = (tmp_path / "build/found").read_text().split("\n")
    module = ROOT / "firmware_modules/bnn"
    ours = {path for part in ("core", "kernels") for path in (module / part).glob("*.[cS]")}
    assert ours | set(module.glob("modbnn*.c")) <= {Path(name) for name in files.split(";")}
    assert {str(module / "core"), str(module / "kernels")} <= set(folders.split(";"))
    assert defined == "BNN_KERNEL_SECTION=.iram1.bnn"
