"""Commands to a node and its lines, over a port that is open (docs/reference/protocol.md)."""

import itertools
import json
import time
from binascii import crc32
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import serial

from xnornode.errors import LinkLost, NodeError
from xnornode.link.ports import PORT_ERRORS

PROMPT = b">>> "
"""What the REPL says when it waits."""
GLANCE = 0.05
"""Seconds between two looks for the REPL's prompt."""
LONGEST_LINE = 65536
"""Bytes after which what came without a line's end is dropped."""

Event = dict[str, Any]


@dataclass(frozen=True)
class Timing:
    """How long is waited for what, in seconds, and how often it is tried."""

    hello: float = 1.0
    hello_tries: int = 5
    answer: float = 10.0
    answer_tries: int = 3
    ack: float = 6.0
    """At most; less where acks have come sooner."""
    settle: float = 0.3
    """For answers to pieces that were under way when one was damaged."""
    tries: int = 10
    """In a row without a byte of progress."""
    breaks: int = 3
    """Of the connection, in a row without a byte of progress."""
    reconnect: float = 30.0
    """For a port that went away to come back."""


USUAL = Timing()


def seal(body: bytes) -> bytes:
    """A line: the JSON object with its CRC as last key. `body` is without the closing brace."""
    return body + b',"crc":"%08x"}\n' % crc32(body)


def unseal(line: bytes) -> Event | None:
    """The object of a line that is whole; None for any other."""
    line = line.strip()
    if not line.startswith(b"{") or line[-18:-10] != b',"crc":"':
        return None
    if line[-10:] != b'%08x"}' % crc32(line[:-18]):
        return None
    try:
        fields = json.loads(line)
    except ValueError:
        return None
    return fields if isinstance(fields.get("event"), str) else None


def command(name: str, number: int, **fields: Any) -> bytes:
    """The line of a command."""
    text = json.dumps({"cmd": name, "id": number, **fields}, separators=(",", ":"))
    # One bit from the interrupt character, 0x03: noise must not stop the node
    return seal(text[:-1].replace("C", "\\u0043").replace("#", "\\u0023").encode())


class Session:
    """Lines to and from one node.

    on_event: is given every event that is no answer to a command, such as predictions.
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
        self.hello: Event = {}
        """What the node has said of itself."""

    def send(self, line: bytes) -> None:
        """Write a line. Raises LinkLost."""
        try:
            self.port.write(line)
        except PORT_ERRORS as error:
            raise LinkLost(f"{self.port.name} went away: {error}") from error

    def receive(self, seconds: float) -> Event | None:
        """The next line of the protocol; None if none comes in time. Raises LinkLost."""
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
        """The event of a line, which is counted."""
        event = unseal(line)
        if event:
            self.events += 1
        else:
            self.damaged += line.startswith(b'{"event":')
        return event

    def next_line(self, seconds: float) -> bytes | None:
        """The next line, whatever it is, without its end; None if none comes in time."""
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

    def request(self, name: str, **fields: Any) -> Event:
        """Send a command until it is answered. Raises NodeError, or LinkLost if it never is."""
        for _ in range(self.timing.answer_tries):
            number = next(self._numbers)
            self.send(command(name, number, **fields))
            answer = self._answer([number], self.timing.answer)
            if answer:
                if "error" in answer:
                    raise NodeError(answer)
                return answer
        raise LinkLost(f"the node on {self.port.name} does not answer `{name}`")

    def greet(self, seconds: float) -> bool:
        """Ask who is there; whether a node has answered in time.

        A REPL's prompt ends the wait. A program may print one, too: only a REPL gives two.
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
            if answer and "error" not in answer:
                self.hello = answer
                return True
        return False

    def _answer(self, numbers: list[int], seconds: float) -> Event | None:
        deadline = time.monotonic() + seconds
        while True:
            event = self.receive(deadline - time.monotonic())
            if event is None:
                return None
            if event["event"] in ("reply", "hello"):
                if event.get("id") in numbers:
                    return event
                if event.get("id") is None and event.get("error") == "damaged":
                    return None  # it was ours, and did not arrive: send it again
            elif event["event"] == "ack" and event.get("error") == "damaged":
                return None
            elif self.on_event:
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
