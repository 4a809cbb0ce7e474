"""Columns that count or tell time, known by their values."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]

LEAST_STEPS = 12  # within stretches: fewer may rise by chance
MOSTLY = 0.9  # of the steps are alike
MANY_ZEROS = 0.2  # of the steps are zero: the clock is coarser than the samples
NEAR = 0.3  # of the usual step: steps that are alike
MAY_FALL = 0.25  # of the steps of a column that may be time; signals fall more often
RESTARTS = 0.05  # of the steps at most go back
WRAPS = (*(2.0**k for k in (16, 24, 30, 31, 32)), 3600.0, 43200.0, 86400.0)
"""Where counters begin again: of 16 to 32 bits, MicroPython's ticks_ms (2^30), clocks.

Counters of 8 bits are not told from recordings of 256 samples, so a recording ends there.
"""


@dataclass(frozen=True)
class Steps:
    """How a column changes from row to row, within stretches of one label, group and recording.

    Parameters
    ----------
    count : int
        Steps within stretches.
    usual : float
        The median of the steps that rise; 0 if none does.
    rises : bool
        Whether it hardly ever falls.
    even : bool
        Whether it rises by nearly equal steps, or by one after equally many rows.
    clock : bool
        Whether stretches begin near 0, where others end, or at values that no other has: as a
        clock's do.
    coarse : bool
        Whether many steps are zero.
    restarts : int
        How often it goes back within stretches.
    offset : float
        The first value over what a stretch spans: large for a temperature, small for a time.
    """

    count: int
    usual: float
    rises: bool
    even: bool
    clock: bool
    coarse: bool
    restarts: int
    offset: float = 0.0

    @property
    def counts(self) -> bool:
        """Whether the values alone show a counter or a clock."""
        return self.count >= LEAST_STEPS and self.rises and self.even and self.clock


def unwrap(values: Floats) -> Floats:
    """Values that go on where a counter began again at one of `WRAPS`."""
    steps = np.diff(values)
    up = steps[steps > 0]
    down = np.flatnonzero(steps < 0)
    if not len(up) or not len(down):
        return values
    usual = float(np.median(up))
    for wrap in WRAPS:
        # A wrap ends just below its limit, so that other restarts are not taken for one.
        before, after = values[down], values[down + 1]
        fits = (before < wrap) & (before + 3 * usual >= wrap) & (after >= 0) & (after < 3 * usual)
        fits &= wrap > 20 * usual
        if fits.any():
            steps = steps.copy()
            steps[down[fits]] += wrap
            return np.concatenate([values[:1], values[0] + np.cumsum(steps)])
    return values


def look_at(values: Floats, begins: Bools) -> Steps:
    """See how a column changes.

    Parameters
    ----------
    values : ndarray of float64, shape (n,)
        The column; NaN where a value is missing.
    begins : ndarray of bool, shape (n,)
        Where a stretch begins.

    Returns
    -------
    Steps
        What was seen.
    """
    known = ~np.isnan(values)
    stretch = np.cumsum(begins)[known]
    values = values[known]
    falls = (values[1:] < values[:-1]) & (np.diff(stretch) == 0)
    down = int(falls.sum())
    if down > max(2, MAY_FALL * len(falls)):
        return Steps(len(falls), float(np.ptp(values)), False, False, False, False, down)
    values = unwrap(values)
    steps = np.diff(values)
    inner = np.diff(stretch) == 0
    within = steps[inner]
    up = within[within > 0]
    if not len(up):
        return Steps(len(within), 0.0, False, False, False, False, 0)
    usual = float(np.median(up))
    down = int((within < 0).sum())
    coarse = float((within == 0).mean()) > MANY_ZEROS
    whole = bool((values == np.rint(values)).all())
    near = max(NEAR * usual, 1.01 if whole and usual > 2 else 0.0)
    if coarse:
        even = _even_runs(values, inner, usual)
    else:
        even = float((np.abs(within - usual) <= near).sum()) >= MOSTLY * (len(within) - down)
    rises = down <= max(2.0, RESTARTS * len(within)) and down < len(up)
    starts = np.flatnonzero(np.concatenate([[True], ~inner | (steps < 0)]))
    clock = _like_a_clock(values, starts, usual)
    first = values[: starts[1] if len(starts) > 1 else len(values)]
    offset = float(abs(first[0]) / np.ptp(first)) if np.ptp(first) else 0.0
    return Steps(len(within), usual, rises, even, clock, coarse, down, offset)


def _even_runs(values: Floats, inner: Bools, usual: float) -> bool:
    """Whether equal values stand in runs of nearly equal length, each a usual step above the last.

    Runs at a stretch's edge are cut, so they do not count.
    """
    steps = np.diff(values)
    at = np.flatnonzero((steps != 0) | ~inner)
    lengths = np.diff(at)
    whole = inner[at[:-1]] & inner[at[1:]] & (steps[at[:-1]] > 0) & (steps[at[1:]] > 0)
    lengths, rises = lengths[whole], steps[at[1:]][whole]
    if len(lengths) < 3:
        return False
    middle = float(np.median(lengths))
    alike = np.abs(lengths - middle) <= max(2.0, 0.2 * middle)
    alike &= np.abs(rises - usual) <= NEAR * usual
    return bool(alike.mean() >= MOSTLY)


def _like_a_clock(values: Floats, starts: npt.NDArray[np.int64], usual: float) -> bool:
    first = values[starts]
    last = values[np.append(starts[1:] - 1, len(values) - 1)]
    near = 1.5 * usual
    if len(first) == 1 or (np.abs(first) <= near).all() or np.ptp(first) <= near:
        return True
    order = np.argsort(first, kind="stable")
    return bool((last[order][:-1] <= first[order][1:] + usual).all())
