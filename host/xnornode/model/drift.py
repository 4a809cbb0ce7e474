"""Whether a node's windows are like those of the training (FORMAT.md, "Drift").

Twin of `bnn_drift.c`: written to be read, compared with it bit for bit.
"""

import struct
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np
import numpy.typing as npt

from xnornode._typing import Int8, Int16, Int64
from xnornode.errors import ModelError
from xnornode.model.features import Take
from xnornode.model.limits import INT16, MAX_SHIFT
from xnornode.model.statistics import STATISTICS, log2_256

FIELDS = struct.Struct("<4B2HB3s")
MEMBERS = 6
"""Values that a sum is of, at most."""
NOBODY = 0xFFFF
"""In the place of a member that a sum does not have."""
MAX_INPUTS, MAX_SUMS, MAX_DIRECTIONS, MAX_WATCHED = 64, 16, 11, 18
MAX_BOUND = 16383
MAX_OFFSET = 2**30
FACTOR_SHIFT = 12
DEVIATION = 32
"""A deviation of the training set, in steps of a distance."""
FARTHEST = 3 * DEVIATION
MEAN_SHIFT = 5  # of a running mean: it is over some 32 windows
MEAN_STEPS = 256  # of a running mean, in a step of a distance
FLAG = 1000
"""The drift from which on a node is flagged; below half of it no more."""
BANDS_FROM = 64
"""The code of the first band; codes below are of `STATISTICS`."""
BANDS_TO = BANDS_FROM + 14


def _check(ok: bool, message: str) -> None:
    if not ok:
        raise ModelError("drift", message)


@dataclass(frozen=True, eq=False)
class Drift:
    """What tells windows of the training from others: sums of features, weighed in directions.

    Parameters
    ----------
    sums : tuple of tuple of int
        Values whose squares are added up, 1 to 6 each: a sum's logarithm can be a source.
    sources : ndarray of int64, shape (n,)
        What each input is: a value of the features, or (from their number on) a sum.
    caps, centres : ndarray of int64, shape (n,)
        An input is at most its cap; its distance is from its centre. int16.
    factors : ndarray of int64, shape (n,)
        Steps of distance per 4096 of the source, 0 to 65535.
    weights : ndarray of int8, shape (n, directions)
        Of the inputs' distances.
    offsets : ndarray of int64, shape (directions + 1,)
        The last is of the distances' absolute values, which make a direction of their own.
    shifts : tuple of int
        Likewise, 0 to 15.
    weight : int
        Of the distances' absolute values, 0 to 255.
    bound : int
        The sum of a direction's evidence that flags, 1 to 16383.
    limit : int
        The evidence of a window at most, 1 to `bound`.
    watched : tuple of (int, int)
        Of the first inputs the channel, and the statistic: of `STATISTICS`, or 64 and more for
        bands. These have running means.

    Raises
    ------
    ModelError
        A value is outside what the format allows; the reason is `drift`.
    """

    sums: tuple[tuple[int, ...], ...]
    sources: Int64
    caps: Int64
    centres: Int64
    factors: Int64
    weights: Int8
    offsets: Int64
    shifts: tuple[int, ...]
    weight: int
    bound: int
    limit: int
    watched: tuple[tuple[int, int], ...]

    def __post_init__(self) -> None:
        n, directions = self.weights.shape
        _check(1 <= n <= MAX_INPUTS, f"{n} inputs: 1 to {MAX_INPUTS}")
        _check(len(self.sums) <= MAX_SUMS, f"{len(self.sums)} sums: at most {MAX_SUMS}")
        _check(directions <= MAX_DIRECTIONS, f"{directions} directions: at most {MAX_DIRECTIONS}")
        most = min(n, MAX_WATCHED)
        _check(len(self.watched) <= most, f"{len(self.watched)} watched inputs: at most {most}")
        _check(1 <= self.bound <= MAX_BOUND, f"a bound of {self.bound}: 1 to {MAX_BOUND}")
        _check(1 <= self.limit <= self.bound, f"a limit of {self.limit}: 1 to {self.bound}")
        _check(0 <= self.weight <= 255, f"a weight of {self.weight}: 0 to 255")
        ok = len(self.offsets) == len(self.shifts) == directions + 1
        _check(ok, f"{directions} directions need {directions + 1} offsets and shifts")
        _check(all(0 <= s <= MAX_SHIFT for s in self.shifts), f"shifts are 0 to {MAX_SHIFT}")
        _check(abs(self.offsets).max() <= MAX_OFFSET, "an offset is too large")
        for numbers in (self.caps, self.centres):
            ok = len(numbers) == n and INT16.min <= numbers.min() <= numbers.max() <= INT16.max
            _check(ok, "caps and centres are int16, one of each per input")
        ok = len(self.factors) == n and 0 <= self.factors.min() <= self.factors.max() <= 0xFFFF
        _check(ok, "factors are 0 to 65535, one per input")
        for _, code in self.watched:
            _check(_is_code(code), f"{code} is the code of no statistic")
        _check(all(1 <= len(s) <= MEMBERS for s in self.sums), f"a sum is of 1 to {MEMBERS} values")

    def check(self, values: int, channels: int) -> None:
        """Raise ModelError where there is not so much in a model of these values and channels."""
        ok = all(0 <= i < values for members in self.sums for i in members)
        _check(ok, f"a sum is of values below {values}")
        ok = len(self.sources) == len(self.weights)
        ok = ok and 0 <= self.sources.min() <= self.sources.max() < values + len(self.sums)
        _check(ok, f"sources are values below {values}, then sums, one per input")
        _check(all(0 <= c < channels for c, _ in self.watched), f"channels are below {channels}")

    def names(self, channels: Sequence[str]) -> tuple[str, ...]:
        """What the watched inputs are: "accel x (g) mean"."""
        return tuple(f"{channels[c]} {_statistic(code)}" for c, code in self.watched)

    @property
    def ram(self) -> int:
        """Bytes that a node keeps from window to window, whatever the model: at most 64."""
        return 2 * (MAX_DIRECTIONS + 1) + 2 * MAX_WATCHED + 2

    def distances(self, values: Int16 | Int64) -> Int64:
        """How far the inputs lie from the training's, in 1/32 deviations, at most 3 deviations.

        Parameters
        ----------
        values : ndarray of int16, shape (n, V)
            The features of windows.

        Returns
        -------
        ndarray of int64, shape (n, inputs)
            -96 to 96.
        """
        wide = np.asarray(values, np.int64)
        columns = [wide]
        for members in self.sums:
            squares = (wide[:, list(members)] ** 2).sum(axis=1)
            columns.append(log2_256(squares)[:, None])
        sources = np.concatenate(columns, axis=1)[:, self.sources]
        return distances(sources, self.caps, self.centres, self.factors)

    def evidence(self, distance: Int64) -> Int64:
        """What windows say for each direction, -limit to limit; the last is for "far away".

        Parameters
        ----------
        distance : ndarray of int64, shape (n, inputs)
            As `distances` gives it.

        Returns
        -------
        ndarray of int64, shape (n, directions + 1)
            Above 0: unlike the training.
        """
        along = distance @ self.weights.astype(np.int64)
        far = self.weight * np.abs(distance).sum(axis=1, keepdims=True)
        total = np.concatenate([along, far], axis=1) + self.offsets
        return np.clip(total >> np.array(self.shifts), -self.limit, self.limit)

    def to_bytes(self) -> bytes:
        """The section of a file."""
        n, directions = self.weights.shape
        counts = (n, len(self.sums), directions, len(self.watched))
        parts = [FIELDS.pack(*counts, self.bound, self.limit, self.weight, bytes(3))]
        parts += [self.offsets.astype("<i4").tobytes(), _pad4(bytes(self.shifts))]
        for members in self.sums:
            absent = (NOBODY,) * (MEMBERS - len(members))
            parts.append(struct.pack(f"<{MEMBERS}H", *members, *absent))
        for i in range(n):
            fields = (self.sources, self.caps, self.centres, self.factors)
            parts.append(struct.pack("<H2hH", *(int(f[i]) for f in fields)))
        parts.append(_pad4(self.weights.T.astype(np.int8).tobytes()))
        parts.append(_pad4(b"".join(bytes(pair) for pair in self.watched)))
        return b"".join(parts)

    @classmethod
    def from_bytes(cls, take: Take) -> Self:
        """The section whose next n bytes `take(n)` gives; `check` is left to do."""
        n, sums, directions, watched, bound, limit, weight, zero = FIELDS.unpack(take(FIELDS.size))
        ok = 1 <= n <= MAX_INPUTS and sums <= MAX_SUMS and directions <= MAX_DIRECTIONS
        _check(ok and watched <= min(n, MAX_WATCHED) and not any(zero), "the counts, or a zero")
        ends = (_up4(n * directions), _up4(2 * watched))
        sizes = (4 * (directions + 1), _up4(directions + 1), 2 * MEMBERS * sums, 8 * n, *ends)
        data, at = take(sum(sizes)), 0
        parts = []
        for size in sizes:
            parts.append(data[at : at + size])
            at += size
        offsets, shifts, members, inputs, weights, names = parts
        pads = shifts[directions + 1 :] + weights[n * directions :] + names[2 * watched :]
        _check(not any(pads), "a pad byte is not 0")
        listed = np.frombuffer(members, "<u2").reshape(sums, MEMBERS).tolist()
        there = [[m != NOBODY for m in row] for row in listed]
        ok = all(row == sorted(row, reverse=True) for row in there)
        _check(ok, "a sum has a member after one that is absent")
        fields = np.frombuffer(inputs, "<u2").reshape(n, 4).astype(np.int64)
        signed = np.frombuffer(inputs, "<i2").reshape(n, 4).astype(np.int64)
        return cls(
            tuple(tuple(m for m in row if m != NOBODY) for row in listed),
            fields[:, 0],
            signed[:, 1],
            signed[:, 2],
            fields[:, 3],
            np.frombuffer(weights, np.int8)[: n * directions].reshape(directions, n).T,
            np.frombuffer(offsets, "<i4").astype(np.int64),
            tuple(shifts[: directions + 1]),
            weight,
            bound,
            limit,
            tuple((names[2 * i], names[2 * i + 1]) for i in range(watched)),
        )


def distances(sources: Int64, caps: Int64, centres: Int64, factors: Int64) -> Int64:
    """Distances of sources (n, inputs) from their centres, as of `Drift.distances`."""
    apart = np.clip(np.minimum(sources, caps) - centres, INT16.min, INT16.max)
    return np.clip(apart * factors >> FACTOR_SHIFT, -FARTHEST, FARTHEST)


def _up4(size: int) -> int:
    return 4 * -(-size // 4)


def _pad4(data: bytes) -> bytes:
    return data + bytes(-len(data) % 4)


def _is_code(code: int) -> bool:
    return 0 <= code < len(STATISTICS) or BANDS_FROM <= code < BANDS_TO


def _statistic(code: int) -> str:
    return STATISTICS[code] if code < BANDS_FROM else f"band {code - BANDS_FROM + 1}"


class DriftStream:
    """The drift of one window after another, bit for bit that of a node.

    Parameters
    ----------
    drift : Drift
        Of the model.

    Attributes
    ----------
    sums : ndarray of int64, shape (directions + 1,)
        The evidence of each direction that has come together, 0 to twice the bound.
    means : ndarray of int64, shape (watched,)
        Running means of the watched distances, in 1/8192 deviations.
    flagged : bool
        Whether the windows are unlike the training's.
    """

    def __init__(self, drift: Drift) -> None:
        self.drift = drift
        self.clear()

    def clear(self) -> None:
        """Start anew."""
        self.sums = np.zeros(len(self.drift.shifts), np.int64)
        self.means = np.zeros(len(self.drift.watched), np.int64)
        self.flagged = False

    def add(self, values: npt.NDArray[np.integer]) -> int:
        """Take the features of a window, (V,); the drift after it."""
        drift = self.drift
        distance = drift.distances(np.asarray(values, np.int64)[None])
        self.sums = np.clip(self.sums + drift.evidence(distance)[0], 0, 2 * drift.bound)
        watched = distance[0, : len(drift.watched)]
        self.means = self.means + ((MEAN_STEPS * watched - self.means) >> MEAN_SHIFT)
        highest = self.sums.max()
        self.flagged = bool(2 * highest >= drift.bound if self.flagged else highest >= drift.bound)
        return self.level

    @property
    def level(self) -> int:
        """The drift in thousandths of the bound, 0 to 2000: at 1000 it flags."""
        return int(self.sums.max()) * FLAG // self.drift.bound

    @property
    def moved(self) -> tuple[int, ...]:
        """How far each watched input has moved, in hundredths of the training's deviation."""
        return tuple(int(m) for m in (self.means * 25 + 1024) >> 11)
