"""What goes between an owner of a port and its guests (docs/reference/sharing.md)."""

from __future__ import annotations

import json
import os
import re
import socket
import sys
import threading
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

from xnornode.link import share_talk
from xnornode.link.deadline import Deadline
from xnornode.link.ready import readable, writable
from xnornode.link.schema import printable

VERSION = 1
"""Of the greeting and of what follows it."""
DATA, CONTROL, ANSWER, GONE, SLOW = b"D", b"C", b"A", b"G", b"S"
LARGEST = 65536
"""Bytes of a frame's content at most."""
AT_ONCE = 65536
LONGEST_GREETING = 2048
"""Bytes of the line with which both sides begin."""
WORD = "xnornode-share"
_HEAD = 4
LONGEST_WHO = 64
"""Characters that are kept of a program's name."""


class FrameError(OSError):
    """What came over a socket is no frame, or the other side has gone."""


def about_this() -> dict[str, Any]:
    """What this program says of itself."""
    name = share_talk.program or Path(sys.argv[0] or "python").name or "python"
    return {"program": name[:LONGEST_WHO], "process": os.getpid()}


def who(said: dict[str, Any]) -> str:
    """A program, in words.

    Examples
    --------
    >>> who({"program": "xnornode push", "process": 12})
    'xnornode push (process 12)'
    """
    name = printable(str(said.get("program", "a program"))[:LONGEST_WHO])
    process = said.get("process")
    return f"{name} (process {process})" if type(process) is int else name


def greeting(said: dict[str, Any]) -> bytes:
    """The line with which a side begins."""
    return f"{WORD} {VERSION} {json.dumps(said)}\n".encode()


def read_greeting(end: socket.socket, wait: Deadline) -> tuple[int, dict[str, Any]]:
    """The version of the other side, and what it says of itself.

    Raises
    ------
    FrameError
        If no such line comes in time.
    """
    line = b""
    while not line.endswith(b"\n"):
        if len(line) >= LONGEST_GREETING or not readable(end.fileno(), wait.left):
            raise FrameError("no greeting has come")
        byte = end.recv(1)  # what follows the line is left to others
        if not byte:
            raise FrameError("the other side has gone")
        line += byte
    found = re.fullmatch(rb"xnornode-share (\d{1,6}) (\{.*\})\s*", line)
    try:
        said = json.loads(found[2]) if found else None
    except (ValueError, RecursionError):
        said = None
    if not found or not isinstance(said, dict):
        raise FrameError("the other side is no xnornode")
    return int(found[1]), said


class Frames:
    """Frames over a socket, either side. Several threads may send; one receives at a time.

    Parameters
    ----------
    end : socket.socket
        The connection, behind its greetings.
    """

    def __init__(self, end: socket.socket) -> None:
        self._end, self._came = end, bytearray()
        self._sending = threading.Lock()
        self._ended = False
        end.setblocking(False)

    def send(self, kind: bytes, content: bytes | dict[str, Any], wait: Deadline) -> None:
        """Send what may be longer than a frame.

        Raises
        ------
        TimeoutError
            If the other side does not take it in time. The connection is of no use then.
        OSError
            If the other side has gone.
        """
        data = content if isinstance(content, bytes) else json.dumps(content).encode()
        with self._sending:
            for at in range(0, len(data) or 1, LARGEST):
                piece = data[at : at + LARGEST]
                self._send(kind + len(piece).to_bytes(3, "big") + piece, wait)

    def _send(self, data: bytes, wait: Deadline) -> None:
        rest = memoryview(data)
        while rest:
            try:
                rest = rest[self._end.send(rest) :]
            except BlockingIOError:
                if wait.passed:
                    raise TimeoutError("the other side takes no bytes") from None
                writable(self._end.fileno(), min(wait.left, 1.0))

    def receive(self, seconds: float) -> Iterator[tuple[bytes, bytes]]:
        """The frames that come in time: a list of kind and content. Raises FrameError."""
        frames = self._whole()
        if not frames and readable(self._end.fileno(), seconds):
            self._take_in()
            frames = self._whole()
        return iter(frames)

    def _take_in(self) -> None:
        try:
            data = self._end.recv(AT_ONCE)
        except BlockingIOError:
            return
        if not data:
            raise FrameError("the other side has gone")
        self._came += data

    def _whole(self) -> list[tuple[bytes, bytes]]:
        frames = []
        while len(self._came) >= _HEAD:
            size = int.from_bytes(self._came[1:_HEAD], "big")
            if size > LARGEST or self._came[:1] not in (DATA, CONTROL, ANSWER, GONE, SLOW):
                raise FrameError("what came is no frame")
            if len(self._came) < _HEAD + size:
                break
            frames.append((bytes(self._came[:1]), bytes(self._came[_HEAD : _HEAD + size])))
            del self._came[: _HEAD + size]
        return frames

    def close(self) -> None:
        """Close the connection; whoever waits for it wakes up."""
        with suppress(OSError):
            self._end.shutdown(socket.SHUT_RDWR)
        self._end.close()
