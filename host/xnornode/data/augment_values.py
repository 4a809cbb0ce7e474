"""How values of augmentations are written: each function reads one, or raises ValueError."""

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass

from xnornode.data.read_options import Seconds
from xnornode.errors import DataError

UNITS = r"\s*(db|degrees|deg|°|pixels|px|samples|bands|frames)$"


@dataclass(frozen=True)
class Channels:
    """Names or numbers of channels, before the data are known."""

    names: tuple[str, ...]


def number(text: str) -> float:
    """A number; `10%` is 0.1, and a unit such as dB may follow."""
    plain = re.sub(UNITS, "", text.strip().lower())
    percent = plain.endswith("%")
    try:
        value = float(plain.rstrip("%")) / (100 if percent else 1)
    except ValueError:
        raise ValueError("it must be a number") from None
    if not math.isfinite(value):
        raise ValueError("it must be a number")
    return value


def whole(text: str) -> int:
    """A whole number."""
    value = number(text)
    if value != int(value):
        raise ValueError("it must be a whole number")
    return int(value)


def flag(text: str) -> bool:
    """On, where nothing is said."""
    if text.lower() in ("", "yes", "on", "true"):
        return True
    if text.lower() in ("no", "off", "false", "none"):
        return False
    raise ValueError("it must be yes or no")


def outside(text: str) -> str:
    """What comes in from outside of an image."""
    if text.lower() not in ("black", "edge"):
        raise ValueError("it must be black or edge")
    return text.lower()


def ratios(text: str) -> tuple[float, float] | None:
    """Signal-to-noise ratios `10..30`, in decibels; one number is both."""
    if text.lower() in ("none", "off", "no"):
        return None
    parts = re.split(r"\s*\.\.\.?\s*|\s+to\s+|(?<=\d)\s*-\s*", text.strip())
    if not 1 <= len(parts) <= 2:
        raise ValueError("it must be two signal-to-noise ratios in decibels, such as 10..30")
    try:
        low, high = number(parts[0]), number(parts[-1])
    except ValueError:
        raise ValueError(
            "it must be two signal-to-noise ratios in decibels, such as 10..30"
        ) from None
    return low, high


def pair(text: str) -> float | tuple[float, float]:
    """Pixels in each direction, or down and right: `2`, `1x3.5`."""
    parts = text.lower().split("x")
    if len(parts) > 2:
        raise ValueError("it must be pixels, such as 2, or down and right, such as 1x3")
    values = [number(part) for part in parts]
    return values[0] if len(values) == 1 else (values[0], values[1])


def share_or_time(text: str) -> float | Seconds:
    """A share of a window, or a time: `0.1`, `10%`, `100ms`."""
    return _time(text) or number(text)


def steps_or_time(text: str) -> int | Seconds:
    """Samples, or a time: `8`, `0.2s`."""
    return _time(text) or whole(text)


def names(text: str) -> Channels:
    """Channels by name, or by number from 0: `0+3`, `accel x+gyro y`."""
    found = tuple(name.strip() for name in text.split("+") if name.strip())
    if not found:
        raise ValueError("it must be channels by name or number, such as 0+3")
    return Channels(found)


def channel_numbers(wanted: Channels, what: str, channels: Sequence[str]) -> tuple[int, ...]:
    """The numbers of channels.

    Parameters
    ----------
    wanted : Channels
        Names, with or without their units, or numbers.
    what : str
        What messages call the setting.
    channels : sequence of str
        The channels of the data.

    Returns
    -------
    tuple of int
        Their numbers, from 0.

    Raises
    ------
    DataError
        There is no such channel.
    """
    plain = [channel.split(" (")[0].lower() for channel in channels]
    found = []
    for name in wanted.names:
        lower = name.lower()
        if name in channels:
            found.append(list(channels).index(name))
        elif lower in plain:
            found.append(plain.index(lower))
        elif name.isdecimal() and int(name) < len(channels):
            found.append(int(name))
        else:
            listed = ", ".join(f"{i} {channel}" for i, channel in enumerate(channels))
            raise DataError(f"{what}: there is no channel {name!r}: the channels are {listed}")
    return tuple(found)


def _time(text: str) -> Seconds | None:
    match = re.fullmatch(r"([\d.]+)\s*(ms|s)", text.strip().lower())
    if not match:
        return None
    return Seconds(number(match[1]) * (0.001 if match[2] == "ms" else 1.0))
