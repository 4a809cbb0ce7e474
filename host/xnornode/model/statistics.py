"""Statistics of a window of samples, in integers (FORMAT.md, "Features 2: statistics").

Twin of `bnn_features.c`: written to be read, compared with it bit for bit.
"""

import struct
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations, product
from typing import ClassVar, Self

import numpy as np

from xnornode._typing import Int16, Int32, Int64
from xnornode.errors import ModelError
from xnornode.model.features import Take, WindowFeatures
from xnornode.model.limits import INT16

# In the order of their bits in the file, which is that of the values.
STATISTICS = (
    "mean",
    "minimum",
    "maximum",
    "deviation",
    "log variance",
    "log power",
    "log change",
    "crossings",
    "above mean",
    "rises",
    "lower quartile",
    "median",
    "upper quartile",
    "interquartile range",
    "asymmetry",
)
COVARIANCE = "covariance"  # of pairs of channels, over the whole window, as is the next
LAGGED = "lagged covariance"
BITS = {name: 1 << bit for bit, name in enumerate((*STATISTICS, COVARIANCE, LAGGED))}
SORTED = {"lower quartile", "median", "upper quartile", "interquartile range"}
DEFAULT = ("mean", "minimum", "maximum", "deviation", "log change", "crossings")
SECTION = struct.Struct("<2I4B")
MAX_BANDS = 14
MAX_PARTS = 16
MAX_LAG = 255
CHUNK = 2**18  # samples that are worked on at a time: they stay in the processor's cache


def log2_256(v: Int64) -> Int64:
    """256 * log2(v) for v from 1 to 2^62, rounded down but for steps of the fraction; 0 for 0.

    The fraction comes bit by bit, by squaring a mantissa of 16 bits.
    """
    exponent = np.zeros_like(v)
    high = v.copy()
    for step in (32, 16, 8, 4, 2, 1):
        more = (high >> step) > 0
        exponent += step * more
        high >>= step * more
    m = v >> np.maximum(exponent - 15, 0) << np.maximum(15 - exponent, 0)
    out = exponent
    for _ in range(8):
        m = m * m >> 15
        above = m >> 16
        m >>= above
        out = out << 1 | above
    return np.where(v > 0, out, 0)


def isqrt(v: Int64) -> Int64:
    """The square root of v from 0 to 2^32, rounded down: float64 has it exactly there."""
    return np.sqrt(v).astype(np.int64)


def _means(x: Int32) -> Int64:
    """Mean of each row of samples (..., n), rounded down."""
    return x.sum(-1, dtype=np.int64) // x.shape[-1]


def _centred(x: Int32) -> Int32:
    """Distance of each sample from the mean of its row, clipped to int16."""
    return np.clip(x - _means(x)[..., None].astype(np.int32), INT16.min, INT16.max)


def _products(x: Int32, y: Int32) -> Int64:
    """Sum of the products of two rows of samples. A product is at most 2^30."""
    return (x * y).sum(-1, dtype=np.int64)


def _root(total: Int64, n: int) -> Int64:
    """The root of a mean square, or of a mean product, which may be negative, rounded to 0."""
    return np.sign(total) * isqrt(np.abs(total) // n)


def _statistics(x: Int32, names: Sequence[str], lag: int) -> Iterator[Int32 | Int64]:
    """The statistics of rows of n samples, (..., n): each (...,), in the order of `names`."""
    n = x.shape[-1]
    centred = _centred(x)
    variance = _products(centred, centred)
    steps = np.diff(x, axis=-1)
    above = centred >= 0
    ordered = np.sort(x.astype(np.int16), axis=-1).astype(np.int32) if SORTED & {*names} else x
    lower, middle, upper = (ordered[..., i * n // 4] for i in (1, 2, 3))
    for name in names:
        match name:
            case "mean":
                yield _means(x)
            case "minimum":
                yield x.min(-1)
            case "maximum":
                yield x.max(-1)
            case "deviation":
                yield _root(variance, n)
            case "log variance":
                yield log2_256(variance)
            case "log power":
                yield log2_256(_products(x, x))
            case "log change":
                yield log2_256(np.abs(steps).sum(-1, dtype=np.int64))
            case "crossings":
                yield (above[..., 1:] != above[..., :-1]).sum(-1)
            case "above mean":
                yield above.sum(-1)
            case "rises":
                yield (steps > 0).sum(-1)
            case "lower quartile":
                yield lower
            case "median":
                yield middle
            case "upper quartile":
                yield upper
            case "interquartile range":
                yield upper - lower
            case "asymmetry":
                change = np.clip(x[..., lag:] - x[..., : max(n - lag, 0)], INT16.min, INT16.max)
                yield _root(_products(change, np.abs(change)), n)


def _bands(x: Int32, count: int) -> Iterator[Int64]:
    """Log energy of `count` octave bands of rows of samples, from the highest down.

    The "a trous" wavelet transform: what smoothing over twice the time takes away is a band.
    """
    for k in range(count):
        d = 1 << k
        smooth = (x[..., : -2 * d] + 2 * x[..., d:-d] + x[..., 2 * d :] + 2) >> 2
        detail = x[..., d:-d] - smooth
        yield log2_256(_products(detail, detail))
        x = smooth


def _covariances(x: Int32) -> Iterator[Int64]:
    """Covariance of each pair of channels, in windows (n, channels, length)."""
    c = _centred(x)
    for i, j in combinations(range(x.shape[1]), 2):
        yield _root(_products(c[:, i], c[:, j]), x.shape[2])


def _lagged_covariances(x: Int32, lag: int) -> Iterator[Int64]:
    """Covariance of each channel with each, itself too, `lag` samples earlier."""
    c = _centred(x)
    for i, j in product(range(x.shape[1]), repeat=2):
        yield _root(_products(c[:, i, lag:], c[:, j, :-lag]), x.shape[2])


@dataclass(frozen=True)
class Statistics(WindowFeatures):
    """Statistics of each channel of a window, over the whole of it and over parts of it.

    Parameters
    ----------
    statistics : tuple of str, default `DEFAULT`
        Of the whole window: names of `STATISTICS`, "covariance" and "lagged covariance". Their
        order does not matter.
    bands : int, default 0
        Octave bands whose log energy is taken, 0 to 14. The first is a quarter to half of the
        sample rate.
    parts : int, default 0
        The window is cut into 2 to 16 parts of nearly equal length. 0: none.
    part_statistics : tuple of str, default ()
        Names of `STATISTICS` that are computed of each part.
    lag : int, default 0
        Samples between what "asymmetry" and "lagged covariance" compare, 1 to 255 and below the
        window's length. 0 without them.

    Raises
    ------
    ModelError
        A name is unknown, or a number is outside these.
    """

    statistics: tuple[str, ...] = DEFAULT
    bands: int = 0
    parts: int = 0
    part_statistics: tuple[str, ...] = ()
    lag: int = 0

    KIND: ClassVar[int] = 2
    NAME: ClassVar[str] = "statistics"

    def __post_init__(self) -> None:
        for field, known in (("statistics", tuple(BITS)), ("part_statistics", STATISTICS)):
            named = {*getattr(self, field)}
            if named - {*known}:
                unknown = ", ".join(sorted(named - {*known}))
                raise ModelError("encoder", f"{field}: not {unknown}, but of {', '.join(known)}")
            # One order, so that equal statistics are equal.
            object.__setattr__(self, field, tuple(name for name in known if name in named))
        if not 0 <= self.bands <= MAX_BANDS:
            raise ModelError("encoder", f"bands are 0 to {MAX_BANDS}, not {self.bands}")
        if not (2 <= self.parts <= MAX_PARTS if self.part_statistics else self.parts == 0):
            text = f"a window has 2 to {MAX_PARTS} parts with statistics of their own, or 0 without"
            raise ModelError("encoder", f"{text}, not {self.parts}")
        lagging = {"asymmetry", LAGGED} & {*self.statistics, *self.part_statistics}
        if not (1 <= self.lag <= MAX_LAG if lagging else self.lag == 0):
            text = f"a lag is 1 to {MAX_LAG} samples for asymmetry and lagged covariance, 0 without"
            raise ModelError("encoder", f"{text}, not {self.lag}")

    def describe(self) -> str:
        """Name and settings, as short text."""
        text = f"{len(self.statistics)} {self.NAME}"
        if self.bands:
            text += f", {self.bands} bands"
        return text + (f", {self.parts} x {len(self.part_statistics)}" if self.parts else "")

    @property
    def _single(self) -> tuple[str, ...]:
        """The statistics of the whole window that are of one channel."""
        return tuple(name for name in self.statistics if name in STATISTICS)

    def names(self, channels: Sequence[str]) -> list[str]:
        """What each value is, for reports: "accel x (g): band 2"."""
        each = [*self._single, *(f"band {k + 1}" for k in range(self.bands))]
        for part in range(1, self.parts + 1):
            each += [f"{name}, part {part} of {self.parts}" for name in self.part_statistics]
        names = [f"{channel}: {what}" for channel in channels for what in each]
        if COVARIANCE in self.statistics:
            names += [f"{a}, {b}: covariance" for a, b in combinations(channels, 2)]
        if LAGGED in self.statistics:
            pairs = product(channels, repeat=2)
            names += [f"{a}, {b} {self.lag} samples earlier: covariance" for a, b in pairs]
        return names

    def count(self, length: int, channels: int) -> int:
        """Values of a window. Raises ModelError where a window is too short, or gives none."""
        if 2 * (2**self.bands - 1) >= length or self.parts > length or self.lag >= length:
            text = f"{self.bands} bands, {self.parts} parts and a lag of {self.lag}"
            raise ModelError("encoder", f"a window of {length} samples is too short for {text}")
        each = len(self._single) + self.bands + self.parts * len(self.part_statistics)
        values = each * channels
        if COVARIANCE in self.statistics:
            values += channels * (channels - 1) // 2
        if LAGGED in self.statistics:
            values += channels**2
        if not values:
            raise ModelError("encoder", "there are no features: name some statistics")
        return values

    def rows(self, length: int, channels: int) -> int:
        """Each value is encoded by a row of its own."""
        return self.count(length, channels)

    def scratch_words(self, length: int, channels: int) -> int:
        """Words of scratch on the node: a channel's samples, and the channels' means."""
        return (length + 1) // 2 + (channels + 1) // 2

    def values(self, items: Int16) -> Int16:
        """Values, int16 (n, V), of windows int16 (n, length, channels)."""
        count, length, channels = items.shape
        out = np.empty((count, self.count(length, channels)), np.int16)
        step = max(1, CHUNK // (length * channels))
        for i in range(0, count, step):
            x = np.ascontiguousarray(items[i : i + step].transpose(0, 2, 1).astype(np.int32))
            out[i : i + step] = self._values(x)
        return out

    def _values(self, x: Int32) -> Int64:
        """As `values`, of windows (n, channels, length), in wider integers."""
        each = [*_statistics(x, self._single, self.lag), *_bands(x, self.bands)]
        length = x.shape[-1]
        for i in range(self.parts):
            part = x[..., length * i // self.parts : length * (i + 1) // self.parts]
            each += _statistics(part, self.part_statistics, self.lag)
        # All values of each channel, then those of pairs.
        columns = [table[:, c] for c in range(x.shape[1]) for table in each]
        if COVARIANCE in self.statistics:
            columns += _covariances(x)
        if LAGGED in self.statistics:
            columns += _lagged_covariances(x, self.lag)
        return np.clip(np.stack(columns, axis=-1), INT16.min, INT16.max)

    def to_bytes(self) -> bytes:
        masks = [sum(BITS[n] for n in names) for names in (self.statistics, self.part_statistics)]
        return SECTION.pack(*masks, self.bands, self.parts, self.lag, 0)

    @classmethod
    def from_bytes(cls, take: Take, length: int, channels: int) -> Self:
        whole, part, bands, parts, lag, zero = SECTION.unpack(take(SECTION.size))
        known = sum(BITS.values())
        if zero or whole & ~known or part & ~known:
            raise ModelError("encoder", "the features' fields are not what the format allows")
        names = [tuple(n for n, bit in BITS.items() if mask & bit) for mask in (whole, part)]
        features = cls(names[0], bands, parts, names[1], lag)
        features.count(length, channels)
        return features
