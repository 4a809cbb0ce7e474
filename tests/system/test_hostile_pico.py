"""Hostile hosts on the emulated Pico, and a port that never falls to the REPL."""

import subprocess
import sys
import time
from contextlib import closing

import pytest

from tests.lab import hostile
from tests.lab.livenode import model_bytes
from tests.lab.powerlab import node_files
from tests.lab.readypico import install, ready_flash
from tools.emulators.emulated_pico import EmulatedPico
from tools.emulators.flash_log import read_log
from tools.firmware.sources import ROOT
from xnornode.board.install import Plan
from xnornode.errors import NodeError
from xnornode.link.connect import connect
from xnornode.link.keys import ON_NODE
from xnornode.link.messages import Prediction
from xnornode.link.ports import open_again
from xnornode.link.push import Push, push
from xnornode.link.raw_repl import CTRL_A, CTRL_B, CTRL_C, CTRL_D
from xnornode.link.reach import Known
from xnornode.link.repl import Board

KEY = bytes(range(32))
OLD, NEW = model_bytes(1), model_bytes(2)
LINES = 45
SPEED = 4  # of a chip that sleeps while it is under siege
PIN = 22
READ_KEY = b"print(open('%s', 'rb').read().hex())" % ON_NODE.encode()
SIEGE = [
    CTRL_C * 20,
    b"\r" + CTRL_C + CTRL_C + CTRL_A + READ_KEY + CTRL_D,
    CTRL_B + CTRL_D,
    b"{" + CTRL_C + b"}\r\n",
    b"{" + READ_KEY + b"}\r\n",
    READ_KEY + b"\r\n",
    b"\r\n",
]


@pytest.fixture(scope="module")
def pico(tmp_path_factory, pico_firmware):
    folder = tmp_path_factory.mktemp("pico")
    (folder / "flash.bin").write_bytes(ready_flash(pico_firmware, node_files(realtime=True), OLD))
    with EmulatedPico(folder / "flash.bin", flash_log=folder / "log") as pico:
        yield pico


def attack(pico):
    with connect(pico.url, patient=True) as session:
        hostile.attack(hostile.odd_lines(NEW, LINES), hostile.over(session), LINES)
        models = session.request("list")
        running = session.hello.running
        assert models.active.name in ("net 1", "net 2") and session.greet(10)
        assert session.hello.running == running
    return running


def test_a_program_that_runs(pico):
    assert attack(pico)


def test_at_the_repl(pico):
    with Board(pico.url):
        pass
    assert not attack(pico)
    with Board(pico.url) as board:
        board.restart()


def test_a_signed_node_writes_nothing_for_a_stranger(pico):
    with Board(pico.url) as board:
        install(board, Plan({ON_NODE: KEY}))
        board.restart()
    with connect(pico.url, patient=True) as session:
        assert session.hello.signed and session.hello.running
        before = len(read_log(pico.flash_log))
        hostile.attack(hostile.odd_lines(NEW, LINES), hostile.over(session), LINES)
        for seed in range(10, 70):
            with pytest.raises(NodeError, match="signature"):
                session.request("begin", **Push(model_bytes(seed), bytes(32))._begin)
        assert len(read_log(pico.flash_log)) == before, "60 begins, and no flash operation"
        Push(model_bytes(3), KEY).over(session)
        assert len(read_log(pico.flash_log)) > before


def flash(pico, *options):
    command = [sys.executable, ROOT / "tools" / "flash.py", "--port", pico.url, "--no-firmware"]
    return subprocess.run(
        [*map(str, command), *map(str, options)],
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )


@pytest.fixture
def key_file(tmp_path):
    path = tmp_path / "node.key"
    path.write_text(KEY.hex())
    return path


def restart(pico, ground):
    pico.kill()
    pico.ground = ground
    pico.start()


def write(pico, files):
    """With the pin held, which gives the REPL back."""
    restart(pico, PIN)
    with Board(pico.url) as board:
        install(board, Plan(files))
    restart(pico, None)


def besiege(pico, seconds):
    """Try to get at the REPL, for so many seconds of the chip's time; what the node says then."""
    said = b""
    with closing(open_again(pico.url, 30)) as port:
        port.timeout = 0
        end = pico.set_speed(SPEED)["seconds"] + seconds
        while pico.set_speed(SPEED)["seconds"] < end:
            for data in SIEGE:
                port.write(data)
                time.sleep(0.02 / SPEED)
                said += port.read(1 << 16)
    pico.set_speed(1)
    assert b">>>" not in said and b"raw REPL" not in said and KEY.hex().encode() not in said
    return said


def refused(pico, problem, *options):
    done = flash(pico, "--key", *options, "--lock-repl", PIN)
    assert done.returncode == 1 and problem in done.stderr, done.stderr
    with Board(pico.url):
        pass


def test_a_board_that_cannot_be_locked(pico, key_file):
    """Each with its reason. It can be used as before."""
    done = flash(pico, "--lock-repl", PIN)
    assert done.returncode == 2 and "goes with --key" in done.stderr
    refused(pico, "/main.py would be lost", key_file)
    restart(pico, PIN)
    refused(pico, "--replace-main", key_file, "--autostart")
    refused(pico, "the GPIO is low now", key_file, "--autostart", "--replace-main")
    restart(pico, None)
    with Board(pico.url) as board:
        board.put(b"# nothing\nimport os\n", "/boot.py")
    refused(pico, "its /boot.py has code", key_file, "--autostart", "--replace-main")
    with Board(pico.url) as board:
        board.put(b"# nothing\n\n", "/boot.py")


def test_a_port_that_is_locked(pico, key_file):
    done = flash(pico, "--key", key_file, "--autostart", "--replace-main", "--lock-repl", PIN)
    assert done.returncode == 0 and f"connect GPIO {PIN} to ground" in done.stdout, done.stderr
    program = node_files(realtime=True)["/main.py"]
    write(pico, {"/program.py": program})
    besiege(pico, 3)
    with connect(pico.url, patient=True, known=Known(answered=True)) as session:
        assert session.hello.running and session.hello.signed
        while not isinstance(session.receive(60), Prediction):
            pass
    assert push(pico.url, model_bytes(5), key=KEY).active.revision == 5
    besiege(pico, 3)


def test_a_flood_from_the_start_on(pico):
    for _ in range(2):
        restart(pico, None)
        besiege(pico, 6)
        with connect(pico.url, patient=True, known=Known(answered=True)) as session:
            assert session.hello.running


@pytest.mark.parametrize("program", ["raise ValueError('x')", "import sys\nsys.exit()", "1"])
def test_a_program_that_ends(pico, program):
    """The node takes commands, then starts again."""
    write(pico, {"/program.py": program.encode()})
    besiege(pico, 3)
    with connect(pico.url, patient=True, known=Known(answered=True)) as session:
        assert not session.hello.running
        since = len(pico.events)
        session.request("quit")
    pico.wait_for("boot", since, where=lambda event: event["watchdog"])
    besiege(pico, 3)


def test_the_way_back(pico):
    write(pico, {"/program.py": node_files(realtime=True)["/main.py"]})
    restart(pico, PIN)
    with Board(pico.url) as board:
        assert board.run("print(6 * 7)").strip() == "42"
        board.run(f"import os\nfor p in ('/main.py', {ON_NODE!r}): os.remove(p)")
    restart(pico, None)
    with Board(pico.url):
        pass
