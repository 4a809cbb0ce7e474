"""The benchmark of meter digits, on small wheels that are drawn here."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tools.bench import meter_digits
from tools.bench.meter_digits import (
    HEIGHT,
    MOST_BYTES,
    TEST,
    VALIDATION,
    WIDTH,
    figures,
    main,
    missed,
    split,
)
from xnornode.data.dataset import Dataset, from_windows
from xnornode.data.prepare import prepare
from xnornode.data.split import subset
from xnornode.errors import DataError
from xnornode.export.fold import fold
from xnornode.model.file_format import to_bytes
from xnornode.nn.layer_spec import Conv
from xnornode.recipes.settings import METER_DIGITS
from xnornode.training.trainer import train

LABELS = [f"{tenth / 10:.1f}" for tenth in range(100)]
DEVICES = (*TEST, *VALIDATION, "watermeter-a", "watermeter-b")
PITCH = 30  # rows from digit to digit
RESULT = {
    "exact": 0.5,
    "near": 0.96,
    "devices": {"a": [3, 1 / 3, 2 / 3], "b": [1, 1.0, 1.0]},
    "size": 15000,
    "int8 macs": 1500000,
    "binary macs": 0,
    "milliseconds": 33.4,
    "cpu": 1.25,
}


def wheel(device: int) -> np.ndarray:
    """Images (100, HEIGHT, WIDTH) of a wheel at each tenth; digits are blocks of their own."""
    rng = np.random.default_rng(7)
    digits = rng.integers(0, 2, (10, 6, 4)).repeat(4, axis=1).repeat(4, axis=2)
    face = np.zeros((10, PITCH, WIDTH))
    face[:, 3:27, 2:18] = digits
    ring = np.concatenate([face, face, face]).reshape(-1, WIDTH)
    start = 10 * PITCH + PITCH // 2 - HEIGHT // 2
    places = [start + tenth * PITCH // 10 for tenth in range(100)]
    light = 90 + 20 * (device % 4)
    return np.array([40 + light * ring[at : at + HEIGHT] for at in places]).astype(np.uint8)


def wheels() -> Dataset:
    images = np.concatenate([wheel(i) for i in range(len(DEVICES))])
    return from_windows(
        "wheels",
        images.reshape(len(images), -1, 1).astype(np.int16),
        LABELS * len(DEVICES),
        [device for device in DEVICES for _ in LABELS],
        image_shape=(HEIGHT, WIDTH),
    )


SMALL = replace(
    METER_DIGITS,
    layers=(Conv(16, (5, 5), (3, 3), activation="int8"),),
    augment=None,
    teacher=None,
    epochs=4,
    batch=16,
)


@pytest.mark.quick
def test_validation_never_sees_the_test_devices() -> None:
    splits = split(wheels(), validate=True)
    assert set(splits.held_out) == set(VALIDATION)
    assert splits.validation is None
    assert set(splits.train.groups) == {"watermeter-a", "watermeter-b"}
    assert set(splits.tested().groups) == set(VALIDATION)


@pytest.mark.quick
def test_the_test_holds_its_devices_out() -> None:
    splits = split(wheels(), validate=False)
    assert set(splits.held_out) == set(TEST) == set(splits.tested().groups)
    assert set(splits.train.groups) == set(DEVICES) - set(TEST)
    assert splits.labels == tuple(LABELS)


@pytest.mark.quick
def test_a_missing_device_is_named() -> None:
    some = wheels()
    with pytest.raises(DataError, match="watermeter-altair"):
        split(replace(some, groups=[g.replace("altair", "other") for g in some.groups]), False)


def test_small_wheels_are_read_within_a_tenth() -> None:
    splits = split(wheels(), validate=False)
    got = figures(fold(train(splits, SMALL)), splits.tested())
    assert got["near"] > 0.6 and got["near"] >= got["exact"]
    assert {name: count for name, (count, _, _) in got["devices"].items()} == dict.fromkeys(
        sorted(TEST), 100
    )
    near = [close for _, _, close in got["devices"].values()]
    assert got["near"] == pytest.approx(np.mean(near))
    assert got["int8 macs"] == 25 * 16 * 10 * 6 + 960 * 100 and got["milliseconds"] > 1


def test_the_recipe_keeps_its_size() -> None:
    dataset = wheels()
    few = subset(dataset, np.isin(dataset.groups, DEVICES[:3]))
    assert few is not None
    model = fold(train(prepare(few, test=DEVICES[:1]), replace(METER_DIGITS, epochs=1)))
    assert len(to_bytes(model)) <= MOST_BYTES and model.selftest()


@pytest.mark.quick
def test_table_and_bar() -> None:
    other = changed(RESULT, near=0.98)
    text = meter_digits.table([RESULT, other])
    assert "| a | 3 | 33.33% | 66.67% | 66.67% to 66.67% |" in text
    assert "| all | 4 | 50.00% | 97.00% | 96.00% to 98.00% |" in text
    assert "15000 bytes; 1,500,000 int8" in text and "33 ms on an RP2040" in text
    assert missed([RESULT, other]) == []
    (words,) = missed([changed(RESULT, near=0.95)])
    assert words == "95.00% within a tenth: the bar is 95%"
    (words,) = missed([changed(RESULT, size=16001)])
    assert words == "16001 bytes: at most 16000"


def changed(result: dict, **changes: float) -> dict:
    return {**result, **changes}


@pytest.mark.quick
def test_a_folder_without_images_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="holds no file of a kind"):
        main(["--data", str(tmp_path)])


def test_images_are_read_trained_on_and_kept(tmp_path, monkeypatch, capsys) -> None:
    monkeypatch.setattr(meter_digits, "RESULTS", tmp_path / "results.json")
    monkeypatch.setattr(meter_digits, "MODELS", tmp_path / "models")
    for i, device in enumerate((*TEST, "watermeter-a", "watermeter-b")):
        for label, pixels in zip(LABELS, wheel(i), strict=True):
            folder = tmp_path / "data" / label / device
            folder.mkdir(parents=True)
            Image.fromarray(pixels).resize((WIDTH + 4, HEIGHT + 8)).save(folder / "1.jpg")
    command = ["--data", str(tmp_path / "data"), "--seeds", "1"]
    short = replace(SMALL, epochs=1)
    assert main(command, short) == 1  # an epoch is too short for the bar
    told = capsys.readouterr()
    assert "| watermeter-altair | 100 |" in told.out and "the bar is 95%" in told.err
    assert (tmp_path / "models" / "meter-digits-0.bnn").exists()
    with pytest.raises(DataError, match="gasmeter-gmt"):
        main([*command, "--validate"], short)
    (tmp_path / "data" / "0.0" / DEVICES[0] / "1.jpg").write_bytes(b"no image")
    with pytest.raises(DataError, match=r"0\.0/watermeter-altair/1\.jpg is no image"):
        main(command, short)
