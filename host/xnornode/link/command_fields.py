"""The commands of a PC, with the types of their fields, as a guard lets them through.

docs/reference/protocol.md has them in tables. The node's own table is device/xnornode/commands.py;
a test compares the two.
"""

from dataclasses import dataclass
from typing import Annotated

from xnornode.link.messages import Word
from xnornode.link.mqtt_topics import is_name
from xnornode.link.schema import Hex, Range

Number = Annotated[int, Range(0, 2**31 - 1)]
Hash = Annotated[str, Hex(64)]


@dataclass(frozen=True)
class Ask:
    """The fields of `hello` and `list`."""

    id: Number


@dataclass(frozen=True)
class Begin(Ask):
    """The fields of `begin`. `signature` is left out for a node without a key."""

    protocol: Word
    length: Word
    sha256: Hash
    revision: Word
    signature: Hash | None = None


@dataclass(frozen=True)
class End(Ask):
    """The fields of `end`."""

    push: Word


@dataclass(frozen=True)
class Rollback(Ask):
    """The fields of `rollback`."""

    to: Hash


@dataclass(frozen=True)
class Stream(Ask):
    """The fields of `stream`."""

    seconds: Word


@dataclass(frozen=True)
class Fetch(Ask):
    """The fields of `fetch`."""

    number: Word
    at: Word


@dataclass(frozen=True)
class Forget(Ask):
    """The fields of `forget`."""

    number: Word


@dataclass(frozen=True)
class Name(Ask):
    """The fields of `name`."""

    name: str

    def check(self) -> None:
        """Raise ValueError for what can be no name."""
        if self.name and not is_name(self.name):
            raise ValueError("`name` can be none")


COMMANDS: dict[str, type[Ask]] = {
    "hello": Ask,
    "list": Ask,
    "begin": Begin,
    "end": End,
    "rollback": Rollback,
}
"""Without `quit`, which ends a receiver, so that the port falls to the REPL, and `name`."""
STREAM_COMMANDS: dict[str, type[Ask]] = {
    "stream": Stream,
    "stop": Ask,
    "kept": Ask,
    "fetch": Fetch,
    "forget": Forget,
}
"""By these, whoever connects can listen to the node's sensor, or hear what it has kept."""
NAME_COMMANDS: dict[str, type[Ask]] = {"name": Name}
"""Who may call a node something else can have it mistaken for another one."""
