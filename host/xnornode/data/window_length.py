"""The window's length where nobody gave one: by the sample rate, and by the shortest recordings."""

from collections.abc import Sequence

import numpy as np

USUAL = 128
"""Samples where the sample rate is unknown."""
SECONDS = 2.5
"""What a window of motion holds: some steps, or one gesture."""
FAST, SECONDS_FAST = 400.0, 1.0
"""From this rate in hertz on, samples are vibration or sound, and a window is shorter."""
LEAST, MOST = 16, 16384
STEP = 1024
"""Windows of sound are multiples of so many samples: then they share the frames of a spectrum."""
MOST_SOUND = 63 * STEP
"""What a model file can hold."""
USUAL_SHARE, LITTLE = 0.95, 0.6
"""Sound has a shorter window if this share of recordings would fill less than so much of it."""
SHORT = 0.1
"""The share of a class's samples that may be in recordings shorter than a window."""


def usual_length(rate: float, sizes: Sequence[int], labels: Sequence[str]) -> tuple[int, str]:
    """Choose the window's length.

    Parameters
    ----------
    rate : float
        Samples per second, in hertz; 0 if unknown.
    sizes : sequence of int
        The samples of each recording.
    labels : sequence of str
        The class of each recording.

    Returns
    -------
    length : int
        Samples: the power of two that is nearest to 2.5 s (1 s from 400 Hz on), or 128 if the rate
        is unknown. Less, where more than a tenth of a class's samples are in shorter recordings.
    why : str
        What it was chosen by, in words.

    Examples
    --------
    >>> usual_length(50.0, [900, 1200], ["walk", "run"])
    (128, 'for about 2.5 s')
    >>> usual_length(100.0, [70, 82, 75], ["circle", "circle", "wave"])
    (70, 'by the shortest recordings')
    """
    length, why = USUAL, "as the sample rate is unknown"
    if rate:
        seconds = SECONDS if rate < FAST else SECONDS_FAST
        power = int(np.clip(np.rint(np.log2(seconds * rate)), np.log2(LEAST), np.log2(MOST)))
        length, why = 2**power, f"for about {seconds:g} s"
    by_class: dict[str, list[int]] = {}
    for label, size in zip(labels, sizes, strict=True):
        by_class.setdefault(label, []).append(size)
    short = min(_usual(sorted(found)) for found in by_class.values())
    if short < length:
        return short, "by the shortest recordings"
    return length, why


def sound_length(rate: float, sizes: Sequence[int]) -> tuple[int, str]:
    """Choose the length of windows of sound, where shorter recordings are padded.

    Parameters
    ----------
    rate : float
        Samples per second, in hertz, above 0.
    sizes : sequence of int
        The samples of each recording.

    Returns
    -------
    length : int
        Samples: about 1 s. Less, if 19 of 20 recordings are shorter than 0.6 of that; then so much
        that these fit.
    why : str
        What it was chosen by, in words.

    Examples
    --------
    >>> sound_length(16000.0, [9000, 14000, 16000])
    (16384, 'for about 1 s of sound')
    >>> sound_length(8000.0, [2000] * 30)
    (2048, 'so that 95 % of the recordings fit')
    """
    steps = round(SECONDS_FAST * rate / STEP)
    length = int(np.clip(steps * STEP, STEP, MOST_SOUND))
    most = sorted(sizes)[int(USUAL_SHARE * (len(sizes) - 1))]
    if most < LITTLE * length:
        return -(-most // STEP) * STEP, "so that 95 % of the recordings fit"
    return length, "for about 1 s of sound"


def _usual(sizes: Sequence[int]) -> int:
    """The longest window that leaves out less than `SHORT` of the samples; sizes are sorted."""
    total, before = sum(sizes), 0
    for size in sizes:
        before += size
        if before > SHORT * total:
            return size
    return sizes[-1]
