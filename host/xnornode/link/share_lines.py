"""Lines of several programs on one port: whose is which (docs/reference/sharing.md, "Lines").

No port: bytes go in, and come out in the inboxes of members and for the node.
"""

from __future__ import annotations

import itertools
import json
import re
import secrets
import time
from dataclasses import dataclass, replace

from xnornode.link.framing import EVENT, command, seal, take_apart
from xnornode.link.guard import LONGEST_LINE, SEAL_BYTES
from xnornode.link.schema import read_json
from xnornode.link.share_member import Member

BEGUN = 8
"""Commands `begin` of a member that are remembered."""
OUTSTANDING = 256
"""Commands of a member whose answers are waited for; then the oldest is forgotten."""
LONGEST_COMMAND = 4096
STREAM_SECONDS = 60
"""How long a stream goes on at most by one `stream`."""
FORGOTTEN = 120.0
"""Seconds after which an answer is not waited for any more."""

_ENDS = re.compile(rb"[\r\n]")
_CHUNK = re.compile(rb'\{"push":(0|[1-9][0-9]{0,9}),')
_STREAM = b'"cmd":"stream"'
_STOP = b'"cmd":"stop"'


@dataclass(frozen=True)
class _Asked:
    """A command whose answer is to come."""

    member: Member | None
    number: int | None
    name: str
    time: float
    seconds: float = 0.0


class Lines:
    """Whose line is which."""

    def __init__(self) -> None:
        self.members: list[Member] = []
        self._rest = bytearray()  # of a line of the node that has no end yet
        self._asked: dict[int, _Asked] = {}
        self._pushes: dict[int, Member] = {}
        self._before: Member | None = None  # who was alone before: answers of unknown number
        self._tail: Member | None = None  # whose is the rest of a line that came half
        self._amid = False  # whether the last that came was no end of a line
        self._numbers = itertools.count(secrets.randbelow(1 << 30))

    @property
    def alone(self) -> Member | None:
        """The member that gets all bytes as they are."""
        if len(self.members) == 1 and not self._asked and not self.members[0].answers_only:
            return self.members[0]
        return None

    @property
    def waits(self) -> bool:
        """Whether part of a line is held back, or its rest is one member's."""
        return bool(self._rest or self._tail)

    def join(self, member: Member) -> None:
        """Let a member in."""
        if first := self.alone:
            self._before = first
            self._tail = first if self._amid else None
        self.members.append(member)

    def leave(self, member: Member) -> bytes:
        """Let a member out; what the node has to be told."""
        if member not in self.members:
            return b""
        streamed = self._streams(member)
        self.members.remove(member)
        member.samples_until = 0.0
        for number, asked in [*self._asked.items()]:
            if asked.member is member:
                self._asked[number] = _Asked(None, None, asked.name, asked.time)
        self._pushes = {push: who for push, who in self._pushes.items() if who is not member}
        if self._before is member:
            self._before = None
        if self._tail is member:
            self._tail = None
        if streamed and self.members and not any(map(self._streams, self.members)):
            return self._ask(_Asked(None, None, "stop", time.monotonic()), {})
        return b""

    def from_member(self, member: Member, data: bytes) -> bytes:
        """What the node gets of what a member writes."""
        if member is self.alone:
            if _STREAM in data:
                member.samples_until = time.monotonic() + STREAM_SECONDS
            elif _STOP in data:
                member.samples_until = 0.0
            return data
        member.rest += data
        *lines, rest = _ENDS.split(member.rest)
        member.rest = bytearray(rest)
        if len(rest) > LONGEST_LINE:
            member.odd["too long"] += 1
            member.rest.clear()
        return b"".join(self._line_of(member, bytes(line)) for line in lines if line)

    def _line_of(self, member: Member, line: bytes) -> bytes:
        if chunk := _CHUNK.match(line):
            self._pushes[int(chunk[1])] = member
            while len(self._pushes) > OUTSTANDING:
                del self._pushes[next(iter(self._pushes))]
            return line + b"\n"
        fields = _command(line)
        if fields is None:
            member.odd["no command"] += 1
            return b""
        fields.pop("crc", None)
        name, number = str(fields.pop("cmd")), fields.pop("id", None)
        if type(number) is not int:
            number = None
        if name == "stop":
            self._stop(member)
            if any(map(self._streams, self.members)):
                member.give(_seal({"event": "reply", "id": number}))
                return b""
        seconds = fields.get("seconds") if name == "stream" else 0
        seconds = min(seconds, STREAM_SECONDS) if type(seconds) is int else 0
        if member.streams and seconds:
            member.samples_until = time.monotonic() + seconds
        asked = _Asked(member, number, name, time.monotonic(), float(seconds))
        return self._ask(asked, fields)

    def _streams(self, member: Member) -> bool:
        """Whether a member gets samples, or will by a `stream` that the node has not answered."""
        now = time.monotonic()
        return member.streams or any(
            asked.member is member and asked.name == "stream" and now < asked.time + asked.seconds
            for asked in self._asked.values()
        )

    def _stop(self, member: Member) -> None:
        """Let a member have no more samples, also by a `stream` whose answer is to come."""
        member.samples_until = 0.0
        for number, asked in self._asked.items():
            if asked.member is member and asked.name == "stream":
                self._asked[number] = replace(asked, seconds=0.0)

    def _ask(self, asked: _Asked, fields: dict[str, object]) -> bytes:
        number = next(self._numbers)
        if asked.name == "begin" and asked.member and asked.number is not None:
            begun = asked.member.begun  # a line that comes twice is no second push
            number = begun.setdefault(asked.number, number)
            if len(begun) > BEGUN:
                del begun[next(iter(begun))]
        self._asked[number] = asked
        self._forget(asked.member)
        line = command(asked.name, number, **fields)
        # A REPL wants a carriage return; a node takes it for an empty line
        return b"\r\n" + line[:-1] + b"\r\n" if asked.name == "hello" else line

    def _forget(self, member: Member | None) -> None:
        """Bound what is waited for."""
        now = time.monotonic()
        old = [n for n, asked in self._asked.items() if now - asked.time > FORGOTTEN]
        own = [n for n, asked in self._asked.items() if asked.member is member]
        for number in {*old, *own[:-OUTSTANDING]}:
            del self._asked[number]

    def from_node(self, data: bytes) -> None:
        """Hand on what comes from the node."""
        if member := self.alone:
            self.flush()
            self._amid = not data.endswith(b"\n")
            member.inbox.put(data)
            return
        if self._tail:
            head, end, data = data.partition(b"\n")
            self._tail.give(head + end)
            self._tail = None if end else self._tail
        self._rest += data
        *lines, rest = self._rest.split(b"\n")
        self._rest = bytearray(rest)
        for line in lines:
            self._line(bytes(line) + b"\n")
        held = _held(self._rest)
        if held < len(self._rest):
            self._all(bytes(self._rest[: len(self._rest) - held]))
            del self._rest[: len(self._rest) - held]
        elif held > LONGEST_LINE:
            self.flush()
        self._amid = bool(rest)

    def flush(self) -> None:
        """Hand on what is held back, as nothing more of its line may come."""
        self._tail = None
        if self._rest:
            data, self._rest = bytes(self._rest), bytearray()
            self._all(data)

    def _all(self, data: bytes) -> None:
        for member in self.members:
            if not member.answers_only:
                member.give(data)

    def _line(self, line: bytes) -> None:
        pieces = take_apart(line)
        events = [piece for piece in pieces if isinstance(piece, dict)]
        if len(events) == 1 and events[0]["event"] == "samples" and len(pieces) == 2:
            for member in self.members:
                if member.streams:
                    member.give(line)
        elif any(piece["event"] in ("reply", "hello", "ack", "samples") for piece in events):
            for piece in pieces:
                self._piece(piece)
        else:
            self._all(line)

    def _piece(self, piece: bytes | dict[str, object]) -> None:
        if isinstance(piece, bytes):
            if piece.strip():
                self._all(piece if piece.endswith(b"\n") else piece + b"\n")
            return
        match piece["event"]:
            case "reply" | "hello":
                self._answer(piece)
            case "ack":
                push = piece.get("push")
                owner = self._pushes.get(push) if isinstance(push, int) else None
                if owner := owner or self._before:
                    owner.give(_seal(piece))
            case "samples":
                for member in self.members:
                    if member.streams:
                        member.give(_seal(piece))
            case _:
                self._all(_seal(piece))

    def _answer(self, fields: dict[str, object]) -> None:
        number = fields.get("id")
        if type(number) is not int:
            if fields["event"] == "reply":  # what was damaged is somebody's
                waiting = {id(asked.member) for asked in self._asked.values()}
                waiting |= {id(pusher) for pusher in self._pushes.values()}
                waiting.add(id(self._before))
                for other in self.members:
                    if id(other) in waiting:
                        other.give(_seal(fields))
            else:
                self._all(_seal(fields))
            return
        asked = self._asked.pop(number, None)
        if asked is None:
            if self._before:
                self._before.give(_seal(fields))
            return
        member = asked.member
        if member is None:
            return
        if asked.name == "stream" and "sensor" in fields:
            member.samples_until = time.monotonic() + asked.seconds
        member.give(_seal({**fields, "id": asked.number}))


def _command(line: bytes) -> dict[str, object] | None:
    """The fields of a command that is whole; None for any other line."""
    if len(line) > LONGEST_COMMAND:
        return None
    body = line[:-SEAL_BYTES]
    if b'"crc"' in line and seal(body) != line + b"\n":
        return None
    try:
        fields = read_json(line)
    except ValueError:
        return None
    if isinstance(fields, dict) and isinstance(fields.get("cmd"), str):
        return fields
    return None


def _seal(fields: dict[str, object]) -> bytes:
    """A line of a node, written again."""
    text = json.dumps({k: v for k, v in fields.items() if k != "crc"}, separators=(",", ":"))
    return seal(text[:-1].encode("ascii"))


def _held(line: bytes | bytearray) -> int:
    """How many bytes at the end of a line without its end may belong to an object."""
    start = line.rfind(EVENT)
    if start >= 0:
        return len(line) - start
    most = min(len(line), len(EVENT) - 1)
    return next((size for size in range(most, 0, -1) if EVENT.startswith(line[-size:])), 0)
