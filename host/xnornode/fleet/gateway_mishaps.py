"""Errors that nobody foresaw: said once and counted, while the gateway goes on."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
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
