"""Sound files: one recording each, one channel of int16 counts."""

import io
import re
import struct
import wave
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from xnornode._extras import load_extra
from xnornode._typing import Int16
from xnornode._words import because
from xnornode.data.dataset import Dataset
from xnornode.data.full_scale import unit_of
from xnornode.data.read_options import ReadOptions
from xnornode.data.reading import Guess, Reading
from xnornode.data.scaling import to_int16
from xnornode.data.single import one_recording
from xnornode.errors import DataError

SUFFIXES = (".wav", ".flac", ".ogg", ".mp3", ".aiff", ".aif")
CHANNEL = "sound (FS)"
"""In parts of full scale, as a node's microphones name it."""
HEARD = 4000
"""Hertz of the sample rate from which one channel without a physical unit is taken for sound."""
NAMES = ("sound", "audio", "mic", "microphone")
SCALE = 30518
"""Billionths of full scale per count: 1 / 32768."""
FASTEST = 4_000_000
"""Hertz that a model file can hold."""
LONGEST = 1 << 30
"""Bytes of a file."""


def is_sound(channels: Sequence[str], rate_mhz: int) -> bool:
    """Whether samples are taken for sound.

    Parameters
    ----------
    channels : sequence of str
        The channels' names.
    rate_mhz : int
        Sample rate in millihertz; 0 if unknown.

    Returns
    -------
    bool
        True for one channel that is named so, or has no unit and 4 kHz or more.

    Examples
    --------
    >>> is_sound(["sound (FS)"], 0), is_sound(["accel x (g)"], 12_000_000)
    (True, False)
    """
    if len(channels) != 1:
        return False
    if channels[0] == CHANNEL or set(re.split(r"[\W\d_]+", channels[0].lower())) & {*NAMES}:
        return True
    return rate_mhz >= 1000 * HEARD and not unit_of(channels[0])


def read_sound(path: Path, options: ReadOptions, label: str) -> Dataset:
    """Read a sound file as one recording.

    WAV files of whole numbers are read with the standard library. All others need soundfile.

    Parameters
    ----------
    path : Path
        The file: any sample rate and width; several channels are mixed down to their mean.
    options : ReadOptions
        Its sample rate, where there is one, replaces that of the file.
    label : str
        The label that the path says.

    Returns
    -------
    Dataset
        One recording of the channel "sound (FS)", full scale at 32768 counts.

    Raises
    ------
    DataError
        The file is damaged or empty.
    """
    samples, rate = read_frames(path)
    guesses = []
    if samples.shape[1] > 1:
        text = f"{path} has {samples.shape[1]} channels: their mean is taken"
        guesses.append(Guess(text, "write one channel to a file of its own"))
    mono = samples[:, 0] if samples.shape[1] == 1 else np.rint(samples.mean(axis=1))
    return one_recording(
        path,
        mono.astype(np.int16)[:, None],
        label,
        "",
        channels=(CHANNEL,),
        scales=(SCALE,),
        rate_mhz=options.rate_mhz or round(1000 * rate),
        reading=Reading(1, f"sound, {path.suffix.lower()[1:]}", guesses=tuple(guesses)),
    )


def read_frames(path: Path) -> tuple[Int16, int]:
    """Read all channels of a sound file.

    Parameters
    ----------
    path : Path
        The file.

    Returns
    -------
    samples : ndarray of int16, shape (n, channels)
        Full scale at 32768 counts; of wider samples the upper 16 bits.
    rate : int
        Samples a second.

    Raises
    ------
    DataError
        The file is damaged, empty or too long.
    """
    if path.stat().st_size > LONGEST:
        raise DataError(f"{path} is longer than {LONGEST:,} bytes: split the recording")
    samples, rate = _wave(path) if path.suffix.lower() == ".wav" else _soundfile(path)
    if not len(samples):
        raise DataError(f"{path} holds no samples")
    if not 0 < rate <= FASTEST:
        raise DataError(f"{path} says a sample rate of {rate} Hz: it is damaged")
    return samples, rate


def to_wav(samples: Int16, rate: int) -> bytes:
    """Write sound as a WAV file of 16 bits.

    Parameters
    ----------
    samples : ndarray of int16, shape (n, channels)
        Full scale at 32768 counts.
    rate : int
        Samples a second.

    Returns
    -------
    bytes
        The file.
    """
    out = io.BytesIO()
    with wave.open(out, "wb") as file:
        file.setparams((samples.shape[1], 2, rate, 0, "NONE", ""))
        file.writeframes(samples.astype("<i2").tobytes())
    return out.getvalue()


def _wave(path: Path) -> tuple[Int16, int]:
    try:
        with wave.open(str(path), "rb") as file:
            width, channels, rate = file.getsampwidth(), file.getnchannels(), file.getframerate()
            data = file.readframes(file.getnframes())
    except (wave.Error, EOFError, struct.error, ValueError, RuntimeError) as error:
        if "unknown format" in str(error):  # float, A-law or the extensible header
            return _soundfile(path)
        raise DataError(f"{path} is no WAV file, or it is damaged{because(error)}") from error
    if not channels or width not in (1, 2, 3, 4):
        raise DataError(f"{path} has {channels} channels of {8 * width} bits: it is damaged")
    return pcm_to_int16(
        data[: len(data) // (width * channels) * width * channels], width, channels
    ), rate


def pcm_to_int16(data: bytes, width: int, channels: int) -> Int16:
    """Samples of whole numbers, little endian, as int16 with the same full scale.

    Parameters
    ----------
    data : bytes
        Whole frames; of 8 bits they are unsigned.
    width : int
        Bytes of a sample, 1 to 4.
    channels : int
        Samples of a frame.

    Returns
    -------
    ndarray of int16, shape (n, channels)
        The upper 16 bits of each sample.

    Examples
    --------
    >>> pcm_to_int16(bytes([0, 128, 255]), 1, 1).ravel().tolist()
    [-32768, 0, 32512]
    """
    raw = np.frombuffer(data, np.uint8).reshape(-1, width)
    if width == 1:
        return ((raw[:, 0].astype(np.int16) - 128) * 256).astype(np.int16).reshape(-1, channels)
    upper = np.ascontiguousarray(raw[:, width - 2 :])
    return upper.view("<i2").astype(np.int16).reshape(-1, channels)


def _soundfile(path: Path) -> tuple[Int16, int]:
    soundfile = load_extra("soundfile", "sound")
    try:
        # Not as int16: soundfile does not scale files of floats then.
        values, rate = soundfile.read(str(path), dtype="float64", always_2d=True)
    except (RuntimeError, OSError, ValueError, TypeError) as error:
        raise DataError(f"{path} cannot be read as sound ({error})") from error
    return to_int16(values, [1 / 32768] * values.shape[1]), int(rate)
