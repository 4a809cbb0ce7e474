"""What a node says: one class an event, with the types and ranges of its fields.

docs/reference/lines.md and docs/reference/protocol.md have the same fields in tables; a test
compares the two. `parsing` makes them of lines.
"""

from dataclasses import dataclass
from typing import Annotated, ClassVar, NotRequired, TypedDict

from xnornode.link.schema import LONGEST_TEXT, Base64, Hex, Lines, Range

Count = Annotated[int, Range(0, 2**53 - 1)]
"""What grows without an end, or is a size in bytes. Each JSON reader can hold it."""
Word = Annotated[int, Range(0, 2**32 - 1)]
"""What a model file or a version holds in 32 bits."""
Thousandths = Annotated[int, Range(0, 1000)]
"""A probability."""
Score = Annotated[int, Range(-(2**31), 2**31 - 1)]
"""Of a class, without a unit: the largest wins."""
Listing = Annotated[str, Lines(LONGEST_TEXT)]
"""Text that keeps its lines."""

Bytes = Annotated[str, Base64()]
"""Bytes in base64."""


@dataclass(frozen=True)
class NodeModel:
    """A model on a node.

    Parameters
    ----------
    name : str or None
        None where the file cannot be loaded; `bytes` is 0 then and `sha256` is empty.
    revision : int
        As it stands in the file.
    bytes : int
        Size of the file.
    sha256 : str
        SHA-256 of the file in 64 hexadecimal digits.
    trial : int or None
        How often the node has started with it and not yet classified a window. None after that.
    """

    name: str | None
    revision: Word
    bytes: Count
    sha256: Annotated[str, Hex(64, or_empty=True)]
    trial: Count | None


@dataclass(frozen=True)
class Part:
    """A push that did not come to its end.

    Parameters
    ----------
    sha256 : str
        Of the whole model.
    bytes : int
        That are on the node.
    """

    sha256: str
    bytes: Count


@dataclass(frozen=True)
class Event:
    """A line of a node. `EVENT` is the name that it has there."""

    EVENT: ClassVar[str]


@dataclass(frozen=True)
class Ready(Event):
    """A model has been loaded. docs/reference/lines.md has the fields."""

    EVENT = "ready"
    session: str
    seq: Count
    bnn: str
    firmware: str
    machine: str
    model: str
    revision: Word
    model_crc: Annotated[str, Hex(8)]
    bytes: Count
    labels: tuple[str, ...]
    ram: Count
    note: str


@dataclass(frozen=True)
class Prediction(Event):
    """A window has been classified. docs/reference/lines.md has the fields."""

    EVENT = "prediction"
    seq: Count
    ms: Count
    label: str
    index: Annotated[int, Range(0, 254)]
    scores: tuple[Score, ...]
    us: Count
    answer: str | None = None
    confidence: Thousandths | None = None

    def check(self) -> None:
        """Raise ValueError where the class is none of those that have a score."""
        if self.index >= len(self.scores):
            raise ValueError("`index` has no score")


@dataclass(frozen=True)
class Detected(Event):
    """A class begins, with the prediction of the number `seq`."""

    EVENT = "detected"
    seq: Count
    ms: Count
    label: str
    confidence: Thousandths


@dataclass(frozen=True)
class Drift(Event):
    """How far windows are from those of the training. docs/reference/lines.md has the fields."""

    EVENT = "drift"
    seq: Count
    ms: Count
    drift: Annotated[int, Range(0, 2000)]
    flagged: bool
    features: tuple[str, ...]
    moved: tuple[Score, ...]

    def check(self) -> None:
        """Raise ValueError where a feature has no number that says how far it has moved."""
        if len(self.features) != len(self.moved):
            raise ValueError("`features` and `moved` do not agree")


@dataclass(frozen=True)
class Samples(Event):
    """Raw samples of a stream. docs/reference/lines.md has the fields."""

    EVENT = "samples"
    seq: Count
    at: Count
    ms: Count
    overruns: Count
    gaps: Count
    data: Bytes


@dataclass(frozen=True)
class Button(Event):
    """The node's button was pressed during a stream, before its sample `at`."""

    EVENT = "button"
    at: Count
    ms: Count


@dataclass(frozen=True)
class Source(Event):
    """A sensor's stream starts again: no window reaches over it."""

    EVENT = "source"
    name: str


@dataclass(frozen=True)
class End(Event):
    """The source has nothing more; `count` predictions were made."""

    EVENT = "end"
    count: Count


@dataclass(frozen=True)
class Error(Event):
    """The node's program fails; `error` says what went wrong and what to do."""

    EVENT = "error"
    error: str
    traceback: Listing | None = None
    pause: Count | None = None


@dataclass(frozen=True)
class Caution(Event):
    """Something is not as it should be, and the node goes on."""

    EVENT = "warning"
    warning: str
    kind: str | None = None
    rate_mhz: Count | None = None
    model_rate_mhz: Count | None = None
    count: Count | None = None


@dataclass(frozen=True)
class Ack(Event):
    """The answer to a chunk of a model.

    Parameters
    ----------
    push : int
        Number of the push.
    at : int
        Bytes of the model that the node has.
    error : str or None, default None
        Why the chunk was not taken (docs/reference/protocol.md, "Errors").
    message : str, default ""
        The same for people.
    """

    EVENT = "ack"
    push: Count
    at: Count
    error: str | None = None
    message: str = ""


@dataclass(frozen=True)
class Answer(Event):
    """The answer to a command.

    Parameters
    ----------
    id : int or None
        The command's. None where the node could not read it, or speaks by itself.
    """

    EVENT = "reply"
    id: Count | None


@dataclass(frozen=True)
class Hello(Answer):
    """What a node says of itself. docs/reference/protocol.md has the fields."""

    EVENT = "hello"
    protocol: Word
    session: str
    library: str
    bnn: str
    format: Word
    firmware: str
    machine: str
    frame: Annotated[int, Range(64, 65536)]
    window: Annotated[int, Range(1, 256)]
    flash: Count
    ram: Count
    model: NodeModel | None
    channels: tuple[str, ...] | None
    running: bool
    signed: bool
    device: str = ""
    name: str = ""


@dataclass(frozen=True)
class Refusal(Answer):
    """A command that was not carried out: `error` and `message` as in `Ack`."""

    error: str
    message: str = ""
    at: Count | None = None
    """Bytes of the model that the node has, where `error` is `incomplete`."""


@dataclass(frozen=True)
class Models(Answer):
    """The answer to `list`: the active model, the one before, and pushes that were cut off."""

    active: NodeModel | None
    previous: NodeModel | None
    part: tuple[Part, ...]


@dataclass(frozen=True)
class Begun(Answer):
    """The answer to `begin`: the push's number, and the bytes that the node has already."""

    push: Count
    at: Count


@dataclass(frozen=True)
class Switched(Answer):
    """The answer to `end` and `rollback`: the active model, and the one that it replaced."""

    active: NodeModel
    previous: NodeModel | None


@dataclass(frozen=True)
class Running(Answer):
    """The answer to `begin` where the node runs this very model."""

    active: NodeModel


@dataclass(frozen=True)
class Streaming(Answer):
    """The answer to `stream`. docs/reference/protocol.md has the fields."""

    sensor: str
    channels: tuple[str, ...]
    scales: tuple[Word, ...]
    rate_mhz: Word
    device: str
    at: Count
    port: Count | None
    classifies: bool
    limit: Annotated[int, Range(1, 32767)]
    button: bool = False

    def check(self) -> None:
        """Raise ValueError where there is no channel, no rate, or not a scale for each channel."""
        if not self.channels or len(self.scales) != len(self.channels) or not self.rate_mhz:
            raise ValueError("`channels`, `scales` and `rate_mhz` do not agree")


@dataclass(frozen=True)
class Named(Answer):
    """The answer to `name`: the name that the node has now; empty for none."""

    name: str


@dataclass(frozen=True)
class Kept(Answer):
    """The answer to `kept` and `forget`. docs/reference/protocol.md has the fields."""

    ring: str
    session: str
    ms: Count
    windows: Count
    bytes: Count
    bound: Count
    below: Thousandths
    oldest: Count | None
    next: Count
    overwritten: Count
    passed: Count
    written: Count
    total: Count
    per_hour: Count
    erases: Count
    blocks: Count
    years: Count
    why: str


@dataclass(frozen=True)
class Piece(Answer):
    """The answer to `fetch`: a piece of a kept window's file, from the byte `at` on."""

    number: Count | None
    bytes: Count
    at: Count
    data: Bytes


@dataclass(frozen=True)
class Done(Answer):
    """The answer to `quit` and `stop`."""


@dataclass(frozen=True)
class Unknown(Event):
    """A whole line that is in none of the documents, or not as they have it.

    Parameters
    ----------
    event : str
        Its name.
    problem : str
        What is wrong with it.
    id : int or None
        Of the command that it answers, if it answers one.
    """

    EVENT = ""
    event: str
    problem: str
    id: int | None


class Begin(TypedDict):
    """The fields of the command `begin`."""

    protocol: int
    length: int
    sha256: str
    revision: int
    signature: NotRequired[str]
