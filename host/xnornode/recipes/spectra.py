"""Settings of spectra that suit most data."""

from bisect import bisect_left
from dataclasses import replace

import numpy as np

from xnornode.data.splits import Splits
from xnornode.errors import DataError
from xnornode.model.fft import LONGEST, SHORTEST
from xnornode.model.spectrum import Spectrum, band_edges
from xnornode.nn.layer_spec import Conv

FRAME = 0.032
"""Seconds of a frame of sound: speech changes little meanwhile."""
SOUND = 4000
"""Hertz of the sample rate from which data are taken for sound."""
LOWEST = 60
"""Hertz from which sound is looked at."""
LOGMEL_BANDS, SPECTRUM_BANDS = 16, 64
"""Few bands of speech: finer ones show the pitch, by which speakers differ and words do not."""
REACH = 92
"""Levels below the loudest one that are heard: 35 dB. What is weaker differs by the room."""
LOGMEL_LAYERS = (
    Conv(32, (7, 4), pool=(2, 2), activation="int8"),
    Conv(64, (3, 3), (2, 1), activation="int8"),
)
"""Over frames and bands of a log-mel spectrum: a sound may be a little higher or lower."""
FLOOR_STEP = 512
"""Of what the floor is a multiple: two octaves of power."""
CLIPPED = 0.001
"""Share of levels that may be at their upper end."""
MOST_STEPS = 31
"""The highest floor, in steps."""
SAMPLE = 200
"""Windows that the floor is chosen by."""


def frame_of(length: int, rate: float) -> int:
    """Samples of a frame, for windows of `length`. Raises DataError where they are too short."""
    if length < SHORTEST:
        raise DataError(
            f"a window of {length} samples is too short for a spectrum, which needs {SHORTEST}: "
            "choose longer windows (--window), or other features"
        )
    most = 1 << min(length, LONGEST).bit_length() - 1
    if rate < SOUND:  # of slow data as fine a spectrum as half a window gives
        return max(SHORTEST, min(most, 1 << max(1, length // 2).bit_length() - 1))
    return max(SHORTEST, min(most, 1 << round(np.log2(rate * FRAME))))


def logmel(splits: Splits) -> Spectrum:
    """Levels of mel bands in each frame, counted from below the loudest, without their means."""
    window = splits.window
    rate = window.rate_mhz / 1000 or 8000.0
    frame = frame_of(window.length, rate)
    bands = min(LOGMEL_BANDS, frame // 4)
    low = LOWEST if rate >= SOUND else rate / frame
    edges = band_edges(frame, bands, rate, low, rate / 2, "mel" if rate >= SOUND else "linear")
    reach = REACH if rate >= SOUND else 0
    return _with_floor(Spectrum(frame, frame // 2, edges, reach=reach), splits)


def spectrum(splits: Splits) -> Spectrum:
    """Mean and largest levels of bands over a window's frames: for what is steady, as vibration."""
    window = splits.window
    rate = window.rate_mhz / 1000 or 1000.0
    frame = frame_of(window.length, 0.0)
    bands = min(SPECTRUM_BANDS, frame // 4)
    edges = band_edges(frame, bands, rate, rate / frame, rate / 2, "linear")
    summary = ("mean", "largest")
    return _with_floor(Spectrum(frame, frame // 2, edges, 0, summary, False), splits)


def _with_floor(features: Spectrum, splits: Splits) -> Spectrum:
    """The same, with the lowest floor at which the loudest windows are not clipped."""
    items = splits.train.items
    assert isinstance(items, np.ndarray)
    some = items[:: max(1, len(items) // SAMPLE)]

    def clips(steps: int) -> bool:
        levels = replace(features, floor=FLOOR_STEP * steps).levels(some)
        return bool((levels == 255).mean() > CLIPPED)

    # The higher the floor, the fewer are clipped.
    return replace(
        features,
        floor=FLOOR_STEP * bisect_left(range(MOST_STEPS), True, key=lambda n: not clips(n)),
    )
