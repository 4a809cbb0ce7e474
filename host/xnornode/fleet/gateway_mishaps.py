"""Errors that nobody foresaw: said once and counted, while the gateway goes on."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

MOST = 100
"""Errors that are told apart."""


class Mishaps:
    """Takes errors.

    Parameters
    ----------
    say : callable
        Gets a line for people.
    refused : Counter
        Gets `internal`.
    """

    def __init__(self, say: Callable[[str], None], refused: Counter[str]) -> None:
        self._say, self._refused = say, refused
        self._said: set[str] = set()

    def take(self, error: Exception) -> None:
        """Say where an error was raised, each once."""
        trace, where = error.__traceback__, ""
        while trace:
            where = f"{Path(trace.tb_frame.f_code.co_filename).name}:{trace.tb_lineno}"
            trace = trace.tb_next
        text = f"an error in the gateway itself, please report it: {error!r} ({where})"
        self._refused["internal"] += 1
        if text not in self._said and len(self._said) < MOST:
            self._said.add(text)
            self._say(text)


def unheard(say: Callable[[str], None]) -> Callable[[str], None]:
    """The same as `say`, also where who reads it has gone: nothing ends for that.

    Parameters
    ----------
    say : callable
        Gets a line for people; it may raise OSError, or ValueError for a file that is closed.

    Returns
    -------
    callable
        Raises neither.

    Examples
    --------
    >>> unheard(print)("a node is there")
    a node is there
    """

    def tell(text: str) -> None:
        with suppress(OSError, ValueError):
            say(text)

    return tell
