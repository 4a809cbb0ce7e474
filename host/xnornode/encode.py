"""A window of samples becomes the input bits of a network (FORMAT.md, "Encoder").

Twin of `bnn_encode.c`: written to be read, compared with it bit for bit.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from xnornode.errors import DataError, ModelError

Int16 = npt.NDArray[np.int16]
Bits = npt.NDArray[np.uint8]

MAX_BITS = 32
INT16 = np.iinfo(np.int16)


@dataclass(frozen=True, eq=False)
class Thermometer:
    """Thermometer code: bit j of a sample of channel c is 1 where x >= thresholds[c, j].

    thresholds: int16, shape (channels, bits), each row non-decreasing, 1 to 32 bits.
    Raises ModelError for any other.
    """

    thresholds: Int16

    def __post_init__(self) -> None:
        t = self.thresholds
        if t.dtype != np.int16 or t.ndim != 2 or not 1 <= t.shape[1] <= MAX_BITS:
            raise ModelError(
                "encoder", f"thresholds must be int16 of shape (channels, 1..{MAX_BITS})"
            )
        if (t[:, 1:] < t[:, :-1]).any():
            raise ModelError("encoder", "thresholds of a channel must not decrease")

    @property
    def bits(self) -> int:
        """Bits per sample."""
        return int(self.thresholds.shape[1])

    def encode(self, windows: Int16) -> Bits:
        """Bits 0 or 1, uint8 (..., length * channels * bits), of windows (..., length, channels).

        Ordered by time, then channel, then threshold. Raises DataError unless they are int16.
        """
        if windows.dtype != np.int16 or windows.shape[-1] != self.thresholds.shape[0]:
            raise DataError(
                f"windows must be int16 of shape (..., length, {self.thresholds.shape[0]}), "
                f"not {windows.dtype} {windows.shape}"
            )
        bits = windows[..., None] >= self.thresholds
        return bits.reshape(*windows.shape[:-2], -1).astype(np.uint8)


def quantile_thermometer(windows: Int16, bits: int) -> Thermometer:
    """Thermometer whose thresholds cut each channel of `windows` into bits + 1 equally full parts.

    windows: int16 (n, length, channels), the training part only. bits: 1 to 32.
    """
    if not 1 <= bits <= MAX_BITS:
        raise DataError(f"bits per sample must be 1 to {MAX_BITS}, not {bits}")
    levels = np.arange(1, bits + 1) / (bits + 1)
    samples = windows.reshape(-1, windows.shape[-1])
    # Rounding up keeps x >= threshold the same for integers as for the real quantile.
    cuts = np.ceil(np.quantile(samples, levels, axis=0)).T
    return Thermometer(np.ascontiguousarray(cuts.astype(np.int16)))


def to_int16(samples: npt.ArrayLike, scales: npt.ArrayLike) -> Int16:
    """Physical samples (..., channels) as the int16 counts that a node's sensor gives.

    scales: units per count, one per channel. Rounds to nearest even; beyond int16 it saturates, as
    a sensor does. Raises DataError for values that are not finite.
    """
    counts = np.rint(np.asarray(samples, dtype=np.float64) / np.asarray(scales, dtype=np.float64))
    if not np.isfinite(counts).all():
        raise DataError("samples hold NaN or infinite values: clean or drop them first")
    return np.clip(counts, INT16.min, INT16.max).astype(np.int16)
