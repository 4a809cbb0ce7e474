"""`xnornode sensor` on the emulated Pico: an MPU6050 that is there, wired wrongly, or missing."""

import json
import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.lab.motionlab import AXES
from tests.lab.powerlab import install
from tools.emulators.emulated_pico import EmulatedPico
from tools.emulators.sensors import Mpu6050, Signal
from xnornode.board import node_library
from xnornode.board.install import Plan
from xnornode.link.repl import Board

COMMAND = str(Path(sys.executable).parent / "xnornode")
STILL = [0.25, -0.5, 1.0, 10.0, -20.0, 30.0]
"""What the sensor feels, in g and deg/s."""
PROGRAM = b'print(\'{"event":"source","name":"mine"}\')\nwhile True: pass\n'


@pytest.fixture(scope="module")
def flash(tmp_path_factory, pico_firmware):
    """The flash of a Pico with the library, and a program of its owner's."""
    flash = tmp_path_factory.mktemp("sensor") / "flash.bin"
    with EmulatedPico(flash, firmware=pico_firmware) as pico, Board(pico.url) as board:
        board.clear()
        install(board, Plan({**node_library.files("armv6m"), "/main.py": PROGRAM}))
    return flash


@contextmanager
def pico_with(flash, *sensors):
    with EmulatedPico(flash, sensors=sensors) as pico:
        yield pico


def sensor(pico, *arguments: object) -> subprocess.CompletedProcess[str]:
    command = [COMMAND, "sensor", *map(str, arguments), "--port", pico.url]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=300)


def config(pico) -> object:
    with Board(pico.url) as board:
        there = board.value(
            "import json, os\n"
            "print(json.dumps(open('/sensor.json').read() if 'sensor.json' in os.listdir() else ''))"
        )
        board.restart()
    return json.loads(there) if there else None


def mpu6050(**given) -> Mpu6050:
    return Mpu6050(Signal([STILL], channels=AXES, rate=1), **given)


def test_a_sensor_that_is_there(flash):
    """It is named and read in its units, and kept; a dry run keeps nothing."""
    with pico_with(flash, mpu6050()) as pico:
        done = sensor(pico, "mpu6050", "--rate", "50", "--range", "2g", "--dry-run")
        assert done.returncode == 0, done.stderr
        assert "nothing was written" in done.stdout and config(pico) is None
        done = sensor(pico, "mpu6050", "--rate", "50", "--range", "2g", "--gyro-range", "250")
        assert done.returncode == 0, done.stderr
        assert "MPU6050" in done.stdout and "50 Hz" in done.stdout
        lines = done.stdout.splitlines()
        head = next(i for i, line in enumerate(lines) if "accel x (g)" in line)
        rows = [[float(word) for word in line.split()] for line in lines[head + 1 : head + 11]]
        for row in rows:
            assert row == pytest.approx(STILL, abs=0.01)
        kept = {"sensor": "mpu6050", "sda": 4, "scl": 5, "address": 0x68, "rate": 50}
        assert config(pico) == kept | {"range": 2, "gyro_range": 250}
        pico.kill()
    with pico_with(flash, mpu6050()) as pico:
        done = sensor(pico)
        assert done.returncode == 0 and "accel x (g)" in done.stdout, done.stderr
        assert sensor(pico, "--remove").returncode == 0
        assert config(pico) is None


def test_none_is_wired(flash):
    """What to check is said, nothing is written, and the owner's program runs again."""
    with pico_with(flash) as pico:
        done = sensor(pico, "mpu6050")
        assert done.returncode == 1
        for word in ("GPIO 4", "GPIO 5", "pull-up", "0x68", "0x69", "wiring"):
            assert word in done.stderr, done.stderr
        assert "Traceback" not in done.stderr
        assert config(pico) is None


@pytest.mark.parametrize(
    ("wired", "says"),
    [
        ({"address": 0x69}, "--address 0x69"),
        ({"sda": 5, "scl": 4}, "SDA and SCL are swapped"),
        ({"identity": 0x12}, "0x12"),
    ],
)
def test_a_sensor_that_is_wired_in_another_way(flash, wired, says):
    with pico_with(flash, mpu6050(**wired)) as pico:
        done = sensor(pico, "mpu6050")
        assert done.returncode == 1 and says in done.stderr, done.stderr


def test_pins_that_no_controller_has(flash):
    """They are refused before anything is tried."""
    with pico_with(flash, mpu6050()) as pico:
        done = sensor(pico, "mpu6050", "--sda", "5", "--scl", "4")
        assert done.returncode == 1 and "take --sda 4 --scl 5" in done.stderr, done.stderr
        done = sensor(pico, "mpu6050", "--sda", "4", "--scl", "7")
        assert done.returncode == 1 and "SDA of I2C0" in done.stderr, done.stderr
