"""The raw REPL of a MicroPython board: code goes to it, and what it prints comes back.

The raw REPL's paste mode has flow control of its own, so nothing is lost on ports that have none
(MicroPython documentation, "The MicroPython Interactive Interpreter Mode", raw-paste mode).
"""

import secrets

from xnornode.errors import LinkError, LinkLost
from xnornode.link.deadline import Deadline
from xnornode.link.hints import kept_repl, unreached, with_last_lines
from xnornode.link.lines import pulse
from xnornode.link.ports import ANSWER_TIMEOUT
from xnornode.link.protocol import Session
from xnornode.link.schema import printable
from xnornode.link.stream import Stream

CTRL_A, CTRL_B, CTRL_C, CTRL_D = b"\x01", b"\x02", b"\x03", b"\x04"
"""To the raw REPL, to the friendly one, interrupt, end of code or start again."""
RAW_REPL = b"raw REPL; CTRL-B to exit\r\n>"
"""What the board says once it takes code."""

FRIENDLY_PROMPT = b">>> "
"""What the friendly REPL says once it takes code."""

INTERRUPT_TRIES = 4
"""How often what runs is interrupted. The first try gets 1 s, each further one 1 s more."""
RESET_SECONDS = 10.0
"""Seconds in which a board that is reset has to come to its REPL."""
RESET_INTERRUPT = 0.05
"""Seconds from one Ctrl-C to the next while a board starts."""
LARGEST_OUTPUT = 1 << 24
"""Bytes that code may print."""


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
    stream : Stream
        The open port.
    """

    def __init__(self, url: str, stream: Stream) -> None:
        self.url, self.stream = url, stream

    def enter(self, reset: bool = False) -> None:
        """Interrupt what runs, and have the board take code.

        Parameters
        ----------
        reset : bool, default False
            Whether a board that does not answer may be reset.

        Raises
        ------
        LinkError
            If no MicroPython gives its REPL in INTERRUPT_TRIES tries.
        """
        if self.stream.only_lines:
            raise LinkError(kept_repl(self.url), "port")
        for attempt in range(INTERRUPT_TRIES):
            if self.interrupt(1.0 + attempt, late=attempt > 0):
                return
        if reset and self.reset():
            return
        session = Session(self.stream)
        if session.greet(session.timing.hello):
            raise LinkError(kept_repl(self.url))
        raise LinkError(unreached(self.url, self.stream.recent))

    def interrupt(self, seconds: float, late: bool = False) -> bool:
        """Interrupt what runs, once.

        Parameters
        ----------
        seconds : float
            How long to wait for the REPL.
        late : bool, default False
            Whether the board may still answer a try before.

        Returns
        -------
        bool
            Whether the board takes code now.

        Raises
        ------
        LinkLost
            If the port went away.
        """
        self.stream.write(b"\r" + CTRL_C + CTRL_C + b"\r" + CTRL_A)
        if not self.hears(RAW_REPL, self.stream.wait(seconds)):
            return False
        if not late:
            return True
        mark = secrets.token_hex(8).encode()
        self.stream.write(b"print(end='" + mark + b"')" + CTRL_D)
        return self.hears(b"OK" + mark + CTRL_D + CTRL_D + b">", self.stream.wait(seconds))

    def reset(self) -> bool:
        """Reset the board by its port's control lines, and interrupt it before its program runs.

        Boards with a USB serial chip are reset by this. Others can be unplugged and plugged in
        again meanwhile.

        Returns
        -------
        bool
            Whether the board takes code now.

        Raises
        ------
        LinkError
            If the port went away and does not come back.
        """
        wait = self.stream.wait(RESET_SECONDS)
        pulse(self.stream.port, self.url, wait)
        self.stream.pending = b""
        while not wait.passed:
            try:
                self.stream.write(CTRL_C)
                self.stream.read(wait.within(RESET_INTERRUPT))
                if FRIENDLY_PROMPT in self.stream.pending:
                    return self.interrupt(wait.left)
                self.stream.pending = self.stream.pending[-len(FRIENDLY_PROMPT) :]
            except LinkLost:
                self.stream.reopen(self.url, wait)
        return False

    def output(self, wait: Deadline) -> str:
        """What the code that was pasted prints, once it has ended.

        Parameters
        ----------
        wait : Deadline
            When it has to have ended.

        Returns
        -------
        str
            All of it.

        Raises
        ------
        RemoteError
            If the code raised an exception.
        LinkError
            If the board falls silent or does not come to an end, or the port went away.
        """
        output = self.until(CTRL_D, wait)
        problem = self.until(CTRL_D, wait)
        self.until(b">", wait)
        if problem:
            lines = problem.decode(errors="replace").strip().splitlines()
            raise RemoteError("\n".join(map(printable, lines)))
        return output.decode(errors="replace").replace("\r\n", "\n")

    def paste(self, code: bytes, wait: Deadline) -> None:
        """Have the board run code. What comes next is its `output`.

        Parameters
        ----------
        code : bytes
            Python, of any length.
        wait : Deadline
            When the board has to have taken it.

        Raises
        ------
        LinkError
            If the board falls silent, or its MicroPython is too old.
        """
        self.stream.write(b"\x05A" + CTRL_A)
        if self._take(2, wait) != b"R\x01":
            text = "does not take code: if its MicroPython is older than 1.14, update its firmware"
            raise self._problem(text)
        window = int.from_bytes(self._take(2, wait), "little")
        room = window
        while code:
            while room == 0 or self.stream.waiting():
                answer = self._take(1, wait)
                if answer == CTRL_D:  # the board has stopped reading: a syntax error follows
                    self.stream.write(CTRL_D)
                    return
                if answer == CTRL_A:
                    room += window
            self.stream.write(code[:room])
            code, room = code[room:], room - len(code[:room])
        self.stream.write(CTRL_D)
        self.until(CTRL_D, wait)

    def until(self, end: bytes, wait: Deadline) -> bytes:
        """What comes before `end`, which is taken too.

        Parameters
        ----------
        end : bytes
            What to wait for.
        wait : Deadline
            When it has to have come.

        Returns
        -------
        bytes
            All that came before it.

        Raises
        ------
        LinkError
            If it does not come in time, the board falls silent, or the port went away.
        """
        stream, seen = self.stream, bytearray()
        while (at := stream.pending.find(end)) < 0:
            # The end may have begun: keep what could be its start
            keep = max(0, len(stream.pending) - len(end) + 1)
            seen += stream.pending[:keep]
            stream.pending = stream.pending[keep:]
            self._read_more(wait)
            if len(seen) > LARGEST_OUTPUT:
                raise self._problem(f"prints more than {LARGEST_OUTPUT} bytes")
        seen += stream.pending[:at]
        stream.pending = stream.pending[at + len(end) :]
        return bytes(seen)

    def hears(self, end: bytes, wait: Deadline) -> bool:
        """Whether `end` comes in time. It is taken, and all before it."""
        try:
            self.until(end, wait)
        except LinkLost:
            raise
        except LinkError:
            return False
        return True

    def _take(self, size: int, wait: Deadline) -> bytes:
        """The next `size` bytes."""
        while len(self.stream.pending) < size or wait.passed:
            self._read_more(wait)
        taken, self.stream.pending = self.stream.pending[:size], self.stream.pending[size:]
        return taken

    def _read_more(self, wait: Deadline) -> None:
        if wait.passed or not self.stream.read(wait.within(ANSWER_TIMEOUT)):
            what = "does not come to an end" if wait.passed else "has fallen silent"
            raise self._problem(f"{what}: unplug it and try again")

    def _problem(self, what: str) -> LinkError:
        """An error with what came last."""
        text = f"the board on {self.url} {what}"
        return LinkError(with_last_lines(text, self.stream.recent))
