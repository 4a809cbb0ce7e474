"""sensor.json, recordings as a sensor, and a sensor of one's own, in MicroPython."""

import json

import numpy as np
import pytest

from tests.lab.sensorlab import example, run
from xnornode.data.recording_file import RecordFile, to_bytes
from xnornode.data.windows import Recording


def write_recordings(folder, lengths=(70, 1, 300), channels=2, rate_mhz=100_000):
    """Recordings in a folder; returns their samples."""
    folder.mkdir()
    rng = np.random.default_rng(0)
    names = tuple(f"accel {axis} (g)" for axis in "xyzuvw"[:channels])
    parts = []
    for number, length in enumerate(lengths):
        parts.append(rng.integers(-32768, 32768, (length, channels)).astype(np.int16))
        file = RecordFile(
            Recording(parts[-1], "x", "p", f"r{number}"), names, (122_070,) * channels, rate_mhz
        )
        (folder / f"{number}.rec").write_bytes(to_bytes(file))
    return parts


PLAY = """
from xnornode.sensors.replay import Replay
sensor = Replay({path!r}, {options})
about(sensor)
block = memoryview(array("h", bytes(2 * {room} * len(sensor.channels))))
part, gaps, name = [], sensor.gaps, sensor.name
while not sensor.ended and time.now < {until}:
    count = sensor.read_into(block)
    if sensor.gaps != gaps:
        say(name=name, values=part)
        part, gaps, name = [], sensor.gaps, sensor.name
    part += list(block[:count * len(sensor.channels)])
    time.sleep_us({pause})
say(name=name, values=part)
say(now=time.now, count=sensor.read_into(block))
about(sensor)
"""


def play(path, options="realtime=False", room=32, pause=0, until=10**9):
    return run(PLAY.format(path=str(path), options=options, room=room, pause=pause, until=until))


class TestReplay:
    @pytest.mark.parametrize("room", [1, 32, 1000])
    def test_as_fast_as_it_can(self, room, tmp_path):
        parts = write_recordings(tmp_path / "r")
        first, *played, end, last = play(tmp_path / "r", room=room)
        assert first["channels"] == ["accel x (g)", "accel y (g)"]
        assert (first["name"], first["rate"], first["gaps"]) == ("r0", 100_000, 1)
        assert first["scales"] == [122_070] * 2
        assert [part["name"] for part in played] == ["r0", "r1", "r2"]
        for got, part in zip(played, parts, strict=True):
            assert got["values"] == part.ravel().tolist()
        assert end == {"now": 0, "count": 0}
        assert (last["ended"], last["gaps"], last["overruns"]) == (True, 3, 0)

    @pytest.mark.parametrize("rate_mhz", [100_000, 62_500, 16_000_000, 333_333])
    @pytest.mark.parametrize("pause", [900, 7300, 70_000])
    def test_in_real_time(self, rate_mhz, pause, tmp_path):
        (part,) = write_recordings(tmp_path / "r", (3000,), 1, rate_mhz)
        _, played, end, _ = play(tmp_path / "r", "realtime=True", room=2000, pause=pause)
        assert played["values"] == part.ravel().tolist()
        seconds = 3000 * 1000 / rate_mhz
        assert seconds * 1e6 * (1 - 1e-5) - 1 <= end["now"] - pause  # not before its time
        assert end["now"] <= seconds * 1e6 + 1e9 / rate_mhz + 2 * pause + 100

    def test_a_late_reader_gets_all_of_them(self, tmp_path):
        """One that comes after ten seconds has a thousand at once."""
        (part,) = write_recordings(tmp_path / "r", (3000,), 1)
        _, played, end, last = play(
            tmp_path / "r", "realtime=True", room=3000, pause=10_000_000, until=40_000_000
        )
        assert played["values"] == part.ravel().tolist()
        assert end["now"] == 40_000_000 and last["gaps"] == 1

    def test_again_and_again(self, tmp_path):
        parts = write_recordings(tmp_path / "r", (10, 20))
        _, *played, _, last = play(tmp_path / "r", "False, True", pause=1, until=50)
        assert not last["ended"] and last["gaps"] > 20
        for number, got in enumerate(played[:-1]):
            assert got["values"] == parts[number % 2].ravel().tolist()

    def test_one_file(self, tmp_path):
        parts = write_recordings(tmp_path / "r")
        _, played, _, _ = play(tmp_path / "r" / "0.rec")
        assert played["values"] == parts[0].ravel().tolist()

    @pytest.mark.parametrize("text", ["", "{}\n", '{"format": "other"}\n', "\xff\xfe\n", "[]\n"])
    def test_what_is_no_recording(self, text, tmp_path):
        path = tmp_path / "a.rec"
        path.write_text(text, encoding="latin1")
        code = f"from xnornode.sensors.replay import Replay\ntries(lambda: Replay({str(path)!r}))"
        assert run(code) == [{"kind": "ValueError", "text": f"{path} is not a recording"}]


class TestSensorJson:
    def test_opens_what_it_says(self, tmp_path):
        config = {"sensor": "mpu6050", "rate": 50, "range": 8, "gyro_range": 0, "sda": 8, "scl": 9}
        (tmp_path / "sensor.json").write_text(json.dumps(config))
        code = f"wire('mpu6050')\nsensor = open_sensor({str(tmp_path / 'sensor.json')!r})\n"
        (about,) = run(code + "about(sensor)")
        assert (about["name"], about["rate"]) == ("mpu6050", 50_000)
        assert about["channels"] == ["accel x (g)", "accel y (g)", "accel z (g)"]

    def test_only_the_driver_that_it_needs_is_loaded(self):
        code = "wire('adxl345')\nopen_configured({'sensor': 'adxl345'})\n"
        (names,) = run(code + "say(names=sorted(sys.modules))")
        loaded = {n.split(".")[-1] for n in names["names"] if n.startswith("xnornode.sensors.")}
        common = {"configured", "counts", "fifo_sensor", "i2c_device", "sensor", "settings"}
        assert loaded == {"adxl345", *common}

    def test_without_it_recordings_are_played(self, tmp_path):
        write_recordings(tmp_path / "r")
        (about,) = run(f"about(open_sensor('/none.json', {str(tmp_path / 'r')!r}))")
        assert about["name"] == "r0"

    def test_with_neither_it_says_what_to_do(self, tmp_path):
        (error,) = run(f"tries(lambda: open_sensor('/none.json', {str(tmp_path)!r}))")
        assert error["kind"] == "OSError"
        assert "`xnornode sensor`" in error["text"] and "--recording" in error["text"]

    WRONG = (
        ("mpu6050", "is no JSON"),
        ("", "is no JSON"),
        ("[]", 'not an object with a key "sensor"'),
        ("{}", 'not an object with a key "sensor"'),
        ('{"sensor": 3}', 'not an object with a key "sensor"'),
        ('{"sensor": "mpu6051"}', '"sensor" is mpu6051, not one of adc, adxl345, bmi160'),
        ('{"sensor": "mine.Sensor"}', "put mine.py on the node"),
        ('{"sensor": "json.Sensor"}', "the module json has no class Sensor"),
        ('{"sensor": "replay", "path": "/none"}', None),
        ('{"sensor": "mpu6050", "rnage": 4}', "rnage"),
        ('{"sensor": "mpu6050", "rate": "fast"}', "mpu6050"),
    )

    @pytest.mark.parametrize(("text", "words"), WRONG)
    def test_a_wrong_one_is_an_error(self, text, words, tmp_path):
        path = tmp_path / "sensor.json"
        path.write_text(text)
        (error,) = run(f"wire('mpu6050')\ntries(lambda: open_sensor({str(path)!r}))")
        assert error["kind"] == ("ValueError" if words else "OSError")
        if words:
            assert error["text"].startswith(str(path)) and words in error["text"]


def test_a_button_goes_with_any_sensor():
    """The sensor has it, for a stream, and its class is not given it."""
    made = run(
        "machine.devices[0x23] = object()\n"
        "for button in ({'button': 15}, {'button': 'bootsel'}, {}):\n"
        "    sensor = open_configured(dict(sensor='adc', pins=[26], **button))\n"
        "    say(at=sensor.button)\n"
        "    sensor.close()"
    )
    assert [line["at"] for line in made] == [15, "bootsel", None]


def test_a_sensor_of_ones_own():
    """examples/bh1750.py, against the data sheet's commands."""
    code = """
class Light:
    commands = []
    def command(self, data): self.commands.append(data[0])
    def answer(self, buffer): buffer[0], buffer[1] = 0x83, 0x90
light = machine.devices[0x23] = Light()
sensor = open_configured({"sensor": "bh1750.BH1750", "sda": 4, "scl": 5, "rate": 5})
about(sensor)
got = []
for pause in [50, 149, 1, 200, 200, 700, 100]:
    time.sleep_ms(pause)
    got.append([read(sensor), sensor.gaps, sensor.overruns])
say(commands=light.commands, got=got)
"""
    about, end = run(code)
    assert (about["name"], about["channels"], about["rate"]) == ("bh1750", ["light (lx)"], 5000)
    assert end["commands"] == [0x10]
    one = [0x8390 >> 1]
    assert one[0] * about["scales"][0] / 1e9 == pytest.approx(28067, abs=2)  # data sheet, page 7
    assert end["got"] == [
        [[], 0, 0], [[], 0, 0], [one, 0, 0], [one, 0, 0], [one, 0, 0], [one, 1, 2], [one, 1, 2],
    ]  # fmt: skip


def test_the_example_is_short():
    lines = example("bh1750.py").read_text().split("class ")[1].splitlines()
    assert len(lines) <= 30
