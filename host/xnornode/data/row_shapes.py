"""What the values in a row of a table are: features, or a window of samples."""

import re
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from xnornode.data.read_options import ReadOptions
from xnornode.data.reading import Guess
from xnornode.data.series import LEAST, MEANS, MORE, Order, is_series, order_of
from xnornode.errors import DataError
from xnornode.model.limits import MAX_CHANNELS

Values = npt.NDArray[Any]

NUMBERED = re.compile(r"(.*?[^\d\s_.\-\[(])[\s_.\-\[(]*(\d+)[\])]*")
"""A word and a number: t0, x_12, `acc x [3]`."""
TIMES = frozenset({"t", "time", "sample"})
"""Words that, numbered to 32 and more, say a series; t1 to t8 may be thermometers."""
SURE = 32
AXIS = re.compile(r"(.*[^a-z0-9])?(a|g|m|acc|accel|gyr|gyro|mag)?[xyz]", re.IGNORECASE)
FEWEST_CHANNELS = 8
PIXEL = 255


@dataclass(frozen=True, eq=False)
class Shaped:
    """Rows of values as windows.

    Parameters
    ----------
    windows : ndarray, shape (n, length, channels)
        The same values.
    channels : tuple of str
        The names of the channels.
    guesses : tuple of Guess
        What the rows were taken for, where nobody said it.
    """

    windows: Values
    channels: tuple[str, ...]
    guesses: tuple[Guess, ...] = ()


def shape_rows(values: Values, names: tuple[str, ...], options: ReadOptions, where: str) -> Shaped:
    """Give each row of values the shape of a window.

    Parameters
    ----------
    values : ndarray, shape (n, width)
        A window in each row.
    names : tuple of str
        The names of the values.
    options : ReadOptions
        Its `shape` or `image` is the shape. Without them, titles such as x_0, x_1, ..., y_0, ...
        say it; else each value is a channel of its own. More than 255 values are one series, if
        they are like one, else plain values in as many channels as divide them.
    where : str
        What messages call the data.

    Returns
    -------
    Shaped
        The windows.

    Raises
    ------
    DataError
        The shape does not fit the width.
    """
    count, width = values.shape
    order, channels = places_of(names)
    if options.image or options.shape:
        length, number = options.shape or (1, width)
        if options.image:
            length = options.image[0] * options.image[1]
            number = max(1, width // length)
        if length * number != width:
            raise DataError(f"{where}: {width} values in a row are not {length} x {number}")
        if order is not None and order.shape == (length, number) and number > 1:
            return Shaped(values[:, order], channels)  # whichever way the titles go
        titles = names if number == width else _numbered(number)
        return Shaped(values.reshape(count, length, number), titles)
    if order is not None and (shaped := _by_titles(values, order, channels)):
        return shaped
    if width <= MAX_CHANNELS:
        return Shaped(values.reshape(count, 1, width), names)
    return _wide(values)


def places_of(names: tuple[str, ...]) -> tuple[npt.NDArray[np.intp] | None, tuple[str, ...]]:
    """Where the samples of windows lie in a row, by numbered titles.

    Parameters
    ----------
    names : tuple of str
        The titles of the values of a row.

    Returns
    -------
    places : ndarray of int, shape (length, channels), or None
        Indexes of the values; None where titles are no words with the same 8 or more numbers each.
    channels : tuple of str
        The words, each a channel.

    Examples
    --------
    >>> places, channels = places_of(tuple(f"{c}_{i}" for c in "xy" for i in range(10)))
    >>> channels, places[:2].tolist()
    (('x', 'y'), [[0, 10], [1, 11]])
    """
    found: dict[str, dict[int, int]] = {}
    for at, name in enumerate(names):
        match = NUMBERED.fullmatch(name.strip())
        if not match:
            return None, ()
        found.setdefault(match[1], {})[int(match[2])] = at
    numbers = [*next(iter(found.values()))] if found else []
    rising = range(numbers[0], numbers[0] + len(numbers)) if numbers else range(0)
    whole = sum(map(len, found.values())) == len(names)  # no number came twice
    if len(rising) < LEAST or not whole or any([*f] != [*rising] for f in found.values()):
        return None, ()
    places = np.array([[f[i] for f in found.values()] for i in rising])
    return places, tuple(found)


def _by_titles(
    values: Values, order: npt.NDArray[np.intp], channels: tuple[str, ...]
) -> Shaped | None:
    """Windows as the titles say; None if they number features, pixels, or whatever."""
    length, number = order.shape
    plain = [channel.strip().lower() for channel in channels]
    if number > MAX_CHANNELS:
        return None
    windows = values[:, order]
    if number == 1:
        if plain[0] not in TIMES or (length < SURE and not is_series(windows)):
            return None
    elif not all(AXIS.fullmatch(name) for name in plain) and not is_series(windows):
        return None
    said = f"{channels[0]} and so on" if number > 3 else ", ".join(channels)
    text = f"{values.shape[1]} columns are taken for {length} samples of {said}, by their titles"
    option = f"--shape {length}x{number}, or --features raw for plain values"
    return Shaped(windows, channels, (Guess(text, option),))


def _wide(values: Values) -> Shaped:
    """More values than a model has channels: one series, or plain values."""
    count, width = values.shape
    series = values.reshape(count, width, 1)
    order = order_of(series)
    figures = f"correlation {order.neighbours:.2f}, {order.others:.2f} of others"
    image = _maybe_image(values)
    if order.series:
        text = f"{width} columns are taken for one series: neighbours are alike ({figures})"
        option = "--shape LENGTHxCHANNELS, or --features raw for plain values"
        return Shaped(series, _numbered(1), (Guess(text, option + image),))
    channels = max(k for k in range(1, MAX_CHANNELS + 1) if width % k == 0)
    if channels < FEWEST_CHANNELS:
        channels = 1
    length = width // channels
    text = f"{width} columns are taken for plain values and no series: {_why(order, figures)}"
    if channels > 1:
        text += f". A model has at most {MAX_CHANNELS} channels: they are {length} x {channels}"
    option = f"--shape {width}x1 for one series, --shape LENGTHxCHANNELS"
    guess = Guess(text, option + image)
    return Shaped(values.reshape(count, length, channels), _numbered(channels), (guess,))


def _why(order: Order, figures: str) -> str:
    """What speaks against a series."""
    if order.means > 2 * MEANS:
        return "each has a mean of its own"
    if order.neighbours < order.others + MORE:
        return f"neighbours are no more alike than others ({figures})"
    return "neighbours are alike in some places and not in others"


def _maybe_image(values: Values) -> str:
    """An option more, where rows may be images: a square of whole numbers from 0 to 255."""
    side = round(values.shape[1] ** 0.5)
    if side * side != values.shape[1]:
        return ""
    some = values[:100]
    pixels = some.min() >= 0 and some.max() <= PIXEL and (some == np.rint(some)).all()
    return f"; --image {side}x{side} for images" if pixels else ""


def _numbered(channels: int) -> tuple[str, ...]:
    return tuple(f"channel {i}" for i in range(channels))
