"""What a line does by the clock: it is dead at first, something else talks on it, acks are false.

The Bridge and the FaultyPort ask it for each piece that passes, and for what it says by itself.
"""

import math
from dataclasses import dataclass, field

from tests.lab.faults import TO_NODE
from tests.lab.talkers import RATE, Says, Stranger
from xnornode.link.framing import seal

CHUNK = b'{"push":'


@dataclass
class Interloper:
    """Stands between a host and a node, from the line's start on.

    stranger: talks to the host, beside the node. alone: seconds in which nothing but the stranger
    comes through. until: seconds after which the stranger is silent. dead: seconds in which
    nothing comes through, by way. acks: no chunk reaches the node; the host gets acks instead, so
    many seconds apart, whose offset grows by so much.
    """

    stranger: Stranger | None = None
    alone: float = 0.0
    until: float = math.inf
    dead: dict[str, float] = field(default_factory=dict)
    acks: tuple[float, int] | None = None

    def __post_init__(self) -> None:
        self._line, self._push = b"", b""

    def passes(self, way: str, data: bytes, now: float) -> bytes:
        """What comes through of a piece, `now` seconds after the start."""
        if now < max(self.alone, self.dead.get(way, 0.0)):
            return b""
        return self._without_chunks(data) if self.acks and way == TO_NODE else data

    def says(self) -> Says:
        """What the host hears beside the node."""
        now = 0.0
        for gap, text in self.stranger.says() if self.stranger else ():
            gap = max(gap, len(text) / RATE)
            now += gap
            if now > self.until:
                break
            yield gap, text
        at = 0
        while self.acks:
            gap, step = self.acks
            yield gap, self._push and seal(b'{"event":"ack","push":%s,"at":%d' % (self._push, at))
            at += step if self._push else 0

    def _without_chunks(self, data: bytes) -> bytes:
        passed = b""
        for char in (data[i : i + 1] for i in range(len(data))):
            if self._line or char == b"{":
                self._line += char
            else:
                passed += char
            if char in b"\r\n" and self._line:
                if self._line.startswith(CHUNK):
                    self._push = self._line[len(CHUNK) :].partition(b",")[0]
                else:
                    passed += self._line
                self._line = b""
        return passed

    def __str__(self) -> str:
        parts = [f"{way} dead for {seconds:g} s" for way, seconds in self.dead.items()]
        if self.stranger:
            parts.append(f"alone for {self.alone:g} s" if self.alone else "beside the node")
            parts.append(f"until {self.until:g} s")
        if self.acks:
            parts.append("acks {:g} s apart, {} bytes more each".format(*self.acks))
        return ", ".join(parts)
