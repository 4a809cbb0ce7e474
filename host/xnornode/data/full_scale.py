"""The full scale of a channel: a round value that does not hang on the largest sample.

A full scale is the absolute value that int16 counts can just say. It comes from the unit and from
what most samples reach, so that another training on more data chooses the same one.
"""

import re
from collections.abc import Mapping, Sequence
from math import ceil, log2
from typing import Any

import numpy as np
import numpy.typing as npt

from xnornode.errors import DataError

Array = npt.NDArray[Any]

SHARE = 0.999
"""The share of a group's samples that must be within full scale."""
ENOUGH = 1000
"""Samples of a group of which one in a thousand may be beyond; smaller groups count together."""
RANGES: Mapping[str, tuple[float, ...]] = {
    "g": (2, 4, 8, 16, 32, 64, 128, 200, 400),
    "deg/s": (125, 250, 500, 1000, 2000, 4000),
}
"""The ranges that sensors of a unit are usually set to."""
SPELLINGS = {"dps": "deg/s", "°/s": "deg/s", "deg/sec": "deg/s", "degrees/s": "deg/s"}
SPELLINGS |= {"deg s-1": "deg/s", "º/s": "deg/s", "grad/s": "deg/s", "gs": "g", "g-force": "g"}


def unit_of(channel: str) -> str:
    """The unit in a channel's name: `g` of `accel x (g)` and `accel x [g]`; "" if it has none."""
    found = re.fullmatch(r".*\S\s*[(\[]([^()\[\]]+)[)\]]\s*", channel)
    if found:
        return found[1].strip()
    *above, last = re.split(r"[_\s]+", channel)
    return last if above and last.lower() in ("g", "dps") else ""


def full_scale(unit: str, reach: float) -> float:
    """The full scale of a channel.

    Parameters
    ----------
    unit : str
        The channel's unit; "" if unknown.
    reach : float
        What `reach` of its samples is, above 0.

    Returns
    -------
    float
        In g and degrees per second, the least usual range of sensors that holds `reach`;
        otherwise the next power of two.

    Examples
    --------
    >>> full_scale("g", 2.7), full_scale("hPa", 1013.0)
    (4.0, 1024.0)
    """
    lower = unit.lower()
    for usual in RANGES.get(SPELLINGS.get(lower, lower), ()):
        if usual >= reach:
            return float(usual)
    return float(2.0 ** min(1023, ceil(log2(reach))))


def reach(arrays: Sequence[Array], groups: Sequence[str]) -> npt.NDArray[np.float64]:
    """The absolute value that 99.9 % of a group's samples do not exceed, the largest of all groups.

    Parameters
    ----------
    arrays : sequence of ndarray, shape (n, channels)
        Samples.
    groups : sequence of str
        The group of each array. Groups of fewer than 1000 samples count as one.

    Returns
    -------
    ndarray of float64, shape (channels,)
        Per channel; 0 only where all samples are 0.
    """
    sizes: dict[str, int] = {}
    for array, group in zip(arrays, groups, strict=True):
        sizes[group] = sizes.get(group, 0) + len(array)
    joined: dict[str | None, list[Array]] = {}
    for array, group in zip(arrays, groups, strict=True):
        joined.setdefault(group if sizes[group] >= ENOUGH else None, []).append(array)
    found = [[_most(part, c) for c in range(part[0].shape[1])] for part in joined.values()]
    return np.max(found, axis=0)


def _most(part: Sequence[Array], c: int) -> float:
    """The largest value of a channel but one in a thousand; of few, all but the largest."""
    values = np.concatenate([array[:, c] for array in part]).astype(np.float64)
    np.abs(values, out=values)
    at = max(0, min(len(values) - 2, int(SHARE * (len(values) - 1))))
    values.partition(at)
    # A channel that is nearly always 0, as a switch, still has a range.
    return float(values[at]) or float(values.max())


def wanted_scales(channels: Sequence[str], wanted: Mapping[str, float]) -> npt.NDArray[np.float64]:
    """The full scales that a user gave.

    Parameters
    ----------
    channels : sequence of str
        The channels' names.
    wanted : mapping of str to float
        Full scales by a channel's name, with or without its unit, or by a unit; "" for all others.

    Returns
    -------
    ndarray of float64, shape (channels,)
        Per channel; 0 where none was given.

    Raises
    ------
    DataError
        A name is no channel and no unit.
    """
    scales = np.full(len(channels), wanted.get("", 0.0))
    for by_name in (False, True):
        for name, value in wanted.items():
            for c, channel in enumerate(channels):
                names = (channel, channel.split(" (")[0]) if by_name else (unit_of(channel),)
                if name and name in names:
                    scales[c] = value
    for name in wanted:
        known = {n for c in channels for n in (c, c.split(" (")[0], unit_of(c))}
        if name and name not in known:
            raise DataError(
                f"--full-scale names {name!r}, which is no channel and no unit: the channels are "
                f"{', '.join(channels)}"
            )
    return scales
