"""A node that stands by itself, on the emulated Pico: whose main.py it is, and the watchdog."""

import pytest

from tests.lab.livenode import CHANNELS, model_bytes
from tests.lab.powerlab import PATIENCE
from tools.emulators.emulated_pico import EmulatedPico
from xnornode.cli.main import main
from xnornode.link.connect import connect
from xnornode.link.messages import Error, Prediction
from xnornode.link.push import push
from xnornode.link.repl import Board
from xnornode.link.timing import Timing

MINE = b"import time\nwhile True:\n print('mine')\n time.sleep_ms(500)\n"
SENSOR = f"""
import os, time
from xnornode.sensors.sensor import Sensor

class Mine(Sensor):
    name = "mine"
    channels = {CHANNELS!r}
    scales = (0, 0)
    rate_mhz = 100_000

    def __init__(self):
        self.hangs = "hung" not in os.listdir("/")
        self.count = 0
        self.due = time.ticks_ms()

    def read_into(self, block):
        if self.hangs and self.count == 100:
            open("/hung", "w").close()
            while True:
                pass
        if time.ticks_diff(time.ticks_ms(), self.due) < 0:
            return 0
        self.due = time.ticks_add(self.due, 10)
        self.count += 1
        block[0] = block[1] = 10 * self.count
        return 1
"""
"""It hangs after a second, once."""
ENABLED = "from machine import mem32\nprint(mem32[0x40058000] >> 30 & 1)"
SLOW = Timing(answer=60.0, ack=5.0)


@pytest.fixture(scope="module")
def pico(tmp_path_factory, pico_firmware):
    """One that runs its owner's program."""
    with EmulatedPico(tmp_path_factory.mktemp("pico") / "flash", firmware=pico_firmware) as pico:
        with Board(pico.url) as board:
            board.put(MINE, "/main.py")
            board.restart()
        yield pico


@pytest.fixture
def flash(pico, capsys, tmp_path):
    """`xnornode flash` with a model: its exit status, and all that it says."""
    (tmp_path / "m.bnn").write_bytes(model_bytes(1))

    def run(*arguments: str) -> tuple[int, str]:
        model = ["--no-firmware", "--model", str(tmp_path / "m.bnn")]
        status = main(["flash", "--port", pico.url, *model, *arguments])
        return status, "".join(capsys.readouterr())

    return run


def files(pico) -> dict[str, bytes]:
    with Board(pico.url) as board:
        names = board.value("import os, json\nprint(json.dumps(os.listdir('/')))")
        board.restart()
    return names


def test_a_program_of_the_owners_is_not_lost(pico, flash):
    status, said = flash("--autostart")
    assert status == 1 and "--replace-main" in said, said
    assert files(pico) == ["main.py"], "nothing was written"
    status, said = flash("--autostart", "--replace-main", "--watchdog")
    assert status == 0 and "/main.py as /main_before.py" in said, said
    with Board(pico.url) as board:
        assert board.run("print(open('/main_before.py').read(), end='')").encode() == MINE
        board.restart()
    status, said = flash("--autostart", "--watchdog")
    assert status == 0 and "0 written" in said, "it is known as ours now"
    assert "main_before2.py" not in files(pico)


def test_without_a_sensor_it_says_so_and_takes_commands(pico):
    with connect(pico.url, SLOW, patient=True) as session:
        assert not session.hello.running
        while not isinstance(event := session.receive(PATIENCE), Error):
            assert event
        assert "xnornode sensor" in event.error and event.traceback and event.pause


def test_the_watchdog(pico):
    """It starts a board that hangs, lets a push through, and is off at the REPL."""
    with Board(pico.url) as board:
        assert board.run(ENABLED).strip() == "0"
        board.put(SENSOR.encode(), "/lib/mine.py")
        board.put(b'{"sensor": "mine.Mine"}', "/sensor.json")
        since = len(pico.events)
        board.leave("import machine\nmachine.reset()")
    for _ in range(2):  # this reset, and the watchdog's
        boot = pico.wait_for("boot", since, where=lambda event: event["watchdog"])
        since = pico.events.index(boot, since) + 1
    pico.wait_for("port", since)
    with connect(pico.url, SLOW, patient=True) as session:
        for _ in range(3):
            while not isinstance(event := session.receive(PATIENCE), Prediction):
                assert event
    assert push(pico.url, model_bytes(2), timing=SLOW).active.revision == 2
    with Board(pico.url) as board:
        assert board.run(ENABLED).strip() == "0"
    assert not [event for event in pico.events[since:] if event["event"] == "boot"]
