"""ADC pins read by a timer, and machine.I2S, in MicroPython: what a board without DMA has."""

import numpy as np
import pytest

from tests.lab.sensorlab import run

ADC = """
from xnornode.sensors.analog import Analog
machine.volts[34] = lambda us: us // {period} % 1000 * 3.3 / 1000
machine.volts[35] = lambda us: 1.65
sensor = Analog([34, 35], rate={rate})
begun = time.now
about(sensor)
"""


def codes(numbers):
    """What the ADC makes of the ramp of 1000 steps."""
    return (numbers % 1000 * 3.3 / 1000 / 3.3 * 65535).astype(int) >> 1


class TestAnalog:
    @pytest.mark.parametrize(("rate", "period"), [(100, 10_000), (300, 3333), (1000, 1000)])
    def test_each_sample_is_of_its_time(self, rate, period):
        code = (
            ADC.format(rate=rate, period=period)
            + """
got = []
for pause in [50, 5, 300, 180] * 4:
    time.sleep_ms(pause)
    while True:
        part = read(sensor, 1000)
        if not part:
            break
        got += part
say(got=got)
about(sensor)
"""
        )
        about, end, after = run(code)
        assert about["channels"] == ["adc 34 (V)", "adc 35 (V)"]
        assert about["rate"] == 10**9 // period
        got = np.array(end["got"]).reshape(-1, 2)
        assert len(got) == 535 * 4 * 1000 // period
        assert np.array_equal(got[:, 0], codes(np.arange(1, len(got) + 1)))
        assert np.all(got[:, 1] * about["scales"][1] / 1e9 == pytest.approx(1.65, abs=1e-3))
        assert after["overruns"] == after["gaps"] == 0

    def test_a_late_reader_gets_what_the_buffer_held_and_then_a_gap(self):
        code = (
            ADC.format(rate=100, period=10_000)
            + """
time.sleep_ms(2000)
before = []
while True:
    part = read(sensor)
    if not part:
        break
    before += part
about(sensor)
time.sleep_ms(100)
say(before=before, after=read(sensor))
"""
        )
        _, lost, end = run(code)
        before = np.array(end["before"]).reshape(-1, 2)[:, 0]
        assert np.array_equal(before, codes(np.arange(1, len(before) + 1)))
        assert (lost["gaps"], lost["overruns"]) == (1, 200 - len(before))
        after = np.array(end["after"]).reshape(-1, 2)[:, 0]
        assert np.array_equal(after, codes(np.arange(201, 211)))

    def test_what_the_timer_missed_is_a_gap(self):
        """A busy interpreter, such as one that writes flash."""
        code = (
            ADC.format(rate=100, period=10_000)
            + """
time.sleep_ms(105)
machine.busy_until = time.now + 45_000
time.sleep_ms(95)
before, nothing = read(sensor), read(sensor)
about(sensor)
time.sleep_ms(100)
say(before=before, nothing=nothing, after=read(sensor))
"""
        )
        _, lost, end = run(code)
        before = np.array(end["before"]).reshape(-1, 2)[:, 0]
        assert np.array_equal(before, codes(np.arange(1, 11)))
        assert end["nothing"] == [] and lost["gaps"] == 1
        assert lost["overruns"] == 10  # four that it missed, and those until the gap was read
        after = np.array(end["after"]).reshape(-1, 2)[:, 0]
        assert np.array_equal(after, codes(np.arange(21, 31)))

    @pytest.mark.parametrize(
        ("settings", "words"),
        [
            ({"pins": []}, "name GPIOs of the ADC"),
            ({"pins": [34, 34]}, "name GPIOs of the ADC"),
            ({"pins": [34], "rate": 16000}, "rate 16000 Hz is not within 0.1 to 2000"),
            ({}, "arguments"),
        ],
    )
    def test_a_wrong_setting(self, settings, words):
        config = {"sensor": "adc", **settings}
        (error,) = run(f"tries(lambda: open_configured({config}))")
        assert error["kind"] == "ValueError" and words in error["text"]


MICROPHONE = """
machine.sound = lambda n: ((n * 7919 + 3) % 65536 - 32768) << 16 | 0x1234
sensor = open_configured(dict(sensor="i2s", sck=1, ws=2, sd=3, **{settings}))
about(sensor)
def drain(ms, pause=3, room=400):
    got = []
    for _ in range(ms // pause):
        time.sleep_ms(pause)
        got += read(sensor, room)
    return got
"""


def sound(first, count):
    return (np.arange(first, first + count) * 7919 + 3) % 65536 - 32768


class TestI2s:
    @pytest.mark.parametrize("room", [100, 256, 1000])
    def test_samples_are_the_upper_bits(self, room):
        code = MICROPHONE.format(settings={}) + f"say(got=drain(900, 3, {room}))\nabout(sensor)"
        about, end, after = run(code)
        assert about["channels"] == ["sound (FS)"] and about["rate"] == 16_000_000
        assert about["scales"] == [round(1e9 / 32768)]
        got = np.array(end["got"])
        assert 13_800 <= len(got) <= 14_400
        assert np.array_equal(got, sound(0, len(got)))
        assert after["gaps"] == after["overruns"] == 0

    def test_its_own_buffer_bridges_a_pause(self):
        code = (
            MICROPHONE.format(settings={"rate": 8000})
            + """
got = drain(100)
time.sleep_ms(250)
got += drain(600)
say(got=got)
about(sensor)
"""
        )
        _, end, after = run(code)
        got = np.array(end["got"])
        assert len(got) >= 7000 and np.array_equal(got, sound(0, len(got)))
        assert after["gaps"] == 0

    def test_what_it_had_no_room_for_is_a_gap(self):
        code = (
            MICROPHONE.format(settings={})
            + """
got = drain(100)
gaps = sensor.gaps
time.sleep_ms(1000)
while sensor.gaps == gaps:
    time.sleep_ms(3)
    part = read(sensor)
    got += part
say(got=got)
about(sensor)
say(got=drain(200))
about(sensor)
"""
        )
        _, before, lost, after, end = run(code)
        got = np.array(before["got"])
        assert np.array_equal(got, sound(0, len(got)))
        assert lost["gaps"] == end["gaps"] == 1
        # 1000 ms, of which it keeps nothing, and the time in which it catches up
        assert 16_000 <= lost["overruns"] <= 18_500
        got = np.array(after["got"])
        first = len(before["got"]) + lost["overruns"]
        at = [n for n in range(-300, 300) if np.array_equal(sound(first + n, 100), got[:100])]
        assert len(at) == 1
        assert np.array_equal(got, sound(first + at[0], len(got)))

    def test_louder_and_clipped(self):
        code = MICROPHONE.format(settings={"shift": 3}) + "say(got=drain(100))"
        about, end = run(code)
        got = np.array(end["got"])
        wanted = ((sound(0, len(got)) << 16 | 0x1234) >> 13).clip(-32768, 32767)
        assert np.array_equal(got, wanted)
        assert about["scales"] == [round(1e9 / 32768 / 8)]

    @pytest.mark.parametrize(
        ("settings", "words"),
        [({"shift": 9}, "shift 9 bits is not one of 0, 1"), ({"rate": 100}, "rate 100 Hz")],
    )
    def test_a_wrong_setting(self, settings, words):
        config = {"sensor": "i2s", "sck": 1, "ws": 2, "sd": 3, **settings}
        (error,) = run(f"tries(lambda: open_configured({config}))")
        assert error["kind"] == "ValueError" and words in error["text"]
