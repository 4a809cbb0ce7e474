"""Sensors and models brought together: ratios against fractions, and what is refused."""

import json
from dataclasses import replace
from fractions import Fraction
from types import SimpleNamespace

import numpy as np
import pytest

from tests.lab.nets import random_model
from tests.lab.simulated import node_module
from tests.lab.targets import interpreter
from tests.lab.window_sessions import SCRIPT
from xnornode.model.model_file import save_model
from xnornode.model.window import Window

matching = node_module("matching")
XYZ = ("accel x (g)", "accel y (g)", "accel z (g)")
RADIAN = Fraction(18_000_000_000, 314_159_265)


def side(channels, scales):
    return SimpleNamespace(channels=tuple(channels), scales=tuple(scales))


@pytest.mark.quick
def test_equal_counts_need_no_ratios():
    assert matching.match(side(XYZ, (122_070,) * 3), side(XYZ, (122_070,) * 3)) is None
    assert matching.match(side(XYZ, (0, 0, 0)), side(XYZ, (0, 0, 0))) is None


@pytest.mark.quick
def test_ratios_of_ranges_are_exact():
    eight, four = side(XYZ, (244_140,) * 3), side(XYZ, (122_070,) * 3)
    assert matching.match(eight, four) == [(2, 0)] * 3
    assert matching.match(four, eight) == [(1, 1)] * 3


@pytest.mark.quick
def test_channels_are_paired_by_name():
    sensor = side(("gyro x (deg/s)", *XYZ[::-1]), (1000, 3000, 2000, 1000))
    assert matching.match(sensor, side(XYZ, (1000, 1000, 1000))) == [
        (1, 0, 3),
        (2, 0, 2),
        (3, 0, 1),
    ]


@pytest.mark.quick
@pytest.mark.parametrize(
    ("have", "wanted", "factor"),
    [
        ("mg", "g", Fraction(1, 1000)),
        ("g", "m/s^2", Fraction(980665, 100000)),
        ("m/s^2", "mg", Fraction(100_000_000, 980665)),
        ("rad/s", "deg/s", RADIAN),
        ("dps", "mrad/s", 1000 / RADIAN),
        ("hPa", "kPa", Fraction(1, 10)),
        ("uT", "mT", Fraction(1, 1000)),
    ],
)
def test_units_of_one_quantity(have, wanted, factor):
    [ratio] = matching.match(side([f"a ({have})"], [10_000]), side([f"a ({wanted})"], [10_000]))
    assert abs(Fraction(ratio[0], 2 ** ratio[1]) / factor - 1) < Fraction(1, 30_000)


@pytest.mark.quick
def test_random_scales_are_within_a_count():
    rng = np.random.default_rng(0)
    for _ in range(2000):
        have, wanted = (int(2.0 ** rng.uniform(10, 32)) for _ in range(2))
        exact = Fraction(have, wanted)
        if not Fraction(1, 2**15) < exact < 32767:
            continue
        ratios = matching.match(side(["a"], [have]), side(["a"], [wanted]))
        multiplier, shift = ratios[0] if ratios else (1, 0)
        assert 1 <= multiplier <= 32767 and 0 <= shift <= 30
        error = abs(Fraction(multiplier, 2**shift) - exact)
        assert error * 32767 <= max(1, exact) or error / exact <= Fraction(1, 32768)


@pytest.mark.quick
@pytest.mark.parametrize(
    ("sensor", "model"),
    [
        (side(XYZ[:2], (1, 1)), side(XYZ, (1, 1, 1))),
        (side(["a (g)"], [1]), side(["a (deg/s)"], [1])),
        (side(["a (g)"], [1]), side(["a"], [1])),
        (side(["a (°C)"], [1]), side(["a (m°C)"], [1])),
        (side(["a (g)"], [0]), side(["a (mg)"], [10])),
        (side(["a (g)"], [2**32 - 1]), side(["a (g)"], [1])),
        (side(["a (g)"], [1]), side(["a (g)"], [2**32 - 1])),
    ],
)
def test_both_sides_are_named(sensor, model):
    with pytest.raises(matching.Mismatch) as raised:
        matching.match(sensor, model)
    assert sensor.channels[0] in str(raised.value) and model.channels[-1] in str(raised.value)


@pytest.mark.quick
def test_a_scale_that_one_side_does_not_know():
    known, unknown = side(["a (g)"], [1000]), side(["a (g)"], [0])
    for sensor, model, who in ((known, unknown, "model"), (unknown, known, "sensor")):
        assert matching.match(sensor, model) is None
        assert f"the {who} does not know" in matching.unknown_scale(sensor, model)
    assert matching.unknown_scale(known, known) == matching.unknown_scale(unknown, unknown) == ""


@pytest.fixture(params=["unix", "native/x64"])
def micropython(request):
    return interpreter(request.param)


def test_a_classifier_uses_a_sensor(micropython, tmp_path):
    """Predictions of a sensor's counts, in another order, through pushes, and what is refused."""
    made = random_model(3, 8, 3, 3, (16, 3))
    scales = (1000, 1000, 2000)
    window = replace(made.window, hop=4, channels=XYZ, scales=scales)
    model = replace(made, window=window)
    coarse = replace(model, window=replace(window, scales=(500, 4000, 2000)))
    two = replace(made, window=replace(window, channels=("accel x (V)", *XYZ[1:])))
    for name, each in {"first": model, "second": coarse, "other": two}.items():
        save_model(each, tmp_path / f"{name}.bnn")
    rng = np.random.default_rng(0)
    samples = rng.integers(-(2**15), 2**15, (60, 4)).astype(np.int16)
    (tmp_path / "samples").write_bytes(samples.astype("<i2").tobytes())
    said = micropython.run(SCRIPT.with_name("matching.py"), tmp_path).splitlines()
    sensor = side(("accel z (g)", "t (°C)", "accel y (g)", "accel x (mg)"), (1500, 1, 777, 10**6))
    expected = []
    for each, rows in ((model, samples[:30]), (coarse, samples[30:])):
        ratios = matching.match(sensor, side(XYZ, each.window.scales))
        twin = Window(8, 3, 4, ratios, None, 4)
        for row in rows.tolist():
            if twin.add(row):
                expected.append(each.scores(twin.samples[None])[0].tolist())
    assert len(expected) > 10
    assert [json.loads(line) for line in said[:-1]] == expected
    assert said[-1].startswith("channels the sensor has accel x (mg); the model wants accel x (V)")
