"""The two ways to the hub of a shared port: in its process, and from another one."""

from __future__ import annotations

import io
import itertools
import json
import math
import socket
import threading
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import serial

from xnornode.link.deadline import Deadline
from xnornode.link.schema import printable
from xnornode.link.share_frames import ANSWER, CONTROL, DATA, GONE, SLOW, FrameError, Frames

if TYPE_CHECKING:
    from xnornode.link.share_hub import Hub
    from xnornode.link.share_member import Member, Sink

ANSWER_SECONDS = 12.0
"""Seconds for the owner to do what a guest asks: more than a write to the port may take."""
LEAVE_SECONDS = 0.5
"""Seconds for what was written to reach the port, before a guest leaves."""
LISTEN_BYTES, LISTEN_SECONDS = 65536, 60.0
"""Of one read of a guest that is told what comes."""
ROOM = 1 << 20
"""Bytes that are kept for a program that does not read; then the owner has to wait."""


class LocalEnd:
    """To a hub in this process."""

    def __init__(self, hub: Hub, member: Member) -> None:
        self._hub, self._member = hub, member

    def read(self, size: int, wait: Deadline, enough: int) -> bytes:
        """What has come."""
        inbox = self._member.inbox
        data = inbox.read(size, wait, enough)
        if not data and size and inbox.gone is not None:
            raise serial.SerialException(inbox.gone)
        return data

    def write(self, data: bytes, seconds: float | None) -> None:
        """Write all of it."""
        self._hub.write(self._member, data, seconds)

    def waiting(self) -> int:
        """Bytes that have come."""
        inbox = self._member.inbox
        if inbox.gone is not None and not len(inbox):
            raise serial.SerialException(inbox.gone)
        return len(inbox)

    def do(self, what: str, **more: Any) -> None:
        """`take`, `give` or `set`."""
        match what:
            case "take":
                self._hub.take(self._member)
            case "give":
                self._hub.give(self._member)
            case "set":
                self._hub.set(self._member, **more)

    def listen(self, sink: Sink, answers_only: bool) -> None:
        """Be told what comes."""
        self._member.answers_only = answers_only
        self._hub.listen(self._member, sink)

    def clear(self) -> None:
        """Forget what has come."""
        self._member.inbox.clear()

    def number(self) -> int:
        """That of the real port."""
        return int(self._hub.port.fileno())

    @property
    def unsent(self) -> int:
        """Bytes that the real port has still to send."""
        try:
            return int(getattr(self._hub.port, "out_waiting", 0))
        except (TypeError, OSError):  # the hub has just closed it
            return 0

    def drop_unsent(self) -> None:
        """Forget them."""
        with suppress(TypeError, OSError):
            self._hub.port.reset_output_buffer()  # type: ignore[attr-defined]

    def close(self) -> None:
        """Leave the hub."""
        self._hub.leave(self._member, local=True)


class GuestEnd:
    """To the hub of another process."""

    unsent = 0

    def __init__(self, end: socket.socket) -> None:
        self._frames = Frames(end)
        self._came = bytearray()
        self._numbers = itertools.count()
        self._answers: dict[int, dict[str, Any]] = {}
        self._gone = self._slow = ""
        self._receiving = threading.Lock()

    def read(self, size: int, wait: Deadline, enough: int) -> bytes:
        """What has come."""
        self._receive(0.0)
        while len(self._came) < enough and not wait.passed and not self._gone:
            self._receive(min(wait.left, 60.0))
        if self._gone and not self._came and size:
            raise serial.SerialException(self._gone)
        data = bytes(self._came[:size])
        del self._came[:size]
        return data

    def _receive(self, seconds: float) -> None:
        with self._receiving:
            if self._gone or (len(self._came) > ROOM and not seconds):
                return
            try:
                for kind, content in self._frames.receive(seconds):
                    self._frame(kind, content)
            except FrameError as error:
                self._gone = f"the program that shares it: {error}"
            except (OSError, ValueError) as error:
                self._gone = str(error) or "it is closed"

    def _frame(self, kind: bytes, content: bytes) -> None:
        if kind == DATA:
            self._came += content
        elif kind == GONE:
            self._gone = printable(content.decode(errors="replace"))
        elif kind == SLOW:
            self._slow = printable(content.decode(errors="replace"))
        elif kind == ANSWER:
            answer = json.loads(content)
            if isinstance(answer, dict) and type(answer.get("ask")) is int:
                self._answers[answer["ask"]] = answer

    def write(self, data: bytes, seconds: float | None) -> None:
        """Write all of it."""
        if self._gone:
            raise serial.SerialException(self._gone)
        if self._slow:
            slow, self._slow = self._slow, ""
            raise serial.SerialTimeoutException(slow)
        try:
            self._frames.send(DATA, data, Deadline(math.inf if seconds is None else seconds))
        except TimeoutError as error:
            self._gone = "it takes no bytes"
            raise serial.SerialTimeoutException(str(error)) from error
        except (OSError, ValueError) as error:
            self._receive(0.0)  # it may have said why
            self._gone = self._gone or "the program that shares it has gone"
            raise serial.SerialException(self._gone) from error

    def waiting(self) -> int:
        """Bytes that have come."""
        self._receive(0.0)
        if self._gone and not self._came:
            raise serial.SerialException(self._gone)
        return len(self._came)

    def do(self, what: str, seconds: float = ANSWER_SECONDS, **more: Any) -> None:
        """`take`, `give`, `set` or `leave`."""
        number, wait = next(self._numbers), Deadline(seconds)
        try:
            self._frames.send(CONTROL, {"ask": number, "do": what, **more}, wait)
        except (OSError, ValueError) as error:
            raise serial.SerialException(self._gone or str(error)) from error
        while number not in self._answers and not self._gone and not wait.passed:
            self._receive(wait.within(1.0).left)
        answer = self._answers.pop(number, None)
        if answer is None or "error" in answer:
            why = answer["error"] if answer else self._gone or "the owner does not answer"
            raise serial.SerialException(printable(str(why)))

    def listen(self, sink: Sink, answers_only: bool) -> None:
        """Be told what comes, by a thread. Another program's hub knows of no `answers_only`."""

        def hear() -> None:
            try:
                while True:
                    sink.wait_for_room(LISTEN_SECONDS)
                    if data := self.read(LISTEN_BYTES, Deadline(LISTEN_SECONDS), 1):
                        sink.put(data)
            except (OSError, ValueError) as error:
                sink.end(str(error))

        threading.Thread(target=hear, name="guest", daemon=True).start()

    def clear(self) -> None:
        """Forget what has come."""
        self._receive(0.0)
        self._came.clear()

    def number(self) -> int:
        """There is none."""
        raise io.UnsupportedOperation("another program has the port")

    def drop_unsent(self) -> None:
        """The owner sends it."""

    def close(self) -> None:
        """Leave the hub, once it has passed on what was written."""
        with suppress(serial.SerialException):
            if not self._gone:
                self.do("leave", LEAVE_SECONDS)
        self._frames.close()
