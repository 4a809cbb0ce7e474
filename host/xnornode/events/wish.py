"""What a user wants of answers and events, read from words: "at most 1 false an hour"."""

import re
from dataclasses import dataclass, fields

from xnornode.errors import DataError

EXAMPLES = (
    "at most 1 false an hour",
    "at most 5 % unknown",
    "at least 95 % right",
    "at most 10 % missed",
    "at most 5 s late",
)
OFF = ("off", "none", "no")
HOURS = {"hour": 1.0, "day": 24.0, "week": 168.0, "minute": 1 / 60}
_LIMIT = re.compile(
    r"(?P<sense>at most|no more than|less than|below|max|<=|<|at least|no less than|more than"
    r"|above|min|>=|>)?\s*(?P<number>\d+(?:\.\d*)?|\.\d+)\s*(?P<percent>%|percent|per cent)?\s*"
    r"(?P<what>.+)"
)
_LEAST = ("at least", "no less than", "more than", "above", "min", ">=", ">")
_FALSE = re.compile(
    r"false(?: (?:alarms?|events?|positives?|ones?))?\s*(?:an?|per|each|every|/)\s*"
    r"(?P<time>hour|h|day|d|week|minute|min)s?"
)
_SHARES = {
    "unknown": ("unknown", "unsure", "unanswered", "not answered"),
    "missed": ("missed", "missed events", "events missed", "misses"),
    "right": ("right", "correct", "accuracy", "accurate", "of the answers right", "answers right"),
}
_LATE = re.compile(r"(?P<unit>s|sec|seconds?|ms|milliseconds?)\s*(?:late|delay|of delay|lateness)")


@dataclass(frozen=True)
class Wish:
    """Limits that answers and events shall keep. None: no such limit.

    Parameters
    ----------
    false_per_hour : float, optional
        Most events an hour that are of another class, or where there is nothing.
    missed : float, optional
        Most events that are not found, as a share, 0 to 1.
    late : float, optional
        Most seconds from the beginning to the event, in the median.
    unknown : float, optional
        Most windows without an answer, as a share, 0 to 1.
    right : float, optional
        Fewest right ones among the windows with an answer, as a share, 0 to 1.

    Examples
    --------
    >>> from xnornode.events.wish import read_wish
    >>> read_wish("at most 1 false an hour, at most 5 % unknown")
    Wish(false_per_hour=1.0, missed=None, late=None, unknown=0.05, right=None)
    """

    false_per_hour: float | None = None
    missed: float | None = None
    late: float | None = None
    unknown: float | None = None
    right: float | None = None

    @property
    def of_events(self) -> bool:
        """Whether it says something of events, not of windows alone."""
        return (self.false_per_hour, self.missed, self.late) != (None, None, None)

    def __str__(self) -> str:
        said = {
            "false_per_hour": "at most {:g} false an hour",
            "missed": "at most {:.4g} % missed",
            "late": "at most {:g} s late",
            "unknown": "at most {:.4g} % unknown",
            "right": "at least {:.4g} % right",
        }
        parts = []
        for field in fields(self):
            value = getattr(self, field.name)
            if value is not None:
                share = field.name in _SHARES
                parts.append(said[field.name].format(100 * value if share else value))
        return ", ".join(parts)


def read_wish(text: str) -> Wish | None:
    """Read what is wanted.

    Parameters
    ----------
    text : str
        Limits, joined by commas or "and": "at most 1 false an hour and at most 5 % unknown"; or
        "off".

    Returns
    -------
    Wish or None
        None for "off".

    Raises
    ------
    DataError
        The text is not understood; the message has examples.
    """
    words = " ".join(text.casefold().split())
    if words in OFF:
        return None
    limits: dict[str, float] = {}
    for part in re.split(r"\s*(?:,(?!\d)|;|\band\b)\s*", words):
        name, value = _limit(part, text)
        if name in limits:
            raise DataError(f"{text!r} limits the same thing twice: say each limit once")
        limits[name] = value
    return Wish(**limits)


def _limit(part: str, text: str) -> tuple[str, float]:
    """The name of a limit, and its value."""
    match = _LIMIT.fullmatch(part)
    if not match:
        raise _not_understood(part, text)
    number, what = float(match["number"]), match["what"].strip()
    name, value = _named(part, text, number, bool(match["percent"]), what)
    least = match["sense"] in _LEAST
    if match["sense"] and least != (name == "right"):
        sense = "at least" if name == "right" else "at most"
        raise DataError(f"{part!r}: this is a limit of the other kind, write {sense!r}")
    return name, value


def _named(part: str, text: str, number: float, percent: bool, what: str) -> tuple[str, float]:
    for name, words in _SHARES.items():
        if what in words:
            if not percent:
                raise DataError(f"{part!r}: write a share in per cent, such as '5 % {what}'")
            if number > 100:
                raise DataError(f"{part!r}: a share is at most 100 %")
            return name, number / 100
    if match := _FALSE.fullmatch(what):
        unit = {"h": "hour", "d": "day", "min": "minute"}.get(match["time"], match["time"])
        if not percent:
            return "false_per_hour", number / HOURS[unit]
    if (match := _LATE.fullmatch(what)) and not percent:
        return "late", number / (1000 if match["unit"].startswith("m") else 1)
    raise _not_understood(part, text)


def _not_understood(part: str, text: str) -> DataError:
    examples = ", ".join(f"'{e}'" for e in EXAMPLES)
    inside = "" if part == text else f" in {text!r}"
    return DataError(
        f"{part!r}{inside} is not understood. Understood are limits such as {examples}, several of "
        "them joined by commas, and 'off'"
    )
