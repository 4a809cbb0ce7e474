"""Ports on which something talks: what is no node, and nodes that lie.

Time is a clock of its own, which passes while the host waits, so that a minute takes no time.
"""

import os
import random
import re
import threading
import tty
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Protocol

from tests.lab.simulated import SimulatedNode
from xnornode.link.framing import seal
from xnornode.link.raw_repl import RAW_REPL

RATE = 100_000  # bytes a second of a port
READ_COST = 1e-4  # seconds that each read takes, so that no loop stands still in time

Says = Iterator[tuple[float, bytes]]  # seconds of silence, then what is said


class Clock:
    """Stands in for the module `time`."""

    def __init__(self) -> None:
        self.now = 1000.0

    def monotonic(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.now += seconds


class Talker(Protocol):
    """The other side of a port."""

    def hears(self, data: bytes, now: float) -> bytes: ...
    def says(self) -> Says: ...


class TalkingPort:
    """A serial port, as far as `Stream` uses one, with a talker at its other end.

    dead: seconds from now on in which nothing comes through, either way.
    """

    name, dtr = "talker", True

    def __init__(self, talker: Talker, clock: Clock, dead: float = 0.0) -> None:
        self.talker, self.clock, self.timeout = talker, clock, 0.0
        self.alive = clock.monotonic() + dead
        self.is_open = True
        self._says = talker.says()
        self._came = b""
        self._rts = True
        self._due, self._next = clock.monotonic(), b""
        self._advance()

    @property
    def rts(self) -> bool:
        return self._rts

    @rts.setter
    def rts(self, value: bool) -> None:
        # As on boards that reset themselves: EN is low while RTS is set and DTR is not
        if self._rts and not value and not self.dtr and hasattr(self.talker, "reset"):
            self._came += self.talker.reset()
        self._rts = value

    def write(self, data: bytes) -> None:
        if self.clock.monotonic() >= self.alive:
            self._came += self.talker.hears(data, self.clock.monotonic())

    def read(self, size: int) -> bytes:
        self.clock.sleep(READ_COST)
        end = self.clock.monotonic() + self.timeout
        self._listen()
        while not self._came and self.clock.monotonic() < end:
            self.clock.sleep(max(0.0, min(end, self._due) - self.clock.monotonic()))
            self._listen()
        data, self._came = self._came[:size], self._came[size:]
        self.clock.sleep(len(data) / RATE)
        return data

    @property
    def in_waiting(self) -> int:
        self._listen()
        return len(self._came)

    def open(self) -> "TalkingPort":
        self.is_open = self.dtr = self._rts = True
        return self

    def close(self) -> None:
        self.is_open = False

    def _listen(self) -> None:
        while self._due <= self.clock.monotonic() and len(self._came) < 4096:
            if self._due >= self.alive:
                self._came += self._next
            self._advance()

    def _advance(self) -> None:
        gap, self._next = next(self._says, (float("inf"), b""))
        self._due += gap


class Stranger:
    """Says the same again and again, and hears nothing."""

    def __init__(self, gap: float, *texts: bytes) -> None:
        self.gap, self.texts = gap, texts

    def hears(self, data: bytes, now: float) -> bytes:
        return b""

    def says(self) -> Says:
        while self.texts:
            for text in self.texts:
                yield self.gap, text


PREDICTION = b'"seq":%d,"ms":1,"label":"a","index":0,"scores":[1],"us":9'
STRANGERS = {
    "silence": Stranger(1.0),
    "prints": Stranger(0.5, b"temperature 21.5\r\n"),
    "gps": Stranger(0.2, b"$GPGGA,092750.000,5321.6802,N,00630.3372,W,1,8,1.03,61.7,M*76\r\n"),
    "boot loop": Stranger(
        0.4,
        b"ets Jul 29 2019 12:21:46\r\n\r\nrst:0x10 (RTCWDT_RTC_RESET),boot:0x13\r\n",
        b"invalid header: 0xffffffff\r\n",
    ),
    "download mode": Stranger(3.0, b"rst:0x1 (POWERON),boot:0x3\r\nwaiting for download\r\n"),
    "baud rate": Stranger(0.01, random.Random(1).randbytes(64)),
    "flood": Stranger(0.0, b"x" * 500),
    "flood of lines": Stranger(0.0, b"x\r\n" * 100),
    "prompts": Stranger(0.05, b">>> "),
    "flood of prompts": Stranger(0.0, b">>> " * 50),
    "raw prompts": Stranger(0.1, RAW_REPL),
    "paste for ever": Stranger(0.1, RAW_REPL, b"R\x01\x80\x00" + b"\x01" * 9),
    "ends of code": Stranger(0.02, RAW_REPL, b"R\x01\x80\x00\x04", b"OK\x04\x04>"),
    "damaged lines": Stranger(0.1, b'{"event":"prediction","seq":1}\n'),
    "flood of damaged": Stranger(0.0, b'{"event":"prediction","seq":1}\n' * 9),
    "deaf program": Stranger(0.1, seal(b'{"event":"prediction",' + PREDICTION % 1)),
    "flood of predictions": Stranger(0.0, seal(b'{"event":"prediction",' + PREDICTION % 1) * 3),
    "unknown events": Stranger(0.0, seal(b'{"event":"reply","id":"x"') * 3),
    "hello of nobody": Stranger(0.3, seal(b'{"event":"hello","id":null')),
    "acks": Stranger(0.0, seal(b'{"event":"ack","push":1,"at":0') * 3),
    "damaged acks": Stranger(0.05, seal(b'{"event":"ack","push":1,"at":0,"error":"damaged"')),
}
"""What is no node, or none that answers, by name."""


@contextmanager
def talking_terminal(text: bytes, gap: float) -> Iterator[str]:
    """A pseudo-terminal on which a text comes every `gap` seconds; its name."""
    ours, its = os.openpty()
    tty.setraw(its)
    os.set_blocking(ours, False)
    ends = threading.Event()

    def talk() -> None:
        while not ends.wait(gap):
            with suppress(BlockingIOError):
                os.write(ours, text)
            with suppress(BlockingIOError):
                os.read(ours, 4096)

    thread = threading.Thread(target=talk, daemon=True)
    thread.start()
    try:
        yield os.ttyname(its)
    finally:
        ends.set()
        thread.join()
        os.close(ours)
        os.close(its)


CHUNK = re.compile(rb'\{"push":7,"at":(\d+),"data":"(.*)","crc":"\w{8}"\}', re.DOTALL)


class LyingNode:
    """A node that says hello, and then does something else than it should.

    node: answers what is not in `lies`: from a part of a command's line to what is said instead,
    where %d is the command's id. acks: seconds from one ack to the next, and how the offset grows.
    rate: bytes of a model a second that it takes, and acknowledges chunk by chunk.
    """

    def __init__(
        self,
        node: SimulatedNode,
        lies: dict[bytes, bytes],
        acks: tuple[float, int] | None = None,
        rate: float = 0.0,
    ) -> None:
        self.node, self.lies, self.acks, self.rate = node, lies, acks, rate
        self._line = b""
        self._at, self._ends = 0.0, [0]

    def hears(self, data: bytes, now: float) -> bytes:
        *lines, self._line = (self._line + data).replace(b"\r", b"\n").split(b"\n")
        return b"".join(self._answer(line) for line in lines)

    def _answer(self, line: bytes) -> bytes:
        if self.rate and (chunk := CHUNK.fullmatch(line)) and int(chunk[1]) == self._ends[-1]:
            data = re.sub(b"=.", b".", chunk[2], flags=re.DOTALL)
            self._ends.append(self._ends[-1] + len(data))
        for part, lie in self.lies.items():
            if part in line:
                number = re.search(rb'"id":(\d+)', line)
                return lie % int(number[1]) if number and b"%d" in lie else lie
        return self.node.answers(line)

    def says(self) -> Says:
        acked = 0
        while self.rate:
            yield 1.0, b""
            self._at = min(self._at + self.rate, self._ends[-1])
            for end in [end for end in self._ends if acked < end <= self._at]:
                yield 0.0, seal(b'{"event":"ack","push":7,"at":%d' % end)
                acked = end
        at = 0
        while self.acks:
            gap, step = self.acks
            yield gap, seal(b'{"event":"ack","push":7,"at":%d' % at)
            at += step
