"""What goes wrong on a serial line: faults at chosen bytes, and noise. tests/lab/bridge.py runs it.

Positions count the bytes that enter one way of the line, from its start and over all connections,
so what happens does not depend on how the bytes were cut into pieces on their way here.
"""

import math
import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from enum import Enum

TO_NODE, TO_HOST = "to node", "to host"

HISTORY = 8192
"""Bytes that are remembered for duplicates: more than any line of the protocol."""


class Kind(Enum):
    """The kinds of faults."""

    DROP = "drop"  # `size` bytes are lost
    FLIP = "flip"  # bit `bit` of the byte at that place is turned round
    DUPLICATE = "duplicate"  # the `size` bytes before come again; 0: the last whole line
    INSERT = "insert"  # `data` comes in between
    TRUNCATE = "truncate"  # the rest of the line is lost, its end is not
    STALL = "stall"  # nothing comes through for `seconds`, then all of it
    DISCONNECT = "disconnect"  # the host's port goes away, with what is under way
    RESTART = "restart"  # the node loses its power, and starts again


@dataclass(frozen=True)
class Fault:
    """One fault, once.

    way: TO_NODE or TO_HOST. at: the byte that it falls on, before which all went well; counted
    from the line's start or, with `after`, from the end of the `nth` time that those bytes went by.
    """

    kind: Kind
    way: str
    at: int = 0
    after: bytes = b""
    nth: int = 1
    size: int = 1
    bit: int = 0
    data: bytes = b""
    seconds: float = 0.0

    def __str__(self) -> str:
        where = f"byte {self.at}" + (f" after {self.after!r} {self.nth}" if self.after else "")
        more = {
            Kind.DROP: f" {self.size}",
            Kind.DUPLICATE: f" {self.size or 'line'}",
            Kind.FLIP: f" bit {self.bit}",
            Kind.INSERT: f" {self.data!r}",
            Kind.STALL: f" {self.seconds:g} s",
        }
        return f"{self.kind.value}{more.get(self.kind, '')} {self.way} at {where}"


@dataclass(frozen=True)
class Stall:
    """The line stands still for so many seconds."""

    seconds: float


Event = bytes | Stall | Kind  # bytes that come through, or DISCONNECT or RESTART


@dataclass
class Way:
    """One way of a line. rate: probability that a bit is turned round; seed: of that noise."""

    faults: Sequence[Fault] = ()
    rate: float = 0.0
    seed: int = 0
    fired: list[Fault] = field(default_factory=list)
    """The faults that have happened, in order."""
    position: int = 0
    """Bytes that have entered."""

    def __post_init__(self) -> None:
        self._placed = sorted(
            ((f.at, i, f) for i, f in enumerate(self.faults) if not f.after), key=lambda x: x[:2]
        )
        self._waiting = {f: f.nth for f in self.faults if f.after}
        self._history = b""
        self._skip = 0
        self._skip_line = False
        self._flips: list[int] = []
        self._rng = random.Random(self.seed)
        self._clean_bits = self._gap()

    def feed(self, data: bytes) -> Iterator[Event]:
        """What comes out at the other end."""
        self._place(data)
        while data or self._due():
            n = len(data)
            if self._placed:
                n = min(n, max(0, self._placed[0][0] - self.position))
            yield from self._pass(data[:n])
            data = data[n:]
            if self._due():
                fault = self._placed.pop(0)[2]
                self.fired.append(fault)
                event = self._fire(fault)
                if event is not None:
                    yield event
                if event in (Kind.DISCONNECT, Kind.RESTART):
                    # The rest is lost, with all that was under way
                    self.position += len(data)
                    self._history, self._skip, self._skip_line, self._flips = b"", 0, False, []
                    return

    def _due(self) -> bool:
        return bool(self._placed) and self._placed[0][0] <= self.position

    def _place(self, data: bytes) -> None:
        """Give faults that wait for some bytes their place, once those bytes are in `data`."""
        for fault, left in list(self._waiting.items()):
            keep = len(fault.after) - 1
            text = (self._history[-keep:] if keep else b"") + data
            start = self.position + len(data) - len(text)
            at = text.find(fault.after)
            while at >= 0 and left:
                left -= 1
                end = start + at + len(fault.after)
                at = text.find(fault.after, at + 1)
            self._waiting[fault] = left
            if not left:
                del self._waiting[fault]
                self._placed.append((end + fault.at, self.faults.index(fault), fault))
        self._placed.sort(key=lambda x: x[:2])

    def _fire(self, fault: Fault) -> Event | None:
        match fault.kind:
            case Kind.DROP:
                self._skip += fault.size
            case Kind.FLIP:
                self._flips.append(fault.bit)
            case Kind.DUPLICATE:
                return self._noisy(self._again(fault.size)) or None
            case Kind.INSERT:
                return self._noisy(fault.data)
            case Kind.TRUNCATE:
                self._skip_line = True
            case Kind.STALL:
                return Stall(fault.seconds)
            case _:
                return fault.kind
        return None

    def _again(self, size: int) -> bytes:
        if size:
            return self._history[-size:]
        *_, line, _rest = [b"", *self._history.split(b"\n")]
        return line + b"\n" if line else b""

    def _pass(self, data: bytes) -> Iterator[bytes]:
        self.position += len(data)
        self._history = (self._history + data)[-HISTORY:]
        if self._skip:
            lost = min(self._skip, len(data))
            self._skip -= lost
            data = data[lost:]
        if self._skip_line and data:
            end = data.find(b"\n")
            self._skip_line = end < 0
            data = data[end:] if end >= 0 else b""
        if self._flips and data:
            first = data[0]
            for bit in self._flips:
                first ^= 1 << bit
            self._flips = []
            data = bytes([first]) + data[1:]
        if data:
            yield self._noisy(data)

    def _gap(self) -> int:
        """How many bits are well until one is turned round."""
        if not self.rate:
            return 1 << 62
        return int(math.log(1.0 - self._rng.random()) / math.log1p(-self.rate))

    def _noisy(self, data: bytes) -> bytes:
        bits = 8 * len(data)
        if self._clean_bits >= bits:
            self._clean_bits -= bits
            return data
        made = bytearray(data)
        at = self._clean_bits
        while at < bits:
            made[at // 8] ^= 1 << at % 8
            at += 1 + self._gap()
        self._clean_bits = at - bits
        return bytes(made)
