"""Checks a JSON object against a dataclass: the types of its fields, and the ranges they name."""

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import MISSING, dataclass, fields, is_dataclass
from functools import cache
from types import NoneType
from typing import Any, NoReturn, TypeVar, get_args, get_type_hints

T = TypeVar("T")

LONGEST_TEXT = 4096
"""Characters of a text, as it is shown."""
LONGEST_LIST = 255
"""Items of a list: a model has at most so many classes and channels."""


@dataclass(frozen=True)
class Range:
    """The integers that a field may be.

    Parameters
    ----------
    low, high : int
        The smallest and the largest one.

    Examples
    --------
    >>> Range(0, 3).allows(4)
    False
    """

    low: int
    high: int

    def allows(self, value: int) -> bool:
        """Whether a number is one of them."""
        return self.low <= value <= self.high


@dataclass(frozen=True)
class Hex:
    """A text of hexadecimal digits in lower case.

    Parameters
    ----------
    digits : int
        How many.
    or_empty : bool, default False
        Whether the text may also be empty.

    Examples
    --------
    >>> Hex(4).allows("c0de"), Hex(4).allows("")
    (True, False)
    """

    digits: int
    or_empty: bool = False

    def allows(self, value: str) -> bool:
        """Whether a text is one."""
        found = re.fullmatch(rf"[0-9a-f]{{{self.digits}}}", value)
        return bool(found) or (self.or_empty and not value)


@dataclass(frozen=True)
class Base64:
    """A text in base64, with its padding and without line ends.

    Examples
    --------
    >>> Base64().allows("AAE="), Base64().allows("AAE")
    (True, False)
    """

    def allows(self, value: str) -> bool:
        """Whether a text is one."""
        return len(value) % 4 == 0 and bool(re.fullmatch(r"[A-Za-z0-9+/]*={0,2}", value))


@dataclass(frozen=True)
class Lines:
    r"""A text whose lines stay lines, such as a traceback.

    Parameters
    ----------
    most : int
        Characters, as they are shown. The end of a longer one is kept: it says what went wrong.

    Examples
    --------
    >>> Lines(4).allows("a\nb")
    True
    """

    most: int

    def allows(self, value: str) -> bool:
        """Whether a text is one."""
        return len(value) <= self.most


def read_json(text: str | bytes) -> object:
    """A JSON value from the other side.

    Parameters
    ----------
    text : str or bytes
        What came.

    Returns
    -------
    object
        Not checked any further: see `instance`.

    Raises
    ------
    ValueError
        If it is none, or its lists and objects are nested too deep.

    Examples
    --------
    >>> read_json("[" * 100_000)
    Traceback (most recent call last):
    ...
    ValueError: nested too deep
    """
    try:
        return json.loads(text)
    except RecursionError:
        raise ValueError("nested too deep") from None


@cache
def hints(kind: type) -> dict[str, object]:
    """The types of a dataclass's fields, with their ranges.

    Parameters
    ----------
    kind : type
        A dataclass.

    Returns
    -------
    dict
        From a field's name to its type.
    """
    return get_type_hints(kind, include_extras=True)


def instance(kind: type[T], given: Mapping[str, object]) -> T:
    """A dataclass from a JSON object. Keys that are no fields are passed over.

    Parameters
    ----------
    kind : type
        A dataclass. Its fields are of bool, int, str (which becomes printable), tuples of one
        type, dataclasses, each of them or None. `Annotated` adds a `Range`, `Hex` or
        `Base64`.
    given : mapping
        The JSON object.

    Returns
    -------
    object
        Of this kind. A kind with a method `check` is asked whether its fields agree.

    Raises
    ------
    ValueError
        That names the field which is missing or wrong.

    Examples
    --------
    >>> @dataclass
    ... class Point:
    ...     x: int
    >>> instance(Point, {"x": 1, "y": "later"})
    Point(x=1)
    """
    values = {}
    for name, check, needed in _checks(kind):  # type: ignore[arg-type]
        if name in given:
            try:
                values[name] = check(given[name])
            except TypeError:
                raise ValueError(f"`{name}` is not as it should be") from None
        elif needed:
            raise ValueError(f"`{name}` is missing")
    made = kind(**values)
    if agree := getattr(made, "check", None):
        agree()
    return made


Check = Callable[[Any], Any]
"""Gives a value as it is to be, text printable. Raises TypeError, ValueError."""


@cache
def _checks(kind: type) -> tuple[tuple[str, Check, bool], ...]:
    """Each field of a dataclass: its name, its check, and whether it has to be there.

    Made once for each class: thousands of lines a second are checked.
    """
    known = hints(kind)
    return tuple(
        (
            field.name,
            _check_of(known[field.name]),
            field.default is MISSING and field.default_factory is MISSING,
        )
        for field in fields(kind)
    )


def _check_of(hint: Any) -> Check:
    """The check of a type with its ranges."""
    if constraints := getattr(hint, "__metadata__", ()):
        return _constrained(hint.__origin__, constraints)
    if hint is str:
        return _text
    if isinstance(hint, type) and is_dataclass(hint):
        return lambda value: instance(hint, value) if isinstance(value, dict) else _refuse()
    if getattr(hint, "__origin__", None) is tuple:
        return _list_of(_check_of(get_args(hint)[0]))
    if NoneType in get_args(hint):
        check = _check_of(get_args(hint)[0])
        return lambda value: None if value is None else check(value)
    return lambda value: value if type(value) is hint else _refuse()  # a bool is no int


def _refuse() -> NoReturn:
    raise TypeError


def _text(value: object) -> str:
    """A text, printable."""
    if isinstance(value, str) and len(value) <= LONGEST_TEXT:
        shown = printable(value)
        if len(shown) <= LONGEST_TEXT:
            return shown
    raise TypeError


def _list_of(check: Check) -> Check:
    """The check of a list whose items have one."""

    def items(value: object) -> tuple[Any, ...]:
        if isinstance(value, list) and len(value) <= LONGEST_LIST:
            return tuple([check(item) for item in value])
        raise TypeError

    return items


def _constrained(kind: object, constraints: tuple[Any, ...]) -> Check:
    """The check of an `Annotated` type."""
    first = constraints[0]
    if kind is int and isinstance(first, Range) and len(constraints) == 1:
        low, high = first.low, first.high
        # Most fields are of this kind
        return lambda value: value if type(value) is int and low <= value <= high else _refuse()
    check = _check_of(kind)

    def within(value: object) -> Any:
        if isinstance(first, Lines) and isinstance(value, str):
            most = first.most
            value = "\n".join(map(printable, value[-most:].splitlines()))[-most:].strip("\n")
        else:
            value = check(value)
        if all(constraint.allows(value) for constraint in constraints):
            return value
        raise TypeError

    return within


def printable(text: str) -> str:
    r"""Text for a terminal: what cannot be printed, such as an escape, by its number.

    Parameters
    ----------
    text : str
        Any text.

    Returns
    -------
    str
        The same, where all of it can be printed.

    Examples
    --------
    >>> printable("\x1b[2J")
    '\\x1b[2J'
    """
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() else ascii(c)[1:-1] for c in text)
