"""Which channels are the x, y and z of one sensor of motion, by their names."""

import re
from collections.abc import Sequence

AXES = ("x", "y", "z")


def find_triads(channels: Sequence[str]) -> tuple[int, ...]:
    """Find three neighbouring channels that differ in x, y and z alone.

    Parameters
    ----------
    channels : sequence of str
        The channels' names, with or without units.

    Returns
    -------
    tuple of int
        The first channel of each triad.

    Examples
    --------
    >>> find_triads(["accel x (g)", "accel y (g)", "accel z (g)", "heart rate", "gx", "gy", "gz"])
    (0, 4)
    >>> find_triads(["AccX", "AccY", "AccZ", "x", "z", "y"])
    (0,)
    """
    found = []
    at = 0
    while at + 3 <= len(channels):
        if _is_triad(channels[at : at + 3]):
            found.append(at)
            at += 3
        else:
            at += 1
    return tuple(found)


def _is_triad(names: Sequence[str]) -> bool:
    lower = [name.lower() for name in names]
    for match in re.finditer("x", lower[0]):
        before, behind = lower[0][: match.start()], lower[0][match.end() :]
        if lower[1:] == [f"{before}{axis}{behind}" for axis in AXES[1:]]:
            return True
    return False
