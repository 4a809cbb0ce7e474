"""The drivers on the emulated Pico: what they read over its buses is the signal's counts."""

import numpy as np
import pytest

from tests.lab.motionlab import AXES, unlike_frames
from tests.lab.picolab import shown
from tools.emulators.emulated_pico import EmulatedPico
from tools.emulators.sensors import Mpu6050, Signal
from xnornode.board import node_library
from xnornode.board.install import Installer, Plan
from xnornode.link.repl import Board

# What the tests' programs have at hand. `read` reads until it has so many samples or a gap comes.
START = """
import binascii, gc, json, micropython, os, time
from array import array
from xnornode.sensors.configured import open_configured, open_sensor
def show(buffer): print(binascii.b2a_base64(buffer).decode(), end='')
def read(sensor, wanted, pause=20, room=64):
    width = len(sensor.channels)
    block = memoryview(array('h', bytes(2 * room * width)))
    views = [block[:n * width] for n in range(room + 1)]
    before = sensor.gaps
    while wanted > 0 and sensor.gaps == before:
        micropython.heap_lock()
        try:
            n = sensor.read_into(views[min(room, wanted)])
        finally:
            micropython.heap_unlock()
        if n:
            show(bytes(views[n]))
            wanted -= n
        else:
            time.sleep_ms(pause)
sensor = None
def use(**config):
    global sensor
    if sensor: sensor.close()
    sensor = None
    gc.collect()
    sensor = open_configured(config)
"""


@pytest.fixture(scope="module")
def pico(pico_firmware, tmp_path_factory):
    flash = tmp_path_factory.mktemp("sensors") / "flash.bin"
    sensors = [
        Mpu6050(),
        Mpu6050(sda=2, scl=3, address=0x69, identity=0x71, name="second"),
    ]
    with EmulatedPico(flash, firmware=pico_firmware, sensors=sensors) as emulator:
        yield emulator


@pytest.fixture(scope="module")
def board(pico):
    with Board(pico.url) as board:
        list(Installer(board, print, lambda *_: None).install(Plan(node_library.files("armv6m"))))
        board.run(START)
        yield board


def read(board: Board, samples: int, width: int, pause: int = 20) -> np.ndarray:
    """Samples that the sensor in use reads."""
    return shown(board, f"read(sensor, {samples}, {pause})", "<i2").reshape(-1, width)


class TestMpu6050:
    @pytest.mark.parametrize(("rate", "samples", "pause"), [(100, 150, 300), (1000, 1500, 20)])
    def test_no_sample_differs(self, rate, samples, pause, pico, board):
        frames, counts = unlike_frames(samples + 10)
        board.run("if sensor: sensor.close(); sensor = None")
        pico.play("mpu6050", Signal(frames, rate=rate, channels=AXES, waits=True))
        board.run(f"use(sensor='mpu6050', rate={rate}, range=2, gyro_range=250)")
        got = read(board, samples, 6, pause)
        print(got[:3], counts[:3])
        assert np.count_nonzero(got != counts[:samples]) == 0
