"""Numbers of any type as the int16 counts that a node's sensor gives, by scales that suit them.

Whole numbers that fit are counts as they are. Others are divided by a scale, which the model file
keeps: whoever connects the sensor must divide by the same.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from xnornode._typing import Int16
from xnornode.errors import DataError
from xnornode.model.limits import INT16

NANO = 10**9
HEADROOM = 2  # room above the largest training sample, as a factor: later data may be larger
LARGEST_SCALE = 2**32 - 1  # billionths of a unit, the format's field
FEW = 16  # a channel whose deviation is fewer counts has lost what it said

Array = npt.NDArray[Any]


def choose_scales(training: Sequence[Array], others: Sequence[Array] = ()) -> tuple[int, ...]:
    """Billionths of a unit to one count per channel, 0 where samples are counts as they are.

    training, others: arrays (n, channels); the training part alone decides how large a scale is,
    the others only that a channel is not all whole numbers after all. Raises DataError for a
    channel too large for the format.
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
    """Samples (..., channels) as int16 counts; a scale of 0 leaves a channel as it is."""
    if samples.dtype == np.int16 and not any(scales):
        return samples
    return to_int16(samples, [s / NANO if s else 1.0 for s in scales])


def coarse(counts: Sequence[Int16], scales: Sequence[int]) -> list[int]:
    """Channels that vary, but by so few counts that most of what they said is rounded away."""
    joined = np.concatenate(counts)
    spread = joined.std(axis=0)
    return [c for c, s in enumerate(scales) if s and 0 < spread[c] < FEW]


def choose_units(samples: Array) -> npt.NDArray[np.float64]:
    """Units of one count per channel for samples (n, length, channels); 1 for whole numbers.

    As `choose_scales`, for data of any magnitude: the unit need not fit a model file.
    """
    whole, peak = _range([samples.reshape(-1, samples.shape[-1])])
    return np.where(whole | (peak == 0), 1.0, HEADROOM * peak / INT16.max)


def to_units(samples: Array, units: npt.NDArray[np.float64]) -> Int16:
    """Samples (..., channels) as int16 counts of `units`."""
    if samples.dtype == np.int16 and (units == 1).all():
        return samples
    return to_int16(samples, units)


def to_int16(samples: npt.ArrayLike, scales: npt.ArrayLike) -> Int16:
    """Physical samples (..., channels) as the int16 counts that a node's sensor gives.

    scales: units per count, one per channel. Rounds to nearest even; beyond int16 it saturates, as
    a sensor does. Raises DataError for values that are not finite.
    """
    counts = np.rint(np.asarray(samples, dtype=np.float64) / np.asarray(scales, dtype=np.float64))
    if not np.isfinite(counts).all():
        raise DataError("samples hold NaN or infinite values: clean or drop them first")
    return np.clip(counts, INT16.min, INT16.max).astype(np.int16)
