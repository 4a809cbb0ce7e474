"""Scales that stay: round ones, by the unit and by what most samples reach."""

import re

import numpy as np
import pytest

from xnornode.data.dataset import Dataset, from_windows
from xnornode.data.full_scale import full_scale, unit_of
from xnornode.data.prepare import prepare
from xnornode.data.splits import PrepareOptions
from xnornode.errors import DataError

pytestmark = pytest.mark.quick


def recordings(
    factor: float = 1.0,
    count: int = 16,
    samples: int = 400,
    channels: tuple[str, ...] = ("ax (g)", "h (%)"),
    seed: int = 0,
) -> Dataset:
    """Noise within about 4 factors, in 8 groups and 2 classes."""
    rng = np.random.default_rng(seed)
    shape = (samples, len(channels))
    items = [
        np.clip(factor * rng.normal(size=shape), -3.9 * factor, 3.9 * factor) for _ in range(count)
    ]
    return Dataset(
        name="noise",
        kind="recordings",
        items=items,
        labels=[str(i % 2) for i in range(count)],
        groups=[f"p{i // 2 % 8}" for i in range(count)],
        names=[f"{i}.csv" for i in range(count)],
        grouping="group",
        channels=channels,
    )


def scale_of(full: float) -> int:
    return round(full * 1e9 / 32768)


@pytest.mark.parametrize(
    ("unit", "reach", "full"),
    [
        ("g", 1.7, 2.0),
        ("g", 2.0, 2.0),
        ("g", 9.0, 16.0),
        ("G", 3.0, 4.0),
        ("deg/s", 130.0, 250.0),
        ("dps", 260.0, 500.0),
        ("°/s", 1900.0, 2000.0),
        ("deg/s", 5000.0, 8192.0),
        ("m/s2", 15.0, 16.0),
        ("", 0.3, 0.5),
        ("", 1e-7, 2.0**-23),
        ("V", 4.0, 4.0),
    ],
)
def test_full_scales_are_the_usual_ones(unit, reach, full):
    assert full_scale(unit, reach) == full


@pytest.mark.parametrize(
    ("channel", "unit"),
    [
        ("accel x (g)", "g"),
        ("gyro [deg/s]", "deg/s"),
        ("temp (°C)", "°C"),
        ("ax_g", "g"),
        ("gyro x dps", "dps"),
        ("g", ""),
        ("channel 3", ""),
        ("(g)", ""),
        ("x", ""),
    ],
)
def test_the_unit_is_in_the_name(channel, unit):
    assert unit_of(channel) == unit


def test_scales_do_not_hang_on_the_training():
    scales = {
        prepare(recordings(0.8, seed=s, count=n)).window.scales for s in range(4) for n in (16, 32)
    }
    assert scales == {(scale_of(4), scale_of(4))}, "4 g, and the next power of two above 2.6"


def test_a_glitch_saturates_and_is_said():
    clean, glitch = recordings(0.5), recordings(0.5)
    glitch.items[5][77, 0] = 700.0
    parts = prepare(glitch)
    assert parts.window.scales == prepare(clean).window.scales
    fact = parts.understood.channels[0]
    assert fact.outliers == 1 and fact.maximum == 700.0
    (told,) = parts.warnings
    assert "ax (g): 1 value is" in told and "--full-scale 'ax (g)=700'" in told
    assert not prepare(clean).warnings


@pytest.mark.parametrize("glitch", [99999, -2_000_000_000])
def test_a_glitch_does_not_turn_counts_into_units(glitch):
    dataset = recordings(900.0)
    items = [np.rint(item).astype(np.int64) for item in dataset.items]
    items[3][10, 1] = glitch
    whole = Dataset(**{**vars(dataset), "items": items})
    parts = prepare(whole)
    assert parts.window.scales == (0, 0)
    assert abs(int(parts.train.items[..., 1].astype(int).min())) <= 32768
    assert any("h (%)" in w and "saturate" in w for w in parts.warnings)


def test_the_user_gives_full_scales():
    def scales(**wanted: float) -> tuple[int, ...]:
        given = {name.replace("all", ""): value for name, value in wanted.items()}
        return prepare(recordings(), PrepareOptions(full_scale=given)).window.scales

    assert scales(all=16.0) == (scale_of(16), scale_of(16))
    assert scales(ax=8.0, all=100.0) == (scale_of(8), scale_of(100))
    assert scales(g=8.0) == (scale_of(8), scale_of(4))
    with pytest.raises(DataError, match="'ay', which is no channel"):
        scales(ay=8.0)


def test_amplitudes_that_a_model_cannot_hold_are_refused_by_name():
    with pytest.raises(DataError, match=r"channel ax \(T\) .*smaller unit"):
        prepare(recordings(1e-12, channels=("ax (T)", "y")))
    with pytest.raises(DataError, match=r"channel p \(Pa\) .*larger unit"):
        prepare(recordings(1e9, channels=("p (Pa)", "y")))
    with pytest.raises(DataError, match=r"channel p .*larger unit"):
        prepare(recordings(1e300, channels=("p", "y")))


def test_channels_that_say_nothing():
    dataset = recordings()
    for item in dataset.items:
        item[:, 1] = 7.25
    parts = prepare(dataset)
    assert [c.constant for c in parts.understood.channels] == [False, True]
    assert any(
        re.search(r"1 of 2 channels never change: h \(%\).*--channels", w) for w in parts.warnings
    )
    for item in dataset.items:
        item[:] = 7.25
    with pytest.raises(DataError, match="no channel ever changes"):
        prepare(dataset)


def test_a_large_fixed_value_is_said():
    dataset = recordings(0.05)
    for item in dataset.items:
        item += 1000.0
    assert any("subtract a fixed value" in w for w in prepare(dataset).warnings)


def test_samples_come_back_within_half_a_count():
    samples = np.random.default_rng(1).normal(size=(40, 5, 2))
    dataset = from_windows("f", samples, list("ab") * 20, [str(i % 8) for i in range(40)])
    parts = prepare(dataset)
    real = samples[np.isin(dataset.groups, parts.held_out)]
    again = parts.test.items * np.array(parts.window.scales) / 1e9
    assert np.abs(again - real).max() <= max(parts.window.scales) / 2e9


def test_a_channel_that_its_scale_flattens_is_said():
    dataset = recordings(0.05)
    for item in dataset.items:
        item += 101325.0
    parts = prepare(dataset)
    assert any("subtract a fixed value" in w for w in parts.warnings)
