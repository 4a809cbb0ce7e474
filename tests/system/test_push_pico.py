"""Pushes into the emulated Pico: from its first set-up on, at the REPL and while it classifies."""

import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from tests.lab.nets import random_model
from tests.lab.readypico import library_flash
from tools.emulators.emulated_pico import EmulatedPico
from tools.firmware.sources import ROOT
from xnornode.data.recording_file import RecordFile
from xnornode.data.recording_file import to_bytes as record_bytes
from xnornode.data.windows import Recording
from xnornode.errors import NodeError
from xnornode.link.connect import connect
from xnornode.link.keys import read_key
from xnornode.link.messages import Prediction
from xnornode.link.push import Push, push
from xnornode.link.repl import Board
from xnornode.link.timing import Timing
from xnornode.model.file_format import to_bytes
from xnornode.model.model_file import save_model

COMMAND = str(Path(sys.executable).parent / "xnornode")
FLASH = ROOT / "tools" / "flash.py"
STEPS = 25  # predictions from which a rate is taken
SLOW = Timing(answer=60.0)  # for an emulated chip on a busy computer


def model(revision: int):
    made = random_model(9, 128, 6, 1, (60, 16, 7))
    return replace(made, revision=revision, window=replace(made.window, hop=32))


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("pico")
    made = model(1)
    samples = np.random.default_rng(0).integers(-2000, 2000, (3000, 6)).astype(np.int16)
    recording = Recording(samples, "x", "p1", "r0")
    file = RecordFile(recording, made.window.channels, (0,) * 6, 50_000)
    (folder / "r0.rec").write_bytes(record_bytes(file))
    for revision in range(1, 9):
        save_model(model(revision), folder / f"{revision}.bnn")
    return folder


@pytest.fixture(scope="module")
def pico(folder, pico_firmware):
    """A Pico that classifies from power-on, over and over."""
    with EmulatedPico(library_flash(pico_firmware, folder / "flash.bin")) as pico:
        command = [sys.executable, str(FLASH), "--port", pico.url, "--no-firmware", "--autostart"]
        command += ["--model", str(folder / "1.bnn"), "--recording", str(folder / "r0.rec")]
        done = subprocess.run(command, capture_output=True, text=True, timeout=300, check=False)
        assert done.returncode == 0, done.stderr
        assert "installed, self-test passed on the board" in done.stdout
        start_program(pico, realtime=True)
        yield pico


def start_program(pico, realtime: bool) -> None:
    """Have it classify at the recording's rate, or as fast as it can."""
    text = (ROOT / "device" / "classify.py").read_text()
    with Board(pico.url) as board:
        board.put(f"REALTIME = {realtime}\nREPEAT = True\n{text}".encode(), "/main.py")
        board.restart()


def xnornode(pico, *arguments: object) -> subprocess.CompletedProcess[str]:
    command = [COMMAND, *map(str, arguments), "--port", pico.url]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=300)


def rate(predictions) -> float:
    """Windows per second of the chip's own time."""
    return 1000 * (len(predictions) - 1) / (predictions[-1].ms - predictions[0].ms)


def follow(session, count: int) -> list:
    out = []
    while len(out) < count:
        event = session.receive(60)
        assert event, "predictions come"
        if isinstance(event, Prediction):
            out.append(event)
    return out


def test_it_classifies_on_during_a_push(pico, folder):
    """At most 20 % fewer windows a second, and none is left out."""
    start_program(pico, realtime=False)
    seen = []
    with connect(pico.url, SLOW, on_event=seen.append, patient=True) as session:
        assert session.hello.running and session.hello.frame > 4000
        before = follow(session, STEPS)
        seen.clear()
        Push((folder / "2.bnn").read_bytes()).over(session)
        after = follow(session, STEPS)
    during = [event for event in seen if isinstance(event, Prediction)]
    assert len(during) > STEPS
    assert rate(during) > 0.8 * rate(before), (rate(before), rate(during), rate(after))
    numbers = [p.seq for p in (*before, *during, *after)]
    assert numbers == list(range(numbers[0], numbers[0] + len(numbers)))
    start_program(pico, realtime=True)


def test_it_starts_with_what_was_pushed(pico, folder):
    done = xnornode(pico, "push", folder / "3.bnn")
    assert done.returncode == 0, done.stderr
    with connect(pico.url) as session:
        follow(session, 2)
    pico.kill()
    pico.start()
    with connect(pico.url, patient=True) as session:
        assert session.hello.running
        assert session.hello.model.revision == 3
        assert session.hello.model.trial is None, "it has classified"


def test_at_the_repl(pico, folder):
    """It is found to be at its REPL, and is there again after."""
    with Board(pico.url):
        pass
    done = xnornode(pico, "push", folder / "4.bnn")
    assert done.returncode == 0, done.stderr
    assert "revision 4" in done.stdout and "interrupting" not in done.stderr
    with connect(pico.url) as session:
        assert not session.hello.running
        assert session.request("list").active.trial == 0
    with Board(pico.url) as board:
        board.restart()
    with connect(pico.url, patient=True) as session:
        assert session.hello.running and session.hello.model.revision == 4


def test_a_program_that_hangs_is_interrupted_and_started_again(pico, folder):
    with Board(pico.url) as board:
        board.put(b"while True: pass\n", "/main.py")
        board.restart()
    done = xnornode(pico, "push", folder / "5.bnn")
    assert done.returncode == 0, done.stderr
    assert "interrupting what runs there" in done.stderr
    start_program(pico, realtime=True)
    with connect(pico.url, patient=True) as session:
        assert session.hello.model.revision == 5


def test_key(pico, folder):
    key = folder / "node.key"
    done = xnornode(pico, "key", key)
    assert done.returncode == 0, done.stderr
    assert key.stat().st_mode & 0o777 == 0o600
    digits = key.read_text().strip()
    assert digits not in done.stdout + done.stderr
    with pytest.raises(NodeError, match="unsigned"):
        push(pico.url, (folder / "6.bnn").read_bytes())
    done = xnornode(pico, "push", folder / "6.bnn", "--key", key)
    assert done.returncode == 0, done.stderr
    with pytest.raises(NodeError, match="revision 2, the node has had 6"):
        push(pico.url, to_bytes(model(2)), key=read_key(key))
    assert "takes signed models only" in xnornode(pico, "doctor").stdout
    assert xnornode(pico, "key", "--remove").returncode == 0
    assert push(pico.url, to_bytes(model(2))).active.revision == 2


def test_ctrl_c_stops_the_program(pico):
    """What mpremote and every terminal do still works, also on a node that takes commands."""
    with Board(pico.url) as board:
        assert board.run("print(6 * 7)").strip() == "42"
        board.restart()
