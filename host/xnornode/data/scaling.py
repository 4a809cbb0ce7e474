"""Numbers of any type as int16 counts, which a node's sensor gives.

Whole numbers that fit int16 are counts already. Others are divided by a scale, and what is beyond
full scale saturates, as in a sensor. The model file keeps the scale, because the node must divide
by the same.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from xnornode._typing import Int16
from xnornode._words import channel
from xnornode.data.full_scale import full_scale, reach, unit_of, wanted_scales
from xnornode.errors import DataError
from xnornode.model.limits import INT16

NANO = 10**9
COUNTS = 32768  # at full scale
LARGEST_SCALE = 2**32 - 1  # billionths of a unit, the format's field
MIN_DEVIATION = 16  # counts; a channel that varies by less is mostly rounding error

Array = npt.NDArray[Any]


def choose_scales(
    training: Sequence[Array],
    groups: Sequence[str],
    channels: Sequence[str],
    others: Sequence[Array] = (),
    wanted: Mapping[str, float] | None = None,
) -> tuple[int, ...]:
    """Choose a scale per channel so that samples fit int16.

    Parameters
    ----------
    training : sequence of ndarray, shape (n, channels)
        Samples of the training part. They alone decide how large a scale is.
    groups : sequence of str
        The group of each array.
    channels : sequence of str
        The channels' names, with their units.
    others : sequence of ndarray, shape (n, channels), default ()
        Samples of the other parts. A channel is counts already only if these are, too.
    wanted : mapping of str to float, optional
        Full scales that the user gave (`wanted_scales`).

    Returns
    -------
    tuple of int
        Billionths of a unit per count; 0 where samples are counts already.

    Raises
    ------
    DataError
        A channel is too large or too small for the model file.
    """
    given = wanted_scales(channels, wanted or {})
    most = reach(training, groups)
    whole = _whole(training) & _whole(others) & (most <= INT16.max) & (given == 0)
    scales = []
    for name, counts, value, usual in zip(channels, whole, given, most, strict=True):
        full = value or (full_scale(unit_of(name), usual) if usual else 1.0)
        scale = round(NANO * min(full, 1e200) / COUNTS)  # a float has room for the product
        if counts:
            scale = 0
        elif scale > LARGEST_SCALE:
            raise DataError(
                f"{channel(name)} goes to {full:g}: use a larger unit (1000 hPa, not 100000 Pa)"
            )
        elif scale < 1:
            raise DataError(
                f"{channel(name)} goes to {usual:g} only, and a model's scales are billionths: use "
                "a smaller unit (20 uT, not 0.00002 T), or leave it out with --channels"
            )
        scales.append(scale)
    return tuple(scales)


def full_scale_of(scale: int) -> float:
    """The shortest number that `--full-scale` makes this scale from; of counts, 32768."""
    full = (scale or NANO) * COUNTS / NANO
    texts = (f"{full:.{digits}g}" for digits in range(1, 17))
    return next((float(t) for t in texts if round(NANO * float(t) / COUNTS) == scale), full)


def _whole(arrays: Sequence[Array]) -> npt.NDArray[np.bool_] | Literal[True]:
    """Per channel, whether all samples are whole numbers; True if there are no arrays."""
    floats = [a for a in arrays if a.dtype.kind == "f"]
    parts = [(a == np.rint(a)).all(axis=0) for a in floats]
    return np.logical_and.reduce(parts) if parts else True


def to_counts(samples: Array, scales: Sequence[int]) -> Int16:
    """Divide samples (..., channels) by scales in billionths; 0 leaves a channel as it is."""
    return to_units(samples, np.array([s / NANO if s else 1.0 for s in scales]))


def coarse_channels(
    counts: Sequence[Int16], scales: Sequence[int], samples: Sequence[Array] = ()
) -> list[int]:
    """Find channels that lose most of their information by rounding.

    Parameters
    ----------
    counts : sequence of ndarray of int16, shape (n, channels)
        The samples in counts.
    scales : sequence of int
        What they were divided by; 0: they were not.
    samples : sequence of ndarray, shape (n, channels), default ()
        The samples before, which may vary where counts do not.

    Returns
    -------
    list of int
        Channels that vary, but by fewer than 16 counts (standard deviation).
    """
    deviation = np.concatenate(counts).std(axis=0)
    varies = deviation > 0
    if samples:
        low = np.min([array.min(axis=0) for array in samples], axis=0)
        varies |= low < np.max([array.max(axis=0) for array in samples], axis=0)
    return [c for c, s in enumerate(scales) if s and varies[c] and deviation[c] < MIN_DEVIATION]


def choose_units(samples: Array) -> npt.NDArray[np.float64]:
    """Choose a unit per channel so that samples fit int16, for data of any magnitude.

    Unlike a scale of `choose_scales`, a unit need not fit a model file.

    Parameters
    ----------
    samples : ndarray, shape (n, length, channels)
        Windows.

    Returns
    -------
    ndarray of float64, shape (channels,)
        Units per count; 1 where samples are counts already.
    """
    flat = [samples.reshape(-1, samples.shape[-1])]
    most = reach(flat, [""])
    counts = (_whole(flat) & (most <= INT16.max)) | (most == 0)
    powers = np.exp2(np.ceil(np.log2(np.where(most > 0, most, 1.0))))
    return np.where(counts, 1.0, powers / COUNTS)


def to_units(samples: Array, units: npt.NDArray[np.float64]) -> Int16:
    """Divide samples (..., channels) by units per count; int16 counts stay as they are."""
    if samples.dtype == np.int16 and (units == 1).all():
        return samples
    return to_int16(samples, units)


def to_int16(samples: npt.ArrayLike, scales: npt.ArrayLike) -> Int16:
    """Convert physical samples to the int16 counts that a node's sensor gives.

    Parameters
    ----------
    samples : array_like, shape (..., channels)
        Samples in physical units.
    scales : array_like, shape (channels,)
        Units per count.

    Returns
    -------
    ndarray of int16, shape (..., channels)
        Counts, rounded to nearest even. They saturate, as a sensor does.

    Raises
    ------
    DataError
        A sample is not finite.
    """
    counts = np.rint(np.asarray(samples, dtype=np.float64) / np.asarray(scales, dtype=np.float64))
    if not np.isfinite(counts).all():
        raise DataError("samples hold NaN or infinite values: clean or drop them first")
    return np.clip(counts, INT16.min, INT16.max).astype(np.int16)
