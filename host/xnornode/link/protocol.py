"""Commands to a node and its lines, over a port that is open (docs/reference/protocol.md)."""

import itertools
import time
from collections import deque
from collections.abc import Callable

import serial

from xnornode.errors import LinkLost, NodeError
from xnornode.link.deadline import Deadline
from xnornode.link.framing import END, EVENT, command, take_apart, text_before, unseal
from xnornode.link.hints import with_last_lines
from xnornode.link.messages import Ack, Answer, Event, Hello, Refusal, Unknown
from xnornode.link.parsing import outdated, parse
from xnornode.link.stream import Stream
from xnornode.link.timing import USUAL, Timing

PROMPT = b">>> "
"""What the REPL says when it waits."""
GLANCE = 0.05
"""Seconds between two looks for the REPL's prompt."""
REFUSED = 1.0
"""Seconds from an answer that there is no place to the next try."""
FIRST_ANSWER = 1 / 4
"""Share of `Timing.answer` after which a command is sent again; twice as much each further time."""
LONGEST_LINE = 65536
"""Bytes after which what came without a line's end is dropped."""


class Session:
    """Lines to and from one node.

    Parameters
    ----------
    port : serial.SerialBase or Stream
        An open port. Its Stream where others use it too.
    timing : Timing, default USUAL
        How long is waited for answers.
    on_event : callable, optional
        Is given every event that is no answer to a command, such as predictions.
    on_text : callable, optional
        Is given what is of no line of the protocol: prints, and what stood before an object.
    """

    _numbers = itertools.count(int(time.time() * 1000) % 1_000_000_000)

    def __init__(
        self,
        port: serial.SerialBase | Stream,
        timing: Timing = USUAL,
        on_event: Callable[[Event], None] | None = None,
        on_text: Callable[[bytes], None] = lambda text: None,
    ) -> None:
        self.stream = port if isinstance(port, Stream) else Stream(port)
        self.timing, self.on_event, self.on_text = timing, on_event, on_text
        self.damaged = 0
        """Lines that began as a line of the protocol and were not whole."""
        self.events = 0
        """Lines of the protocol that came."""
        self.refusal: Refusal | None = None
        """Why the node does not say hello, where it says so."""
        self.misheard = 0
        """How often the node said that a line to it was damaged."""
        self.size = 0
        """Bytes of the last of them."""
        self._behind: deque[Event] = deque()  # events of the last line behind its first one
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
            raise LinkLost(f"the node on {self.stream.name} has not said hello")
        return self._hello

    @hello.setter
    def hello(self, said: Hello) -> None:
        self._hello = said

    @property
    def pending(self) -> bytes:
        """Bytes that were read and are no line yet."""
        return self.stream.pending

    def send(self, line: bytes) -> None:
        """Write a line with its end. Raises LinkLost if the port went away."""
        self.stream.write(line)

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
        if self._behind:
            return self._behind.popleft()
        wait = self.stream.wait(seconds)
        while (line := self.next_line(wait)) is not None:
            event = self.event(line)
            if event or self.over(wait):
                return event
        return None

    def over(self, wait: Deadline) -> bool:
        """Whether a wait has ended, and no line that came in it is left."""
        return wait.passed and b"\n" not in self.pending and not self._behind

    @property
    def at_prompt(self) -> bool:
        """Whether the last that came is the REPL's prompt."""
        return self.pending.endswith(PROMPT)

    def event(self, line: bytes) -> Event | None:
        """The event of a line, which is counted.

        Where the end of a line was lost, there are more: `receive` gives them next.

        Parameters
        ----------
        line : bytes
            As `next_line` gives it.

        Returns
        -------
        Event or None
            None for a line that is not of the protocol, or is damaged.
        """
        for piece in take_apart(line.rstrip()):
            if isinstance(piece, dict):
                self.events += 1
                self.size = len(line)
                self._behind.append(parse(piece))
            else:
                self._text(piece)
        return self._behind.popleft() if self._behind else None

    def _text(self, piece: bytes) -> None:
        """Take what is of no whole line: what is left of a damaged one, and text."""
        if damaged := piece.count(EVENT):
            self.damaged += damaged
            piece = piece[: piece.find(EVENT)]
        elif END.search(piece):  # of a line whose beginning was lost
            return
        if piece:
            self.on_text(piece)

    def next_line(self, wait: Deadline) -> bytes | None:
        """The next line, whatever it is.

        Parameters
        ----------
        wait : Deadline
            When to give up.

        Returns
        -------
        bytes or None
            The line without its end. None if none comes in time.

        Raises
        ------
        LinkLost
            If the port went away.
        """
        stream, ended = self.stream, False
        while True:
            line, end, rest = stream.pending.partition(b"\n")
            if end:
                stream.pending = rest
                return line
            if ended:
                return None
            if len(stream.pending) > LONGEST_LINE:
                # A print without an end may be of any length: an object behind it counts
                begun = text_before(stream.pending) or LONGEST_LINE
                self._text(stream.pending[:begun])
                stream.pending = stream.pending[begun:]
            try:
                ended = not stream.read(wait) or wait.passed
            except LinkLost:
                if unseal(stream.pending) is None:
                    self._text(stream.pending)
                    stream.pending = b""
                    raise
                # A port that goes away may take the end of a line with it; its CRC says it is whole
                line, stream.pending = stream.pending, b""
                return line

    def request(self, name: str, /, **fields: object) -> Answer:
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
        for attempt in range(self.timing.answer_tries):
            number = next(self._numbers)
            self.send(command(name, number, **fields))
            patience = min(1.0, FIRST_ANSWER * 2**attempt)
            answer = self._answer([number], self.stream.wait(patience * self.timing.answer))
            if isinstance(answer, Refusal):
                raise NodeError(answer.error, answer.message)
            if answer:
                return answer
            if self.stream.limit.passed:
                break
        text = f"the node on {self.stream.name} does not answer `{name}`"
        raise LinkLost(with_last_lines(text, self.stream.recent))

    def tell(self, name: str, /, **fields: object) -> None:
        """Send a command whose answer comes by `receive`. Raises LinkLost."""
        self.send(command(name, next(self._numbers), **fields))

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

    def ask_anew(self) -> None:
        """Take no answer to a greeting that was sent before: much may have changed since."""
        self._greetings.clear()

    def _ask(self, seconds: float) -> bool:
        if self.at_prompt:
            self.stream.pending = b""
        number = next(self._numbers)
        self._greetings.append(number)  # a slow node may answer an earlier one
        # The REPL wants a carriage return; a node takes it for an empty line
        self.send(b"\r\n" + command("hello", number)[:-1] + b"\r\n")
        wait = self.stream.wait(seconds)
        while not wait.passed and not self.at_prompt:
            answer = self._answer(self._greetings, wait.within(GLANCE))
            if isinstance(answer, Hello):
                self.hello = answer
                return True
            if isinstance(answer, Refusal):  # no place for one more client
                self.refusal = answer
                wait.pause(REFUSED)
                return False
        return False

    def _answer(self, numbers: list[int], wait: Deadline) -> Answer | None:
        while True:
            event = self.receive(wait.left)
            match event:
                case None:
                    return None
                case Ack(error="damaged") | Refusal(id=None, error="damaged"):
                    self.misheard += 1
                    return None  # what was damaged was ours: send it again
                case Answer() if event.id in numbers:
                    return event
                case Unknown() if event.id in numbers:
                    raise outdated(f"{event.event}: {event.problem}")
                case _ if self.on_event and not isinstance(event, Answer):
                    self.on_event(event)
            if self.over(wait):
                return None
