"""The owner of a port, which serves it to other programs (docs/reference/sharing.md)."""

from __future__ import annotations

import os
import re
import socket
import threading
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import serial

from xnornode.link import share_frames
from xnornode.link.deadline import Deadline
from xnornode.link.lines import PORT_ERRORS, close_lines
from xnornode.link.reactor import Reactor
from xnornode.link.ready import writable
from xnornode.link.share_lines import Lines
from xnornode.link.share_member import TAKEN, Inbox, Member, Sink
from xnornode.link.share_place import Place
from xnornode.link.share_readers import ReactorReader, Reader, ThreadReader, number_of

MOST_MEMBERS = 32
"""Programs that share one port at most."""
SETTABLE = {"dtr": bool, "rts": bool, "baudrate": int, "break_condition": bool}
"""What a program that has the port for itself may set."""
_RAW = re.compile(rb"[\x00-\x08\x0b\x0c\x0e-\x1f]")
"""What no line of the protocol holds, and a REPL or a boot loader is told."""


class Lent(serial.SerialException):
    """Another program has the port for itself; the text says which."""


class Hub:
    """Reads a port, and hands on what is written to it, for all members.

    Parameters
    ----------
    name : str
        The port's name.
    port : serial.SerialBase
        The open port. The hub closes it.
    place : Place or None
        Where other programs come; None where nobody does.
    serve : callable
        Lets a program in, in a thread of its own.
    ended : callable
        Is called once the hub is closed.
    reactor : Reactor, optional
        Reads the port, where it has a file that the system can wait for. None: a thread of the
        hub's own.
    """

    def __init__(
        self,
        name: str,
        port: serial.SerialBase,
        place: Place | None,
        serve: Callable[[Hub, Place, socket.socket], None],
        ended: Callable[[Hub], None] = lambda hub: None,
        reactor: Reactor | None = None,
    ) -> None:
        self.name, self.port = name, port
        self.lent: Member | None = None
        self.closed = False
        self.ceded = False
        """Whether another program has asked for the port, and takes it next."""
        self._place, self._serve, self._ended = place, serve, ended
        self._lines = Lines()
        self._local = 0  # members of this process
        self._changing, self._writing = threading.RLock(), threading.Lock()
        port.timeout = 0
        self._number = number_of(port) if reactor else None
        self._reader: Reader
        if reactor and self._number is not None:
            os.set_blocking(self._number, False)
            self._reader = ReactorReader(self, place, reactor, self._number)
        else:
            self._reader = ThreadReader(self, place)

    def start(self) -> None:
        """Read the port, and let others in. Who opened it is a member by then."""
        self._reader.start()

    # Members

    def join(self, who: str, local: bool = False) -> Member:
        """A new member. Raises Lent, or SerialException where the hub is closed or full."""
        with self._changing:
            if self.closed:
                raise serial.SerialException(f"{self.name} is closed")
            if self.lent:
                raise Lent(self.lent.who)
            if len(self._lines.members) >= MOST_MEMBERS:
                raise serial.SerialException(f"{MOST_MEMBERS} programs share {self.name} already")
            member = Member(who)
            self._lines.join(member)
            self._local += local
            return member

    def leave(self, member: Member, local: bool = False) -> None:
        """Let a member go. The port is closed behind the last one of this process."""
        with self._changing:
            self._local -= local
            told = self._lines.leave(member)
            if self.lent is member:
                self.lent = None
            member.inbox.end("it is closed")
            ends = self._local <= 0 and self.lent is None
        if ends:
            self.close(f"{share_frames.who(share_frames.about_this())} has closed it")
        elif told:
            with suppress(*PORT_ERRORS):
                self._out(told, 1.0)

    def listen(self, member: Member, sink: Sink) -> None:
        """Have a member told what comes, in place of reading it; what has come first."""
        with self._changing:
            before, member.inbox = member.inbox, sink
            if data := before.read(len(before), Deadline(0)):
                sink.put(data)
        if before.gone is not None:
            sink.end(before.gone)

    def write(self, member: Member, data: bytes, seconds: float | None) -> None:
        """Write what a member has to say. Raises what the port raises, and Lent."""
        with self._changing:
            if member.inbox.gone is not None:
                raise serial.SerialException(member.inbox.gone)
            if self.lent is not member and _RAW.search(data):
                self.take(member)
            told = data if self.lent is member else self._lines.from_member(member, data)
        if told:
            try:
                self._out(told, seconds)
            except serial.SerialTimeoutException:
                raise
            except PORT_ERRORS as error:
                self.close(str(error))
                raise

    def _out(self, data: bytes, seconds: float | None) -> None:
        with self._writing:
            if self.closed:
                raise serial.SerialException(f"{self.name} is closed")
            try:
                if self._number is not None:
                    _write(self._number, data, seconds)
                    return
                if self.port.write_timeout != seconds:
                    self.port.write_timeout = seconds
                self.port.write(data)
            except (TypeError, ValueError, AttributeError) as error:  # closed amid it
                raise serial.SerialException(f"{self.name} is closed") from error

    # The port for one member

    def take(self, member: Member) -> None:
        """Give a member the port for itself; the others are told that it is gone."""
        with self._changing:
            if self.lent is member:
                return
            if self.lent or member.inbox.gone is not None:
                raise Lent(f"{self.lent.who} {TAKEN}" if self.lent else str(member.inbox.gone))
            self._lines.flush()
            self.lent = member
            for other in [*self._lines.members]:
                if other is not member:
                    self._lines.leave(other)
                    other.inbox.end(f"{member.who} {TAKEN}")

    def give(self, member: Member) -> None:
        """Take the port back from a member, which stays one."""
        with self._changing:
            if self.lent is member:
                self.lent = None

    def set(self, member: Member, name: str, value: Any) -> None:
        """Set a line or the baud rate of the port, for a member that has it for itself then."""
        if name not in SETTABLE:
            raise ValueError(f"{name} cannot be set")
        self.take(member)
        with self._writing:
            if self.closed:
                raise serial.SerialException(f"{self.name} is closed")
            setattr(self.port, name, SETTABLE[name](value))

    # For its reader

    @property
    def waits(self) -> bool:
        """Whether part of a line is held back."""
        return self._lines.waits

    def heard(self, data: bytes) -> None:
        """Hand on what has come; nothing: hand on what is held back."""
        with self._changing:
            if not data:
                self._lines.flush()
            elif self.lent:
                self.lent.inbox.put(data)
            else:
                self._lines.from_node(data)

    def full(self) -> Inbox | None:
        """What is kept for the only one that gets bytes, where that is too much to read on.

        Also that of a member that is told what comes, and wants nothing for now.
        """
        with self._changing:
            if only := self.lent or self._lines.alone:
                return only.inbox if only.inbox.full else None
            sinks = (each.inbox for each in self._lines.members if isinstance(each.inbox, Sink))
            return next((inbox for inbox in sinks if inbox.full), None)

    def let_in(self, end: socket.socket) -> None:
        """Let another program in, in a thread."""
        threading.Thread(target=self._serve, args=(self, self._place, end), daemon=True).start()

    def close(self, why: str) -> None:
        """Close the port; the members are told why."""
        with self._changing:
            if self.closed:
                return
            self.closed = True
            members = [*self._lines.members]
        self._reader.stop()
        with suppress(*PORT_ERRORS, AttributeError, TypeError):
            self.port.cancel_write()  # type: ignore[attr-defined]
        done = self._writing.acquire(timeout=2.0)  # not amid a write: its file's number is reused
        close_lines(self.port)
        if done:
            self._writing.release()
        if self._place:
            self._place.leave()
        self._ended(self)
        for member in members:
            member.inbox.end(why)


def _write(number: int, data: bytes, seconds: float | None) -> None:
    """Write to a file that does not block. Raises SerialTimeoutException, SerialException."""
    wait, rest = Deadline(60.0 if seconds is None else seconds), memoryview(data)
    while rest:
        try:
            rest = rest[os.write(number, rest) :]
        except BlockingIOError:
            if wait.passed:
                raise serial.SerialTimeoutException("Write timeout") from None
            writable(number, min(wait.left, 1.0))
        except OSError as error:
            raise serial.SerialException(f"write failed: {error}") from error
