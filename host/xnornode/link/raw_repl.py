"""The raw REPL of a MicroPython board: code goes to it, and what it prints comes back.

The raw REPL's paste mode has flow control of its own, so nothing is lost on ports that have none
(MicroPython documentation, "The MicroPython Interactive Interpreter Mode", raw-paste mode).
"""

import secrets
from collections.abc import Callable

import serial

from xnornode.errors import LinkError, LinkLost
from xnornode.link.ports import ANSWER_TIMEOUT, PORT_ERRORS

CTRL_A, CTRL_B, CTRL_C, CTRL_D = b"\x01", b"\x02", b"\x03", b"\x04"
"""To the raw REPL, to the friendly one, interrupt, end of code or start again."""
RAW_REPL = b"raw REPL; CTRL-B to exit\r\n>"
"""What the board says once it takes code."""

INTERRUPT_TRIES = 5
"""How often a running program is interrupted before the board counts as unresponsive."""


class RemoteError(LinkError):
    """Code that the board ran raised an exception: its traceback, as text.

    Examples
    --------
    >>> RemoteError("Traceback ...\\nNameError: name 'x' isn't defined").last_line
    "NameError: name 'x' isn't defined"
    """

    @property
    def last_line(self) -> str:
        """The exception itself, the traceback's last line."""
        return str(self).strip().splitlines()[-1] if str(self).strip() else ""


class RawRepl:
    """A raw REPL at the other end of a port. Call `enter` first.

    Parameters
    ----------
    url : str
        Name of the port, for messages.
    port : serial.SerialBase
        The open port.

    Attributes
    ----------
    pending : bytes
        What was read and not yet used.
    """

    def __init__(self, url: str, port: serial.SerialBase) -> None:
        self.url, self.port = url, port
        self.pending = b""

    def enter(self) -> None:
        """Interrupt what runs, and have the board take code.

        Raises
        ------
        LinkError
            If no MicroPython answers in INTERRUPT_TRIES tries.
        """
        for attempt in range(INTERRUPT_TRIES):
            self.be_patient(1.0 + attempt)
            try:
                self.write(b"\r" + CTRL_C + CTRL_C + b"\r" + CTRL_A)
                self.until(RAW_REPL)
                if attempt:
                    self._skip_late_answers()
                break
            except LinkError:
                continue
        else:
            raise LinkError(
                f"no MicroPython answers on {self.url}: is it the right port, "
                "and is MicroPython on the board? `xnornode flash` puts it there"
            )
        self.be_patient(ANSWER_TIMEOUT)

    def output(self, on_output: Callable[[bytes], None] | None = None) -> str:
        """What the code that was pasted prints, once it has ended.

        Parameters
        ----------
        on_output : callable, optional
            Gets the bytes as they come.

        Returns
        -------
        str
            All of them.

        Raises
        ------
        RemoteError
            If the code raised an exception.
        LinkError
            If the board falls silent, or the port went away.
        """
        output = self.until(CTRL_D, on_output)
        problem = self.until(CTRL_D)
        self.until(b">")
        if problem:
            raise RemoteError(problem.decode(errors="replace").replace("\r\n", "\n").strip())
        return output.decode(errors="replace").replace("\r\n", "\n")

    def _skip_late_answers(self) -> None:
        """Read past what a slow board still has to say to the tries before."""
        mark = secrets.token_hex(8).encode()
        self.write(b"print(end='" + mark + b"')" + CTRL_D)
        self.until(b"OK" + mark + CTRL_D + CTRL_D + b">")

    def be_patient(self, seconds: float) -> None:
        """Set the time without a byte after which the board counts as silent.

        Parameters
        ----------
        seconds : float
            The time.

        Raises
        ------
        LinkLost
            If the port went away.
        """
        try:
            self.port.timeout = seconds
        except PORT_ERRORS as error:
            raise self._gone(error) from error

    def paste(self, code: bytes) -> None:
        """Have the board run code. What comes next is its `output`.

        Parameters
        ----------
        code : bytes
            Python, of any length.

        Raises
        ------
        LinkError
            If the board falls silent, or its MicroPython is too old.
        """
        self.write(b"\x05A" + CTRL_A)
        if self._take(2) != b"R\x01":
            raise LinkError("the board's MicroPython is older than 1.14: update its firmware")
        window = int.from_bytes(self._take(2), "little")
        room = window
        while code:
            while room == 0 or self._answers():
                answer = self._take(1)
                if answer == CTRL_D:  # the board has stopped reading: a syntax error follows
                    self.write(CTRL_D)
                    return
                room += window
            self.write(code[:room])
            code, room = code[room:], room - len(code[:room])
        self.write(CTRL_D)
        self.until(CTRL_D)

    def write(self, data: bytes) -> None:
        """Write bytes as they are.

        Parameters
        ----------
        data : bytes
            What the board is to get.

        Raises
        ------
        LinkLost
            If the port went away.
        """
        try:
            self.port.write(data)
        except PORT_ERRORS as error:
            raise self._gone(error) from error

    def _answers(self) -> bool:
        """Whether the board has sent something that has not been looked at."""
        try:
            return bool(self.pending or self.port.in_waiting)  # type: ignore[attr-defined]
        except PORT_ERRORS as error:
            raise self._gone(error) from error

    def _gone(self, error: Exception) -> LinkError:
        return LinkLost(f"{self.url} went away ({error}): plug the board in and run this again")

    def _take(self, size: int) -> bytes:
        """The next `size` bytes."""
        while len(self.pending) < size:
            self._read_more()
        taken, self.pending = self.pending[:size], self.pending[size:]
        return taken

    def until(self, end: bytes, on_output: Callable[[bytes], None] | None = None) -> bytes:
        """What comes before `end`, which is taken too.

        Parameters
        ----------
        end : bytes
            What to wait for.
        on_output : callable, optional
            Gets the bytes before it as they come.

        Returns
        -------
        bytes
            All of them.

        Raises
        ------
        LinkError
            If the board falls silent, or the port went away.
        """
        seen = b""
        while True:
            at = self.pending.find(end)
            if at >= 0:
                part, self.pending = self.pending[:at], self.pending[at + len(end) :]
            else:
                # The end may have begun: keep what could be its start.
                keep = max(0, len(self.pending) - len(end) + 1)
                part, self.pending = self.pending[:keep], self.pending[keep:]
            if part and on_output:
                on_output(part)
            seen += part
            if at >= 0:
                return seen
            self._read_more()

    def _read_more(self) -> None:
        try:
            first = self.port.read(1)
            if not first:
                raise LinkError(
                    f"the board on {self.url} has fallen silent: unplug it and try again"
                )
            patience, self.port.timeout = self.port.timeout, 0
            rest = self.port.read(4096)
            self.port.timeout = patience
        except PORT_ERRORS as error:
            raise self._gone(error) from error
        self.pending += first + rest
