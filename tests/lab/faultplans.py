"""What is done to pushes: faults at every byte or at some, in each state, past each timeout."""

import random
from collections.abc import Iterator
from dataclasses import dataclass, field

from tests.lab.faults import TO_HOST, TO_NODE, Fault, Kind
from xnornode.link.timing import Timing

BYTE_KINDS = (Kind.DROP, Kind.FLIP, Kind.DUPLICATE, Kind.INSERT, Kind.TRUNCATE, Kind.DISCONNECT)
STATES = (
    *((TO_NODE, f'"cmd":"{name}"'.encode(), 1) for name in ("hello", "begin", "end")),
    *((TO_NODE, b'{"push":', nth) for nth in (1, 2, 4)),
    *((TO_HOST, f'"event":"{name}"'.encode(), 1) for name in ("hello", "reply", "ack")),
    *((TO_HOST, f'"event":"{name}"'.encode(), 2) for name in ("reply", "ack")),
)
"""A state of a push: way, text that goes by as it begins, the how manieth time."""
PLACES = (0, 30, 200)
"""Bytes after such a text at which something happens: in its line, in a piece, behind it."""
PRINTS = (
    b"hello from a print\r\n",
    b'Traceback (most recent call last):\r\n  File "main.py", line 1\r\nOSError: 5\r\n',
    b'{"event":"prediction","seq":0}\r\n',
    b"MPY: soft reboot\r\nMicroPython v1.25.0; Raspberry Pi Pico\r\n>>> ",
    b"{",
    b"\r\n\r\n",
    bytes(range(128, 256)),
)
KEYS = (b"\n", b"\x03", b"\x01", b"\x04", b"\x02\r", b"\x00", b"abc", b'{"cmd":"list","id":1}\n')
"""What somebody at a terminal, or noise, may send to the node."""
NOISE = {1e-6: 6, 1e-5: 6, 1e-4: 6, 3e-4: 2, 1e-3: 1}
"""Bit error rates, and how often each is taken: a push takes half a minute to give up at 1e-3."""
LET_GO = 10.5
"""Seconds after which a node has let a silent push go."""


@dataclass(frozen=True)
class Plan:
    """What is done to one push."""

    name: str
    faults: list[Fault] = field(default_factory=list)
    noise: float = 0.0
    seed: int = 0
    pty: bool = True

    @property
    def seconds(self) -> float:
        """About how long a push with it takes, on a line that otherwise waits for nothing."""
        return 0.1 + sum(fault.seconds for fault in self.faults)

    def __str__(self) -> str:
        parts = [*map(str, self.faults)]
        if self.noise:
            parts.append(f"noise {self.noise:g}, seed {self.seed}")
        return f"{self.name}: {'; '.join(parts)}{'' if self.pty else ' over TCP'}"


def every_byte(to_node: int, to_host: int) -> Iterator[Plan]:
    """Each kind of fault at each byte of a push that takes so many bytes each way."""
    for way, count in ((TO_NODE, to_node), (TO_HOST, to_host)):
        for at in range(count):
            for kind in BYTE_KINDS:
                yield Plan("every byte", [at_byte(kind, way, at, at)])


def at_byte(kind: Kind, way: str, at: int, variant: int) -> Fault:
    return Fault(
        kind,
        way,
        at,
        size=(1, 2, 0, 17)[variant % 4] if kind is Kind.DUPLICATE else 1 + variant % 3,
        bit=variant % 8,
        data=KEYS[variant % len(KEYS)],
    )


def in_each_state(timing: Timing) -> Iterator[Plan]:
    """The port goes away, the node restarts, the line stands still, in each state."""
    waits = {timing.settle, timing.ack, timing.hello, timing.answer}
    for way, text, nth in STATES:
        for place in PLACES:
            for kind in (Kind.DISCONNECT, Kind.RESTART):
                yield Plan("each state", [Fault(kind, way, place, text, nth)])
            for wait in sorted(waits):
                stall = Fault(Kind.STALL, way, place, text, nth, seconds=1.2 * wait + 0.02)
                yield Plan("each timeout", [stall])


def long_stalls() -> Iterator[Plan]:
    """The line stands still until the node has let the push go."""
    for way, text, nth in STATES:
        if text in (b'{"push":', b'"event":"ack"'):
            yield Plan("let go", [Fault(Kind.STALL, way, 30, text, nth, seconds=LET_GO)])


def prints() -> Iterator[Plan]:
    """Prints between the node's lines and within them, and keys pressed meanwhile."""
    for way, text, nth in STATES:
        for place in PLACES:
            for data in PRINTS if way == TO_HOST else KEYS:
                yield Plan("prints", [Fault(Kind.INSERT, way, place, text, nth, data=data)])


def at_random(seed: int, size: int) -> Plan:
    """A few faults anywhere in a push of a model of `size` bytes, or noise."""
    rng = random.Random(seed)
    pty = rng.random() < 0.9
    if rng.random() < 0.15:
        (rate,) = rng.choices(list(NOISE), list(NOISE.values()))
        return Plan("noise", [], rate, seed, pty)
    faults = []
    for _ in range(rng.choice((1, 1, 1, 2, 3, 5))):
        kind = rng.choice((*BYTE_KINDS, Kind.STALL, Kind.RESTART))
        way = rng.choice((TO_NODE, TO_HOST))
        at = rng.randrange(700 + 11 * size // 10 if way == TO_NODE else 3000)
        fault = at_byte(kind, way, at, rng.randrange(1000))
        if kind is Kind.STALL:
            fault = Fault(kind, way, at, seconds=rng.choice((0.01, 0.1, 0.3, 0.7)))
        faults.append(fault)
    return Plan("random", faults, 0.0, seed, pty)


def sample(plans: Iterator[Plan], count: int, seed: int) -> list[Plan]:
    """`count` of the plans, the same ones for the same seed."""
    return random.Random(seed).sample(list(plans), count)
