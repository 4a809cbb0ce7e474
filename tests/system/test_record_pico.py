"""Recording on the emulated Pico: the sensor's counts as they are, at the REPL and in a program."""

import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from tests.lab.motionlab import AXES, unlike_frames
from tests.lab.nets import random_model
from tools.emulators.emulated_pico import EmulatedPico
from tools.emulators.sensors import Mpu6050, Signal
from tools.firmware.sources import ROOT
from xnornode.board import node_library
from xnornode.board.install import Installer, Plan
from xnornode.data.recording_file import RecordFile, from_bytes
from xnornode.link.connect import connect
from xnornode.link.repl import Board
from xnornode.model.file_format import to_bytes

COMMAND = str(Path(sys.executable).parent / "xnornode")
SECONDS = 3
MPU6050 = {"sensor": "mpu6050", "rate": 100, "range": 2, "gyro_range": 250}
SOUND = b"""
import time
from array import array
from xnornode.sensors.sensor import Sensor

KEPT = 8000  # samples, as a buffer of half a second
PLAYED = memoryview(array("h", [(i * 37) % 2003 - 1000 for i in range(2003 + 1024)]))

class Sound(Sensor):
    name = "sound"
    channels = ("sound (FS)",)
    scales = (30518,)
    rate_mhz = 16_000_000

    def __init__(self):
        self.at = 0
        self.start = time.ticks_us()

    def read_into(self, block):
        waiting = time.ticks_diff(time.ticks_us(), self.start) * 16 // 1000 - self.at
        if waiting > KEPT:
            self.overruns += waiting - KEPT
            self.gaps += 1
            self.at += waiting - KEPT
        n = min(waiting, len(block), 1024)
        first = self.at % 2003
        block[:n] = PLAYED[first : first + n]
        self.at += n
        return n
"""


@pytest.fixture(scope="module")
def pico(pico_firmware, tmp_path_factory):
    """A Pico with the library, whose REPL waits."""
    flash = tmp_path_factory.mktemp("record") / "flash.bin"
    with EmulatedPico(flash, firmware=pico_firmware, sensors=[Mpu6050()]) as pico:
        files = node_library.files("armv6m") | {"/sounding.py": SOUND}
        with Board(pico.url) as board:
            list(Installer(board, print, lambda *_: None).install(Plan(files)))
        yield pico


def put(pico, files: dict[str, object], restart: bool = False) -> None:
    with Board(pico.url) as board:
        for path, content in files.items():
            data = content if isinstance(content, bytes) else json.dumps(content).encode()
            board.put(data, path)
        if restart:
            board.restart()


def record(pico, data: Path, label: str, seconds: float) -> RecordFile:
    """What `xnornode record` writes."""
    command = [COMMAND, "record", str(data), "--label", label, "--seconds", str(seconds)]
    command += ["--pause", "0", "--port", pico.url]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr
    path = data / label / "1.rec"
    return from_bytes(path.read_bytes(), str(path))


def test_an_mpu6050_at_the_repl(pico, tmp_path):
    frames, counts = unlike_frames(100 * SECONDS + 200)
    put(pico, {"/sensor.json": MPU6050})
    pico.play("mpu6050", Signal(frames, rate=100, channels=AXES, waits=True))
    record_file = record(pico, tmp_path, "wave", SECONDS)
    samples = record_file.recording.samples
    assert samples.shape == (100 * SECONDS, 6) and record_file.sensor == "mpu6050"
    first = next(n for n in range(200) if np.array_equal(counts[n], samples[0]))
    assert np.count_nonzero(samples != counts[first : first + len(samples)]) == 0
    assert not record_file.lost and not record_file.breaks and not record_file.cut
    assert record_file.channels == AXES and len(record_file.device) == 16
    assert record_file.rate_mhz == 100_000
    with Board(pico.url) as board:  # the REPL is one again
        assert board.run("print(6 * 7)").split() == ["42"]


def check_sound(record_file: RecordFile) -> None:
    samples = record_file.recording.samples[:, 0].astype(int)
    assert len(samples) == 24000 and not record_file.lost and not record_file.breaks
    at = (samples + 1000) * pow(37, -1, 2003) % 2003
    assert np.array_equal(np.diff(at) % 2003, np.ones(len(at) - 1))


def test_sound_of_a_program_that_goes_on(pico, tmp_path):
    made = random_model(1, 512, 1, 2, (8, 3))
    heard = {"channels": ("sound (FS)",), "scales": (30518,), "rate_mhz": 16_000_000}
    model = replace(made, window=replace(made.window, **heard))
    program = (ROOT / "device" / "classify.py").read_bytes()
    with Board(pico.url) as board:
        board.run("import os\nif 'models' not in os.listdir('/'): os.mkdir('/models')")
    put(
        pico,
        {
            "/sensor.json": {"sensor": "sounding.Sound"},
            "/models/1.bnn": to_bytes(model),
            "/main.py": program,
        },
        restart=True,
    )
    check_sound(record(pico, tmp_path, "noise", 1.5))
    with connect(pico.url) as session:
        assert session.hello.running and session.hello.model.name == model.name
