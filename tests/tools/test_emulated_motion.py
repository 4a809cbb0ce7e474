"""The emulated Pico's MPU6050, read by MicroPython over I2C: bus, registers, ranges."""

import numpy as np
import pytest

from tests.lab.motionlab import START
from tests.lab.picolab import ask
from tools.emulators.emulated_pico import EmulatedPico
from tools.emulators.sensors import Mpu6050, Signal
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


class TestBus:
    def test_scan_finds_the_sensor_alone(self, board):
        assert ask(board, "i2c.scan()") == [0x68]
        assert ask(board, "I2C(1, sda=Pin(2), scl=Pin(3)).scan()") == [0x69]

    def test_pins_without_a_sensor_are_silent(self, board):
        assert ask(board, "I2C(0, sda=Pin(8), scl=Pin(9)).scan()") == []
        # The controller sees the OR of both pairs of pins, as on the chip
        with pytest.raises(Exception, match="EIO"):
            board.run("i2c.readfrom_mem(0x68, 0x75, 1)")
        board.run("Pin(4, Pin.IN); Pin(5, Pin.IN)")
        with pytest.raises(Exception, match="EIO"):
            board.run("I2C(0, sda=Pin(8), scl=Pin(9)).readfrom_mem(0x68, 0x75, 1)")
        board.run("Pin(8, Pin.IN); Pin(9, Pin.IN)")
        board.run("i2c = I2C(0, sda=Pin(4), scl=Pin(5), freq=400000)")
        assert ask(board, "get(0x75)[0]") == 0x68

    @pytest.mark.parametrize(
        "transfer", ["i2c.readfrom(0x42, 3)", "i2c.writeto(0x42, b'abc')", "i2c.writeto(0x42, b'')"]
    )
    def test_absent_address_is_an_error_and_no_more(self, transfer, board):
        code = f"try: {transfer}; print('answer')\nexcept OSError as e: print(e.errno)"
        assert int(board.run(code)) in (5, 19)  # EIO; ENODEV of zero-length writes
        assert ask(board, "get(0x75)[0]") == 0x68

    def test_pins_moved_by_software_read_the_same(self, board):
        board.run("on(9); put(0x1a, 3)")
        code = "s = SoftI2C(sda=Pin(4), scl=Pin(5)); s.writeto_mem(0x68, 0x1c, b'\\x18')"
        board.run(code + "; got = s.readfrom_mem(0x68, 0x19, 4) + s.readfrom_mem(0x68, 0x75, 1)")
        assert ask(board, "list(got)") == [9, 3, 0, 0x18, 0x68]
        assert ask(board, "s.scan()") == [0x68]

    @pytest.mark.parametrize(("hertz", "bits"), [(100_000, 9 * 15), (400_000, 9 * 15)])
    def test_a_transfer_takes_its_time(self, hertz, bits, board):
        code = f"i = I2C(0, sda=Pin(4), scl=Pin(5), freq={hertz})\nt = []\nfor _ in range(5):\n"
        code += "  b = time.ticks_us()\n  i.readfrom(0x68, 14)\n"
        code += "  t.append(time.ticks_diff(time.ticks_us(), b))"
        board.run(code)
        wire = bits * 1e6 / hertz
        assert wire <= ask(board, "min(t)") <= wire + 100  # the firmware's own work

    def test_a_watchdog_reset_leaves_the_sensor_as_it_is(self, pico_firmware, tmp_path):
        sensors = [Mpu6050(Signal([[0, 0, 1]] * 3 + [[0, 1, 0]] * 3, rate=2, waits=True))]
        with EmulatedPico(tmp_path / "f", firmware=pico_firmware, sensors=sensors) as pico:
            with Board(pico.url) as board:
                board.run(START + "on(9)\ntime.sleep_ms(50)")
                assert ask(board, "list(get(0x3b, 6))") == [0, 0, 0, 0, 64, 0]
                before = len(pico.events)
                board.leave("import machine\nmachine.reset()")
            pico.wait_for("port", before)
            pico.wait_for("played", before)
            with Board(pico.url) as board:
                board.run(START)
                assert ask(board, "list(get(0x19, 3)) + list(get(0x3b, 6))") == [
                    9, 1, 0, 0, 0, 64, 0, 0, 0
                ]  # fmt: skip


class TestRegisters:
    def test_reset_values(self, board):
        board.run("put(0x19, 7, 1, 8, 8); reset()")
        assert ask(board, "list(get(0x19, 4)) + list(get(0x6a, 2)) + list(get(0x72, 2))") == [
            0, 0, 0, 0, 0, 0x40, 0, 0
        ]  # fmt: skip
        assert ask(board, "list(get(0x3b, 14))") == [0] * 14  # it sleeps
        assert ask(board, "I2C(1, sda=Pin(2), scl=Pin(3)).readfrom_mem(0x69, 0x75, 1)[0]") == 0x70

    def test_what_is_read_only_stays(self, board):
        board.run("put(0x75, 1); put(0x3b, 1, 2, 3); put(0x72, 9)")
        assert ask(board, "list(get(0x75)) + list(get(0x3b, 3)) + list(get(0x72))") == [
            0x68, 0, 0, 0, 0
        ]  # fmt: skip

    def test_at_rest_without_a_signal(self, board):
        board.run("r = I2C(1, sda=Pin(2), scl=Pin(3))\nr.writeto_mem(0x69, 0x6b, b'\\0')")
        board.run("time.sleep_ms(5)\nv = r.readfrom_mem(0x69, 0x3b, 14)")
        at_25_degrees = (25 - 36.53) * 340
        assert ask(board, "struct.unpack('>7h', v)") == [0, 0, 16384, int(at_25_degrees), 0, 0, 0]

    @pytest.mark.parametrize("step", range(4))
    def test_ranges_and_clipping(self, step, pico, board):
        frame = [1.0, -0.37, 40.0, 10.0, -222.2, -5000.0]
        pico.play("mpu6050", Signal([frame], rate=1))
        board.run(f"on(0, {step}, {step})\ntime.sleep_ms(3)")
        got = ask(board, "struct.unpack('>3h', get(0x3b, 6)) + struct.unpack('>3h', get(0x43, 6))")
        scales = np.repeat([16384 / 2**step, [131, 65.5, 32.8, 16.4][step]], 3)
        wanted = np.clip(np.floor(np.array(frame) * scales + 0.5), -32768, 32767)
        assert got == wanted.astype(int).tolist()

    def test_sleep_keeps_the_last_sample(self, pico, board):
        pico.play("mpu6050", Signal([[1, 0, 0], [0, 1, 0]], rate=20, waits=True))
        board.run("on(9)\ntime.sleep_ms(20)\na = get(0x3b, 4)\nput(0x6b, 0x41)")
        board.run("time.sleep_ms(100)\nb = get(0x3b, 4)\nput(0x6b, 1)\ntime.sleep_ms(20)")
        assert ask(board, "[list(a), list(b), list(get(0x3b, 4))]") == [
            [64, 0, 0, 0], [64, 0, 0, 0], [0, 0, 64, 0]
        ]  # fmt: skip

    def test_data_ready_once_a_sample(self, pico, board):
        board.run("on(99)\ntime.sleep_ms(105)")
        assert ask(board, "[get(0x3a)[0] & 1, get(0x3a)[0] & 1]") == [1, 0]
        board.run("time.sleep_ms(105)")
        assert ask(board, "get(0x3a)[0] & 1") == 1
