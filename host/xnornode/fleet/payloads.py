"""The JSON objects on the broker, with the types of their keys (docs/reference/mqtt.md)."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any, TypeVar

from xnornode.errors import LinkError
from xnornode.link.messages import Count, NodeModel, Thousandths, Word
from xnornode.link.mqtt_topics import LONGEST_PAYLOAD, VERSION
from xnornode.link.schema import Hex, Range, instance, read_json

T = TypeVar("T")
Hash = Annotated[str, Hex(64)]
HashOrNone = Annotated[str, Hex(64, or_empty=True)]
LARGEST = 1 << 20
"""Bytes of a retained object that is not a line: roll-outs of many nodes."""
STATES = ("DOWNLOADING", "DOWNLOADED", "VERIFIED", "UPDATING", "UPDATED", "FAILED")
"""How far an update is, as ThingsBoard names it."""


class PayloadError(LinkError):
    """A message that is not as docs/reference/mqtt.md has it. `reason` is one word.

    Parameters
    ----------
    reason : str
        `oversize`, `json`, `version` or `schema`.
    message : str
        What is wrong.
    """

    def __init__(self, reason: str, message: str) -> None:
        super().__init__(message)
        self.reason = reason


@dataclass(frozen=True)
class Latest:
    """`model/latest`: which model a node should have.

    Parameters
    ----------
    sha256 : str
        SHA-256 of the file in 64 hexadecimal digits.
    bytes : int
        Its size.
    name : str
        The model's name.
    revision : int
        The model's revision.
    format : int
        Version of the model file.
    install : bool
        Whether to put it on the node at once; else it is offered.
    signature : str or None, default None
        As in `begin`, for nodes with a key.
    rollout : str or None, default None
        ID of the roll-out that it belongs to.
    time : int or None, default None
        Milliseconds since 1970 when it was written.
    """

    sha256: Hash
    bytes: Count
    name: str
    revision: Word
    format: Word
    install: bool
    signature: Annotated[str, Hex(64)] | None = None
    rollout: str | None = None
    time: Count | None = None


@dataclass(frozen=True)
class Update:
    """`model/update`: how far the latest model is on its way to a node.

    Parameters
    ----------
    state : str
        One of STATES.
    sha256 : str
        Of the model.
    previous : str, default ""
        SHA-256 of the model that the node ran before; empty if none.
    progress : int, default 0
        Per cent of the bytes that the node has.
    error : str, default ""
        One word, where it failed.
    message : str, default ""
        The same for people.
    rollout : str or None, default None
        ID of the roll-out that it belongs to.
    latest : int or None, default None
        `time` of the `model/latest` that it carries out.
    time : int or None, default None
        Milliseconds since 1970 when it was written.
    """

    state: str
    sha256: Hash
    previous: HashOrNone = ""
    progress: Annotated[int, Range(0, 100)] = 0
    error: str = ""
    message: str = ""
    rollout: str | None = None
    latest: Count | None = None
    time: Count | None = None

    def check(self) -> None:
        """Raise ValueError where the state is none."""
        if self.state not in STATES:
            raise ValueError(f"`state` is none of {', '.join(STATES)}")


@dataclass(frozen=True)
class Last:
    """The last prediction in a node's state."""

    seq: Count
    label: str
    answer: str | None = None
    confidence: Thousandths | None = None
    time: Count | None = None


@dataclass(frozen=True)
class State:
    """`state`: who a node is and how it does. docs/reference/mqtt.md has the fields."""

    node: str
    device: str
    gateway: str | None = None
    port: str | None = None
    session: str | None = None
    library: str | None = None
    bnn: str | None = None
    format: Word | None = None
    firmware: str | None = None
    machine: str | None = None
    frame: Count | None = None
    window: Count | None = None
    flash: Count | None = None
    ram: Count | None = None
    channels: tuple[str, ...] | None = None
    running: bool | None = None
    signed: bool | None = None
    model: NodeModel | None = None
    labels: tuple[str, ...] | None = None
    previous: NodeModel | None = None
    note: str = ""
    time: Count | None = None
    seen: Count | None = None
    predictions: Count = 0
    rate_mhz: Count = 0
    lost: Count = 0
    damaged: Count = 0
    restarts: Count = 0
    reconnections: Count = 0
    dropped: Count = 0
    trouble: str = ""
    last: Last | None = None
    drift: Count | None = None
    moved: tuple[str, ...] | None = None


@dataclass(frozen=True)
class GatewayState:
    """`_gateway/state`. docs/reference/mqtt.md has the fields; `refused` is read by itself."""

    gateway: str
    library: str
    native: bool
    nodes: tuple[str, ...]
    count: Count
    published: Count = 0
    queued: Count = 0
    dropped: Count = 0
    trouble: tuple[str, ...] = ()
    started: Count | None = None
    time: Count | None = None


_LEFT_OUT: dict[type, tuple[str, ...]] = {State: ("labels", "previous", "drift", "moved")}
"""Keys that are not there where nothing is known."""


def to_payload(value: Any, **more: Any) -> bytes:
    """A dataclass of this module as a payload.

    Parameters
    ----------
    value : dataclass
        What is said.
    **more
        Further keys.

    Returns
    -------
    bytes
        JSON, with the version first.

    Examples
    --------
    >>> to_payload(Update("UPDATED", "0" * 64, progress=100))[:40]
    b'{"mqtt":1,"state":"UPDATED","sha256":"00'
    """
    said = dict(vars(value))
    for name in _LEFT_OUT.get(type(value), ()):
        if said[name] is None:
            del said[name]
    given = {"mqtt": VERSION} | said | more
    return json.dumps(given, separators=(",", ":"), default=vars).encode()  # dataclasses within


def read_object(payload: bytes, most: int = LONGEST_PAYLOAD) -> dict[str, Any]:
    """A JSON object of this version.

    Parameters
    ----------
    payload : bytes
        What came.
    most : int, default LONGEST_PAYLOAD
        Bytes that it may have.

    Returns
    -------
    dict
        The object; its keys are not checked, except for `mqtt`.

    Raises
    ------
    PayloadError
        If it is longer, no object, or of another version.

    Examples
    --------
    >>> read_object(b'{"mqtt":0}')
    Traceback (most recent call last):
    ...
    xnornode.fleet.payloads.PayloadError: version 0 of the topics; this program reads version 1
    """
    if len(payload) > most:
        raise PayloadError("oversize", f"{len(payload):,} bytes, at most {most:,} are taken")
    try:
        given = read_json(payload)
    except ValueError as error:
        raise PayloadError("json", "it is no JSON") from error
    if not isinstance(given, dict):
        raise PayloadError("json", "it is no JSON object")
    version = given.get("mqtt")
    if version != VERSION or type(version) is not int:
        said = version if type(version) is int else "none"
        raise PayloadError(
            "version", f"version {said} of the topics; this program reads version {VERSION}"
        )
    return given


def from_payload(kind: type[T], payload: bytes, most: int = LONGEST_PAYLOAD) -> T:
    """A dataclass of this module from a payload.

    Parameters
    ----------
    kind : type
        Which one.
    payload : bytes
        What came.
    most : int, default LONGEST_PAYLOAD
        Bytes that it may have.

    Returns
    -------
    object
        Of this kind, all its fields checked.

    Raises
    ------
    PayloadError
        If it is not as it should be.

    Examples
    --------
    >>> from_payload(Update, to_payload(Update("FAILED", "0" * 64, error="ram"))).error
    'ram'
    """
    return from_object(kind, read_object(payload, most))


def from_object(kind: type[T], given: Mapping[str, Any]) -> T:
    """A dataclass of this module from a JSON object. Raises PayloadError."""
    try:
        return instance(kind, given)
    except ValueError as error:
        raise PayloadError("schema", str(error)) from error
