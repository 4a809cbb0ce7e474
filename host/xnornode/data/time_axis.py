"""A column of times as seconds: its unit, its sample rate, its gaps."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from xnornode.data.columns import Columns
from xnornode.data.counters import MANY_ZEROS, Bools, Floats, unwrap
from xnornode.data.reading import Guess, Timing
from xnornode.data.titles import is_counter, is_index, time_unit

MAX_GAP = 10  # usual steps of time without a sample: a recording does not go on beyond that
LEAST_ROWS = 16  # rows that can tell an unknown unit
ALIKE = 0.5  # of the usual step: steps whose mean is the sample rate
EPOCHS = ((1e9, 1.0), (1e12, 1e-3), (1e15, 1e-6), (1e18, 1e-9))
EPOCH_SPAN = 1.1, 2.6  # 2004 to 2052, in the units of EPOCHS
EPOCH_STEP = 10.0  # seconds from sample to sample, at most, in data of this size
OPTION = "--rate HZ"
NAMES = {1.0: "seconds", 1e-3: "milliseconds", 1e-6: "microseconds", 1e-9: "nanoseconds"}


@dataclass(frozen=True, eq=False)
class TimeAxis:
    """When the rows of a table were sampled.

    Parameters
    ----------
    values : ndarray of float64, shape (n,)
        Times in the unit of the column, going on where a counter wrapped.
    unit : float
        Seconds in that unit; 0 if unknown.
    step : float
        From sample to sample, in the unit; 0 if unknown.
    coarse : bool
        Whether the clock ticks more slowly than samples come, so that several have one time.
    tick : float
        The usual step between different times.
    guesses : tuple of Guess
        What may be wrong.
    """

    values: Floats
    unit: float
    step: float
    coarse: bool
    tick: float
    guesses: tuple[Guess, ...] = ()

    @property
    def rate_mhz(self) -> int:
        """Samples per 1000 s; 0 if unknown."""
        return round(1000 * _hertz(self.step * self.unit))

    def breaks(self, most: float = MAX_GAP) -> Bools:
        """Where time turns back, or more than `most` steps pass: bool (n - 1,)."""
        steps = np.diff(self.values)
        limit = max(most * self.step, 1.5 * self.tick if self.coarse else 0.0)
        gap = steps > limit if self.step else np.zeros(len(steps), bool)
        return (steps < 0) | gap


def time_axis(columns: Columns, name: str, begins: Bools, rate: float) -> TimeAxis:
    """Understand a column of times.

    Parameters
    ----------
    columns : Columns
        The table.
    name : str
        The column.
    begins : ndarray of bool, shape (n,)
        Where a recording begins, whatever the times say.
    rate : float
        The sample rate that the user gave, in hertz; 0: none.

    Returns
    -------
    TimeAxis
        The times.
    """
    is_text = name in columns.times
    values = unwrap(columns.values(name))
    steps = np.diff(values)[~begins[1:]]
    up = steps[steps > 0]
    tick = float(np.median(up)) if len(up) else 0.0
    coarse = bool(len(up)) and float((steps == 0).mean()) > MANY_ZEROS
    step = _coarse_step(values, tick) if coarse else _mean_step(up, tick)
    unit, guesses = (1.0, []) if is_text else _unit(columns, name, values, step)
    if coarse:
        text = f"column {name}: several rows have one time, so their number in {tick:g} "
        text += "is the rate" if step else "would be the rate, if it were one whole step long"
        guesses.append(Guess(text, OPTION))
    if rate and step and not unit:
        unit = 1 / (rate * step)
    return TimeAxis(values, unit, step, coarse, tick, tuple(guesses))


def timing(axis: TimeAxis, times: Floats, gap: float) -> Timing:
    """The timing of the samples at `times`; gap: seconds without a sample before them."""
    steps = np.diff(times)
    up = steps[steps > 0]
    gaps = (gap,) if gap else ()
    if not len(up) or not axis.unit:
        return Timing(0.0, 0.0, gaps)
    if axis.coarse:
        step = _coarse_step(times, axis.tick) or axis.step
        return Timing(_hertz(step * axis.unit), 0.0, gaps)
    middle = float(np.median(up))
    step = _mean_step(up, middle)
    return Timing(_hertz(step * axis.unit), round(float(np.std(steps)) / middle, 6), gaps)


def _hertz(step: float) -> float:
    """The rate of a step in seconds, without the rounding of long sums; 0 if unknown."""
    return float(f"{1 / step:.5g}") if step else 0.0


def _mean_step(up: Floats, usual: float) -> float:
    """The mean of the steps near the usual one: stamps of whole ms would give 58.8 for 60 Hz."""
    if not len(up):
        return 0.0
    near = up[np.abs(up - usual) <= ALIKE * usual]
    return usual if (near == usual).all() else float(near.mean())


def _coarse_step(values: Floats, tick: float) -> float:
    """The time from sample to sample where several samples have one time."""
    steps = np.diff(values)
    at = np.flatnonzero(np.append(True, steps != 0))
    lengths = np.diff(at)  # of all runs of equal times but the last
    # A run counts if it is whole: time goes on by one tick before it, and by one after it.
    after = np.abs(steps[at[1:] - 1] - tick) <= ALIKE * tick
    some = lengths[after & np.append(False, after[:-1])]
    if not len(some):
        return 0.0
    middle = float(np.median(some))
    usual = some[np.abs(some - middle) <= ALIKE * middle]
    return tick / float(usual.mean())


def _unit(columns: Columns, name: str, values: Floats, step: float) -> tuple[float, list[Guess]]:
    """Seconds in the unit of a column of numbers; 0 if nothing tells."""
    unit = time_unit(name)
    if unit:
        return unit, []
    if is_index(name) or is_counter(name) or not step:
        return 0.0, []
    middle = float(np.median(values))
    for size, unit in EPOCHS:
        if EPOCH_SPAN[0] * size <= middle <= EPOCH_SPAN[1] * size and step * unit <= EPOCH_STEP:
            text = f"column {name} holds {NAMES[unit]} since 1970, by their size"
            return unit, [Guess(text, OPTION)]
    if len(values) < LEAST_ROWS:
        return 0.0, []
    whole = bool((values == np.rint(values)).all())
    if not whole and step <= 60:
        unit = 1.0 if step <= 2 else 1e-3
    elif whole and 2 <= step < 2000:
        unit = 1e-3
    elif whole and 2000 <= step < 1e6:
        unit = 1e-6
    else:
        return 0.0, []
    text = f"column {name} names no unit: taken for {NAMES[unit]}, {1 / (step * unit):.4g} Hz"
    return unit, [Guess(text, OPTION, doubtful=True)]


def gaps_before(axis: TimeAxis, starts: Sequence[int], begins: Bools) -> npt.NDArray[np.float64]:
    """Seconds without a sample before each recording that a gap began; else 0."""
    at = np.asarray(starts)
    gaps = np.zeros(len(at))
    for i, row in enumerate(at.tolist()):
        if row and not begins[row] and axis.unit:
            gaps[i] = max(0.0, axis.values[row] - axis.values[row - 1]) * axis.unit
    return gaps
