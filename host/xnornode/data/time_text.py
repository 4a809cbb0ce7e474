"""Times that are written as text: dates, clocks, both, with and without a zone."""

import datetime
import re
from collections.abc import Iterable, Sequence

import numpy as np
import numpy.typing as npt

from xnornode.data.reading import Guess

DAY = 86400.0

_DATE = (
    r"\d{4}[-/.]\d{1,2}[-/.]\d{1,2}|\d{1,2}[-/.]\d{1,2}[-/.]\d{2,4}|"
    r"\d{1,2}[- .]+[^\W\d]{3,9}[- .,]+\d{4}|\d{8}(?=[T_ ])"
)
_TIME = re.compile(
    rf"(?:({_DATE})(?:[T_ ,]+|$))?"
    r"(?:(\d{1,3}):(\d{2})(?::(\d{2}))?(?:[.,:](\d{1,9}))?|"
    r"(\d{2})(\d{2})(\d{2})(?:[.,](\d{1,9}))?|$)"
    r"\s*([AaPp]\.?[Mm]\.?)?\s*(Z|UTC|GMT|[-+]\d{2}:?\d{2}|[-+]\d{2})?(?: ?\[[\w/]+\])?"
)
MONTHS = (
    ("jan", "ene", "gen"),
    ("feb", "fév", "fev"),
    ("mar", "mär", "mrt", "maa"),
    ("apr", "avr", "abr"),
    ("may", "mai", "mag", "mei"),
    ("jun", "giu"),
    ("jul", "lug"),
    ("aug", "aoû", "ago"),
    ("sep", "set"),
    ("oct", "okt", "ott", "out"),
    ("nov",),
    ("dec", "dez", "dic", "déc"),
)
"""How the names of months begin, in the languages of titles.py."""
_MONTHS = {name: i + 1 for i, names in enumerate(MONTHS) for name in names}


def is_time_text(cell: str) -> bool:
    """Whether a cell is a date, a clock, or both; a number alone is none."""
    cell = cell.strip()
    if len(cell) < 4 or not any(c in cell for c in ":-/._"):
        return False
    match = _TIME.fullmatch(cell)
    return bool(match and (match[1] or match[2]))


class TimeTexts:
    """A column of times as text, read block by block.

    A date such as 03/04/2024 has two meanings. The whole column decides, so dates are kept until
    `seconds`.
    """

    def __init__(self) -> None:
        self._dates: dict[str, int] = {"": 0}
        self._which: list[npt.NDArray[np.int32]] = []
        self._clocks: list[npt.NDArray[np.float64]] = []
        self._halves = False

    def add(self, cells: Sequence[str]) -> npt.NDArray[np.float64]:
        """Read a block of cells. Returns NaN where a cell is no time, else the time of day."""
        which = np.zeros(len(cells), np.int32)
        clocks = np.full(len(cells), np.nan)
        dates = self._dates
        for i, cell in enumerate(cells):
            match = _TIME.fullmatch(cell.strip())
            if match is None or not cell.strip():
                continue
            date, hour, minute, second, part, h2, m2, s2, p2, half, zone = match.groups()
            if date:
                which[i] = dates.setdefault(date, len(dates))
            if hour is not None:
                if second is None and part is not None:  # minutes, seconds and their fraction
                    clock = int(hour) * 60 + int(minute) + float(f"0.{part}")
                else:
                    clock = int(hour) * 3600 + int(minute) * 60.0
                    if second is not None:
                        clock += int(second)
                    if part is not None:
                        clock += float(f"0.{part}")
            elif h2 is not None:
                if not date:
                    continue
                clock = int(h2) * 3600 + int(m2) * 60 + int(s2) + float(f"0.{p2 or 0}")
            elif date:
                clock = 0.0
            else:
                continue
            if half:
                self._halves = True
                if clock >= 43200:
                    clock -= 43200  # 12:30 AM is half past midnight
                clock += 43200 * (half[0] in "pP")
            if zone and zone[0] in "+-":
                shift = int(zone[1:3]) * 3600 + int(zone[3:].strip(":") or 0) * 60
                clock -= shift if zone[0] == "+" else -shift
            clocks[i] = clock
        self._which.append(which)
        self._clocks.append(clocks)
        return clocks

    def missing(self, count: int) -> None:
        """Add cells that hold no time."""
        self._which.append(np.zeros(count, np.int32))
        self._clocks.append(np.full(count, np.nan))

    def seconds(self, where: str) -> tuple[npt.NDArray[np.float64], tuple[Guess, ...]]:
        """All times of the column in seconds, and what was guessed.

        Parameters
        ----------
        where : str
            What a guess calls the column.

        Returns
        -------
        seconds : ndarray of float64, shape (n,)
            Since the first day's begin, so that parts of microseconds stay; NaN where a cell is no
            time.
        guesses : tuple of Guess
            Whether day or month comes first, if nothing tells.
        """
        dates = [date for date in self._dates if date]
        parted = [tuple(map(int, re.split(r"[-/.]", d))) for d in dates if _is_numeric(d)]
        first = max((p[0] for p in parted if p[2] > 31 or len(str(p[0])) < 4), default=0)
        second = max((p[1] for p in parted), default=0)
        unclear = [p for p in parted if len(str(p[0])) < 3]
        month_first = second > 12 or (first <= 12 and self._halves)
        guesses = list[Guess]()
        if len(unclear) > 1 and first <= 12 and second <= 12:
            order = "month, day" if month_first else "day, month"
            text = f"{where}: dates such as {dates[0]} are read as {order}, year"
            guesses.append(Guess(text, "write dates as 2024-05-31", doubtful=True))
        days = np.array([0.0, *(_day(d, month_first) for d in dates)])
        if np.isfinite(days[1:]).any():
            days[1:] -= np.nanmin(days[1:])
        clocks = np.concatenate(self._clocks)
        return days[np.concatenate(self._which)] * DAY + clocks, tuple(guesses)


def _is_numeric(date: str) -> bool:
    return re.fullmatch(r"\d+([-/.])\d+[-/.]\d+", date) is not None


def _day(date: str, month_first: bool) -> float:
    """Days since 1970; NaN if there is no such day."""
    try:
        year, month, day = _year_month_day(date, month_first)
        return float(datetime.date(year, month, day).toordinal() - 719163)
    except (ValueError, KeyError):
        return float("nan")


def _year_month_day(date: str, month_first: bool) -> tuple[int, int, int]:
    if len(date) == 8 and date.isdecimal():
        return int(date[:4]), int(date[4:6]), int(date[6:])
    if not _is_numeric(date):
        day, name, year = re.split(r"[- .,]+", date)
        return int(year), _MONTHS[name.lower()[:3]], int(day)
    a, b, c = map(int, re.split(r"[-/.]", date))
    if len(re.split(r"[-/.]", date)[0]) == 4:
        return a, b, c
    year = c + 2000 if c < 100 else c
    return (year, a, b) if month_first else (year, b, a)


def all_times(cells: Iterable[str]) -> bool:
    """Whether at least half of the cells are times."""
    found = [is_time_text(cell) for cell in cells]
    return bool(found) and 2 * sum(found) >= len(found)
