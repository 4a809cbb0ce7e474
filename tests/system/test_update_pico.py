"""`xnornode update` on the emulated Pico, and the power cut at its flash operations."""

import tempfile
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

import pytest

from tests.lab.librarylab import OWN, quiet, with_version
from tests.lab.powerlab import BOOTS_AT_ONCE, PICO, PowerLab
from tools.emulators.emulated_pico import EmulatedPico
from tools.emulators.flash_log import PowerCut, power_cuts
from xnornode.board import library_steps, library_update, node_library
from xnornode.board.library_places import LIBRARY
from xnornode.board.library_update import LibraryUpdate
from xnornode.cli.main import main
from xnornode.errors import LinkError
from xnornode.link.connect import connect
from xnornode.link.repl import Board
from xnornode.link.timing import Timing

HASTE = Timing(hello=0.25, answer=3.0)
"""For a node that will not answer. Its timer is a quarter of the usual one, too."""
EVERY = 90
"""Flash operations from one power cut to the next while the new version is written."""
LAST = 20
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


def test_power_cuts(lab):
    """Before each flash operation from the last file on, and now and then before that."""
    operations, after = lab.record(lab.old, update)
    assert len(operations) > 300
    chosen = {*range(0, len(operations), EVERY), *range(len(operations) - LAST, len(operations))}
    cuts = [cut for cut in power_cuts(lab.old, operations) if cut.operations in chosen]
    with ThreadPoolExecutor(BOOTS_AT_ONCE) as pool:
        found = [*pool.map(lambda cut: classifies(lab, cut), cuts)]
    assert found == sorted(found) and {*found} == {"0.1.9", "0.2.0"}
    assert lab.active(after) == lab.files[0]


def classifies(lab: PowerLab, cut: PowerCut) -> str:
    """The version that classifies after a power cut; it still does after another start."""
    with tempfile.TemporaryDirectory(dir=lab.folder) as folder:
        flash = Path(folder) / "flash.bin"
        flash.write_bytes(cut.image)
        try:
            with EmulatedPico(flash) as pico:
                with connect(pico.url, PICO, patient=True) as session:
                    library = session.hello.library
                    assert session.hello.running
                assert lab._model(pico) == lab.files[0]
        except Exception as error:
            error.add_note(f"after a power cut {cut}")
            raise
    return library


@pytest.mark.parametrize(
    ("module", "text", "why"),
    [
        ("link", "while True:\n    pass\n", ""),
        ("link", "x = [bytes(999) for _ in range(999)]\n", "MemoryError"),
        ("runner", "1 // 0\n", "ended before it was ready: ZeroDivisionError"),
    ],
    ids=["hangs", "out of memory", "program dies"],
)
def test_the_command_goes_back_where_the_new_version_does_not_come_up(
    lab, module, text, why, monkeypatch, tmp_path
):
    if not why:  # it is the board's timer that ends it; of a busy chip, time costs the most
        trial = library_steps.LIBRARY_TRIAL.read_text()
        assert trial.count("RESET_MS = 60_000 ") == 1
        (tmp_path / "trial.py").write_text(trial.replace("60_000 ", "15_000 "))
        monkeypatch.setattr(library_steps, "LIBRARY_TRIAL", tmp_path / "trial.py")
        monkeypatch.setattr(library_update, "connect", partial(connect, timing=HASTE))
    library = node_library.files("armv6m")
    del library[f"{LIBRARY}/{module}.mpy"]
    library[f"{LIBRARY}/{module}.py"] = text.encode()
    with on(lab, lab.old) as pico:
        with pytest.raises(LinkError, match=rf"does not come up .* 0\.1\.9 .* again: .*{why}"):
            LibraryUpdate(pico.url, quiet, quiet).update(library)  # type: ignore[arg-type]
        assert lab._model(pico) == lab.files[0]
        with Board(pico.url) as board:
            board.clear()
            assert facts(board) == ("0.1.9", {"xnornode"})
