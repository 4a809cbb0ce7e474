"""What a person writes for an option of reading, as its value: on a command line or in a form."""

import re
from collections.abc import Callable
from typing import TypeVar

from xnornode.data.read_options import Length, Seconds
from xnornode.errors import DataError

Number = TypeVar("Number", int, float)


def length(text: str) -> Length:
    """A length in samples, `75`, or in seconds, `1.5s` or `200ms`.

    Parameters
    ----------
    text : str
        What somebody wrote.

    Returns
    -------
    int or Seconds
        At least one sample, or more than 0 seconds.

    Raises
    ------
    DataError
        It is no such length.

    Examples
    --------
    >>> length("75"), length("200ms")
    (75, Seconds(value=0.2))
    """
    for unit, seconds in (("ms", 0.001), ("s", 1.0)):
        if text.lower().endswith(unit):
            return Seconds(above_zero(text[: -len(unit)]) * seconds)
    whole = _number(text, int)
    if whole < 1:
        raise DataError(f"{text}: it must be at least 1")
    return whole


def above_zero(text: str) -> float:
    """A number above 0. Raises DataError."""
    value = _number(text, float)
    if not 0 < value < float("inf"):
        raise DataError(f"{text}: it must be above 0")
    return value


def full_scale(text: str) -> dict[str, float]:
    """Full scales by channels or units: `4` for all, or `x=4,gyro=250`. Raises DataError."""
    scales = {}
    for part in text.split(","):
        name, _, value = part.rpartition("=")
        scales[name.strip()] = above_zero(value)
    return scales


def cross(text: str) -> tuple[int, int]:
    """Two whole numbers, `128x6`. Raises DataError."""
    match = re.fullmatch(r"([1-9]\d*)x([1-9]\d*)", text.lower())
    if not match:
        raise DataError(f"{text}: write two whole numbers such as 128x6")
    return int(match[1]), int(match[2])


def names(text: str) -> tuple[str, ...]:
    """Names that commas part."""
    return tuple(name.strip() for name in text.split(",") if name.strip())


def _number(text: str, kind: Callable[[str], Number]) -> Number:
    try:
        return kind(text)
    except ValueError as error:
        what = "whole number" if kind is int else "number"
        raise DataError(f"{text}: this is no {what}") from error
