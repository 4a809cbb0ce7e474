"""The emulated Pico's I2S microphone, as MicroPython's machine.I2S hears it."""

import wave

import numpy as np
import pytest

from tests.lab.picolab import START, ask, shown
from tools.emulators.emulated_pico import EmulatedPico
from tools.emulators.sensors import Microphone, Signal
from xnornode.link.repl import Board


@pytest.fixture(scope="module")
def pico(pico_firmware, tmp_path_factory):
    flash = tmp_path_factory.mktemp("inputs") / "flash.bin"
    sensors = [
        Microphone(sck=10, sd=12),
        Microphone(sck=18, sd=20, channel="both", name="pair"),
        Microphone(sck=7, sd=9, channel="right", name="right"),
    ]
    with EmulatedPico(flash, firmware=pico_firmware, sensors=sensors) as emulator:
        yield emulator


@pytest.fixture(scope="module")
def board(pico):
    with Board(pico.url) as board:
        board.run(START)
        yield board


class TestMicrophone:
    I2S = """
s = I2S(0, sck=Pin({sck}), ws=Pin({ws}), sd=Pin({sd}), mode=I2S.RX, bits={bits},
        format=I2S.{format}, rate={rate}, ibuf=20000)
b = array.array('{code}', bytes(6400))
begun = time.ticks_us()
for _ in range({reads}):
    s.readinto(b)
    took = time.ticks_diff(time.ticks_us(), begun)
    show(b)
s.deinit()
"""

    @pytest.mark.parametrize(("bits", "seconds"), [(16, 3), (32, 1)])
    def test_samples_are_exact(self, bits, seconds, pico, board):
        """16 kHz mono over seconds, from sound of 16 and 24 bits. The first sample is silent."""
        rng = np.random.default_rng(bits)
        count = 16_000 * seconds
        if bits == 16:
            sound = rng.integers(-(2**15), 2**15, count + 100).astype(np.int16)
        else:
            sound = (rng.integers(-(2**23), 2**23, count + 100) << 8).astype(np.int32)
        pico.play("microphone", Signal(sound, rate=16_000, waits=True))
        settings = {"sck": 10, "ws": 11, "sd": 12, "bits": bits, "rate": 16_000}
        reads = count * bits // 8 // 6400
        code = self.I2S.format(format="MONO", code="hi"[bits == 32], reads=reads, **settings)
        got = shown(board, code, f"<i{bits // 8}")
        assert len(got) == count
        assert got[0] == 0
        assert np.count_nonzero(got[1:] != sound[: count - 1]) == 0
        # The firmware hands on 16 frames at a time
        assert abs(ask(board, "took") - count * 62.5) <= 2000

    def test_both_halves_of_the_frame(self, pico, board):
        sound = np.random.default_rng(2).integers(-(2**15), 2**15, (4000, 2)).astype(np.int16)
        pico.play("pair", Signal(sound, rate=8000, waits=True))
        settings = {"sck": 18, "ws": 19, "sd": 20, "bits": 16, "rate": 8000}
        code = self.I2S.format(format="STEREO", code="h", reads=2, **settings)
        got = shown(board, code, "<i2").reshape(-1, 2)
        assert len(got) == 3200 and not got[0].any()
        assert np.array_equal(got[1:], sound[:3199])

    def test_the_right_half(self, pico, board):
        sound = np.random.default_rng(2).integers(-(2**15), 2**15, 4000).astype(np.int16)
        pico.play("right", Signal(sound, rate=8000, waits=True))
        settings = {"sck": 7, "ws": 8, "sd": 9, "bits": 16, "rate": 8000}
        code = self.I2S.format(format="STEREO", code="h", reads=1, **settings)
        got = shown(board, code, "<i2").reshape(-1, 2)
        assert not got[:, 0].any() and np.array_equal(got[1:, 1], sound[:1599])

    @pytest.mark.parametrize("rate", [8000, 44_100, 48_000])
    def test_a_sound_of_another_rate_keeps_its_time(self, rate, pico, board):
        """Each sample is the one whose time it is: emulated time is one for all."""
        ramp = np.arange(-16_000, 16_000).astype(np.int16)
        pico.play("microphone", Signal(ramp, rate=16_000, waits=True))
        settings = {"sck": 10, "ws": 11, "sd": 12, "bits": 16, "rate": rate}
        got = shown(board, self.I2S.format(format="MONO", code="h", reads=1, **settings), "<i2")
        expected = -16_000 + np.arange(3199) * 16_000 / rate
        assert np.all(np.abs(got[1:] - np.floor(expected)) <= 1)

    def test_read_in_the_background(self, pico, board):
        """`irq` calls when a buffer is full; the next one is given while the first is shown."""
        sound = np.random.default_rng(8).integers(-(2**15), 2**15, 16_000).astype(np.int16)
        pico.play("microphone", Signal(sound, rate=16_000, waits=True))
        code = """
s = I2S(0, sck=Pin(10), ws=Pin(11), sd=Pin(12), mode=I2S.RX, bits=16, format=I2S.MONO,
        rate=16000, ibuf=20000)
full, buffers = [], [bytearray(3200), bytearray(3200)]
s.irq(lambda s: full.append(1))
for turn in range(10):
    s.readinto(buffers[turn & 1])
    if turn: show(buffers[~turn & 1])
    while len(full) <= turn: time.sleep_ms(1)
show(buffers[1])
s.deinit()
"""
        got = shown(board, code, "<i2")
        assert len(got) == 16_000 and np.array_equal(got[1:], sound[:-1])

    def test_playing_takes_its_time(self, board):
        code = """
s = I2S(0, sck=Pin(10), ws=Pin(11), sd=Pin(13), mode=I2S.TX, bits=16, format=I2S.STEREO,
        rate=16000, ibuf=4000)
begun = time.ticks_us()
s.write(bytes(36_000))
took = time.ticks_diff(time.ticks_us(), begun)
s.deinit()
"""
        board.run(code)
        assert ask(board, "took") == pytest.approx(32_000 / 4 * 62.5, rel=0.03)

    def test_silence_without_sound_and_after_deinit_again(self, pico, board):
        settings = {"sck": 14, "ws": 15, "sd": 16, "bits": 16, "rate": 16_000}
        for _ in range(3):
            code = self.I2S.format(format="MONO", code="h", reads=1, **settings)
            assert not np.any(shown(board, code, "<i2"))

    def test_wav_file(self, pico, board, tmp_path):
        sound = np.random.default_rng(4).integers(-(2**15), 2**15, 4000).astype("<i2")
        with wave.open(str(tmp_path / "s.wav"), "wb") as file:
            file.setparams((1, 2, 16_000, 4000, "NONE", ""))
            file.writeframes(sound.tobytes())
        pico.play("microphone", Signal(tmp_path / "s.wav", waits=True))
        settings = {"sck": 10, "ws": 11, "sd": 12, "bits": 16, "rate": 16_000}
        got = shown(board, self.I2S.format(format="MONO", code="h", reads=1, **settings), "<i2")
        assert np.array_equal(got[1:], sound[:3199])
