"""The drivers on the emulated Pico: what they read over its buses is the signal's counts."""

import numpy as np
import pytest

from tests.lab.motionlab import AXES, unlike_frames
from tests.lab.picolab import shown
from tests.lab.readypico import library_flash
from tools.emulators.emulated_pico import EmulatedPico
from tools.emulators.sensors import Analog, Microphone, Mpu6050, Signal
from xnornode.link.repl import Board

# What the tests' programs have at hand. `read` reads until it has so many samples or a gap comes.
START = """
import binascii, gc, json, micropython, os, time
from array import array
from xnornode.sensors.configured import open_configured, open_sensor
def show(buffer): print(binascii.b2a_base64(buffer).decode(), end='')
def write_flash():
    "One block of a file: the sector is erased, which takes 45 ms without interrupts."
    with open('/waste', 'wb') as f: f.write(bytes(4096))
def read(sensor, wanted, pause=20, room=64, between=None):
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
        elif between:
            between()
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
    flash = library_flash(pico_firmware, tmp_path_factory.mktemp("sensors") / "flash.bin")
    sensors = [
        Mpu6050(),
        Mpu6050(sda=2, scl=3, address=0x69, identity=0x71, name="second"),
        Analog(26, name="a26"),
        Analog(27, name="a27"),
        Analog(28, name="a28"),
        Microphone(sck=10, sd=12),
        Microphone(sck=18, sd=20, channel="right", name="right"),
    ]
    with EmulatedPico(flash, sensors=sensors) as emulator:
        yield emulator


@pytest.fixture(scope="module")
def board(pico):
    with Board(pico.url) as board:
        board.run(START)
        yield board


def read(
    board: Board,
    samples: int,
    width: int,
    pause: int = 20,
    room: int = 64,
    between: str | None = None,
) -> np.ndarray:
    """Samples that the sensor in use reads, until a gap at most."""
    code = f"read(sensor, {samples}, {pause}, {room}, {between})"
    return shown(board, code, "<i2").reshape(-1, width)


class TestMpu6050:
    @pytest.mark.parametrize(
        ("rate", "samples", "pause", "between"),
        [(100, 150, 300, None), (1000, 1500, 20, None), (500, 800, 0, "write_flash")],
        ids=["100 Hz", "1 kHz", "500 Hz while flash is written"],
    )
    def test_no_sample_differs(self, rate, samples, pause, between, pico, board):
        frames, counts = unlike_frames(samples + 10)
        board.run("if sensor: sensor.close(); sensor = None")
        pico.play("mpu6050", Signal(frames, rate=rate, channels=AXES, waits=True))
        board.run(f"use(sensor='mpu6050', rate={rate}, range=2, gyro_range=250)")
        got = read(board, samples, 6, pause, between=between)
        assert np.count_nonzero(got != counts[:samples]) == 0


def codes(volts: np.ndarray) -> np.ndarray:
    """What 12 bits make of voltages."""
    return np.floor(np.asarray(volts) * 4096 / 3.3).astype(int).clip(0, 4095)


class TestAdc:
    def test_channels_and_their_voltages(self, pico, board):
        for name, volts in (("a26", 0.4), ("a27", 1.65), ("a28", 3.2)):
            pico.play(name, Signal([volts], rate=1))
        board.run("use(sensor='adc', pins=[28, 26, 27], rate=500)")
        about = board.value("print(json.dumps([sensor.channels, sensor.scales, sensor.rate_mhz]))")
        assert about[0] == ["adc 26 (V)", "adc 27 (V)", "adc 28 (V)"]
        assert about[2] == 500_002  # 83,333 cycles for each of three readings
        got = read(board, 400, 3)
        assert np.array_equal(got, np.tile(codes([0.4, 1.65, 3.2]) * 8, (400, 1)))
        assert got[0] * about[1] / 1e9 == pytest.approx([0.4, 1.65, 3.2], abs=1e-3)

    @pytest.mark.parametrize("between", [None, "write_flash"])
    def test_no_sample_differs(self, between, pico, board):
        """Each frame of the signal lasts four samples; none is missing."""
        volts = np.random.default_rng(1).uniform(0, 3.3, 500)
        board.run("if sensor: sensor.close(); sensor = None")
        pico.play("a26", Signal(volts, rate=500, waits=True))
        board.run("use(sensor='adc', pins=[26], rate=2000)")
        got = read(board, 1900, 1, pause=150, between=between).ravel()
        wanted = np.repeat(codes(volts) * 8, 4)
        assert np.count_nonzero(got != wanted[:1900]) == 0


class TestI2s:
    def test_by_machine_i2s(self, pico, board):
        """The driver of other boards, on the firmware's own I2S."""
        sound = (np.random.default_rng(5).integers(-(2**23), 2**23, 9000) << 8).astype(np.int32)
        board.run("if sensor: sensor.close(); sensor = None")
        pico.play("microphone", Signal(sound, rate=16_000, waits=True))
        kind = "xnornode.sensors.i2s.I2SMicrophone"
        board.run(f"use(sensor={kind!r}, sck=10, ws=11, sd=12, rate=16000)")
        got = read(board, 8000, 1, pause=2, room=256).ravel()
        assert np.count_nonzero(got[1:] != sound[:7999] >> 16) == 0

    @pytest.mark.parametrize("between", [None, "write_flash"])
    def test_no_sample_differs(self, between, pico, board):
        """From a sound of 24 bits; the frame with which the clock begins is silent."""
        sound = (np.random.default_rng(2).integers(-(2**23), 2**23, 9000) << 8).astype(np.int32)
        board.run("if sensor: sensor.close(); sensor = None")
        pico.play("microphone", Signal(sound, rate=16_000, waits=True))
        board.run("use(sensor='i2s', sck=10, ws=11, sd=12, rate=16000)")
        got = read(board, 8000, 1, pause=5, room=1000, between=between).ravel()
        assert board.value("print(sensor.rate_mhz)") == 16_000_000
        assert got[0] in (0, -32768), "its first bit is as the line was before"
        assert np.count_nonzero(got[1:] != sound[:7999] >> 16) == 0

    def test_louder_and_clipped(self, pico, board):
        sound = np.random.default_rng(3).integers(-(2**23), 2**23, 4000)
        sound[::2] >>= 4
        sound = (sound << 8).astype(np.int32)
        board.run("if sensor: sensor.close(); sensor = None")
        pico.play("right", Signal(sound, rate=8000, waits=True))
        board.run("use(sensor='i2s', sck=18, ws=19, sd=20, rate=8000, channel='right', shift=4)")
        got = read(board, 3000, 1, pause=5, room=1000).ravel()
        wanted = (sound >> 12).clip(-32768, 32767)
        first = int(np.flatnonzero(got)[0])
        assert first <= 1
        assert np.count_nonzero(got[first:] != wanted[: 3000 - first]) == 0
        scale = board.value("print(sensor.scales[0])")
        assert scale == round(1e9 * 2**12 / 2**31)


@pytest.mark.parametrize(
    ("config", "rate"),
    [
        ({"sensor": "mpu6050", "rate": 200}, 200),
        ({"sensor": "adc", "pins": [26, 27], "rate": 200}, 200),
        ({"sensor": "i2s", "rate": 16_000}, 16_000),
    ],
    ids=["MPU6050", "ADC", "I2S"],
)
def test_who_reads_too_late_is_told(config, rate, board):
    code = f"""
use(**{config})
block = array('h', bytes(8000))
sensor.read_into(block)
got = []
for pause in (1000, 100):
    time.sleep_ms(pause)
    got += [sensor.read_into(block), sensor.gaps, sensor.overruns]
print(json.dumps(got))
"""
    nothing, gaps, lost, after, *more = board.value(code)
    assert (nothing, gaps) == (0, 1)
    assert rate * 0.98 <= lost <= rate * 1.1
    assert rate // 10 * 0.98 <= after <= rate // 10 * 1.1 and more == [1, lost]


def test_nothing_writes_to_memory_after_a_soft_reset(pico, board):
    """PIO stops, and with it the DMA, though the program did not close its sensors."""
    board.run("use(sensor='i2s', pio=2)\nfirst = sensor\nsensor = None")
    board.run("use(sensor='adc', rate=1000)\ntime.sleep_ms(50)")
    counts = "print([mem32[0x50000008 + 64 * n] for n in range(12)])"  # of the DMA's channels
    look = f"from machine import mem32\nimport time\n{counts}\ntime.sleep_ms(100)\n{counts}"
    running, later = board.run(look).splitlines()
    assert running != later
    board.restart()
    with Board(pico.url) as again:
        stopped, later = again.run(look).splitlines()
        assert stopped == later
