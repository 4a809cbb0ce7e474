"""`xnornode sensor` on the emulated Pico: an MPU6050 that is there, wired wrongly, or missing."""

from contextlib import closing, contextmanager
from types import SimpleNamespace

import pytest
import serial

from tests.lab.motionlab import AXES
from tests.lab.readypico import ready_flash
from tools.emulators.emulated_pico import EmulatedPico
from tools.emulators.sensors import Mpu6050, Signal
from xnornode.board import node_library, sensor_setup
from xnornode.cli.main import main
from xnornode.link.repl import Board

STILL = [0.25, -0.5, 1.0, 10.0, -20.0, 30.0]
"""What the sensor feels, in g and deg/s."""
PROGRAM = b"import time\nwhile True:\n print('mine')\n time.sleep_ms(500)\n"


@pytest.fixture(scope="module")
def flash(tmp_path_factory, pico_firmware):
    """The flash of a Pico with the library, and a program of its owner's."""
    flash = tmp_path_factory.mktemp("sensor") / "flash.bin"
    files = {**node_library.files("armv6m"), "/main.py": PROGRAM}
    flash.write_bytes(ready_flash(pico_firmware, files))
    return flash


@contextmanager
def pico_with(flash, *sensors):
    with EmulatedPico(flash, sensors=sensors) as pico:
        yield pico


@pytest.fixture
def sensor(capsys):
    """The command, in this process: its exit status, what it prints and what it says."""

    def run(pico, *arguments: object) -> SimpleNamespace:
        status = main(["sensor", *map(str, arguments), "--port", pico.url])
        return SimpleNamespace(status=status, **capsys.readouterr()._asdict())

    return run


def config(pico) -> object:
    with Board(pico.url) as board:
        there = sensor_setup.read_config(board)
        board.restart()
    return there


def mpu6050(**given) -> Mpu6050:
    return Mpu6050(Signal([STILL], channels=AXES, rate=1), **given)


def test_a_sensor_that_is_there(flash, sensor):
    """It is named and read in its units, and kept; a dry run keeps nothing."""
    with pico_with(flash, mpu6050()) as pico:
        done = sensor(pico, "mpu6050", "--rate", "50", "--range", "2g", "--dry-run")
        assert done.status == 0, done.err
        assert "nothing was written" in done.out
        done = sensor(pico, "mpu6050", "--rate", "50", "--range", "2g", "--gyro-range", "250")
        assert done.status == 0, done.err
        assert "MPU6050" in done.out and "50 Hz" in done.out
        lines = done.out.splitlines()
        head = next(i for i, line in enumerate(lines) if "accel x (g)" in line)
        rows = [[float(word) for word in line.split()] for line in lines[head + 1 : head + 11]]
        for row in rows:
            assert row == pytest.approx(STILL, abs=0.01)
        kept = {"sensor": "mpu6050", "sda": 4, "scl": 5, "address": 0x68, "rate": 50}
        assert config(pico) == kept | {"range": 2, "gyro_range": 250}
        pico.kill()
    with pico_with(flash, mpu6050()) as pico:
        done = sensor(pico)
        assert done.status == 0 and "accel x (g)" in done.out, done.err
        assert sensor(pico, "--remove").status == 0
        assert "no sensor is set" in sensor(pico).out


def test_none_is_wired(flash, sensor):
    """What to check is said, nothing is written, and the owner's program runs again."""
    with pico_with(flash) as pico:
        done = sensor(pico, "mpu6050")
        assert done.status == 1
        for word in ("GPIO 4", "GPIO 5", "pull-up", "0x68", "0x69", "wiring"):
            assert word in done.err, done.err
        assert "Traceback" not in done.err
        with closing(serial.serial_for_url(pico.url, timeout=60)) as port:
            assert b"mine" in port.read_until(b"mine")


@pytest.mark.parametrize(
    ("wired", "says"),
    [
        ({"address": 0x69}, "--address 0x69"),
        ({"sda": 5, "scl": 4}, "SDA and SCL are swapped"),
        ({"identity": 0x12}, "0x12"),
    ],
)
def test_a_sensor_that_is_wired_in_another_way(flash, sensor, wired, says):
    with pico_with(flash, mpu6050(**wired)) as pico:
        done = sensor(pico, "mpu6050")
        assert done.status == 1 and says in done.err, done.err


def test_pins_that_no_controller_has(flash, sensor):
    """They are refused before anything is tried."""
    with pico_with(flash, mpu6050()) as pico:
        done = sensor(pico, "mpu6050", "--sda", "5", "--scl", "4")
        assert done.status == 1 and "take --sda 4 --scl 5" in done.err, done.err
        done = sensor(pico, "mpu6050", "--sda", "4", "--scl", "7")
        assert done.status == 1 and "SDA of I2C0" in done.err, done.err
