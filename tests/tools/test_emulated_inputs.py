"""The emulated Pico's ADC, PIO, timers and UARTs, as MicroPython uses them."""

import json
import re
import subprocess
import sys

import numpy as np
import pytest

from tests.lab.picolab import START, ask
from tools.emulators.emulated_pico import (
    EMULATOR,
    EmulatedPico,
    EmulatorError,
    install_package,
    node_command,
)
from tools.emulators.sensors import Analog, Loopback, Signal
from xnornode.link.repl import Board

quick = pytest.mark.quick


@pytest.fixture(scope="module")
def pico(pico_firmware, tmp_path_factory):
    flash = tmp_path_factory.mktemp("inputs") / "flash.bin"
    sensors = [
        Analog(26, name="knob"),
        Analog(27, Signal([1.65], rate=1), name="half"),
        Loopback(0),
        Loopback(1),
    ]
    with EmulatedPico(flash, firmware=pico_firmware, sensors=sensors) as emulator:
        yield emulator


@pytest.fixture(scope="module")
def board(pico):
    with Board(pico.url) as board:
        board.run(START)
        yield board


class TestButtons:
    @pytest.mark.parametrize(
        ("button", "level"),
        [(15, "1 - Pin(15, Pin.IN, Pin.PULL_UP).value()"), ("bootsel", "rp2.bootsel_button()")],
    )
    def test_is_down_while_it_is_pressed(self, button, level, pico, board):
        for down in (False, True, False):
            pico.press(button, down)
            assert ask(board, level) == down

    def test_a_pin_that_is_none(self, pico):
        with pytest.raises(EmulatorError, match="30 is no GPIO"):
            pico.press(30)


class TestAdc:
    @pytest.mark.parametrize("volts", [0.0, 0.1, 1.65, 3.2999, 5.0, -1.0])
    def test_reads_the_voltage_of_its_pin(self, volts, pico, board):
        pico.play("knob", Signal([volts], rate=1))
        code = min(4095, max(0, int(volts * 4096 / 3.3)))
        assert ask(board, "ADC(26).read_u16()") == code << 4 | code >> 8
        assert ask(board, "ADC(Pin(27)).read_u16()") == 2048 << 4 | 2048 >> 8
        assert ask(board, "ADC(28).read_u16()") == 0

    def test_follows_the_signal(self, pico, board):
        """A ramp of 1000 frames in a second: each reading is that of its own time."""
        volts = np.arange(1000) * 3.3 / 1000
        board.run("a = ADC(26)\na.read_u16()")
        pico.play("knob", Signal(volts, rate=1000, waits=True))
        code = "got = []\nfor _ in range(90):\n  got.append((time.ticks_us(), a.read_u16()))\n"
        board.run(code + "  time.sleep_ms(10)")
        times, values = np.array(ask(board, "got")).T
        frames = (times - times[0]) // 1000
        expected = (volts[frames] * 4096 / 3.3).astype(int)
        assert np.all(np.abs((values >> 4) - expected) <= 5)  # a frame is 4.1 steps

    def test_round_robin_fills_the_fifo(self, pico, board):
        """Free running at 10 kHz over channels 0, 1 and 4; RP2040 datasheet 4.9.2."""
        pico.play("knob", Signal([0.825], rate=1))
        code = """
ADC(26); ADC(27); ADC(4)
CS, FCS, FIFO, DIV = [0x4004c000 + n for n in (0, 8, 12, 16)]
mem32[DIV] = 4799 << 8
mem32[FCS] = 1
mem32[CS] = 0x13 << 16 | 8 | 3
got, begun = [], time.ticks_us()
while len(got) < 30:
    if mem32[FCS] >> 16 & 15: got.append(mem32[FIFO] & 0xffff)
took = time.ticks_diff(time.ticks_us(), begun)
mem32[CS] = 1
"""
        board.run(code)
        assert ask(board, "got") == [1024, 2048, 876] * 10
        assert 2900 <= ask(board, "took") <= 3200


class TestPio:
    @pytest.mark.parametrize("hertz", [2000, 1_000_000, 12_345_678])
    def test_state_machine_runs_at_its_divider(self, hertz, board):
        turns = min(hertz // 10, 20_000)
        code = f"""
@rp2.asm_pio()
def count():
    pull()
    mov(x, osr)
    label('again')
    jmp(x_dec, 'again')
    push()
sm = rp2.StateMachine(0, count, freq={hertz})
sm.active(1)
sm.put({turns})
begun = time.ticks_us()
sm.get()
took = time.ticks_diff(time.ticks_us(), begun)
sm.active(0)
rp2.PIO(0).remove_program()
"""
        board.run(code)
        assert ask(board, "took") == pytest.approx(turns * 1e6 / hertz, abs=150 + 5e6 / hertz)

    @pytest.mark.parametrize("right", [0, 1])
    def test_bits_come_from_the_pins(self, right, board):
        """Two pins that the program drives and a pulled-up one, 3 bits at a time."""
        code = f"""
@rp2.asm_pio(in_shiftdir={right}, set_init=rp2.PIO.OUT_LOW)
def read():
    pull()
    set(x, 4)
    label('again')
    in_(pins, 3) [3]
    jmp(x_dec, 'again') [1]
    set(pins, 1)
    push()
low, high = Pin(13, Pin.OUT, value=1), Pin(14, Pin.OUT, value=0)
Pin(15, Pin.IN, Pin.PULL_UP)
sm = rp2.StateMachine(0, read, freq=1_000_000, in_base=Pin(13), set_base=Pin(16))
got = [Pin(16).value()]
sm.active(1)
sm.put(0)
got.append(sm.get())
low.value(0); high.value(1)
sm.put(0)
got.append(sm.get())
got.append(mem32[0xd0000004] >> 16 & 1)
sm.active(0)
rp2.PIO(0).remove_program()
"""
        board.run(code)
        wanted = [int(f"{bits:03b}" * 5, 2) << 17 * right for bits in (0b101, 0b110)]
        assert ask(board, "got") == [0, *wanted, 1]

    def test_two_machines_hand_on_by_interrupt_flag(self, board):
        code = """
@rp2.asm_pio()
def first():
    pull()
    irq(block, 4)
    set(x, 1)
    mov(isr, x)
    push()
@rp2.asm_pio()
def second():
    wait(1, irq, 4)
    set(y, 7)
    mov(isr, y)
    push()
a = rp2.StateMachine(0, first, freq=100_000)
b = rp2.StateMachine(1, second, freq=1_000_000)
a.active(1); b.active(1)
before = b.rx_fifo()
a.put(0)
got = [before, b.get(), a.get(), b.rx_fifo()]
a.active(0); b.active(0)
rp2.PIO(0).remove_program()
"""
        board.run(code)
        assert ask(board, "got") == [0, 7, 1, 0]

    def test_interrupt_of_a_waiting_machine(self, board):
        code = """
times = []
@rp2.asm_pio()
def tick():
    set(x, 31) [31]
    label('again')
    jmp(x_dec, 'again') [30]
    irq(rel(0))
sm = rp2.StateMachine(0, tick, freq=100_000)
sm.irq(lambda m: times.append(time.ticks_us()))
sm.active(1)
time.sleep_ms(105)
sm.active(0)
sm.irq(None)
rp2.PIO(0).remove_program()
"""
        board.run(code)
        gaps = np.diff(ask(board, "times"))
        assert len(gaps) >= 7
        assert np.all(np.abs(gaps - (32 + 32 * 31 + 1) * 10) < 300)


class TestTimer:
    def test_periodic_at_100_hertz(self, board):
        code = "times = []\nt = Timer(freq=100, callback=lambda t: times.append(time.ticks_us()))\n"
        board.run(code + "time.sleep_ms(1005)\nt.deinit()\nn = len(times)\ntime.sleep_ms(50)")
        times = ask(board, "times")
        assert len(times) == ask(board, "n") == 100
        assert np.all(np.abs(np.diff(times) - 10_000) < 300)
        assert abs(times[-1] - times[0] - 990_000) < 300

    def test_several_and_one_shot(self, board):
        code = """
got = []
ts = [Timer(period=p, mode=Timer.ONE_SHOT, callback=lambda t, p=p: got.append(p))
      for p in (30, 10, 20)]
time.sleep_ms(50)
"""
        board.run(code)
        assert ask(board, "got") == [10, 20, 30]


class TestUart:
    @pytest.mark.parametrize(("number", "pins", "baud"), [(0, (0, 1), 115_200), (1, (4, 5), 9600)])
    def test_what_is_sent_comes_back_in_its_time(self, number, pins, baud, board):
        tx, rx = pins
        code = f"""
u = UART({number}, {baud}, tx=Pin({tx}), rx=Pin({rx}), rxbuf=600, txbuf=600)
data = bytes(range(250)) * 2
begun = time.ticks_us()
u.write(data)
u.flush()
took = time.ticks_diff(time.ticks_us(), begun)
time.sleep_ms(50)
same = u.read() == data
more = u.any()
u.deinit()
"""
        board.run(code)
        assert ask(board, "[same, more]") == [True, 0]
        wire = 500 * 10 * 1e6 / baud
        assert 0.99 * wire <= ask(board, "took") <= wire + 1100  # it looks once a millisecond

    def test_few_bytes_come_by_the_timeout(self, board):
        code = """
u = UART(0, 115200, tx=Pin(0), rx=Pin(1), timeout=50)
u.write(b'ab')
got = u.read(2)
u.deinit()
"""
        board.run(code)
        assert board.run("print(got)").strip() == "b'ab'"


WRONG = [
    ({}, "the sensors are not a list"),
    ([{"kind": "barometer"}], "sensor 1: .*barometer, not one of mpu6050, analog"),
    ([{"kind": "analog"}], '"pin" is undefined'),
    ([{"kind": "analog", "pin": 25}], '"pin" is 25'),
    ([{"kind": "analog", "pin": 26, "colour": "red"}], '"colour" is no key of this kind'),
    ([{"kind": "mpu6050"}, {"kind": "mpu6050"}], "sensor 2: two sensors are called mpu6050"),
    ([{"kind": "mpu6050"}, {"kind": "mpu6050", "name": "b"}], "two devices have address 104"),
    ([{"kind": "mpu6050", "sda": 5}], '"sda" and "scl" are both GPIO 5'),
    ([{"kind": "mpu6050", "signal": 3}], '"signal" is not an object'),
    ([{"kind": "mpu6050", "signal": {"file": "a.txt"}}], "give a .rec, .npy or .wav file"),
    ([{"kind": "mpu6050", "signal": {"file": "none.rec", "rate": 1}}], "can't play .*none.rec"),
    ([{"kind": "mpu6050", "signal": {"values": [[1, 2], [3]], "rate": 1}}], "2 numbers in each"),
    ([{"kind": "mpu6050", "signal": {"values": [["x"]], "rate": 1}}], "is not a list of frames"),
    ([{"kind": "mpu6050", "signal": {"values": [[1, 2, 3]]}}], 'has no "rate"'),
    ([{"kind": "mpu6050", "signal": {"speed": 1}}], 'has no key "speed"'),
    ([{"kind": "microphone", "sck": 1, "sd": 3, "channel": "mid"}], '"channel" is mid'),
    ("no JSON", "can't read the sensors in"),
]


@quick
@pytest.mark.parametrize(("sensors", "message"), WRONG)
def test_a_wrong_description_is_refused_before_anything_is_made(sensors, message, tmp_path):
    install_package()
    file = tmp_path / "sensors.json"
    file.write_text(sensors if isinstance(sensors, str) else json.dumps(sensors))
    command = [node_command(), EMULATOR / "pico.mjs", "--flash", tmp_path / "f", "--sensors", file]
    result = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert result.returncode == 1
    assert re.search(message, result.stderr), result.stderr
    assert "    at " not in result.stderr  # no stack
    assert sorted(path.name for path in tmp_path.iterdir()) == ["sensors.json"]


BROKEN = [
    (b"{}\nxx", "a.rec", "no recording"),
    (b"", "a.rec", "no recording"),
    (b"\x93NUMPY", "a.npy", "no NumPy array"),
    (b"RIFF", "a.wav", "no WAV file"),
]


@quick
@pytest.mark.parametrize(("data", "name", "message"), BROKEN)
def test_a_broken_file_is_named(data, name, message, tmp_path):
    install_package()
    (tmp_path / name).write_bytes(data)
    entry = {"kind": "mpu6050", "signal": {"file": name, "rate": 1}}
    (tmp_path / "s.json").write_text(json.dumps([entry]))
    command = [sys.executable, "-m", "tools.emulators.emulated_pico", "--flash", tmp_path / "f"]
    command += ["--sensors", tmp_path / "s.json"]
    result = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert result.returncode == 1
    assert message in result.stderr and name in result.stderr
    assert not (tmp_path / "f").exists()
