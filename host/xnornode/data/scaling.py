"""Numbers of any type as int16 counts, which a node's sensor gives.

Whole numbers that fit int16 are counts already. Others are divided by a scale. The model file keeps
it, because the node must divide by the same.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from xnornode._typing import Int16
from xnornode.errors import DataError
from xnornode.model.limits import INT16

NANO = 10**9
HEADROOM = 2  # full scale over the largest training sample: later data may be larger
LARGEST_SCALE = 2**32 - 1  # billionths of a unit, the format's field
MIN_DEVIATION = 16  # counts; a channel that varies by less is mostly rounding error

Array = npt.NDArray[Any]


def choose_scales(training: Sequence[Array], others: Sequence[Array] = ()) -> tuple[int, ...]:
    """Choose a scale per channel so that samples fit int16.

    Parameters
    ----------
    training : sequence of ndarray, shape (n, channels)
        Samples of the training part. They alone decide how large a scale is.
    others : sequence of ndarray, shape (n, channels), default ()
        Samples of the other parts. A channel is counts already only if these are, too.

    Returns
    -------
    tuple of int
        Billionths of a unit per count; 0 where samples are counts already.

    Raises
    ------
    DataError
        A channel is too large for the model file.
    """
    whole, peak = _range(training)
    whole &= _range(others)[0] if len(others) else True
    scales = np.ceil(NANO * HEADROOM * peak / INT16.max)
    if (scales[~whole] > LARGEST_SCALE).any():
        worst = int(np.argmax(np.where(whole, 0, scales)))
        raise DataError(
            f"channel {worst} goes to {peak[worst]:g}: use a larger unit (1000 hPa, not 100000 Pa)"
        )
    return tuple(np.where(whole, 0, np.maximum(scales, 1)).astype(np.int64).tolist())


def _range(arrays: Sequence[Array]) -> tuple[npt.NDArray[np.bool_], npt.NDArray[np.float64]]:
    """Per channel, whether all are whole numbers within int16, and the largest absolute value."""
    channels = arrays[0].shape[1]
    whole, peak = np.ones(channels, bool), np.zeros(channels)
    for array in arrays:
        if array.dtype.kind == "f":
            whole &= (array == np.rint(array)).all(axis=0)
        whole &= (array.min(axis=0) >= INT16.min) & (array.max(axis=0) <= INT16.max)
        peak = np.maximum(peak, np.abs(array.astype(np.float64)).max(axis=0))
    return whole, peak


def to_counts(samples: Array, scales: Sequence[int]) -> Int16:
    """Divide samples (..., channels) by scales in billionths; 0 leaves a channel as it is."""
    return to_units(samples, np.array([s / NANO if s else 1.0 for s in scales]))


def coarse_channels(counts: Sequence[Int16], scales: Sequence[int]) -> list[int]:
    """Find channels that lose most of their information by rounding.

    Parameters
    ----------
    counts : sequence of ndarray of int16, shape (n, channels)
        The samples in counts.
    scales : sequence of int
        What they were divided by; 0: they were not.

    Returns
    -------
    list of int
        Channels that vary, but by fewer than 16 counts (standard deviation).
    """
    deviation = np.concatenate(counts).std(axis=0)
    return [c for c, s in enumerate(scales) if s and 0 < deviation[c] < MIN_DEVIATION]


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
    whole, peak = _range([samples.reshape(-1, samples.shape[-1])])
    return np.where(whole | (peak == 0), 1.0, HEADROOM * peak / INT16.max)


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
