"""The window that samples fill (docs/reference/window.md).

Twin of `bnn.Window` of the node: written to be read, compared with it bit for bit.
"""

import math
from collections.abc import Sequence
from fractions import Fraction
from typing import Protocol

import numpy as np

from xnornode._typing import Int16
from xnornode.model.limits import INT16

Ratio = tuple[int, int] | tuple[int, int, int]
"""Multiplier, shift, and which value of a sample it is for: by default the channel's number."""


class AnyWindow(Protocol):
    """A window of samples, or of levels (`LevelWindow`)."""

    saturated: int
    """Values that were clipped so far."""


class Window:
    """A window of a model, in the model's counts.

    Parameters
    ----------
    length, channels, hop : int
        Samples of a window, its channels, and samples from one window's start to the next one's.
    ratios : sequence of Ratio, optional
        Per channel, how counts become the model's. By default they are.
    scales : sequence of int, optional
        Per channel, billionths of its unit per count of the model; 0 if unknown. For floats.
    width : int, optional
        Values of a sample, by default one per channel.

    Examples
    --------
    >>> window = Window(2, 1, 1, ratios=[(3, 1)])
    >>> window.add([10]), window.add([30_000]), window.samples.tolist(), window.saturated
    (False, True, [[15], [32767]], 1)
    """

    def __init__(
        self,
        length: int,
        channels: int,
        hop: int,
        ratios: Sequence[Ratio] | None = None,
        scales: Sequence[int] | None = None,
        width: int | None = None,
    ) -> None:
        self.length, self.channels, self.hop = length, channels, hop
        self.width = width or channels
        self.saturated = 0
        """Values that were clipped so far."""
        self._ratios = ratios
        self._scales = scales
        self._rows: list[list[int]] = []

    @property
    def at(self) -> int:
        """Samples that are in the window."""
        return len(self._rows)

    @property
    def complete(self) -> bool:
        """Whether the window is full; it slides when the next sample comes."""
        return len(self._rows) == self.length

    @property
    def samples(self) -> Int16:
        """The samples of the window, int16 (at, channels)."""
        return np.array(self._rows, np.int16).reshape(-1, self.channels)

    def add(self, sample: Sequence[int | float] | None) -> bool:
        """Add one sample; whether it completes the window. None marks a gap.

        Raises
        ------
        ValueError
            For another number of values, NaN, or a float where the scale is unknown.
        """
        if sample is None:
            self.clear()
            return False
        if len(sample) != self.width:
            raise ValueError(f"sample of {len(sample)} values, the window takes {self.width}")
        counts = [self._count(c, sample[self._source(c)]) for c in range(self.channels)]
        if self.complete:
            del self._rows[: self.hop]
        self._rows.append([clip(count) for count, _ in counts])
        self.saturated += sum(beyond or clip(count) != count for count, beyond in counts)
        return self.complete

    def fill(self, block: Int16, start: int = 0) -> int:
        """Add samples of a block, int16 (n, width), from `start` on; how many.

        The last one that is taken is the one that completes the window.
        """
        for i, sample in enumerate(block[start:].tolist()):
            if self.add(sample):
                return i + 1
        return len(block) - start

    def clear(self) -> None:
        """Empty the window."""
        self._rows = []

    def take(self, other: AnyWindow) -> None:
        """Take the newest samples of another window that leave this one at least one short.

        Of a `LevelWindow` there are none: this one is empty then.
        """
        if not isinstance(other, Window):
            self.clear()
            self.saturated = other.saturated
            return
        rows = other._rows[other.hop :] if other.complete else other._rows
        most = min(len(rows), self.length - 1)
        self._rows = [list(row) for row in rows[len(rows) - most :]]
        self.saturated = other.saturated

    def _source(self, channel: int) -> int:
        ratio = self._ratios[channel] if self._ratios else ()
        return ratio[2] if len(ratio) == 3 else channel

    def _count(self, channel: int, value: int | float) -> tuple[int, bool]:
        """A value as counts of the model, and whether it was beyond int16 before."""
        if isinstance(value, float):
            return self._count_of_float(channel, value), False
        count = clip(value)
        multiplier, shift = self._ratios[channel][:2] if self._ratios else (1, 0)
        return (count * multiplier + (1 << shift >> 1)) >> shift, count != value

    def _count_of_float(self, channel: int, value: float) -> int:
        scale = self._scales[channel] if self._scales else 0
        if math.isnan(value):
            raise ValueError(f"value {channel} of the sample is not a number")
        if not scale:
            raise ValueError(f"value {channel} of the sample is a float; its scale is unknown")
        with np.errstate(over="ignore"):
            single = float(np.float32(value))
        if math.isinf(single):
            return math.copysign(2 * INT16.max, single).__int__()
        return math.floor(Fraction(single) * 10**9 / scale + Fraction(1, 2))


def clip(count: int) -> int:
    """The nearest int16."""
    return max(INT16.min, min(INT16.max, count))
