"""An open port: what came and is not used yet, and deadlines for reading and writing."""

from contextlib import suppress

import serial

from xnornode.errors import LinkLost
from xnornode.link.deadline import NEVER, Deadline
from xnornode.link.lines import PORT_ERRORS, close_lines
from xnornode.link.ports import ANSWER_TIMEOUT, open_again
from xnornode.link.share_member import TAKEN
from xnornode.link.share_port import SharedPort

RECENT = 2048
"""Bytes that are kept of what came last, for messages."""
AT_ONCE = 4096
"""Bytes that are read at once."""
LONGEST_READ = 60.0
"""Seconds of one call to the port: an endless wait is made of these."""
SHORTEST_WRITE = 0.2
"""Seconds that a write gets even where the limit has passed, for what stops or starts a program."""
DRAIN = 0.5
"""Seconds in which what was written leaves this computer before the port is closed."""


class Stream:
    """The bytes of an open port. `Session` and `RawRepl` share one, so that no byte is lost.

    Parameters
    ----------
    port : serial.SerialBase
        The open port.

    Attributes
    ----------
    pending : bytes
        What was read and not used yet.
    recent : bytes
        The last that came, used or not.
    limit : Deadline
        Ends each wait, however long it asks for.
    gone : bool
        Whether the port went away.
    """

    def __init__(self, port: serial.SerialBase) -> None:
        self.port = port
        self.pending = self.recent = b""
        self.limit = NEVER
        self.gone, self._why = False, ""

    @property
    def name(self) -> str:
        """The port's name."""
        return str(self.port.name)

    def wait(self, seconds: float) -> Deadline:
        """A deadline so many seconds away, or at the limit."""
        return self.limit.within(seconds)

    def write(self, data: bytes) -> None:
        """Write bytes.

        Parameters
        ----------
        data : bytes
            What the other side is to get.

        Raises
        ------
        LinkLost
            If the port went away, or takes no bytes.
        """
        try:
            seconds = max(SHORTEST_WRITE, min(ANSWER_TIMEOUT, self.limit.left))
            self.port.write_timeout = seconds
            self.port.write(data)
        except serial.SerialTimeoutException as error:
            raise LinkLost(f"{self.name} takes no bytes: unplug the board and try again") from error
        except PORT_ERRORS as error:
            raise self._lost(error) from error

    def read(self, wait: Deadline) -> bool:
        """Add what comes to `pending`.

        Parameters
        ----------
        wait : Deadline
            When to give up.

        Returns
        -------
        bool
            Whether something came.

        Raises
        ------
        LinkLost
            If the port went away.
        """
        wait = self.limit.within(wait.left)
        try:
            while True:
                self.port.timeout = min(wait.left, LONGEST_READ)
                data = self.port.read(1)
                if data:
                    try:
                        self.port.timeout = 0
                        data += self.port.read(AT_ONCE)
                    finally:  # also where the port went away behind the first byte
                        self.pending += data
                        self.recent = (self.recent + data)[-RECENT:]
                    return True
                if wait.passed:
                    return False
        except PORT_ERRORS as error:
            raise self._lost(error) from error

    def waiting(self) -> bool:
        """Whether something has come that was not used."""
        try:
            return bool(self.pending or self.port.in_waiting)  # type: ignore[attr-defined]
        except PORT_ERRORS as error:
            raise self._lost(error) from error

    @property
    def only_lines(self) -> bool:
        """Whether the port carries lines of the protocol alone: nobody reaches a REPL by it."""
        return bool(getattr(self.port, "only_lines", False))

    @property
    def taken(self) -> bool:
        """Whether the port is gone as another program has it for itself now."""
        return self.gone and self._why.endswith(TAKEN)

    def take(self) -> None:
        """Have the port for oneself, where others share it. Raises LinkLost if that cannot be."""
        if isinstance(self.port, SharedPort):
            try:
                self.port.take()
            except PORT_ERRORS as error:
                raise self._lost(error) from error

    def give(self) -> None:
        """Let others share the port again: lines of the protocol follow. Raises LinkLost."""
        if isinstance(self.port, SharedPort):
            try:
                self.port.give()
            except PORT_ERRORS as error:
                raise self._lost(error) from error

    def reopen(self, url: str, wait: Deadline) -> None:
        """Open a port that went away, once it is back. Raises LinkError if it is not in time."""
        close_lines(self.port)
        self.port = open_again(url, wait.left)
        self.pending, self.gone = b"", False

    def _lost(self, error: Exception) -> LinkLost:
        self.gone, self._why = True, str(error)
        return LinkLost(f"{self.name} went away: {error}")

    def close(self) -> None:
        """Close the port. What was written leaves first, if the port takes it, then the lines."""
        drained = Deadline(DRAIN)
        with suppress(*PORT_ERRORS):
            # A closed port of Linux has no count, but an error that is none of a port
            while self.port.is_open and bool(getattr(self.port, "out_waiting", 0)):
                if drained.passed:  # closing a port waits for its bytes
                    self.port.reset_output_buffer()  # type: ignore[attr-defined]
                    break
                drained.pause(0.01)
        close_lines(self.port)
