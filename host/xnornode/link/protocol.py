"""Commands to a node and its lines, over a port that is open (docs/reference/protocol.md)."""

import itertools
import time
from collections.abc import Callable
from dataclasses import dataclass

import serial

from xnornode.errors import LinkLost, NodeError
from xnornode.link.framing import command, unseal
from xnornode.link.messages import Ack, Answer, Event, Hello, Refusal, Unknown
from xnornode.link.parsing import outdated, parse
from xnornode.link.ports import PORT_ERRORS

PROMPT = b">>> "
"""What the REPL says when it waits."""
GLANCE = 0.05
"""Seconds between two looks for the REPL's prompt."""
LONGEST_LINE = 65536
"""Bytes after which what came without a line's end is dropped."""


@dataclass(frozen=True)
class Timing:
    """How long is waited for what, and how often it is tried.

    Parameters
    ----------
    hello : float, default 1.0
        Seconds for the answer to `hello`.
    hello_tries : int, default 5
        How often `hello` is said.
    answer : float, default 10.0
        Seconds for the answer to any other command.
    answer_tries : int, default 3
        How often such a command is sent.
    ack : float, default 6.0
        Seconds for the ack of a chunk, at most; less where acks have come sooner.
    settle : float, default 0.3
        Seconds for answers to chunks that were under way when one was damaged.
    tries : int, default 10
        Chunks lost in a row, without a byte of progress, after which a push gives up.
    breaks : int, default 3
        Breaks of the connection in a row, without a byte of progress, after which it gives up.
    reconnect : float, default 30.0
        Seconds for a port that went away to come back.
    """

    hello: float = 1.0
    hello_tries: int = 5
    answer: float = 10.0
    answer_tries: int = 3
    ack: float = 6.0
    settle: float = 0.3
    tries: int = 10
    breaks: int = 3
    reconnect: float = 30.0


USUAL = Timing()
"""For a node on a serial port."""


class Session:
    """Lines to and from one node.

    Parameters
    ----------
    port : serial.SerialBase
        An open port.
    timing : Timing, default USUAL
        How long is waited for answers.
    on_event : callable, optional
        Is given every event that is no answer to a command, such as predictions.
    """

    _numbers = itertools.count(int(time.time() * 1000) % 1_000_000_000)

    def __init__(
        self,
        port: serial.SerialBase,
        timing: Timing = USUAL,
        on_event: Callable[[Event], None] | None = None,
    ) -> None:
        self.port, self.timing, self.on_event = port, timing, on_event
        self.pending = b""
        """Bytes that were read and are no line yet."""
        self.damaged = 0
        """Lines that began as a line of the protocol and were not whole."""
        self.events = 0
        """Lines of the protocol that came."""
        self._greetings: list[int] = []
        self._hello: Hello | None = None

    @property
    def greeted(self) -> bool:
        """Whether the node has said hello."""
        return self._hello is not None

    @property
    def hello(self) -> Hello:
        """What the node has said of itself. Raises LinkLost before that."""
        if self._hello is None:
            raise LinkLost(f"the node on {self.port.name} has not said hello")
        return self._hello

    @hello.setter
    def hello(self, said: Hello) -> None:
        self._hello = said

    def send(self, line: bytes) -> None:
        """Write a line.

        Parameters
        ----------
        line : bytes
            With its end.

        Raises
        ------
        LinkLost
            If the port went away.
        """
        try:
            self.port.write(line)
        except PORT_ERRORS as error:
            raise LinkLost(f"{self.port.name} went away: {error}") from error

    def receive(self, seconds: float) -> Event | None:
        """The next line of the protocol.

        Parameters
        ----------
        seconds : float
            How long to wait for it.

        Returns
        -------
        Event or None
            None if none comes in time.

        Raises
        ------
        LinkLost
            If the port went away.
        """
        deadline = time.monotonic() + seconds
        while True:
            line = self.next_line(deadline - time.monotonic())
            if line is None:
                return None
            event = self.event(line)
            if event:
                return event

    @property
    def at_prompt(self) -> bool:
        """Whether the last that came is the REPL's prompt."""
        return self.pending.endswith(PROMPT)

    def event(self, line: bytes) -> Event | None:
        """The event of a line, which is counted.

        Parameters
        ----------
        line : bytes
            As `next_line` gives it.

        Returns
        -------
        Event or None
            None for a line that is not of the protocol, or is damaged.
        """
        fields = unseal(line)
        if fields:
            self.events += 1
            return parse(fields)
        self.damaged += line.startswith(b'{"event":')
        return None

    def next_line(self, seconds: float) -> bytes | None:
        """The next line, whatever it is.

        Parameters
        ----------
        seconds : float
            How long to wait for it.

        Returns
        -------
        bytes or None
            The line without its end. None if none comes in time.

        Raises
        ------
        LinkLost
            If the port went away.
        """
        deadline = time.monotonic() + seconds
        while True:
            line, end, rest = self.pending.partition(b"\n")
            if end:
                self.pending = rest
                return line
            if len(self.pending) > LONGEST_LINE:
                self.pending = b""
            left = deadline - time.monotonic()
            if not self._read(max(0.0, left)) and left <= 0:
                return None

    def request(self, name: str, **fields: object) -> Answer:
        """Send a command until it is answered.

        Parameters
        ----------
        name : str
            The command.
        **fields : object
            Its further keys.

        Returns
        -------
        Answer
            See `parsing.expect` for the kind that the command has.

        Raises
        ------
        NodeError
            If the node refuses.
        LinkLost
            If it never answers, or the port went away.
        """
        for _ in range(self.timing.answer_tries):
            number = next(self._numbers)
            self.send(command(name, number, **fields))
            answer = self._answer([number], self.timing.answer)
            if isinstance(answer, Refusal):
                raise NodeError(answer.error, answer.message)
            if answer:
                return answer
        raise LinkLost(f"the node on {self.port.name} does not answer `{name}`")

    def greet(self, seconds: float) -> bool:
        """Ask who is there.

        A REPL's prompt ends the wait. A program may print one, too: only a REPL gives two.

        Parameters
        ----------
        seconds : float
            How long to wait for the answer.

        Returns
        -------
        bool
            Whether a node has answered in time; `hello` is its answer then.

        Raises
        ------
        LinkLost
            If the port went away.
        """
        return self._ask(seconds) or (self.at_prompt and self._ask(seconds))

    def _ask(self, seconds: float) -> bool:
        if self.at_prompt:
            self.pending = b""
        number = next(self._numbers)
        self._greetings.append(number)  # a slow node may answer an earlier one
        # The REPL wants a carriage return; a node takes it for an empty line
        self.send(b"\r\n" + command("hello", number)[:-1] + b"\r\n")
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline and not self.at_prompt:
            answer = self._answer(self._greetings, GLANCE)
            if isinstance(answer, Hello):
                self.hello = answer
                return True
        return False

    def _answer(self, numbers: list[int], seconds: float) -> Answer | None:
        deadline = time.monotonic() + seconds
        while True:
            event = self.receive(deadline - time.monotonic())
            match event:
                case None | Ack(error="damaged") | Refusal(id=None, error="damaged"):
                    return None  # what was damaged was ours: send it again
                case Answer():
                    if event.id in numbers:
                        return event
                case Unknown() if event.id in numbers:
                    raise outdated(f"{event.event}: {event.problem}")
                case _ if self.on_event:
                    self.on_event(event)

    def _read(self, seconds: float) -> bool:
        try:
            self.port.timeout = seconds
            data = self.port.read(1)
            if data:
                self.port.timeout = 0
                data += self.port.read(4096)
        except PORT_ERRORS as error:
            raise LinkLost(f"{self.port.name} went away: {error}") from error
        self.pending += data
        return bool(data)
