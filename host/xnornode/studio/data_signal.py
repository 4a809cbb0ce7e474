"""The samples, pixels, sound or letters of one file, as much as a page can show."""

from __future__ import annotations

import io
import warnings
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from xnornode._extras import load_extra
from xnornode.data.convert import NO_LABEL
from xnornode.data.read_options import ReadOptions
from xnornode.data.readers import RECORDINGS, read
from xnornode.data.recording_csv import read_csv
from xnornode.data.recording_file import SUFFIX, RecordFile, from_bytes, read_recording
from xnornode.data.scaling import to_int16
from xnornode.data.sound import CHANNEL, SCALE, is_sound, read_frames, to_wav
from xnornode.data.sound import SUFFIXES as SOUNDS
from xnornode.errors import DataError, XnorNodeError

MOST_CHANNELS = 32
"""Channels that are drawn."""
MOST_NAMES = 4096
"""Recordings of one file that a page lets choose from."""
MOST_LETTERS = 4000
MOST_PIXELS = 50_000_000
"""Pixels of an image that is opened."""
SMALL = 160
"""The longer side of a small picture, in pixels."""
LARGE_FILE = 100_000
"""Bytes from which on a small picture is made, instead of the whole file."""
LONGEST_IMAGE = 1 << 26
SIGNATURES = (
    (b"\x89PNG\r\n\x1a\n", "image/png"),
    (b"\xff\xd8\xff", "image/jpeg"),
    (b"GIF8", "image/gif"),
    (b"BM", "image/bmp"),
)
"""How images begin that browsers show. SVG is none of them: it could hold a script."""


@dataclass(frozen=True, eq=False)
class Signal:
    """Samples of one recording, in the type in which they are stored.

    Parameters
    ----------
    samples : ndarray, shape (n, channels)
        The samples.
    channels : tuple of str
        Their names.
    units : tuple of float
        What a sample is multiplied by to be in its unit.
    rate : float
        Samples per second, in hertz; 0 if unknown.
    breaks : tuple of int, default ()
        Samples before which some are missing.
    names : tuple of str, default ()
        What the recordings in a file are called that holds several.
    """

    samples: npt.NDArray[Any]
    channels: tuple[str, ...]
    units: tuple[float, ...]
    rate: float
    breaks: tuple[int, ...] = ()
    names: tuple[str, ...] = ()


def read_record(path: Path) -> RecordFile | None:
    """A file that knows its counts: a recording, one in CSV, or sound. Raises DataError."""
    suffix = path.suffix.lower()
    if suffix == SUFFIX:
        return from_bytes(read_recording(path), str(path))
    return read_csv(path) if suffix == ".csv" else None


def read_signal(path: Path, which: int = 0) -> Signal:
    """The samples of a file.

    Parameters
    ----------
    path : Path
        A file of recordings.
    which : int, default 0
        Which recording of a file that holds several.

    Returns
    -------
    Signal
        Its samples.

    Raises
    ------
    DataError
        It cannot be understood, or holds no such recording.
    """
    if record := read_record(path):
        units = tuple(scale * 1e-9 or 1.0 for scale in record.scales)
        rate, samples = record.rate_mhz / 1000, record.recording.samples
        return Signal(samples, record.channels, units, rate, record.breaks)
    suffix, options = path.suffix.lower(), ReadOptions(rows="samples")
    if suffix in RECORDINGS:
        dataset = RECORDINGS[suffix](path, options, NO_LABEL)
    else:
        dataset = read(path, replace(options, rows=""))
    if dataset.kind == "texts":
        raise DataError(f"{path} holds texts, which have no signal")
    if not 0 <= which < len(dataset.items):
        raise DataError(f"{path} holds {len(dataset.items)} recordings")
    units = tuple(s * 1e-9 or 1.0 for s in dataset.scales or (0,) * len(dataset.channels))
    count = min(len(dataset.items), MOST_NAMES)
    names = tuple(dataset.names[n] for n in range(count)) if count > 1 else ()
    samples = np.asarray(dataset.items[which])
    return Signal(samples, dataset.channels, units, dataset.rate_mhz / 1000, (), names)


def shown(signal: Signal, first: int, last: int, points: int) -> dict[str, Any]:
    """A part of a signal as a page draws it.

    Parameters
    ----------
    signal : Signal
        The samples.
    first, last : int
        The part, in samples; `last` is not in it.
    points : int
        How many are given at most. Of more samples, the least and the largest of each stretch.

    Returns
    -------
    dict
        What JSON can hold: per channel `low` and `high`, one value a stretch of `step` samples.
    """
    last = min(last, len(signal.samples))
    first = max(0, min(first, last - 1))
    part = signal.samples[first:last, :MOST_CHANNELS]
    step = max(1, -(-len(part) // points))
    edges = np.arange(0, len(part), step)
    low = np.minimum.reduceat(part, edges, axis=0)
    high = np.maximum.reduceat(part, edges, axis=0) if step > 1 else low
    units = signal.units[:MOST_CHANNELS]
    every = signal.samples[:, :MOST_CHANNELS]
    least, most = every.min(axis=0), every.max(axis=0)
    return {
        "channels": list(signal.channels[:MOST_CHANNELS]),
        "more": len(signal.channels) - len(units),
        "samples": len(signal.samples),
        "rate": signal.rate,
        "first": first,
        "last": last,
        "step": step,
        "low": [_numbers(low[:, c], unit) for c, unit in enumerate(units)],
        "high": [_numbers(high[:, c], unit) for c, unit in enumerate(units)] if step > 1 else [],
        "minimum": [_numbers(least[c : c + 1], u)[0] for c, u in enumerate(units)],
        "maximum": [_numbers(most[c : c + 1], u)[0] for c, u in enumerate(units)],
        "mean": [_numbers(every[:, c].mean(keepdims=True), u)[0] for c, u in enumerate(units)],
        "breaks": [at for at in signal.breaks if first <= at < last][:1000],
        "names": list(signal.names),
        "sound": is_sound(signal.channels, round(1000 * signal.rate)),
    }


def _numbers(values: npt.NDArray[Any], unit: float) -> list[float]:
    """In the unit, with the digits that a page can show."""
    return [float(f"{v:.6g}") for v in (values.astype(np.float64) * unit).tolist()]


def sound_of(path: Path) -> bytes:
    """A recording of sound as a WAV file, which browsers play. Raises DataError."""
    if path.suffix.lower() in SOUNDS:
        samples, rate = read_frames(path)
        return to_wav(samples, rate)
    signal = read_signal(path)
    if not signal.rate or not is_sound(signal.channels, round(1000 * signal.rate)):
        raise DataError(f"{path} is no sound")
    samples = signal.samples
    if signal.channels != (CHANNEL,) or signal.units != (SCALE * 1e-9,):
        most = float(np.abs(samples.astype(np.float64)).max()) or 1.0
        samples = to_int16(samples, [most / 32767] * samples.shape[1])
    return to_wav(samples, max(1, round(signal.rate)))


def image_of(path: Path, small: bool) -> tuple[bytes, str]:
    """An image as a browser shows it.

    Parameters
    ----------
    path : Path
        The file.
    small : bool
        Whether a small picture is enough.

    Returns
    -------
    bytes, str
        The file, and its media type.

    Raises
    ------
    DataError
        It is no image, or too large.
    """
    size = path.stat().st_size
    if size > LONGEST_IMAGE:
        raise DataError(f"{path} is longer than {LONGEST_IMAGE:,} bytes: make it smaller")
    data = path.read_bytes()
    media = next((media for mark, media in SIGNATURES if data.startswith(mark)), "")
    if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        media = "image/webp"
    if media and not (small and size > LARGE_FILE):
        return data, media
    image = load_extra("PIL.Image", "images")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            with image.open(io.BytesIO(data)) as opened:
                if opened.size[0] * opened.size[1] > MOST_PIXELS:
                    raise DataError(f"{path} has more than {MOST_PIXELS:,} pixels")
                if opened.mode.startswith("I"):
                    opened = opened.point(lambda v: v / 256)
                made = opened.convert("RGB")
                if small:
                    made.thumbnail((SMALL, SMALL))
                out = io.BytesIO()
                made.save(out, "PNG")
    except XnorNodeError:
        raise
    except Exception as error:  # damaged files fail in many ways
        raise DataError(f"{path} is no image that can be read ({error})") from error
    return out.getvalue(), "image/png"


def text_of(path: Path) -> str:
    """The first letters of a text."""
    with path.open("rb") as file:
        return file.read(MOST_LETTERS).decode("utf-8", "replace")
