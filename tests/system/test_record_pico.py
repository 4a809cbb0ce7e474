"""Recording on the emulated Pico: the sensor's counts as they are, at the REPL and in a program."""

import json
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from tests.lab.motionlab import AXES, unlike_frames
from tests.lab.nets import random_model
from tests.lab.readypico import library_flash
from tools.emulators.emulated_pico import EmulatedPico
from tools.emulators.sensors import Microphone, Mpu6050, Signal
from tools.firmware.sources import ROOT
from xnornode.data.recording_file import RecordFile, from_bytes
from xnornode.data.sound import SCALE
from xnornode.link.connect import connect
from xnornode.link.repl import Board
from xnornode.model.file_format import to_bytes

COMMAND = str(Path(sys.executable).parent / "xnornode")
SECONDS = 3
MPU6050 = {"sensor": "mpu6050", "rate": 100, "range": 2, "gyro_range": 250}
MICROPHONE = {"sensor": "i2s", "sck": 10, "ws": 11, "sd": 12, "rate": 16000}
PERIOD = 2003
PLAYED = ((37 * np.arange(PERIOD)) % PERIOD - 1000).astype(np.int16)
"""No two samples of it are alike."""


@pytest.fixture(scope="module")
def pico(pico_firmware, tmp_path_factory):
    """A Pico with the library, whose REPL waits."""
    flash = library_flash(pico_firmware, tmp_path_factory.mktemp("record") / "flash.bin")
    sound = Signal(PLAYED, rate=16000, loop=True)
    sensors = [Mpu6050(), Microphone(sck=10, sd=12, signal=sound)]
    with EmulatedPico(flash, sensors=sensors) as pico:
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


@pytest.mark.parametrize("button", [15, "bootsel"])
def test_the_nodes_button(pico, tmp_path, button):
    """At the REPL."""
    put(pico, {"/sensor.json": MPU6050 | {"button": button}})
    command = [COMMAND, "record", str(tmp_path), "--label", "wave", "--seconds", "0.5", "--button"]
    command += ["--repeat", "2", "--port", pico.url]
    with (tmp_path / "said").open("w+") as said:
        running = subprocess.Popen(command, stderr=said, stdout=said)
        try:
            end = time.monotonic() + 120
            while running.poll() is None and time.monotonic() < end:
                for down in (True, False):  # presses during a recording change nothing
                    pico.press(button, down)
                    time.sleep(0.4)
        finally:
            running.kill()
        said.seek(0)
        assert running.wait() == 0, said.read()
    for path in (tmp_path / "wave" / "1.rec", tmp_path / "wave" / "2.rec"):
        assert from_bytes(path.read_bytes(), str(path)).recording.samples.shape == (50, 6)


def test_sound_of_a_program_that_goes_on(pico, tmp_path):
    made = random_model(1, 512, 1, 2, (8, 3))
    heard = {"channels": ("sound (FS)",), "scales": (SCALE,), "rate_mhz": 16_000_000}
    model = replace(made, window=replace(made.window, **heard))
    program = (ROOT / "device" / "classify.py").read_bytes()
    with Board(pico.url) as board:
        board.run("import os\nif 'models' not in os.listdir('/'): os.mkdir('/models')")
    put(
        pico,
        {
            "/sensor.json": MICROPHONE,
            "/models/1.bnn": to_bytes(model),
            "/main.py": program,
        },
        restart=True,
    )
    record_file = record(pico, tmp_path, "noise", 1.5)
    samples = record_file.recording.samples[:, 0].astype(int)
    assert len(samples) == 24000 and not record_file.lost and not record_file.breaks
    at = (samples + 1000) * pow(37, -1, PERIOD) % PERIOD
    assert np.array_equal(np.diff(at) % PERIOD, np.ones(len(at) - 1))
    assert record_file.channels == ("sound (FS)",) and record_file.scales == (SCALE,)
    with connect(pico.url) as session:
        assert session.hello.running and session.hello.model.name == model.name
