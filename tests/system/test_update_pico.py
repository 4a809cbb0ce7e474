"""`xnornode update` on the emulated Pico, and the power cut at its flash operations."""

import pytest

from tests.lab.librarylab import OWN, with_version
from tests.lab.powerlab import PowerLab
from tools.emulators.emulated_pico import EmulatedPico
from xnornode.board.library_places import LIBRARY
from xnornode.cli.main import main
from xnornode.link.repl import Board

EVERY = 40
"""Flash operations from one power cut to the next while the new version is written."""
LAST = 30
"""Flash operations up to the end of an update, at each of which the power is cut."""
OLD_INIT = f"{LIBRARY}/__init__.py"


@pytest.fixture(scope="module")
def lab(pico_firmware, tmp_path_factory):
    """A node with a model, and with version 0.1.9 of the library; `lab.old` is its flash."""
    lab = PowerLab(tmp_path_factory.mktemp("update"), pico_firmware)
    flash = lab.folder / "old.bin"
    flash.write_bytes(lab.ready)
    with EmulatedPico(flash) as pico, Board(pico.url) as board:
        for path, data in {**OWN, OLD_INIT: with_version({}, "0.1.9")[OLD_INIT]}.items():
            board.put(data, path)
    lab.old = flash.read_bytes()
    return lab


def on(lab: PowerLab, image: bytes) -> EmulatedPico:
    flash = lab.folder / "node.bin"
    flash.write_bytes(image)
    return EmulatedPico(flash)


def update(pico: EmulatedPico, *options: str) -> int:
    return main(["update", "--port", pico.url, *options])


def facts(board: Board) -> tuple[str, set[str]]:
    """The version that runs, and what is in /lib."""
    version, *names = board.run(
        "import os, xnornode; print(xnornode.__version__, *os.listdir('/lib'))"
    ).split()
    return version, {*names}


def test_there_and_back_again(lab, capsys):
    with on(lab, lab.old) as pico:
        assert update(pico) == 0
        said = capsys.readouterr().out
        assert said.startswith("library    0.2.0 (") and "came up" in said
        assert "before     0.1.9 (" in said
        assert lab._model(pico) == lab.files[0]
        with Board(pico.url) as board:
            board.clear()
            assert facts(board) == ("0.2.0", {"xnornode", "xnornode_old"})
            hashes = board.hashes([*OWN, OLD_INIT])
            assert all(hashes[path] for path in OWN) and not hashes[OLD_INIT]
            board.restart()
        assert update(pico) == 0
        assert "was there already" in capsys.readouterr().out
        for version in ("0.1.9", "0.2.0"):
            assert update(pico, "--rollback") == 0
            assert capsys.readouterr().out.startswith(f"library    {version} (")
            assert lab._model(pico) == lab.files[0]
    assert lab.active(pico.flash.read_bytes()) == lab.files[0]
