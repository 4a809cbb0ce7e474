"""The command `xnornode`, as a person calls it, and the recording files that it reads."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from xnornode.data import Recording
from xnornode.errors import DataError
from xnornode.fileformat import load
from xnornode.recordfile import RecordFile, from_bytes, load_folder, to_bytes

pytestmark = pytest.mark.quick

SMALL = ("--window", "32", "--hop", "16", "--hidden", "16", "--epochs", "8", "--bits", "2")


def xnornode(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    command = [str(Path(sys.executable).parent / "xnornode"), *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=120)


def record(label: str, group: str, seed: int, channels: int = 2) -> RecordFile:
    """A slow or a fast wave with noise."""
    rng = np.random.default_rng(seed)
    angle = np.arange(400)[:, None] * {"slow": 0.1, "fast": 0.8}[label] + np.arange(channels)
    samples = (800 * np.sin(angle) + rng.normal(0, 200, angle.shape)).astype(np.int16)
    recording = Recording(samples, label, group, f"{label} {group}")
    names = tuple(f"ch{i} (g)" for i in range(channels))
    return RecordFile(recording, names, (488_281,) * channels, 50_000)


@pytest.fixture
def recordings(tmp_path):
    folder = tmp_path / "recordings"
    for person in range(6):
        (folder / f"p{person}").mkdir(parents=True)
        for label in ("slow", "fast"):
            file = record(label, f"p{person}", person)
            (folder / f"p{person}" / f"{label}.rec").write_bytes(to_bytes(file))
    return folder


def test_train_and_info(recordings, tmp_path):
    out = tmp_path / "waves.bnn"
    done = xnornode("train", recordings, "-o", out, *SMALL)
    assert done.returncode == 0, done.stderr
    assert "windows of p4, p5, held out" in done.stdout
    model = load(out)
    assert model.labels == ("fast", "slow") and model.window.rate_mhz == 50_000
    fresh = record("slow", "p9", 99).recording.samples[None, :32]
    assert model.predict(fresh).tolist() == [1]
    info = xnornode("info", out)
    assert info.returncode == 0
    assert "128 -> 16 -> 2" in info.stdout and "self-test passes" in info.stdout


def test_the_same_seed_gives_the_same_file(recordings, tmp_path):
    for name, seed in (("a", 1), ("b", 1), ("c", 2)):
        done = xnornode("train", recordings, "-o", tmp_path / name, "--seed", str(seed), *SMALL)
        assert done.returncode == 0, done.stderr
    a, b, c = ((tmp_path / name).read_bytes() for name in "abc")
    assert a == b != c


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("info", "none.bnn"), "none.bnn: No such file"),
        (("info", "text"), "not a .bnn model file"),
        (("train", "none", "-o", "m.bnn"), "there is no folder none"),
        (("train", ".", "-o", "m.bnn"), "no .rec file"),
        (("train", "recordings", "-o", "no/m.bnn"), "to write to"),
        (("train", "recordings", "-o", "m.bnn", "--window", "401"), "shorter window"),
        (("train", "recordings", "-o", "m.bnn", "--test-group", "p7"), "group p7"),
        (("train", "recordings", "-o", "m.bnn", "--bits", "33"), "bits must be 1 to 32"),
    ],
)
def test_mistakes_get_a_message(recordings, tmp_path, monkeypatch, arguments, says):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "text").write_text("hello " * 20)
    if arguments[1] == ".":
        monkeypatch.chdir(tmp_path.parent / tmp_path.name)
        for path in recordings.rglob("*.rec"):
            path.unlink()
    done = xnornode(*arguments)
    assert done.returncode == 1
    assert says in done.stderr and "Traceback" not in done.stderr
    assert not (tmp_path / "m.bnn").exists()


def test_wrong_usage_has_exit_status_2():
    assert xnornode("train").returncode == xnornode().returncode == 2


def test_recording_round_trip():
    file = record("slow", "p1", 1)
    again = from_bytes(to_bytes(file), "r.rec")
    assert (again.recording.samples == file.recording.samples).all()
    assert (again.channels, again.scales, again.rate_mhz) == (
        file.channels,
        file.scales,
        file.rate_mhz,
    )
    assert (again.recording.label, again.recording.group) == ("slow", "p1")


@pytest.mark.parametrize("cut", [0, 5, 40, -1, -3])
def test_damaged_recordings_are_refused(cut):
    with pytest.raises(DataError, match=r"r\.rec"):
        from_bytes(to_bytes(record("slow", "p1", 1))[:cut], "r.rec")


def test_recordings_that_differ_are_refused(recordings):
    (recordings / "three.rec").write_bytes(to_bytes(record("slow", "p0", 1, channels=3)))
    with pytest.raises(DataError, match="differs from"):
        load_folder(recordings)


def test_one_group_is_refused(tmp_path):
    (tmp_path / "a.rec").write_bytes(to_bytes(record("slow", "p0", 1)))
    with pytest.raises(DataError, match="another to test on"):
        load_folder(tmp_path)
