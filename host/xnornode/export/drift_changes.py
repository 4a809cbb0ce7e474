"""What may happen to a sensor, done to windows; and the features that may tell it."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from xnornode._typing import Int16, Int64
from xnornode.data.triads import find_triads
from xnornode.model.drift import BANDS_FROM, MAX_WATCHED
from xnornode.model.limits import INT16
from xnornode.model.statistics import STATISTICS, Statistics, log2_256

GAINS = (0.8, 1.2)
UNCAPPED = INT16.max
CAPS = (0.4, 0.7)
"""Quantiles at which the size of a triad is cut, in inputs of their own. What a motion adds to
gravity has no bound, but most windows are calm: there the size alone says what the gain is."""
SPREAD = ("deviation", "log variance", "log power", "interquartile range")

Change = Callable[[Int16], Int16]


def changes(channels: Sequence[str]) -> dict[str, Change]:
    """What is done to windows of these channels, int16 (n, length, channels), by a name.

    The gain of all channels is changed by a fifth. Where three channels are the axes of a sensor of
    motion, the sensor is turned by 90 degrees too, about each axis, either way.

    Examples
    --------
    >>> import numpy as np
    >>> from xnornode.export.drift_changes import changes
    >>> made = changes(["accel x (g)", "accel y (g)", "accel z (g)"])
    >>> list(made)[:3]
    ['gain 0.8', 'gain 1.2', 'turned about x, +90']
    >>> made["turned about z, +90"](np.array([[[10, 20, 30]]], np.int16)).tolist()
    [[[-20, 10, 30]]]
    """
    found = {f"gain {gain}": _gain(gain) for gain in GAINS}
    if triads := find_triads(channels):
        for axis in range(3):
            for way in (1, -1):
                found[f"turned about {'xyz'[axis]}, {90 * way:+d}"] = _turn(triads, axis, way)
    return found


def _clip(x: npt.NDArray[np.floating] | Int64) -> Int16:
    return np.clip(x, INT16.min, INT16.max).astype(np.int16)


def _gain(gain: float) -> Change:
    return lambda windows: _clip(np.rint(windows * gain))


def _turn(triads: Sequence[int], axis: int, way: int) -> Change:
    """Turn about an axis by 90 degrees."""
    first, second = (i for i in range(3) if i != axis)
    if (axis == 1) == (way > 0):  # about y, z turns into x
        first, second = second, first

    def turn(windows: Int16) -> Int16:
        turned = windows.astype(np.int64)
        for at in triads:
            turned[..., at + first] = -windows[..., at + second].astype(np.int64)
            turned[..., at + second] = windows[..., at + first]
        return _clip(turned)

    return turn


@dataclass(frozen=True)
class Inputs:
    """Inputs that drift may be told by.

    Parameters
    ----------
    sums : tuple of tuple of int
        Values whose squares are added up.
    sources : ndarray of int64, shape (n,)
        Values, and from their number on sums.
    caps : ndarray of int64, shape (n,)
        What an input is cut at.
    watched : tuple of (int, int)
        Channel and statistic of the first inputs, which are shown.
    """

    sums: tuple[tuple[int, ...], ...]
    sources: Int64
    caps: Int64
    watched: tuple[tuple[int, int], ...]


def with_sums(values: Int16, sums: Sequence[tuple[int, ...]]) -> Int64:
    """Values (n, V) and behind them the sums, as `Drift.sources` counts them."""
    wide = values.astype(np.int64)
    columns = [log2_256((wide[:, list(members)] ** 2).sum(axis=1)) for members in sums]
    return np.column_stack([wide, *columns])


def candidates(features: Statistics, channels: Sequence[str], values: Int16) -> Inputs:
    """The inputs of these features; values, (n, V), are those of windows of the training."""
    count, place = values.shape[1], _places(features, len(channels))
    watched = tuple(_watched(place, len(channels)))
    shown = [place[pair] for pair in watched]
    triads = find_triads(channels)
    sums = [s for s in dict.fromkeys(_sums(place, triads, len(channels))) if s]
    sources = [*shown, *(i for i in range(count + len(sums)) if i not in {*shown})]
    caps = [UNCAPPED] * len(sources)
    table = with_sums(values, sums)
    for i in range(min(len(triads), len(sums))):
        column = table[:, count + i]
        for quantile in CAPS:
            sources.append(count + i)
            caps.append(int(np.quantile(column, quantile)))
    numbers = (np.array(sources, np.int64), np.array(caps, np.int64))
    return Inputs(tuple(sums), *numbers, watched)


def _places(features: Statistics, channels: int) -> dict[tuple[int, int], int]:
    """The value of each channel and statistic of whole windows."""
    single = [STATISTICS.index(name) for name in features.statistics if name in STATISTICS]
    codes = [*single, *(BANDS_FROM + band for band in range(features.bands))]
    each = len(codes) + features.parts * len(features.part_statistics)
    return {(c, code): c * each + i for c in range(channels) for i, code in enumerate(codes)}


def _watched(place: dict[tuple[int, int], int], channels: int) -> Iterator[tuple[int, int]]:
    """The mean and the spread of the channels, or what else there is of them."""
    codes = {code for _, code in place}
    spread = next((STATISTICS.index(n) for n in SPREAD if STATISTICS.index(n) in codes), None)
    wanted = [code for code in (STATISTICS.index("mean"), spread) if code in codes]
    others = [code for code in sorted(codes) if code not in wanted]
    pairs = [(c, code) for code in [*wanted, *others] for c in range(channels) if code is not None]
    yield from pairs[: min(MAX_WATCHED, max(len(wanted), 1) * channels)]


def _sums(
    place: dict[tuple[int, int], int], triads: Sequence[int], channels: int
) -> Iterator[tuple[int, ...]]:
    """The sizes of triads first, then of their means, then of channels."""
    mean, deviation = STATISTICS.index("mean"), STATISTICS.index("deviation")
    for codes in ((mean, deviation), (mean,)):
        axes = [[place.get((at + i, code)) for i in range(3) for code in codes] for at in triads]
        for members in axes:
            yield _present(members)
    for codes in ((mean, deviation), (mean,)):
        for c in range(channels):
            yield _present([place.get((c, code)) for code in codes])


def _present(members: Sequence[int | None]) -> tuple[int, ...]:
    return tuple(m for m in members if m is not None)
