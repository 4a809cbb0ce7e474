"""What is done to commands: each kind of fault, flood, dead start and false ack, by number.

A number gives one plan, always the same: it says which, and repeats it.
"""

import math
import random
from dataclasses import dataclass, field

from tests.lab.faultplans import BYTE_KINDS, KEYS, LET_GO, NOISE, PLACES, PRINTS, at_byte
from tests.lab.faults import TO_HOST, TO_NODE, Fault, Kind
from tests.lab.interloper import Interloper
from tests.lab.talkers import STRANGERS

COMMANDS = ("push", "list", "rollback", "doctor")
DEAD = (2.0, 5.0, 7.0, 12.0)
"""Seconds of the line's start that are lost."""
WAYS = ((TO_NODE,), (TO_HOST,), (TO_NODE, TO_HOST))
ACKS = ((0.01, 0), (0.5, 0), (0.02, 1), (1.0, 1), (5.0, 1))
"""Seconds from one false ack to the next, and bytes of the model that it has more."""
STALLS = (0.3, 1.2, 2.5, 7.0, LET_GO, 12.5)
"""Seconds: longer than each of the waits of a command."""
SIZE = 11_000  # bytes of the larger model
LINES = {
    "push": (700 + SIZE, 3000),
    "list": (60, 400),
    "rollback": (200, 800),
    "doctor": (350, 900),
}
"""Bytes to the node and to the host in which things happen."""


@dataclass(frozen=True)
class CommandPlan:
    """One command, and what is done to it. other: a command that a second host gives at once."""

    number: int
    command: str
    kind: str
    faults: list[Fault] = field(default_factory=list)
    noise: float = 0.0
    interloper: Interloper = field(default_factory=Interloper)
    other: str | None = None
    pty: bool = True
    process: bool = False
    """Whether the command is a process of its own."""

    def __str__(self) -> str:
        parts = [*map(str, self.faults), str(self.interloper)]
        if self.noise:
            parts.append(f"noise {self.noise:g}")
        if self.other:
            parts.append(f"{self.other} from another host")
        text = "; ".join(filter(None, parts)) or "nothing"
        return f"plan {self.number}: {self.command}, {self.kind}: {text}"


def _text(rng: random.Random, command: str) -> tuple[str, bytes, int]:
    """A text that goes by in a command, with its way, and the how manieth time."""
    names = ["hello"]
    names += {"push": ["begin", "end"], "list": ["list"], "rollback": ["list", "rollback"]}.get(
        command, ["list", "hello"]
    )
    to_node = [(TO_NODE, f'"cmd":"{name}"'.encode(), 1) for name in names]
    replies = [(TO_HOST, b'"event":"reply"', 1), (TO_HOST, b'"event":"hello"', 1)]
    if command == "push":
        to_node += [(TO_NODE, b'{"push":', nth) for nth in (1, 2)]
        replies += [(TO_HOST, b'"event":"ack"', nth) for nth in (1, 2)]
    return rng.choice(to_node + replies)


def _one_byte(rng: random.Random, command: str) -> list[Fault]:
    way = rng.choice((TO_NODE, TO_HOST))
    at = rng.randrange(LINES[command][way == TO_HOST])
    return [at_byte(rng.choice(BYTE_KINDS), way, at, rng.randrange(1000))]


def _gone(rng: random.Random, command: str) -> list[Fault]:
    way, text, nth = _text(rng, command)
    kind = rng.choice((Kind.DISCONNECT, Kind.RESTART))
    return [Fault(kind, way, rng.choice(PLACES), text, nth)]


def _stall(rng: random.Random, command: str) -> list[Fault]:
    way, text, nth = _text(rng, command)
    return [
        Fault(Kind.STALL, way, rng.choice(PLACES), text, nth, seconds=rng.choice(STALLS))
        for _ in range(rng.choice((1, 1, 2)))
    ]


def _prints(rng: random.Random, command: str) -> list[Fault]:
    way, text, nth = _text(rng, command)
    data = rng.choice(PRINTS if way == TO_HOST else KEYS)
    return [Fault(Kind.INSERT, way, rng.choice(PLACES), text, nth, data=data)]


def _several(rng: random.Random, command: str) -> list[Fault]:
    some = (_one_byte, _one_byte, _gone, _prints, _stall)
    return [fault for _ in range(rng.choice((2, 3, 5))) for fault in rng.choice(some)(rng, command)]


FAULTS = {
    "one byte": _one_byte,
    "port away, restart": _gone,
    "stands still": _stall,
    "prints and keys": _prints,
    "several": _several,
}
KINDS = (
    *FAULTS,
    "noise",
    "two hosts",
    "dead start",
    "dead start",
    "flood beside",
    "flood at first",
    "flood alone",
    "false acks",
)


def plan(number: int) -> CommandPlan:
    """The plan of a number: commands and kinds take turns, the rest is drawn from the number."""
    turn, which = divmod(number, len(COMMANDS))
    command, kind = COMMANDS[which], KINDS[turn % len(KINDS)]
    rng = random.Random(number)
    stranger = STRANGERS[rng.choice(list(STRANGERS))]
    faults: list[Fault] = []
    noise, other, interloper = 0.0, None, Interloper()
    if kind in FAULTS:
        faults = FAULTS[kind](rng, command)
    elif kind == "noise":
        noise = rng.choice(list(NOISE))
    elif kind == "two hosts":
        other = rng.choice(COMMANDS)
    elif kind == "dead start":
        interloper = Interloper(dead=dict.fromkeys(rng.choice(WAYS), rng.choice(DEAD)))
    elif kind == "flood beside":
        interloper = Interloper(stranger, until=rng.choice((5.0, 20.0, math.inf)))
    elif kind == "flood at first":
        seconds = rng.choice(DEAD)
        interloper = Interloper(stranger, alone=seconds, until=seconds)
    elif kind == "flood alone":
        interloper = Interloper(stranger, alone=math.inf)
    else:
        interloper = Interloper(acks=rng.choice(ACKS))
    return CommandPlan(
        number,
        command,
        kind,
        faults,
        noise,
        interloper,
        other,
        pty=bool(other) or rng.random() < 0.9,
        process=rng.random() < 0.05,
    )
