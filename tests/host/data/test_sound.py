"""Sound files of any width, rate and number of channels."""

import struct
import wave

import numpy as np
import pytest
import soundfile

from xnornode.data.prepare import prepare
from xnornode.data.read_options import ReadOptions
from xnornode.data.readers import read
from xnornode.data.sound import pcm_to_int16, read_sound
from xnornode.errors import DataError

pytestmark = pytest.mark.quick
T = np.arange(2000) / 8000
WAVE = 0.5 * np.sin(2 * np.pi * 440 * T)


def write_wav(path, values=WAVE, width=2, rate=8000, channels=1):
    """A WAV file whose channels all hold `values`, from -1 to 1."""
    path.parent.mkdir(parents=True, exist_ok=True)
    frames = np.repeat(np.asarray(values)[:, None], channels, axis=1).ravel()
    counts = np.clip(
        np.rint(frames * 2 ** (8 * width - 1)), -(2 ** (8 * width - 1)), 2 ** (8 * width - 1) - 1
    )
    if width == 1:
        data = (counts + 128).astype(np.uint8).tobytes()
    else:
        data = b"".join(int(c).to_bytes(width, "little", signed=True) for c in counts)
    with wave.open(str(path), "wb") as file:
        file.setparams((channels, width, rate, 0, "NONE", ""))
        file.writeframes(data)
    return path


@pytest.mark.parametrize("width", [1, 2, 3, 4])
@pytest.mark.parametrize("channels", [1, 2])
def test_every_width(tmp_path, width, channels):
    d = read_sound(
        write_wav(tmp_path / "a.wav", width=width, channels=channels), ReadOptions(), "yes"
    )
    assert d.items[0].shape == (2000, 1) and d.items[0].dtype == np.int16
    assert np.abs(d.items[0][:, 0] / 32768 - WAVE).max() <= (1 / 128 if width == 1 else 1 / 32768)
    assert d.rate_mhz == 8_000_000 and d.channels == ("sound (FS)",)
    assert bool(d.reading.guesses) == (channels == 2)


def test_full_scale_stays_full_scale():
    assert pcm_to_int16(bytes.fromhex("000080ffff7f"), 3, 1).ravel().tolist() == [-32768, 32767]


def test_a_folder_per_word_and_speaker(tmp_path):
    rng = np.random.default_rng(0)
    for word in ("yes", "no"):
        for speaker in ("ann", "bob", "cat", "dan"):
            for i in range(2):
                write_wav(tmp_path / word / speaker / f"{i}.wav", rng.normal(0, 0.1, 2000))
    d = read(tmp_path)
    assert d.grouping == "group" and sorted(set(d.groups)) == ["ann", "bob", "cat", "dan"]
    assert d.reading.files == 16 and d.rate_mhz == 8_000_000
    assert prepare(d).window.length == 2048


def test_files_of_other_rates_are_brought_to_one(tmp_path):
    write_wav(tmp_path / "yes" / "1.wav")
    write_wav(tmp_path / "no" / "1.wav", 0.3 * np.sin(np.arange(4000) / 9), rate=16000)
    d = read(tmp_path)
    assert d.rate_mhz == 8_000_000 and {len(item) for item in d.items} == {2000}
    assert any("resampled to 8000 Hz" in g.text for g in d.reading.guesses)


def test_what_only_soundfile_reads(tmp_path):
    (tmp_path / "a").mkdir()
    soundfile.write(tmp_path / "a" / "1.flac", WAVE, 8000)
    soundfile.write(tmp_path / "a" / "2.wav", 0.9 * WAVE, 8000, subtype="FLOAT")
    for path, gain in ((tmp_path / "a" / "1.flac", 1), (tmp_path / "a" / "2.wav", 0.9)):
        d = read_sound(path, ReadOptions(), "a")
        assert np.abs(d.items[0][:, 0] / 32768 - gain * WAVE).max() < 1e-3


@pytest.mark.parametrize(
    "change",
    [
        lambda b: b[:20],
        lambda b: b"RIFX" + b[4:],
        lambda b: b"",
        lambda b: b[:22] + struct.pack("<H", 0) + b[24:],
        lambda b: b[:34] + struct.pack("<H", 0) + b[36:],
        lambda b: b[:40] + struct.pack("<I", 0) + b[44:],
        lambda b: b[:24] + struct.pack("<I", 0) + b[28:],
    ],
)
def test_damaged_files_are_refused(tmp_path, change):
    path = write_wav(tmp_path / "a.wav")
    path.write_bytes(change(path.read_bytes()))
    with pytest.raises(DataError, match=r"a\.wav"):
        read_sound(path, ReadOptions(), "yes")


def test_a_file_that_was_cut_is_read_as_far_as_it_goes(tmp_path):
    path = write_wav(tmp_path / "a.wav")
    path.write_bytes(path.read_bytes()[:1001])
    assert 400 < len(read_sound(path, ReadOptions(), "yes").items[0]) < 500
