"""The drivers in MicroPython, against models of the sensors' registers."""

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pytest

from tests.lab.sensorlab import frames, run

ACCEL = ["accel x (g)", "accel y (g)", "accel z (g)"]
BOTH = [*ACCEL, "gyro x (deg/s)", "gyro y (deg/s)", "gyro z (deg/s)"]


@dataclass(frozen=True)
class Case:
    """A device: its kind, its model, settings, and the bits of a count that it has, from above."""

    kind: str
    model: str
    channels: list[str]
    settings: dict[str, Any] = field(default_factory=dict)
    wired: dict[str, Any] = field(default_factory=dict)
    bits: int = 16
    shift: int = 0
    samples: int = 0
    """That its FIFO holds."""

    @property
    def open(self) -> str:
        return f"wire({self.model!r}, **{self.wired})\nsensor = open_configured({self.config})\n"

    @property
    def config(self) -> dict[str, Any]:
        return {"sensor": self.kind, "rate": 100, **self.settings}

    def expected(self, first: int, count: int) -> np.ndarray:
        """The counts of its samples."""
        return frames(first, count, len(self.channels)) >> (16 - self.bits) << self.shift


ALONE = {"gyro_range": 0}
CASES = {
    "MPU6050": Case("mpu6050", "mpu6050", BOTH, samples=85),
    "MPU6050, acceleration": Case("mpu6050", "mpu6050", ACCEL, ALONE, samples=170),
    "MPU6500": Case("mpu6050", "mpu6050", BOTH, wired={"identity": 0x70}, samples=42),
    "MPU9250": Case("mpu6050", "mpu6050", BOTH, wired={"identity": 0x71}, samples=42),
    "a clone": Case("mpu6050", "mpu6050", BOTH, wired={"identity": 0x72}, samples=85),
    "ADXL345": Case("adxl345", "adxl345", ACCEL, {"range": 16}, bits=13, samples=32),
    "LIS3DH": Case("lis3dh", "lis3dh", ACCEL, bits=12, shift=4, samples=32),
    "BMI160": Case("bmi160", "bmi160", BOTH, samples=85),
    "BMI160, acceleration": Case("bmi160", "bmi160", ACCEL, ALONE, samples=170),
    "LSM6DS3": Case("lsm6ds", "lsm6ds3", BOTH, samples=682),
    "LSM6DS3, acceleration": Case("lsm6ds", "lsm6ds3", ACCEL, ALONE, samples=1365),
    "LSM6DSOX": Case("lsm6ds", "lsm6dsox", BOTH, samples=256),
    "LSM6DSOX, acceleration": Case("lsm6ds", "lsm6dsox", ACCEL, ALONE, samples=512),
    "ISM330DHCX": Case("lsm6ds", "lsm6dsox", BOTH, wired={"identity": 0x6B}, samples=256),
}


@pytest.fixture(params=CASES.values(), ids=CASES)
def case(request) -> Case:
    return request.param


READ = """
model = list(machine.devices.values())[0]
got = []
"""


def table(values: list[int], case: Case) -> np.ndarray:
    return np.array(values, np.int16).reshape(-1, len(case.channels))


def test_no_sample_is_lost_and_none_differs(case):
    """Over several rounds of the FIFO, in calls at uneven times, with too small blocks too."""
    pauses = [7, 93, 250, 1, 180, 61, 290, 140] * 6
    code = (
        case.open
        + f"about(sensor)\ntime.sleep_ms(20)\n{READ}"
        + f"for pause in {pauses}:\n"
        + "    time.sleep_ms(pause)\n    got += read(sensor, 20 if pause > 280 else 64)\n"
        + "about(sensor)\nsay(first=model.first, taken=model.taken, got=got)"
    )
    about, after, end = run(code)
    got = table(end["got"], case)
    assert about["channels"] == case.channels and len(about["scales"]) == len(case.channels)
    assert after["overruns"] == after["gaps"] == 0
    assert 0 <= end["taken"] - end["first"] - len(got) <= 1
    assert len(got) > 600
    assert np.count_nonzero(got != case.expected(end["first"], len(got))) == 0


def test_a_fifo_that_runs_over_is_a_gap(case):
    code = (
        case.open
        + f"{READ}time.sleep_ms(100)\nfirst = model.first\n"
        + "before = len(read(sensor)) // len(sensor.channels)\n"
        + f"time.sleep_us({case.samples + 50} * 1_000_000_000 // sensor.rate_mhz)\n"
        + "at = model.taken\nduring = read(sensor)\nsay(during=during)\nabout(sensor)\n"
        + "time.sleep_ms(200)\ngot = read(sensor)\nabout(sensor)\n"
        + "say(first=model.first, lost=at - first - before, got=got)"
    )
    during, lost, after, end = run(code)
    assert during["during"] == []
    assert (lost["gaps"], after["gaps"]) == (1, 1)
    assert abs(lost["overruns"] - end["lost"]) <= 1 and after["overruns"] == lost["overruns"]
    got = table(end["got"], case)
    assert len(got) >= 19
    assert np.array_equal(got, case.expected(end["first"], len(got)))


def test_a_transfer_that_breaks_off_is_a_gap(case):
    """Where it breaks off in the middle of a sample, the next samples are whole again."""
    code = (
        case.open
        + f"{READ}time.sleep_ms(150)\nmachine.breaks_after = 4\n"
        + "tries(lambda: read(sensor))\ntime.sleep_ms(50)\nnothing = read(sensor)\nabout(sensor)\n"
        + "time.sleep_ms(200)\ngot = read(sensor)\nabout(sensor)\n"
        + "say(first=model.first, nothing=nothing, got=got)"
    )
    error, lost, after, end = run(code)
    assert error["kind"] == "OSError"
    assert end["nothing"] == [] and lost["gaps"] == after["gaps"] == 1
    assert abs(lost["overruns"] - 20) <= 2
    got = table(end["got"], case)
    assert len(got) >= 19
    assert np.array_equal(got, case.expected(end["first"], len(got)))


def test_another_device_or_none_is_an_error_that_says_what_to_check(case):
    code = (
        f"tries(lambda: open_configured({case.config}))\n"
        + "machine.devices[0x76] = None\n"
        + f"tries(lambda: open_configured({case.config}))\n"
        + f"wire({case.model!r}, identity=0xab)\n"
        + f"tries(lambda: open_configured({case.config}))\n"
    )
    nothing, elsewhere, other = run(code)
    assert {error["kind"] for error in (nothing, elsewhere, other)} == {"OSError"}
    for words in ("nothing answers at address 0x", "GPIO 4 (SDA)", "wiring", "pull-ups"):
        assert words in nothing["text"]
    assert "no address answers there" in nothing["text"]
    assert "what answers there: 0x76" in elsewhere["text"]
    assert "reads 0xab, not 0x" in other["text"]


RATES = (12.5, 26, 50, 104, 400, 800)


def test_the_rate_is_the_one_that_it_says(case):
    code = (
        f"model = wire({case.model!r}, **{case.wired})\n"
        + f"""
for rate in {RATES}:
    try:
        sensor = open_configured(dict({case.config}, rate=rate))
    except ValueError as error:
        say(text=str(error))
        continue
    first = model.taken
    time.sleep_ms(4_000)
    say(rate=sensor.rate_mhz, count=model.taken - first)
"""
    )
    for rate, said in zip(RATES, run(code), strict=True):
        if "text" in said:
            assert (case.kind, rate) == ("bmi160", 12.5)
            assert said["text"] == "rate 12.5 Hz is not within 25 to 1600"
            continue
        assert abs(said["count"] - said["rate"] / 250) <= 1
        assert 0.5 <= said["rate"] / 1000 / rate < 1.5


STILL = (0.5, -1.25, 1.0, 90.0, -180.5, 12.0)
RANGES = list(zip((2, 4, 8, 16), (250, 500, 1000, 2000), strict=True))


def test_counts_times_scales_are_what_is_felt(case):
    code = (
        f"model = wire({case.model!r}, **{case.wired})\nmodel.still = {STILL}\n"
        + f"""
for accel, gyro in {RANGES}:
    settings = dict({case.config}, range=accel)
    if {len(case.channels) > 3}:
        settings["gyro_range"] = gyro
    sensor = open_configured(settings)
    time.sleep_ms(100)
    say(scales=sensor.scales, got=read(sensor))
"""
    )
    steps = []
    for said in run(code):
        got, scales = table(said["got"], case), np.array(said["scales"]) / 1e9
        assert np.array_equal(got, np.broadcast_to(got[0], got.shape))
        felt = np.array(STILL[: len(case.channels)])
        # A count has 12 bits at least, and its data sheet's size is rounded
        assert np.all(np.abs(got[0] * scales - felt) <= 8.5 * scales + 1e-3 * np.abs(felt))
        steps.append(scales[0])
    assert len(steps) == 4 and (case.kind == "adxl345" or np.all(np.diff(steps) > 0))


WRONG = [
    ({"range": 3}, "range 3 g is not one of 2, 4, 8, 16"),
    ({"rate": 100_000}, "rate 100000 Hz is not within"),
    ({"rate": 0}, "rate 0 Hz is not within"),
    ({"colour": 1}, "colour"),
    ({"sda": 4, "scl": 4}, "no SDA at GPIO 4 with SCL at GPIO 4"),
]


def test_a_wrong_setting_is_an_error_that_names_it(case):
    configs = [{**case.config, **wrong} for wrong, _ in WRONG]
    code = f"wire({case.model!r}, **{case.wired})\nfor config in {configs}:\n"
    said = run(code + "    tries(lambda: open_configured(config))")
    for error, (_, words) in zip(said, WRONG, strict=True):
        assert error["kind"] == "ValueError"
        assert words in error["text"]


def test_closed_it_rests_and_its_pins_are_free(case):
    code = case.open + "model = list(machine.devices.values())[0]\nsensor.close()\n"
    code += "taken = model.taken\ntime.sleep_ms(500)\n"
    (end,) = run(code + "say(taken=model.taken - taken, pins=machine.levels)")
    assert end == {"taken": 0, "pins": {"4": "in", "5": "in"}}
