"""What goes wrong with a connection to a broker: for people, and whether it can pass."""

from __future__ import annotations

import ssl
from collections.abc import Callable
from contextlib import suppress

REFUSED = {
    "Bad user name or password": "check user and password",
    "Not authorized": "the broker does not let this user in: check user and password",
    "Client identifier not valid": "the broker does not take this client's name",
}
"""Refusals that do not pass by themselves, as paho names them. A broker that starts has others."""


def why_not(error: BaseException | None) -> str:
    """Why there is no connection, for people."""
    match error:
        case ssl.SSLCertVerificationError():
            return (
                f"its certificate is not trusted ({error.verify_message}): name the file of the "
                "one that signed it, `ca`"
            )
        case ssl.SSLError():
            return f"TLS fails ({error.reason or error}): is this the port for TLS?"
        case ConnectionRefusedError():
            return "nothing listens there: start the broker, or name another host or port"
        case TimeoutError():
            return "it does not answer"
        case OSError():
            return f"it cannot be reached: {error.strerror or error}"
    return "it cannot be reached"


class Mistakes:
    """Errors in functions that a connection calls: counted, each said once; nothing ends.

    Parameters
    ----------
    say : callable
        Gets a line for people. It may fail, too: who reads it may have gone.

    Attributes
    ----------
    count : int
        How many there were.
    """

    def __init__(self, say: Callable[[str], None]) -> None:
        self._tell = say
        self._said: set[str] = set()
        self.count = 0
        self.take: Callable[[Exception], object] = self._take
        """Gets each error. A program with a place for errors of its own puts that here."""

    def say(self, text: str) -> None:
        """Say something, if anybody hears it."""
        with suppress(Exception):
            self._tell(text)

    def safely(self, call: Callable[[], object]) -> None:
        """Call a function; what it raises is counted and said."""
        try:
            call()
        except Exception as error:
            self.count_in(error)

    def count_in(self, error: Exception) -> None:
        """Count an error, and say it."""
        self.count += 1
        with suppress(Exception):
            self.take(error)

    def _take(self, error: Exception) -> None:
        text = f"an error in this program itself, please report it: {error!r}"
        if text not in self._said and len(self._said) < 100:
            self._said.add(text)
            self.say(text)
