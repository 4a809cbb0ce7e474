"""Missing samples, interpolated where few of them are missing."""

import numpy as np
import numpy.typing as npt

from xnornode.data.counters import Bools, Floats


def runs(which: Bools) -> list[tuple[int, int]]:
    """(start, stop) of each run of true values."""
    edges = np.flatnonzero(np.diff(np.concatenate([[False], which, [False]]).astype(np.int8)))
    return list(zip(edges[::2].tolist(), edges[1::2].tolist(), strict=True))


def fill_cells(columns: list[Floats], bad: Bools, begins: Bools, most: int) -> Bools:
    """Interpolate cells in rows that are faulty, in place.

    Parameters
    ----------
    columns : list of ndarray of float64, shape (n,)
        The channels and the times; NaN where a cell is missing.
    bad : ndarray of bool, shape (n,)
        The rows that are faulty.
    begins : ndarray of bool, shape (n,)
        Where a recording begins: nothing is interpolated over that.
    most : int
        Rows that may be missing one after the other.

    Returns
    -------
    ndarray of bool, shape (n,)
        The rows that were filled.
    """
    filled = np.zeros(len(bad), bool)
    for start, stop in runs(bad):
        within = start > 0 and stop < len(bad) and not begins[start : stop + 1].any()
        if within and stop - start <= most:
            filled[start:stop] = True
    rows = np.arange(len(bad))
    for values in columns:
        holes = filled & np.isnan(values)
        if holes.any():
            known = ~np.isnan(values)
            values[holes] = np.interp(rows[holes], rows[known], values[known])
    return filled


def fill_gaps(
    samples: npt.NDArray[np.float64], times: Floats, step: float, most: int
) -> tuple[npt.NDArray[np.float64], Floats, int]:
    """Put samples where times show that some are missing.

    Parameters
    ----------
    samples : ndarray of float64, shape (n, channels)
        One recording.
    times : ndarray of float64, shape (n,)
        Its times, rising.
    step : float
        The usual step of time.
    most : int
        Samples that may be missing one after the other.

    Returns
    -------
    samples : ndarray of float64, shape (m, channels)
        The samples, with interpolated ones.
    times : ndarray of float64, shape (m,)
        Their times.
    count : int
        How many were put in.
    """
    missing = np.rint(np.diff(times) / step).astype(int) - 1
    missing[(missing < 1) | (missing > most)] = 0
    count = int(missing.sum())
    if not count:
        return samples, times, 0
    # Between row i and the next, missing[i] rows at equal parts of the way.
    old = np.concatenate([[0], np.cumsum(missing + 1)])
    place = np.interp(np.arange(old[-1] + 1), old, np.arange(len(times)))
    rows = np.arange(len(times))
    filled = np.stack([np.interp(place, rows, c) for c in samples.T], axis=1)
    return filled, np.interp(place, rows, times), count
