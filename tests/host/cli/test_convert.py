"""`xnornode convert`: what comes back from CSV and WAV is what went there."""

import wave

import numpy as np
import pytest

from tests.host.cli.conftest import xnornode
from xnornode.cli.main import main
from xnornode.data.prepare import prepare
from xnornode.data.readers import read
from xnornode.data.recording_csv import read_csv, to_csv
from xnornode.data.recording_file import RecordFile, from_bytes, to_bytes
from xnornode.data.sound import SCALE
from xnornode.data.splits import PrepareOptions
from xnornode.data.windows import Recording

pytestmark = pytest.mark.quick

MOTION = ("accel x (g)", 'gyro, "raw"', "temp (°C)")
MORE = {
    "sensor": "mpu6050",
    "time": "2026-11-29T05:00:00Z",
    "device": "e6607f08",
    "lost": 7,
    "clipped": 2,
    "cut": True,
    "breaks": (3, 100),
}


def motion(seed=0, label="wave", group="anna", **more) -> RecordFile:
    """Three channels, one of them without a scale."""
    rng = np.random.default_rng(seed)
    samples = rng.integers(-(2**15), 2**15, (300, 3)).astype(np.int16)
    samples[:2] = [[-32768] * 3, [32767] * 3]
    scales = (122_070, 0, 2**32 - 1)
    return RecordFile(Recording(samples, label, group, "n"), MOTION, scales, 99_733, **more)


def sound(seed=0, label="yes", channels=1) -> RecordFile:
    rng = np.random.default_rng(seed)
    samples = rng.integers(-(2**15), 2**15, (4000, channels)).astype(np.int16)
    names = ("sound (FS)",) if channels == 1 else ("sound 1 (FS)", "sound 2 (FS)")
    recording = Recording(samples, label, "", "n")
    return RecordFile(recording, names, (SCALE,) * channels, 16_000_000)


def save(path, record: RecordFile):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(to_bytes(record))
    return path


def run(*arguments) -> int:
    return main(["convert", *map(str, arguments)])


@pytest.mark.parametrize("more", [{}, MORE])
def test_csv_and_back_is_the_same_file(tmp_path, more):
    a = save(tmp_path / "a.rec", motion(**more))
    assert run(a, tmp_path / "a.csv") == 0
    assert run(tmp_path / "a.csv", tmp_path / "b.rec") == 0
    assert (tmp_path / "b.rec").read_bytes() == a.read_bytes()


def test_a_csv_is_for_people(tmp_path):
    save(tmp_path / "a.rec", motion(breaks=(2,)))
    run(tmp_path / "a.rec", tmp_path / "a.csv")
    lines = (tmp_path / "a.csv").read_text().splitlines()
    assert lines[0].startswith('# xnornode-recording-1 {"format"') and lines[0].isascii()
    assert lines[1] == 'time (s),accel x (g),"gyro, ""raw""",temp (°C)'
    assert lines[2] == "0,-3.99998976,-32768,-140737.488322560"[:-1]
    assert lines[3].startswith("0.010026771,3.99986769,32767,")
    assert float(lines[4].split(",")[0]) == pytest.approx(2 / 99.733 + 1)  # samples are missing


def counts_of(folder):
    """Windows and labels of all parts, as a training has them."""
    splits = prepare(read(folder), PrepareOptions(length=64))
    return splits.window.scales, [(p.samples, p.labels) for p in splits.parts if p]


def test_a_training_reads_the_same_from_a_folder_of_csv(tmp_path):
    for i, label in enumerate(("rest", "wave")):
        for group in ("anna", "ben"):
            save(tmp_path / "rec" / label / group / "1.rec", motion(i, label, group))
            save(tmp_path / "rec" / label / group / "2.rec", motion(i + 9, label, group))
    assert run(tmp_path / "rec", tmp_path / "csv", "--to", "csv") == 0
    assert (tmp_path / "csv" / "wave" / "ben" / "2.csv").exists()
    a, b = read(tmp_path / "rec"), read(tmp_path / "csv")
    assert (a.labels, a.groups, a.channels, a.scales) == (b.labels, b.groups, b.channels, b.scales)
    assert a.rate_mhz == b.rate_mhz == 99_733
    assert all(np.array_equal(x, y) for x, y in zip(a.items, b.items, strict=True))
    assert run(tmp_path / "csv", tmp_path / "back", "--to", "rec") == 0
    for path in (tmp_path / "rec").rglob("*.rec"):
        again = tmp_path / "back" / path.relative_to(tmp_path / "rec")
        assert again.read_bytes() == path.read_bytes()


def test_a_csv_that_somebody_has_changed_is_a_table(tmp_path):
    path = tmp_path / "a.csv"
    path.write_bytes(to_csv(motion()))
    text = path.read_text()
    assert read_csv(path)
    for changed in (
        text.replace("time (s),accel", "time (s),acc"),
        text.replace("-3.99998976", "-3.9999"),
        text.replace("-3.99998976", ""),
        text.replace("-3.99998976", "-40"),
        text.split("\n", 1)[1],
        "\n".join(text.split("\n")[:2]),
    ):
        path.write_text(changed)
        assert read_csv(path) is None
    head, _, rest = text.partition("\n")
    path.write_text(head[:-9] + "\n" + rest)
    assert run(path, tmp_path / "b.rec") == 1


def test_wav_and_back(tmp_path, capsys):
    for channels in (1, 2):
        a = save(tmp_path / "yes" / f"{channels}.rec", sound(channels=channels))
        assert run(a, tmp_path / "a.wav", "--force") == 0
        with wave.open(str(tmp_path / "a.wav")) as file:
            assert (file.getnchannels(), file.getsampwidth()) == (channels, 2)
            assert file.getframerate() == 16000
        assert run(tmp_path / "a.wav", tmp_path / "b.rec", "--force", "--label-all", "yes") == 0
        b = from_bytes((tmp_path / "b.rec").read_bytes(), "b")
        assert np.array_equal(b.recording.samples, sound(channels=channels).recording.samples)
        assert (b.channels, b.scales) == (sound(channels=channels).channels, (SCALE,) * channels)
        assert b.rate_mhz == 16_000_000 and b.recording.label == "yes"
    assert not capsys.readouterr().err


def test_recordings_of_a_microphone_and_wav_files_together(tmp_path):
    save(tmp_path / "yes" / "1.rec", sound(1))
    save(tmp_path / "no" / "1.rec", sound(2, "no"))
    save(tmp_path / "other" / "no" / "2.rec", sound(3, "no"))
    run(tmp_path / "other" / "no" / "2.rec", tmp_path / "no" / "2.wav")
    (tmp_path / "other" / "no" / "2.rec").unlink()
    dataset = read(tmp_path)
    assert sorted(dataset.labels) == ["no", "no", "yes"] and dataset.channels == ("sound (FS)",)
    assert dataset.scales == (SCALE,)


def test_what_a_wav_file_cannot_hold_is_said(tmp_path, capsys):
    odd = sound()
    odd = RecordFile(odd.recording, odd.channels, (2 * SCALE,), 16_000_500, breaks=(9,))
    assert run(save(tmp_path / "a.rec", odd), tmp_path / "a.wav") == 0
    said = capsys.readouterr().err
    for text in ("rounded to another scale", "16000.5 Hz becomes 16000 Hz", "samples are missing"):
        assert text in said
    assert run(save(tmp_path / "m.rec", motion()), tmp_path / "m.wav") == 1
    assert "accel x (g) is no sound" in capsys.readouterr().err
    assert not (tmp_path / "m.wav").exists()


def test_tables_of_others_become_recordings_of_one_scale(tmp_path):
    for label, size in (("walk", 1.0), ("run", 3.0)):
        (tmp_path / "t" / label).mkdir(parents=True)
        values = np.column_stack(
            [np.arange(300) / 50, size * np.sin(np.arange(300) / [[9], [5]]).T]
        )
        text = "time,ax (g),ay (g)\n" + "\n".join(",".join(f"{v:.5f}" for v in r) for r in values)
        (tmp_path / "t" / label / "a1.csv").write_text(text)
    assert run(tmp_path / "t", tmp_path / "r", "--to", "rec") == 0
    records = {
        label: from_bytes((tmp_path / "r" / label / "a1.rec").read_bytes(), label)
        for label in ("walk", "run")
    }
    for label, size in (("walk", 1.0), ("run", 3.0)):
        r = records[label]
        assert (r.recording.label, r.channels) == (label, ("ax (g)", "ay (g)"))
        assert r.scales == (122_070, 122_070) and r.rate_mhz == 50_000
        wanted = size * np.sin(np.arange(300) / 9) / 122_070e-9
        assert np.abs(r.recording.samples[:, 0] - wanted).max() < 1
    assert run(tmp_path / "t", tmp_path / "r8", "--to", "rec", "--full-scale", "8") == 0
    r = from_bytes((tmp_path / "r8" / "run" / "a1.rec").read_bytes(), "r")
    assert r.scales == (244_141, 244_141)


def test_a_folder_says_the_label_of_a_recording_without_one(tmp_path):
    for n, label in enumerate(("clap", "clap", "hum", "hum")):
        save(tmp_path / "g" / label / f"{n}.rec", sound(n, label=""))
    assert read(tmp_path / "g").labels == ["clap", "clap", "hum", "hum"]


def test_a_name_keeps_what_is_no_suffix_of_a_kind(tmp_path):
    save(tmp_path / "a.rec", motion())
    assert run(tmp_path / "a.rec", tmp_path / "data.v1", "--to", "csv") == 0
    assert (tmp_path / "data.v1.csv").is_file()


def test_nothing_is_overwritten(tmp_path, capsys):
    save(tmp_path / "r" / "wave" / "1.rec", motion())
    assert run(tmp_path / "r", tmp_path / "c", "--to", "csv") == 0
    target = tmp_path / "c" / "wave" / "1.csv"
    assert capsys.readouterr().out == f"{target}\n"
    target.write_text("mine")
    assert run(tmp_path / "r", tmp_path / "c", "--to", "csv") == 1
    assert f"{target} would be overwritten" in capsys.readouterr().err
    assert target.read_text() == "mine"
    assert run(tmp_path / "r", tmp_path / "c", "--to", "csv", "--force") == 0
    assert target.read_text() != "mine"


def test_what_cannot_be_converted(tmp_path, capsys):
    a = save(tmp_path / "d" / "a.rec", motion())
    (tmp_path / "file").write_text("")
    (tmp_path / "empty").mkdir()
    (tmp_path / "bad.rec").write_text("no recording\n")
    save(tmp_path / "two" / "a.rec", sound())
    run(tmp_path / "two" / "a.rec", tmp_path / "two" / "a.wav")
    capsys.readouterr()
    for arguments, message in (
        ((a, tmp_path / "a.txt"), "say what the files become: --to csv"),
        ((tmp_path / "d", tmp_path / "x"), "say what the files become: --to csv"),
        ((a, tmp_path / "a.csv", "--to", "wav"), "ends with .csv, and --to says wav"),
        ((tmp_path / "d", tmp_path / "file", "--to", "csv"), "is a file: name a folder"),
        ((tmp_path / "no", tmp_path / "x.csv"), "there is no file or folder"),
        ((tmp_path / "empty", tmp_path / "x", "--to", "csv"), "holds no recording"),
        ((tmp_path / "bad.rec", tmp_path / "x.csv"), "is not a recording"),
        ((tmp_path / "two", tmp_path / "x", "--to", "csv"), "two files would become"),
        ((a, tmp_path / "x.csv", "--image", "3x1"), "--image is for trainings"),
        ((a, tmp_path / "x.csv", "--channels", "z"), "has no channel 'z'"),
    ):
        assert run(*arguments) == 1, arguments
        assert message in capsys.readouterr().err
    assert not (tmp_path / "x").exists() and not (tmp_path / "x.csv").exists()


def test_a_recording_in_anothers_folder_is_a_warning(tmp_path):
    for seed, label in enumerate(("rest", "wave")):
        save(tmp_path / label / "1.rec", motion(seed, label, ""))
    save(tmp_path / "wave" / "2.rec", motion(2, "rest", ""))
    done = xnornode("data", tmp_path)
    assert "2.rec is in wave, but says of itself that it is rest" in done.stderr
    assert "1.rec is in" not in done.stderr
