"""The options --augment, --noise-folder and --short of `xnornode train`."""

import json
import struct
import sys
from typing import NamedTuple

import numpy as np
import pytest

from xnornode.cli.main import main
from xnornode.data.recording_file import to_bytes
from xnornode.data.sound import to_wav
from xnornode.model.model_file import load_model


class Done(NamedTuple):
    returncode: int
    stderr: str


@pytest.fixture
def xnornode(capsys, monkeypatch):
    """Run the command within this process, without the baselines of scikit-learn."""
    monkeypatch.setitem(sys.modules, "sklearn", None)
    monkeypatch.setitem(sys.modules, "sklearn.ensemble", None)

    def run(*arguments) -> Done:
        try:
            status = main([str(a) for a in arguments])
        except SystemExit as left:
            status = left.code
        return Done(status, capsys.readouterr().err)

    return run


SMALL = ("--features", "logmel", "--layers", "conv 8x5 pool 2", "--epochs", "2")


@pytest.fixture(scope="module")
def words(tmp_path_factory):
    """Eight speakers say two words: WAV files of 0.4 to 0.7 s at 8 kHz."""
    folder = tmp_path_factory.mktemp("sound") / "words"
    rng = np.random.default_rng(0)
    for word, step in (("high", 0.9), ("low", 0.2)):
        for speaker in range(8):
            size = 3200 + 300 * speaker
            loud = 5000 * np.hanning(size) * np.sin(step * np.arange(size))
            sound = np.rint(loud + rng.normal(0, 30, size)).astype(np.int16)
            path = folder / word / f"speaker{speaker}" / "1.wav"
            path.parent.mkdir(parents=True)
            path.write_bytes(to_wav(sound[:, None], 8000))
    return folder


@pytest.fixture(scope="module")
def noise(tmp_path_factory):
    folder = tmp_path_factory.mktemp("noise")
    hiss = np.random.default_rng(1).normal(0, 900, (32000, 1)).astype(np.int16)
    (folder / "street.wav").write_bytes(to_wav(hiss, 16000))
    return folder


def motion(record, folder):
    """Recordings at 50 Hz of four people."""
    for person in range(4):
        for label in ("slow", "fast"):
            path = folder / "motion" / f"p{person}" / f"{label}.rec"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(to_bytes(record(label, f"p{person}", person)))


def test_what_was_asked_for_is_in_report_and_notes(xnornode, words, noise, tmp_path):
    out, report = tmp_path / "m.bnn", tmp_path / "r.json"
    text = "shift 100ms, gain 3, noise 5..15, band-mask 3, versions 2"
    given = ("--augment", text, "--noise-folder", noise, "--json", report)
    done = xnornode("train", words, "-o", out, *SMALL, *given)
    assert done.returncode == 0, done.stderr
    said = "shift 0.0976562, gain 3, noise 5..15, band mask 3, versions 2, 1 recordings of noise"
    assert f"augmentation: {said} (--augment)" in done.stderr
    assert "1 recordings of noise were resampled to 8000 Hz" in done.stderr
    assert json.loads(report.read_text())["settings"]["augment"] == said
    assert f"augment {said}" in load_model(out).notes
    assert "short recordings padded" in load_model(out).notes
    assert "16 of 16 recordings are shorter than a window and are padded" in done.stderr
    again = tmp_path / "again.bnn"
    assert xnornode("train", words, "-o", again, *SMALL, *given).returncode == 0
    assert again.read_bytes() == out.read_bytes()


def test_none_and_the_default_and_its_changes(xnornode, words, tmp_path):
    files = {}
    for name, text in (("none", "none"), ("usual", "default"), ("without", "")):
        files[name] = tmp_path / name
        given = ("--augment", text) if text else ()
        done = xnornode("train", words, "-o", files[name], *SMALL, *given)
        assert done.returncode == 0, done.stderr
        assert ("augmentation:" in done.stderr) == (name != "none")
    assert "augment" not in load_model(files["none"]).notes
    assert files["usual"].read_bytes() == files["without"].read_bytes()


def test_short_recordings_may_be_dropped(xnornode, words, tmp_path):
    given = ("--short", "drop", "--window", "0.5s", "--augment", "none")
    done = xnornode("train", words, "-o", tmp_path / "m.bnn", *SMALL, *given)
    assert done.returncode == 0, done.stderr
    assert "left out, as shorter than a window (4000 samples): 6 recordings" in done.stderr
    assert "padded" not in load_model(tmp_path / "m.bnn").notes


@pytest.mark.parametrize(
    ("given", "status", "says"),
    [
        (("--augment", "gane 3"), 2, "'gane' is no change; for sound and vibration: shift, gain"),
        (("--augment", "gain 99"), 2, "gain must be 0 to 60 dB, not 99"),
        (("--augment", "gain 6, flip"), 2, "no kind of data has all of these"),
        (("--augment", "none", "--noise-folder", "x"), 2, "--augment none nothing: omit one"),
        (("--noise-folder", "nowhere"), 1, "there is no folder nowhere with recordings of noise"),
        (("--noise-folder", "."), 1, "holds no sound file"),
        (("--short", "cut"), 2, "invalid choice: 'cut'"),
    ],
)
def test_mistakes_are_found_before_the_data_are_read(
    xnornode, given, status, says, tmp_path, monkeypatch
):
    monkeypatch.chdir(tmp_path)
    done = xnornode("train", "no such data", "-o", "m.bnn", *given)
    assert done.returncode == status and says in done.stderr and "Traceback" not in done.stderr


@pytest.mark.parametrize(
    ("given", "says"),
    [
        (("--augment", "mirror 0"), "mirror is for motion and other windows, and these are texts"),
        (("--noise-folder",), "--noise-folder mixes noise into sound, and these data are none"),
        (("--short", "pad"), "holds texts, none of them short: omit --short"),
    ],
)
def test_what_does_not_suit_texts(xnornode, given, says, noise, tmp_path):
    lines = [f"{k},{v} {i}" for i in range(20) for k, v in {"en": "the fox", "de": "ein"}.items()]
    (tmp_path / "t.csv").write_text("\n".join(["label,text", *lines]))
    given = (*given, noise) if given == ("--noise-folder",) else given
    done = xnornode("train", tmp_path / "t.csv", "-o", tmp_path / "m.bnn", *given)
    assert done.returncode == 1 and says in done.stderr and "Traceback" not in done.stderr


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ((), "these data are no sound (50 Hz): --noise-folder mixes noise into sound; omit it"),
        (("--augment", "default"), "these data are no sound (50 Hz)"),
        (("--augment", "scale 0.1"), "and --augment 'scale 0.1' is for motion: omit one"),
    ],
)
def test_noise_is_refused_for_motion_before_it_is_read(
    xnornode, record, noise, given, says, tmp_path
):
    motion(record, tmp_path)
    given = ("--window", "32", "--noise-folder", noise, *given)
    done = xnornode("train", tmp_path / "motion", "-o", tmp_path / "m.bnn", *given)
    assert done.returncode == 1 and says in done.stderr and "Traceback" not in done.stderr
    assert "resampled" not in done.stderr and "trying" not in done.stderr


def test_noise_is_mixed_into_vibration_with_changes_of_sound(xnornode, record, noise, tmp_path):
    motion(record, tmp_path)
    given = ("--window", "32", "--noise-folder", noise, "--augment", "gain 6", "--quick")
    done = xnornode("train", tmp_path / "motion", "-o", tmp_path / "m.bnn", *given)
    assert done.returncode == 0, done.stderr
    assert "augmentation: gain 6, noise 5..25, 1 recordings of noise" in done.stderr


def test_levels_need_features_with_bands(xnornode, words, tmp_path):
    given = ("--features", "statistics", "--augment", "band mask 3", "--epochs", "2")
    done = xnornode("train", words, "-o", tmp_path / "m.bnn", *given)
    assert done.returncode == 1 and "statistics features have none: use logmel" in done.stderr


def test_levels_are_left_out_where_nobody_chose_the_features(xnornode, words, tmp_path):
    given = ("--quick", "--augment", "gain 3, band mask 3", "--epochs", "2", "--layers", "8")
    done = xnornode("train", words, "-o", tmp_path / "m.bnn", *given)
    assert done.returncode == 0, done.stderr
    if "spectrum:" not in done.stderr and "band mask left out" not in done.stderr:
        assert "augmentation: gain 3, band mask 3" in done.stderr


def test_odd_recordings_of_sound(xnornode, words, tmp_path):
    """A word of 10 ms, one without any sound, and a file that holds nothing."""
    folder = tmp_path / "odd"
    for path in words.rglob("*.wav"):
        (folder / path.relative_to(words).parent).mkdir(parents=True)
        (folder / path.relative_to(words)).write_bytes(path.read_bytes())
    click = np.full((80, 1), 900, np.int16)
    (folder / "low" / "speaker0" / "click.wav").write_bytes(to_wav(click, 8000))
    silence = np.zeros((3000, 1), np.int16)
    (folder / "low" / "speaker1" / "silence.wav").write_bytes(to_wav(silence, 8000))
    done = xnornode("train", folder, "-o", tmp_path / "m.bnn", *SMALL)
    assert done.returncode == 0, done.stderr
    assert "left out, as shorter than 5% of a window (409 samples): 1 recording" in done.stderr
    empty = to_wav(silence, 8000)[:44]
    empty = empty[:40] + struct.pack("<I", 0)
    (folder / "low" / "speaker2" / "empty.wav").write_bytes(empty)
    done = xnornode("train", folder, "-o", tmp_path / "n.bnn", *SMALL)
    assert done.returncode == 1 and "empty.wav holds no samples" in done.stderr
    done = xnornode("train", folder, "-o", tmp_path / "n.bnn", *SMALL, "--skip")
    assert done.returncode == 0, done.stderr
