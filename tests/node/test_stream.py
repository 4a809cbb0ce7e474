"""The node's raw samples, in CPython: what stands in which line, and when a stream ends."""

import json
import sys
from array import array
from base64 import b64decode
from itertools import chain
from types import SimpleNamespace

import numpy as np
import pytest

from tests.lab.simulated import node_module, receiver
from xnornode.link.framing import seal, unseal
from xnornode.link.messages import Button, Samples, Streaming
from xnornode.link.parsing import parse

pytestmark = pytest.mark.quick

stream, button = node_module("stream"), node_module("button")
Refused = receiver.Refused
NOW = [0]


@pytest.fixture(autouse=True)
def clock(monkeypatch):
    """A clock that stands still, unless a test sets it."""
    NOW[0] = 0
    time = SimpleNamespace(
        ticks_ms=lambda: NOW[0], ticks_add=lambda t, n: t + n, ticks_diff=lambda t, n: t - n
    )
    monkeypatch.setattr(stream, "time", time)
    monkeypatch.setattr(button, "time", time)


class Sensor:
    """As sensors/sensor.py says."""

    overruns = gaps = 0
    ended = closed = False

    def __init__(self, channels=2, rate_mhz=100_000):
        self.name, self.rate_mhz = "s", rate_mhz
        self.channels = tuple(f"x{i} (g)" for i in range(channels))
        self.scales = (1,) * channels
        self.ready = []  # blocks

    def read_into(self, block):
        values = self.ready.pop(0) if self.ready else []
        block[: len(values)] = array("h", values)
        return len(values) // len(self.channels)

    def close(self):
        self.closed = True


class Line:
    """What a Streamer writes."""

    def __init__(self, sensor=None, open_sensor=None, **more):
        self.data = b""
        self.streamer = stream.Streamer(open_sensor, write=self.write, **more)
        self.streamer.sensor = sensor

    def write(self, data):
        self.data += bytes(data)

    def samples(self) -> list[tuple[Samples, list[int]]]:
        events = [parse(unseal(line)) for line in self.data.splitlines()]
        assert all(isinstance(event, Samples) for event in events)
        return [(e, np.frombuffer(b64decode(e.data), "<i2").tolist()) for e in events]


def joined(values) -> list[int]:
    return list(chain.from_iterable(values))


def test_lines_are_of_100_ms():
    sensor = Sensor()
    line = Line(sensor)
    line.streamer.start(10)
    for n in range(25):
        NOW[0] = 10 * n
        line.streamer.samples(array("h", [n, -n]), sensor)
    line.streamer.stop()
    events, values = zip(*line.samples(), strict=True)
    assert [(e.seq, e.at, e.ms) for e in events] == [(0, 0, 100), (1, 11, 210), (2, 22, 240)]
    assert joined(values) == [v for n in range(25) for v in (n, -n)]


@pytest.mark.parametrize("channels", [1, 6, 7, 255])
def test_lines_hold_whole_samples_however_the_blocks_are(channels):
    sensor = Sensor(channels)
    line = Line(sensor)
    line.streamer.start(10)
    rng = np.random.default_rng(channels)
    given = rng.integers(-(2**15), 2**15, (2000, channels)).astype(np.int16)
    at = 0
    while at < len(given):
        n = int(rng.integers(1, 300))
        line.streamer.samples(memoryview(array("h", given[at : at + n].ravel())), sensor)
        at += n
    line.streamer.stop()
    events, values = zip(*line.samples(), strict=True)
    assert joined(values) == given.ravel().tolist()
    assert all(len(v) % channels == 0 and len(v) <= 600 for v in values)
    assert [e.at * channels for e in events] == [
        sum(map(len, values[:i])) for i in range(len(events))
    ]


def test_no_gap_is_within_a_line():
    sensor = Sensor(1)
    sensor.overruns, sensor.gaps = 7, 1  # from before the stream
    line = Line(sensor)
    line.streamer.start(10)
    line.streamer.samples(array("h", [1, 2]), sensor)
    sensor.overruns, sensor.gaps = 12, 2
    line.streamer.samples(array("h", [8, 9]), sensor)
    line.streamer.stop()
    assert [(e.overruns, e.gaps, v) for e, v in line.samples()] == [(0, 0, [1, 2]), (5, 1, [8, 9])]


def test_a_stream_ends_when_its_time_is_over():
    sensor = Sensor(1)
    line = Line(sensor)
    line.streamer.start(2)
    NOW[0] = 1900
    assert line.streamer.start(2)["at"] == 0  # more time
    NOW[0] = 3900
    line.streamer.samples(array("h", [1]), sensor)
    assert line.streamer.on
    NOW[0] = 3901
    line.streamer.samples(array("h", [2]), sensor)
    assert not line.streamer.on and [v for _, v in line.samples()] == [[1]]
    line.streamer.start(2**32 - 1)
    NOW[0] += 60_001
    line.streamer.samples(array("h", [3]), sensor)
    assert not line.streamer.on


def test_the_answer():
    sensor = Sensor()
    fields = Line(sensor, port=11520).streamer.start(1)
    said = parse({"event": "reply", "id": 1, **json.loads(json.dumps(fields))})
    channels = ("x0 (g)", "x1 (g)")
    assert said == Streaming(1, "s", channels, (1, 1), 100_000, "", 0, 11520, True, 32767, False)
    assert not Line(Sensor(1, 4_000_000)).streamer.start(1)["classifies"]
    assert not Line(open_sensor=Sensor).streamer.start(1)["classifies"]


def test_the_receiver_reads_the_sensor_that_it_opens():
    sensor = Sensor(1)
    line = Line(open_sensor=lambda: sensor)
    assert not line.streamer.pump()
    line.streamer.start(5)
    sensor.ready = [[1, 2], [], [3]]
    assert [line.streamer.pump() for _ in range(4)] == [True, False, True, False]
    sensor.ended = True
    assert not line.streamer.pump() and not line.streamer.on and sensor.closed
    assert [v for _, v in line.samples()] == [[1, 2, 3]]


def test_a_sensor_that_gives_nothing_is_closed_in_time():
    sensor = Sensor(1)
    line = Line(open_sensor=lambda: sensor)
    line.streamer.start(5)
    NOW[0] = 5001
    assert not line.streamer.pump() and sensor.closed


def test_a_sensor_that_fails_is_closed():
    sensor = Sensor(1)
    line = Line(open_sensor=lambda: sensor)
    line.streamer.start(5)
    sensor.read_into = lambda _: 1 // 0
    with pytest.raises(ZeroDivisionError):
        line.streamer.pump()
    assert sensor.closed and not line.streamer.on


def unwired():
    raise OSError(5, "nothing answers at 0x68")


LEVELS = {}
"""Of pins: 0 where a button connects one to ground."""


class Pin:
    """As MicroPython's, of a board with GPIO 0 to 29."""

    IN, PULL_UP = "in", "up"

    def __init__(self, number, mode, pull):
        if number > 29:
            raise ValueError("invalid pin")
        assert (mode, pull) == (self.IN, self.PULL_UP)
        self.number = number

    def value(self):
        return LEVELS.get(self.number, 1)


@pytest.fixture
def pins(monkeypatch):
    """A board's pins, and its button BOOTSEL, as -1."""
    LEVELS.clear()
    monkeypatch.setitem(sys.modules, "machine", SimpleNamespace(Pin=Pin, unique_id=bytes))
    bootsel = SimpleNamespace(bootsel_button=lambda: 1 - LEVELS.get(-1, 1))
    monkeypatch.setitem(sys.modules, "rp2", bootsel)
    return LEVELS


def with_button(at) -> Line:
    sensor = Sensor(1)
    sensor.button = at
    return Line(sensor)


def presses(line: Line, pin: int, levels: list[int], step=20) -> list[int]:
    """When presses are said, as the pin has these levels, one in so many milliseconds."""
    for level in levels:
        NOW[0] += step
        LEVELS[pin] = level
        line.streamer.look()
    said = [parse(unseal(text)) for text in line.data.splitlines()]
    return [event.ms for event in said if isinstance(event, Button)]


def test_a_press_stands_between_the_samples_before_and_after(pins):
    line = with_button(15)
    assert line.streamer.start(10)["button"] is True
    assert not presses(line, 15, [1, 1])
    line.streamer.samples(array("h", [1, 2, 3]), line.streamer.sensor)
    assert presses(line, 15, [0, 0]) == [80]
    line.streamer.samples(array("h", [4]), line.streamer.sensor)
    line.streamer.stop()
    said = [parse(unseal(text)) for text in line.data.splitlines()]
    assert [type(event) for event in said] == [Samples, Button, Samples]
    assert said[1] == Button(3, 80) and (said[0].at, said[2].at) == (0, 3)


@pytest.mark.parametrize(
    ("levels", "said"),
    [
        ([1, 1, 0, 0, 0, 1, 1, 0, 0], [80, 180]),
        ([1, 1, 0, 1, 0, 1, 1], []),  # no finger is so fast
        ([1, 1, 0, 0, 1, 0, 0, 1, 0, 0], [80]),  # a contact that bounces
        ([0, 0, 0, 1, 1, 1, 0, 0], [160]),  # held from the start
    ],
)
def test_a_button_that_bounces(pins, levels, said):
    line = with_button(3)
    line.streamer.start(10)
    assert presses(line, 3, levels) == said


@pytest.mark.parametrize(("at", "pause"), [(3, 20), ("bootsel", 100)])
def test_a_button_is_looked_at_seldom(pins, at, pause, monkeypatch):
    line = with_button(at)
    line.streamer.start(10)
    looks = []
    monkeypatch.setattr(line.streamer._button, "_down", lambda: looks.append(NOW[0]))
    presses(line, 0, [1] * 1000, step=1)
    assert looks == list(range(pause, 1001, pause))


def test_bootsel(pins):
    line = with_button("bootsel")
    line.streamer.start(10)
    assert presses(line, -1, [1, 0, 0, 1, 0], step=100) == [200, 500]


@pytest.mark.parametrize(
    ("at", "message"),
    [(30, "no GPIO 30"), ("boot", "is boot, not a GPIO number"), (True, "is True, not a GPIO")],
)
def test_a_button_that_the_board_has_not(pins, at, message):
    line = with_button(at)
    with pytest.raises(Refused, match=message) as refused:
        line.streamer.start(1)
    assert refused.value.name == "sensor" and not line.streamer.on


def test_a_board_that_is_no_rp2(pins, monkeypatch):
    monkeypatch.setitem(sys.modules, "rp2", None)
    with pytest.raises(Refused, match="only RP2 boards"):
        with_button("bootsel").streamer.start(1)


def test_no_stream_no_look(pins):
    line = with_button(15)
    line.streamer.look()
    line.streamer.start(10)
    line.streamer.stop()
    assert not presses(line, 15, [1, 1, 0, 0])


@pytest.mark.parametrize(
    ("line", "name", "message"),
    [
        (Line(), "sensor", "has named no sensor"),
        (Line(open_sensor=unwired), "sensor", "^nothing answers at 0x68$"),
        (Line(Sensor(1, 0)), "sensor", "has no rate"),
        (Line(Sensor(0)), "sensor", "no channels"),
    ],
)
def test_what_is_refused(line, name, message):
    with pytest.raises(Refused, match=message) as refused:
        line.streamer.start(1)
    assert refused.value.name == name and not line.streamer.on


def test_a_locked_node_sends_nothing():
    line = Line(Sensor())
    line.streamer.locked = True
    with pytest.raises(Refused, match="locked") as refused:
        line.streamer.start(1)
    assert refused.value.name == "locked"


def test_the_commands(tmp_path):
    """As the receiver answers them."""
    line = Line(Sensor())
    taker = receiver.Receiver(None, SimpleNamespace(running=True), 0, line.streamer)

    def answer(command):
        return taker.line(memoryview(seal(command)[:-1]))[1]

    assert answer(b'{"cmd":"stream","id":1,"seconds":5')["rate_mhz"] == 100_000
    assert line.streamer.on
    assert answer(b'{"cmd":"stop","id":2') == {"id": 2} and not line.streamer.on
    assert answer(b'{"cmd":"stop","id":3') == {"id": 3}
    for wrong in (b"", b',"seconds":-1', b',"seconds":"5"', b',"seconds":1.5'):
        assert answer(b'{"cmd":"stream","id":4' + wrong)["error"] == "arguments"
    taker = receiver.Receiver(None, None, 0)
    assert answer(b'{"cmd":"stream","id":5,"seconds":5')["error"] == "sensor"
    assert answer(b'{"cmd":"stop","id":6') == {"id": 6}
