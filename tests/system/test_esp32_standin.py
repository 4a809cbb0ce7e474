"""ESP32 boards from their boot loader to predictions, on one port.

What runs, tools/emulators/esp32_standin.py says: Xtensa for the ESP32, RV32IMC for the ESP32-C3.
"""

import subprocess
import sys
from contextlib import closing
from dataclasses import replace

import esptool
import numpy as np
import pytest
import serial

from tests.lab.nets import random_model, random_windows
from tests.lab.parity import disagreements
from tools.emulators.esp32.image import CHIPS
from tools.emulators.esp32_standin import Esp32Standin
from tools.firmware.build import build
from xnornode.data.recording_file import RecordFile
from xnornode.data.recording_file import to_bytes as record_bytes
from xnornode.data.windows import Recording, cut_windows
from xnornode.link.connect import connect
from xnornode.link.messages import Prediction
from xnornode.link.ports import open_port
from xnornode.link.push import push
from xnornode.link.repl import Board
from xnornode.link.timing import Timing
from xnornode.model.file_format import to_bytes
from xnornode.model.model_file import save_model

ARCHITECTURES = {"esp32": "xtensawin", "esp32c3": "rv32imc"}
SLOW = Timing(answer=60.0)  # for an emulated chip on a busy computer
SAMPLES = np.random.default_rng(0).integers(-2000, 2000, (2000, 2)).astype(np.int16)
HOP, RATE_MHZ = 16, 200_000


def model(revision: int):
    made = random_model(revision, 32, 2, 2, (24, 3))
    return replace(made, revision=revision, window=replace(made.window, hop=HOP))


def command(*arguments: object) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", *map(str, arguments)],
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )


@pytest.fixture(scope="module", params=ARCHITECTURES)
def chip(request):
    build(f"native/{ARCHITECTURES[request.param]}")
    return request.param


@pytest.fixture(scope="module")
def folder(tmp_path_factory, chip):
    folder = tmp_path_factory.mktemp(chip)
    (folder / "firmware.bin").write_bytes(Esp32Standin.image(chip))
    recording = Recording(SAMPLES, "x", "p1", "r0")
    file = RecordFile(recording, model(1).window.channels, (0, 0), RATE_MHZ)
    (folder / "r0.rec").write_bytes(record_bytes(file))
    save_model(model(1), folder / "1.bnn")
    return folder


@pytest.fixture(scope="module")
def board(chip, folder):
    """A board out of its bag: nothing is in its flash."""
    with Esp32Standin(chip, folder / "board", blank=True) as board:
        yield board


@pytest.fixture(scope="module")
def account(board, folder):
    """What `xnornode flash` says, of all that a board needs at once."""
    done = command(
        "xnornode", "flash", "--port", board.url, "--firmware", folder / "firmware.bin",
        "--model", folder / "1.bnn", "--recording", folder / "r0.rec", "--autostart",
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_a_board_is_set_up_from_nothing(account, board, chip, folder):
    firmware = (folder / "firmware.bin").read_bytes()
    assert board.read_flash(CHIPS[chip].offset, len(firmware)) == firmware
    assert f"written at {CHIPS[chip].offset:#x} and verified" in account
    assert f"for {ARCHITECTURES[chip]}" in account and "self-test passed" in account
    assert (board.files / "lib" / "bnn.mpy").exists() and (board.files / "main.py").exists()
    assert board.resets >= 2, "into the boot loader, and out of it"


def test_esptool_finds_there_what_was_written(account, board, chip, folder):
    with closing(open_port(board.url)) as port:
        esp = esptool.run_stub(esptool.detect_chip(port, port.baudrate, "default-reset"))
        assert esp.CHIP_NAME.lower().replace("-", "") == chip
        firmware = (folder / "firmware.bin").read_bytes()
        esptool.verify_flash(esp, [(CHIPS[chip].offset, firmware)])  # raises where they differ
        esptool.reset_chip(esp, "hard-reset")


def test_the_chips_own_code_runs(account, board, chip):
    """Scores of the native module are those of the reference; a soft reset frees everything."""
    with Board(board.url) as repl:
        repl.clear()
        numbers = {"xtensawin": 10, "rv32imc": 11}
        said = repl.run("import sys, bnn\nprint(sys.implementation._mpy >> 10, bnn.__file__)")
        assert said.split() == [str(numbers[ARCHITECTURES[chip]]), "/lib/bnn.mpy"]
        for seed in range(4):
            other = random_model(seed, 48, 3, 2, (32, 16, 4))
            assert disagreements(repl, other, random_windows(other, 20), 48) == 0
        repl.clear()
        assert repl.run("print('bnn' in globals())").strip() == "False"


def predictions(session, count: int) -> list[Prediction]:
    found = []
    while len(found) < count:
        event = session.receive(60)
        assert event, "predictions come"
        if isinstance(event, Prediction):
            found.append(event)
    return found


def test_predictions_and_a_push(account, board):
    """And all that opens the port: it never resets the chip."""
    resets = board.resets
    with Board(board.url) as repl:
        program = (board.files / "main.py").read_text()
        repl.put(f"REPEAT = True\n{program}".encode(), "/main.py")
        repl.restart()
    expected = model(1).scores(cut_windows([Recording(SAMPLES, "x", "p1", "r0")],
                                           ("x",), 32, HOP).items)  # fmt: skip
    with connect(board.url, SLOW, patient=True) as session:
        assert session.hello.running and session.hello.model.revision == 1
        compared = [p for p in predictions(session, 5) if p.seq < len(expected)]
        assert all(list(p.scores) == expected[p.seq].tolist() for p in compared) and compared
    assert push(board.url, to_bytes(model(2))).active.revision == 2
    with connect(board.url, SLOW, patient=True) as session:
        assert session.hello.model.revision == 2
        predictions(session, 2)
    assert board.resets == resets


def test_the_model_stays_over_a_reset(account, board):
    """Of the chip by its line, as by its button."""
    port = serial.serial_for_url(board.url, do_not_open=True)
    port.dtr = port.rts = False
    with port:
        resets = board.resets
        port.rts = True
        port.rts = False
    assert board.resets == resets + 1
    with connect(board.url, SLOW, patient=True) as session:
        assert session.hello.running and session.hello.model.revision == 2
        predictions(session, 1)
