"""Recordings of noise: found in folders, brought to the data's rate."""

import numpy as np
import pytest
import soundfile

from xnornode.data.noise_folder import find_noise, read_noise
from xnornode.data.sound import to_wav
from xnornode.errors import DataError

pytestmark = pytest.mark.quick
HISS = np.random.default_rng(0).normal(0, 900, (4000, 2)).astype(np.int16)


def test_sound_files_of_folders_in_folders(tmp_path):
    (tmp_path / "kitchen").mkdir()
    (tmp_path / "kitchen" / "b.wav").write_bytes(to_wav(HISS, 16000))
    soundfile.write(tmp_path / "a.flac", HISS[:, 0] / 32768, 8000)
    (tmp_path / "notes.txt").write_text("no sound")
    files = find_noise(tmp_path)
    assert [path.name for path in files] == ["a.flac", "b.wav"]
    assert find_noise(files[0]) == [files[0]]
    sounds, notes = read_noise(files, 8000.0)
    assert [len(s) for s in sounds] == [4000, 2000]
    assert all(s.dtype == np.int16 and s.ndim == 1 for s in sounds)
    assert notes == ["1 recordings of noise were resampled to 8000 Hz"]
    assert [len(s) for s in read_noise(files, 0.0)[0]] == [4000, 4000]


def test_what_is_no_noise(tmp_path):
    with pytest.raises(DataError, match=r"there is no folder .*nowhere"):
        find_noise(tmp_path / "nowhere")
    (tmp_path / "notes.txt").write_text("no sound")
    with pytest.raises(DataError, match=r"holds no sound file \(\.wav, .*put recordings of noise"):
        find_noise(tmp_path)
    silent = tmp_path / "silent.wav"
    silent.write_bytes(to_wav(np.zeros((50, 1), np.int16), 8000))
    with pytest.raises(DataError, match="all recordings of noise are silent"):
        read_noise([silent], 8000.0)
    loud = tmp_path / "loud.wav"
    loud.write_bytes(to_wav(HISS, 8000))
    sounds, notes = read_noise([loud, silent], 8000.0)
    assert len(sounds) == 1 and "silent.wav is silent: left out" in notes[0]


def test_long_recordings_are_cut(tmp_path, monkeypatch):
    monkeypatch.setattr("xnornode.data.noise_folder.MOST", 3000)
    paths = [tmp_path / f"{i}.wav" for i in range(2)]
    for path in paths:
        path.write_bytes(to_wav(HISS, 8000))
    sounds, notes = read_noise(paths, 8000.0)
    assert [len(s) for s in sounds] == [1500, 1500] and "first 1,500 samples" in notes[0]
