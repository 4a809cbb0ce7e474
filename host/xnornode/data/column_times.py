"""Which column says when samples were taken, and which only number the rows.

Titles alone do not tell: `T` is a temperature as often as a time, and counters have any title. So
the values are looked at, too.
"""

from collections.abc import Collection
from dataclasses import dataclass, field

import numpy as np

from xnornode._words import channel
from xnornode.data import titles
from xnornode.data.columns import Columns
from xnornode.data.counters import LEAST_STEPS, Bools, Floats, Steps, look_at
from xnornode.data.read_options import ReadOptions
from xnornode.data.reading import Guess
from xnornode.errors import DataError

NONE = "none"  # --time none
NUMBERS_ROWS = "it numbers the rows"  # why a column is left out
OPTION = "--time COLUMN|none, --channels"
FAR = 5.0  # first value over span: a temperature begins at 20 and rises by 1, a time does not
MAY_FALL = 0.2  # of the steps of a column whose title says time


@dataclass
class TimeColumns:
    """What was found.

    Parameters
    ----------
    time : str or None
        The column that tells time or counts samples.
    series : bool
        Whether it shows that a row is one sample.
    left_out : dict of str to str
        Other columns that tell time or count, and why they are left out.
    why : str
        Why `time` was chosen.
    guesses : list of Guess
        What may be wrong.
    """

    time: str | None = None
    series: bool = False
    left_out: dict[str, str] = field(default_factory=dict)
    why: str = ""
    guesses: list[Guess] = field(default_factory=list)


@dataclass(frozen=True)
class _Candidate:
    name: str
    rank: int
    series: bool
    why: str


def find_times(
    columns: Columns, options: ReadOptions, used: Collection[str], begins: Bools
) -> TimeColumns:
    """Find the column of times.

    Parameters
    ----------
    columns : Columns
        The table.
    options : ReadOptions
        Its `time` names the column, or is "none"; its `channels` are no times.
    used : collection of str
        Columns that have another role.
    begins : ndarray of bool, shape (n,)
        Where label, group or recording change.

    Returns
    -------
    TimeColumns
        What was found.

    Raises
    ------
    DataError
        The column that was named does not exist or holds no times.
    """
    found = TimeColumns()
    named = None
    if options.time and options.time.lower() != NONE:
        named = _named(columns, options.time)
    channels = {columns.find(name) for name in options.channels}
    candidates = []
    for name in columns.names:
        if name in used or name == named:
            continue
        values = columns.numbers.get(name, columns.times.get(name))
        if values is None:
            continue
        if name in channels:
            _doubt_channel(name, look_at(values, begins), found)
            continue
        is_text = name in columns.times
        candidate = (_text_time if is_text else _number_time)(name, values, begins, options, found)
        if candidate:
            candidates.append(candidate)
    candidates.sort(key=lambda c: c.rank)
    if named:
        found.time, found.series, found.why = named, True, "--time names it"
    elif candidates and options.time.lower() != NONE:
        best = candidates[0]
        found.time, found.series, found.why = best.name, best.series, best.why
    for c in candidates:
        if c.name != found.time:
            second = found.time and c.rank < 5
            found.left_out[c.name] = f"{found.time} tells the time" if second else c.why
    return found


def _named(columns: Columns, named: str) -> str:
    name = columns.find(named)
    if name is None:
        listed = ", ".join(columns.names)
        raise DataError(f"{columns.path} has no column {named!r} for the time: it has {listed}")
    if name in columns.texts:
        columns.take_as_numbers(name)
    if name in columns.texts:
        cell = next(filter(None, columns.texts[name]), "")
        raise DataError(
            f"{columns.path}, column {name}: {cell!r} is no time that is understood: write "
            "numbers, 2024-05-31 12:00:00.250 or 12:00:00.250"
        )
    return name


def _text_time(
    name: str, values: Floats, begins: Bools, options: ReadOptions, found: TimeColumns
) -> _Candidate | None:
    steps = look_at(values, begins)
    if steps.count and not steps.usual:
        found.left_out[name] = "its time is the same throughout a recording"
        return None
    if steps.count >= LEAST_STEPS and not _mostly_rises(steps):
        found.left_out[name] = "its times do not rise"
        text = f"column {name} holds times that do not rise, so it is left out"
        found.guesses.append(Guess(text, OPTION, doubtful=True))
        return None
    return _Candidate(name, 3 if steps.coarse else 0, True, "it holds times as text")


def _number_time(
    name: str, values: Floats, begins: Bools, options: ReadOptions, found: TimeColumns
) -> _Candidate | None:
    steps = look_at(values, begins)
    few = steps.count < LEAST_STEPS
    if titles.is_time(name):
        return _titled_time(name, steps, few, found)
    if titles.may_be_time(name):
        return _maybe_time(name, steps, few, options, found)
    if titles.is_index(name) or titles.is_counter(name):
        return _titled_index(name, values, steps, few, begins, found)
    if titles.is_sensor(name):
        _doubt_channel(name, steps, found)
        return None
    if not steps.counts:
        if look_at(-values, begins).counts:
            found.left_out[name] = "it counts down"
            text = f"column {name} only falls, by equal steps, so it is no channel"
            found.guesses.append(Guess(text, OPTION, doubtful=True))
        return None
    numbering = steps.usual == 1 and not steps.coarse
    why = NUMBERS_ROWS if numbering else "it only rises, by nearly equal steps"
    text = f"column {name} only rises, by steps of {steps.usual:g}, so it is no channel"
    found.guesses.append(Guess(text, OPTION, doubtful=not name.isdecimal() or not numbering))
    series = not numbering or _restarts(values, steps, begins)
    return _Candidate(name, 6 if numbering else 5, series, why)


def _titled_time(name: str, steps: Steps, few: bool, found: TimeColumns) -> _Candidate | None:
    if steps.count and not steps.usual and not few:
        found.left_out[name] = "its title says time, but it is the same throughout a recording"
        text = f"column {name} does not change within a recording, so it is left out"
        found.guesses.append(Guess(text, OPTION, doubtful=True))
        return None
    if not few and not _mostly_rises(steps):
        text = f"column {name} does not rise as time does, so it is a channel"
        found.guesses.append(Guess(text, OPTION, doubtful=True))
        return None
    rank = 4 if steps.coarse else 1 if titles.time_unit(name) else 2
    return _Candidate(name, rank, True, "its title says time, and it rises" if not few else
                      "its title says time")  # fmt: skip


def _maybe_time(
    name: str, steps: Steps, few: bool, options: ReadOptions, found: TimeColumns
) -> _Candidate | None:
    if options.time.lower() == NONE:
        return None
    if few:
        rises = steps.rises if steps.count else name == "t"
        return _Candidate(name, 4, True, "its title may say time") if rises else None
    far = steps.offset > FAR and steps.usual < 1
    if not far and (steps.counts or (steps.rises and steps.clock)):
        return _Candidate(name, 4, True, "its title may say time, and it rises as time does")
    if steps.rises and steps.even:
        text = (
            f"column {name} rises by equal steps, but it does not begin or go on as a clock does: "
            "it is taken for a channel, not for time"
        )
        found.guesses.append(Guess(text, OPTION, doubtful=True))
    else:
        text = f"column {name} does not rise as time does, so it is a channel"
        found.guesses.append(Guess(text, OPTION))
    return None


def _titled_index(
    name: str, values: Floats, steps: Steps, few: bool, begins: Bools, found: TimeColumns
) -> _Candidate | None:
    why = NUMBERS_ROWS if titles.is_index(name) else "it counts the samples"
    counter = titles.is_counter(name)
    if few:
        inner = np.diff(values)[~begins[1:]]
        # Where labels change from row to row, hardly a step is within a stretch: nitrogen, `N`.
        whole = counter or 2 * len(inner) < len(values)
        if (inner > 0).all() and (not whole or (np.diff(values) > 0).all()):
            return _Candidate(name, 6, counter and len(values) > 2, why)
    elif steps.rises and (steps.even or steps.clock):
        series = counter or _restarts(values, steps, begins)
        return _Candidate(name, 5 if counter else 6, series, why)
    elif not steps.usual and titles.is_index(name):
        found.left_out[name] = "its title says a number, and it is the same throughout a recording"
        text = f"column {name} does not change within a recording, so it is left out"
        found.guesses.append(Guess(text, f"--group {name}, --channels", doubtful=True))
        return None
    text = f"column {name} does not count the rows, so it is a channel"
    found.guesses.append(Guess(text, OPTION))
    return None


def _doubt_channel(name: str, steps: Steps, found: TimeColumns) -> None:
    if steps.counts:
        text = f"{channel(name)} only rises, by steps of {steps.usual:g}, as a counter does"
        found.guesses.append(Guess(text, OPTION, doubtful=True))


def _mostly_rises(steps: Steps) -> bool:
    return steps.usual > 0 and steps.restarts <= MAY_FALL * steps.count


def _restarts(values: Floats, steps: Steps, begins: Bools) -> bool:
    """Whether a counter begins again, within stretches or where they begin."""
    return steps.restarts > 0 or bool((np.diff(values)[begins[1:]] < 0).any())
