"""Windows that a node has kept in its flash, fetched one by one (docs/reference/kept.md)."""

import json
from base64 import b64decode
from binascii import crc32
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

from xnornode.data.recording_file import RecordFile, from_bytes
from xnornode.errors import DataError, LinkError, NodeError
from xnornode.link.messages import Kept, Piece
from xnornode.link.parsing import expect, outdated
from xnornode.link.protocol import Session
from xnornode.link.schema import printable
from xnornode.model.names import name_fault

SEAL_BYTES = len(',"crc":"89abcdef"}')
LONGEST = 1 << 20
"""Bytes of a window's file: no node's heap has room for a longer window."""
LEAST_PIECE = 64
"""Bytes of a piece that is not a file's last one."""
WORD = 2**32 - 1
"""The largest number of a window that the protocol can ask for."""
MOST = 100_000
"""Windows that are fetched at once: no node's flash has room for more."""
MOST_MOVES = 100
"""How often a node removes a window while it is fetched."""
LONGEST_NAME = 64
"""Letters that are kept of what a node says of itself and its model."""


@dataclass(frozen=True, eq=False)
class Window:
    """A window that a node has kept.

    Parameters
    ----------
    number : int
        In the node's ring.
    record : RecordFile or None
        The recording, without label and group. None for a damaged one.
    problem : str, default ""
        What is wrong with a damaged one.
    session : str, default ""
        Of the program that has kept it.
    ms : int, default 0
        Milliseconds of that program when the window was complete.
    """

    number: int
    record: RecordFile | None
    problem: str = ""
    session: str = ""
    ms: int = 0


def ask_kept(session: Session) -> Kept:
    """What a node has kept.

    Parameters
    ----------
    session : Session
        A session that is greeted.

    Returns
    -------
    Kept
        Its answer.

    Raises
    ------
    LinkError
        If the node does not answer, refuses, or is older than this command.
    """
    try:
        facts = expect(Kept, session.request("kept"))
        if facts.windows > MOST or facts.next > WORD:
            raise outdated(f"{facts.windows} windows, the next one is number {facts.next}")
        return facts
    except NodeError as error:
        if error.name == "unknown":
            raise LinkError("the node's library keeps no windows: run `xnornode update`") from error
        raise


def fetch(session: Session, facts: Kept, number: int) -> Iterator[Window]:
    """The windows from a number on that the node had when it was asked.

    Parameters
    ----------
    session : Session
        A session that is greeted.
    facts : Kept
        What the node has said it has.
    number : int
        The first one that is wanted.

    Yields
    ------
    Window
        One for each, by their numbers. Those that the node removes meanwhile are left out.

    Raises
    ------
    LinkError
        If the node does not answer, or answers nonsense.
    """
    for _ in range(facts.windows):
        found = _file(session, number, facts.next) if number < facts.next else None
        if found is None:
            return
        number = found[0] + 1
        yield _window(*found)


def _file(session: Session, number: int, end: int) -> tuple[int, bytes] | None:
    """The oldest file of this number or a higher one, below the end. Raises LinkError."""
    data, moves = b"", 0
    while True:
        piece = expect(Piece, session.request("fetch", number=number, at=len(data)))
        if piece.number is None or piece.number >= end:
            return None
        if piece.number < number or piece.bytes > LONGEST:
            raise outdated(f"window {piece.number} of {piece.bytes} bytes for {number}")
        if piece.number > number:  # the node has removed it meanwhile
            data, number, moves = b"", piece.number, moves + 1
        came = b64decode(piece.data)
        data += came
        if piece.at != len(data) - len(came) or moves > MOST_MOVES:
            raise outdated(f"byte {piece.at} of window {number}")
        if len(data) >= piece.bytes:
            return number, data
        if len(came) < LEAST_PIECE:
            raise outdated(f"window {number} stops at byte {len(data)}")


def _window(number: int, data: bytes) -> Window:
    """What a file is. A damaged one has a problem."""
    try:
        return read_window(number, data)
    except DataError as error:
        return Window(number, None, str(error))


def read_window(number: int, data: bytes) -> Window:
    """Read the file of a kept window.

    Parameters
    ----------
    number : int
        Of the window.
    data : bytes
        The file as it is on the node.

    Returns
    -------
    Window
        With a recording.

    Raises
    ------
    DataError
        The file is damaged.
    """
    where = f"window {number} on the node"
    line, _, body = data.partition(b"\n")
    if not data:
        raise DataError(f"{where} cannot be read there")
    crc = crc32(body, crc32(line[:-SEAL_BYTES]))
    if line[-SEAL_BYTES:] != b',"crc":"%08x"}' % crc:
        raise DataError(f"{where} is damaged: its CRC is wrong")
    record = from_bytes(data, where)
    for name in record.channels:
        if fault := name_fault(name):
            raise DataError(f"{where} has a channel {name[:80]!r}: {fault}")
    if record.confidence > 1000 or record.revision >= 2**32 or record.breaks:
        raise DataError(f"{where} is no window that a node keeps")
    texts = ("sensor", "device", "kept", "answer", "model")
    shown: dict[str, Any] = {
        name: printable(getattr(record, name))[:LONGEST_NAME] for name in texts
    }
    given = json.loads(line)
    session, ms = given.get("session"), given.get("ms")
    if not isinstance(session, str) or type(ms) is not int or not 0 <= ms < 2**53:
        raise DataError(f"{where} does not say when it was kept")
    return Window(number, replace(record, **shown), "", session, ms)
