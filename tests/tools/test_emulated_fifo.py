"""The FIFO and the interrupt of the emulated Pico's MPU6050, and recordings that it plays."""

import base64

import numpy as np
import pytest

from tests.lab.motionlab import AXES, READ_FIFO, START, unlike_frames
from tests.lab.picolab import ask, shown
from tools.emulators.emulated_pico import EmulatedPico, EmulatorError
from tools.emulators.sensors import Mpu6050, Signal
from xnornode.data.recording_file import RecordFile, to_bytes
from xnornode.data.windows import Recording
from xnornode.link.repl import Board


@pytest.fixture(scope="module")
def pico(pico_firmware, tmp_path_factory):
    flash = tmp_path_factory.mktemp("motion") / "flash.bin"
    sensors = [
        Mpu6050(interrupt=6),
        Mpu6050(sda=2, scl=3, address=0x69, identity=0x70, name="second"),
    ]
    with EmulatedPico(flash, firmware=pico_firmware, sensors=sensors) as emulator:
        yield emulator


@pytest.fixture(scope="module")
def board(pico):
    with Board(pico.url) as board:
        board.run(START)
        yield board


@pytest.fixture(autouse=True)
def asleep(board):
    """A signal that waits shall not be begun by what the test before has set up."""
    board.run("i2c = I2C(0, sda=Pin(4), scl=Pin(5), freq=400000)\nreset()")


class TestFifo:
    @pytest.mark.parametrize(
        ("divider", "samples", "pause"), [(9, 150, 100), (0, 1500, 20)], ids=["100 Hz", "1 kHz"]
    )
    def test_no_sample_is_lost(self, divider, samples, pause, pico, board):
        rate = 1000 / (1 + divider)
        frames, counts = unlike_frames(samples + 50)
        pico.play("mpu6050", Signal(frames, rate=rate, channels=AXES, waits=True))
        code = f"on({divider})\nfifo(0x78)\n"
        got = shown(board, code + READ_FIFO.format(size=12, samples=samples, pause=pause), ">i2")
        assert np.count_nonzero(got.reshape(-1, 6) != counts[:samples]) == 0
        assert ask(board, "get(0x3a)[0] & 0x10") == 0
        wanted = samples * 1e6 / rate
        assert abs(ask(board, "took") - wanted) < 1.2 * max(pause * 1000, 30_000)

    def test_a_signal_begun_in_the_middle_loses_no_frame(self, pico, board):
        frames, counts = unlike_frames(60)
        still = Signal([[0, 0, 1, 0, 0, 0]] * 2, rate=10, channels=AXES, waits=True)
        pico.play("mpu6050", still)
        before = len(pico.events)
        # However late the order comes, the program reads until it has the last frame
        code = "on(9)\nfifo(0x78)\nlast = begun = time.ticks_ms()\n"
        code += (
            f"while last != {counts[-1, 0]} and time.ticks_diff(time.ticks_ms(), begun) < 60_000:\n"
        )
        code += "  time.sleep_ms(50)\n  part = get(0x74, held() // 12 * 12)\n"
        code += "  last = struct.unpack('>h', part[-12:-10])[0]\n"
        board.start(code + "  print(binascii.b2a_base64(part).decode(), end='')\n")
        pico.wait_for("played", before)
        pico.play("mpu6050", Signal(frames, rate=100, channels=AXES))
        lines = board.finish().split()
        got = np.frombuffer(b"".join(map(base64.b64decode, lines)), ">i2").reshape(-1, 6)
        first = int(np.flatnonzero(got[:, 0] == counts[0, 0])[0])
        assert np.array_equal(got[first : first + 60], counts)
        assert np.all(got[:first] == [0, 0, 16384, 0, 0, 0])
        assert np.all(got[first + 60 :] == counts[-1])

    def test_overflow_is_flagged_and_drops_the_oldest_bytes(self, pico, board):
        frames, counts = unlike_frames(400)
        pico.play("mpu6050", Signal(frames, rate=1000, channels=AXES, waits=True))
        # 90 samples of 12 bytes; then it stops taking more
        board.run("on(0)\nfifo(0x78)\nbefore = get(0x3a)[0] & 0x10\ntime.sleep_ms(90)")
        board.run(
            "put(0x23, 0)\nheld_then = held()\nstatus = [get(0x3a)[0] & 16, get(0x3a)[0] & 16]"
        )
        assert ask(board, "[before, held_then] + status") == [0, 1024, 16, 0]
        got = shown(board, "print(binascii.b2a_base64(get(0x74, 1024)).decode())", ">i2")
        whole = counts.astype(">i2").tobytes()
        at = whole.find(got.astype(">i2").tobytes())
        assert at > 0 and at % 12 == 8  # 1024 = 85 * 12 + 4
        assert ask(board, "[held(), list(get(0x74, 2))]") == [0, [got[-1] & 255] * 2]

    def test_overflow_after_a_long_time_is_the_same(self, pico, board):
        frames, counts = unlike_frames(1000)
        pico.play("mpu6050", Signal(frames, rate=1000, channels=AXES, loop=True))
        board.run("on(0)\nfifo(0x78)\ntime.sleep_ms(1500)\nput(0x23, 0)")
        assert ask(board, "[held(), get(0x3a)[0] & 16]") == [1024, 16]
        got = shown(board, "print(binascii.b2a_base64(get(0x74, 1024)).decode())", ">i2")
        whole = np.concatenate([counts, counts]).astype(">i2").tobytes()
        assert whole.find(got.astype(">i2").tobytes()) % 12 == 8

    @pytest.mark.parametrize(
        ("enable", "order"),
        [(0x08, [0, 1, 2]), (0x70, [4, 5, 6]), (0xF8, [0, 1, 2, 3, 4, 5, 6]), (0x90, [3, 6])],
    )
    def test_what_is_enabled_goes_in_the_order_of_the_registers(self, enable, order, pico, board):
        frames, counts = unlike_frames(40)
        pico.play("mpu6050", Signal(frames, rate=100, channels=AXES, waits=True))
        size = 2 * len(order)
        code = f"on(9)\nfifo({enable})\n"
        got = shown(board, code + READ_FIFO.format(size=size, samples=20, pause=10), ">i2")
        with_heat = np.insert(counts, 3, int((25 - 36.53) * 340), axis=1)
        assert np.array_equal(got.reshape(20, -1), with_heat[:20, order])

    def test_reset_empties_it_and_disabled_it_stays(self, board):
        board.run("on(0)\nfifo(0x08)\ntime.sleep_ms(20)\na = held()\nput(0x6a, 0x04)\nb = held()")
        board.run("time.sleep_ms(20)\nc = held()")
        assert ask(board, "[a >= 19 * 6, b, c]") == [True, 0, 0]


def test_interrupt_pin_tells_of_each_sample(board):
    code = "on(9)\ntimes = []\npin = Pin(6, Pin.IN)\n"
    code += "pin.irq(lambda p: times.append(time.ticks_us()), Pin.IRQ_RISING)\n"
    board.run(code + "put(0x38, 1)\ntime.sleep_ms(505)\npin.irq(None)\nput(0x38, 0)")
    times = ask(board, "times")
    assert len(times) == 50
    assert all(abs(gap - 10_000) < 300 for gap in np.diff(times))  # the handler's own delay


class TestRecordings:
    def test_counts_of_a_recording_come_back_exactly(self, pico, board, tmp_path):
        """In the recording's range, though its scales are rounded, and turned in rad/s."""
        counts = np.random.default_rng(3).integers(-32768, 32768, (120, 6)).astype(np.int16)
        channels = tuple(name.replace("deg/s", "rad/s") for name in AXES)
        scales = (244_141,) * 3 + (1_064_225,) * 3  # 8 g, 2000 deg/s
        files = []
        for i in range(2):
            recording = Recording(counts[60 * i : 60 * (i + 1)], "walk", "1", f"part {i}")
            files.append(tmp_path / f"{i}.rec")
            files[-1].write_bytes(to_bytes(RecordFile(recording, channels, scales, 50_000)))
        pico.play("mpu6050", Signal(files, waits=True))
        code = "on(19, 2, 3)\nfifo(0x78)\n"
        got = shown(board, code + READ_FIFO.format(size=12, samples=120, pause=50), ">i2")
        assert np.count_nonzero(got.reshape(-1, 6) != counts) == 0

    def test_channels_are_found_by_name(self, pico, board):
        names = ("gyro z (rad/s)", "accel y (m/s^2)")
        pico.play("mpu6050", Signal([[np.pi / 180, 9.80665]], rate=1, channels=names))
        board.run("on(0)\ntime.sleep_ms(3)")
        got = ask(board, "struct.unpack('>3h', get(0x3b, 6)) + struct.unpack('>3h', get(0x43, 6))")
        assert got == [0, 16384, 16384, 0, 0, 131]  # what it lacks is at rest

    def test_a_stream_goes_on_when_more_comes(self, pico, board):
        pico.play("mpu6050", Signal(rate=50, channels=AXES[:3]))
        board.run("on(19)\ntime.sleep_ms(30)")
        assert ask(board, "struct.unpack('>3h', get(0x3b, 6))") == [0, 0, 16384]
        first = len(pico.events)
        pico.append("mpu6050", [[0.5, 0, 0], [0.25, 0, 0]])
        pico.wait_for("played", first)
        assert ask(board, "struct.unpack('>3h', get(0x3b, 6))") == [4096, 0, 0]  # it holds
        begun = pico.append("mpu6050", [[0.125, 0, 0]] * 5)["seconds"]
        ended = pico.wait_for("played", first + 2)["seconds"]
        assert ended - begun == pytest.approx(0.1, abs=1e-6)
        assert ask(board, "struct.unpack('>3h', get(0x3b, 6))") == [2048, 0, 0]

    def test_a_signal_that_does_not_fit_is_refused(self, pico):
        with pytest.raises(EmulatorError, match="4 channels"):
            pico.play("mpu6050", Signal(np.zeros((3, 4)), rate=10))
        with pytest.raises(EmulatorError, match='channel "humidity'):
            pico.play("mpu6050", Signal([[1]], rate=10, channels=["humidity (%)"]))
        with pytest.raises(EmulatorError, match="no sensor is called barometer"):
            pico.play("barometer", Signal([[1]], rate=10))
        with pytest.raises(EmulatorError, match='no "rate"'):
            pico.play("mpu6050", Signal([[1, 2, 3]]))
        with pytest.raises(EmulatorError, match=r"can't play .*absent\.rec"):
            pico.play("mpu6050", Signal("absent.rec"))
        with pytest.raises(EmulatorError, match="3 numbers in each frame"):
            pico.play("mpu6050", Signal([[1, 2, 3]], rate=10))
            pico.append("mpu6050", [[1, 2]])
