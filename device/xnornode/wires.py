"""Links over any stream with `read` and `write` (docs/reference/protocol.md, "Links").

Nothing here waits: reads take what is there, writes what goes, and the lines that a slow reader
leaves are kept up to a bound, then dropped and counted.
"""

import select
import time

import micropython

from xnornode import line_writer
from xnornode.events import emit, line
from xnornode.line_reader import UNFINISHED_MS
from xnornode.link import UART_FRAME, UART_WINDOW, Connection

TYPE_CHECKING = False  # there is no `typing` on the node
if TYPE_CHECKING:
    from typing import Any

BUFFER = 2048  # bytes of lines that wait for a reader; a longer line may wait alone
PIECE = 128  # bytes of one write, as some UARTs wait until all of it is on its way
CHUNK = 256  # bytes of one read
SAY_MS = 1000  # from one word of dropped lines to the next

WIRES: "list[Wire]" = []  # in use


def use(stream: "Any") -> None:
    """Have links over these streams, and no others: one, or a list of them."""
    streams = stream if isinstance(stream, (list, tuple)) else (stream,)
    before = {id(wire.stream): wire for wire in WIRES}  # lines on their way stay whole
    WIRES[:] = [before.get(id(stream)) or Wire(stream) for stream in streams]
    line_writer.others = write


def write(text: str) -> None:
    """Write a line to each stream."""
    data = None
    for wire in WIRES:
        if wire.events and wire.connected():
            try:
                data = data or text.encode()
                wire.write(data)
            except MemoryError:
                wire.dropped += 1


def connections(main: Connection) -> "tuple[Connection, ...]":
    """A Connection for each stream, about the models and the sensor of the standard port's."""
    return tuple([WireConnection(wire, main) for wire in WIRES])


class WireConnection(Connection):
    """The receiver of one stream's lines. main: the standard port's."""

    def __init__(self, wire: "Wire", main: Connection) -> None:
        self._wire = wire
        self._breaks = wire.breaks
        self._set_up(main.models, main.store, main.streamer)
        receiver = self.receiver
        receiver.facts = {"frame": wire.frame, "window": wire.window}
        receiver.allow = wire.allow
        receiver.out = wire.out
        self._reader = wire
        self._write = wire.answer
        if hasattr(wire.stream, "attach"):  # one that publishes what the node does
            wire.stream.attach(self)

    @property
    def engaged(self) -> bool:
        """Whether this link is in a push or a recording."""
        return self.receiver.push is not None or self.streamer.streams_to(self._wire.out)

    def _step(self, us: int) -> bool:
        wire = self._wire
        wire.flush()
        self._see_breaks()  # before the next client's first line
        idle = wire.broken or super()._step(us)
        self._see_breaks()
        return idle

    def _see_breaks(self) -> None:
        """Where the stream has broken, what follows is somebody else's."""
        wire = self._wire
        if wire.breaks == self._breaks:
            return
        self._breaks = wire.breaks
        self.let_go()
        try:
            self.streamer.stop_for(wire.out)
            if wire.broken:
                emit("warning", kind="link", warning=f"a link broke and is left alone: {wire.why}")
        except MemoryError:
            pass  # the program goes on

    def _set_ctrl_c(self) -> None:
        pass  # no byte of a stream interrupts the program


class Wire:
    """A stream's lines, both ways. It stays while one Link follows the other.

    stream: has `read(n)` and `write(data)`, which do not wait. `read` gives bytes, or None or b""
    where nothing has come. `write` gives how many bytes it took; None counts as none of them, where
    the stream can be polled, and as all of them otherwise. Each raises OSError once the stream has
    broken. `readinto`, `any` and `setblocking` are used where it has them. It may have these
    attributes: `frame` and `window`, as of Link, for a UART by default; `most`, bytes of one write;
    `unfinished_ms`, after which a line that does not go on is dropped; `allow`, as of Receiver;
    `connected`, whether somebody is there: after an OSError such a stream gets another chance;
    `attach`, gets the WireConnection of each program that listens; `events`, False for one that
    has answers alone.

    Attributes: `breaks`, how often it has broken; `dropped`, lines so far; `damaged`, as of
    LineReader; `broken`, whether it is of no use any more, and `why`.
    """

    def __init__(self, stream: "Any") -> None:
        self.stream = stream
        self.frame = getattr(stream, "frame", UART_FRAME)
        self.window = getattr(stream, "window", UART_WINDOW)
        self.allow = getattr(stream, "allow", None)
        self.events = getattr(stream, "events", True)
        self.breaks = self.dropped = 0
        self.damaged = self.broken = False
        self.why: Exception | None = None
        self.out = self.write  # the same object each time
        self._said = 0  # of the dropped lines
        self._said_at = time.ticks_ms()
        self._most = getattr(stream, "most", PIECE)
        self._unfinished_ms = getattr(stream, "unfinished_ms", UNFINISHED_MS)
        self._again = hasattr(stream, "connected")
        self._any = getattr(stream, "any", None)
        self._readinto = getattr(stream, "readinto", None)
        self._chunk = bytearray(CHUNK)
        self._from = self._to = 0  # of the bytes in it that were not looked at
        self._line: bytearray | None = None  # made once something comes
        self._at = 0  # bytes of the line so far, also those that did not fit
        self._last = 0
        self._queue: list[bytes] = []  # pieces of lines
        self._size = 0  # bytes in it
        self._whole = 0  # pieces in it up to the end of a line
        self._sent = 0  # bytes of the first one
        self._skips = False  # whether the rest of a line is dropped
        if hasattr(stream, "setblocking"):
            stream.setblocking(False)
        self._poll: Any = select.poll()
        try:
            self._poll.register(stream, select.POLLIN | select.POLLOUT)
        except Exception:  # of several kinds: a stream of Python's own
            self._poll = None

    def connected(self) -> bool:
        """Whether somebody may be there."""
        return not self.broken and (not self._again or self.stream.connected)

    @micropython.native
    def read(self, until: int) -> "memoryview | None":
        """The next line without its end, as LineReader.read gives it."""
        self.damaged = False
        while True:
            i, to = self._from, self._to
            if i < to:
                chunk, at = self._chunk, self._at
                kept = self._line
                if kept is None:
                    kept = self._line = bytearray(self.frame - 1)
                size = len(kept)
                while i < to:
                    char = chunk[i]
                    i += 1
                    if char > 13:
                        if at < size:
                            kept[at] = char
                        at += 1
                    elif char == 10 or char == 13:
                        self._from, self._at = i, 0
                        if at > size:
                            self.damaged = True
                            return None
                        if at:
                            return memoryview(kept)[:at]
                    else:
                        kept[0] = 0  # no line has control characters: damaged
                        at += 1
                self._from, self._at = i, at
            if not self._receive():
                return None
            if time.ticks_diff(until, time.ticks_us()) < 0:
                return None

    def _receive(self) -> bool:
        """Take what has come into the chunk; whether anything has."""
        count = 0
        try:
            polled = self._poll and self._can(select.POLLIN)
            if polled or not (self._poll or (self._any and not self._any())):
                if self._readinto:
                    count = self._readinto(self._chunk)
                else:
                    data = self.stream.read(CHUNK)
                    if data is not None:
                        count = len(data)
                        self._chunk[:count] = data
                if polled and count == 0:
                    raise OSError("the other side has closed it")
        except Exception as error:  # of somebody's class, anything
            self._break(error)
            return False
        if count:
            self._from, self._to = 0, count
            self._last = time.ticks_ms()
        elif self._at and time.ticks_diff(time.ticks_ms(), self._last) > self._unfinished_ms:
            self._at = 0
            self.damaged = True
        return bool(count)

    def _can(self, what: int) -> bool:
        """Whether poll says so, or that something is wrong, which the call itself will tell."""
        for found in self._poll.ipoll(0):
            return bool(found[1] & ~(what ^ (select.POLLIN | select.POLLOUT)))
        return False

    def write(self, data: bytes) -> None:
        """Write a line, its end included, or the next piece of one."""
        ends = data[-1] == 10
        if not self._skips and self.connected():
            if self._size + len(data) <= BUFFER or not self._whole:
                self._queue.append(data)
                self._size += len(data)
                if ends:
                    self._whole = len(self._queue)
                    self.flush()
                    if self.dropped != self._said:
                        self._say()
                return
            self.dropped += 1
            del self._queue[self._whole :]
            self._size = sum([len(piece) for piece in self._queue]) - self._sent
        self._skips = not ends

    def answer(self, text: str) -> None:
        """Write a line of text."""
        self.write(text.encode())

    def flush(self) -> None:
        """Write as much of the whole lines as goes without waiting."""
        while self._whole:
            piece = self._queue[0]
            try:
                view = memoryview(piece)[self._sent : self._sent + self._most]
                taken = 0
                if not self._poll or self._can(select.POLLOUT):
                    taken = self.stream.write(view)
                    if taken is None:
                        taken = 0 if self._poll else len(view)
            except Exception as error:  # of somebody's class, anything
                self._break(error)
                return
            if taken <= 0:
                return
            self._sent += taken
            self._size -= taken
            if self._sent >= len(piece):
                del self._queue[0]
                self._whole -= 1
                self._sent = 0

    def _say(self) -> None:
        """Say how many lines were dropped, at most once a second."""
        now = time.ticks_ms()
        count = self.dropped - self._said
        if 0 <= time.ticks_diff(now, self._said_at) < SAY_MS:
            return
        text = f"{count} lines were dropped, as this link did not take them in time"
        data = line("warning", {"kind": "dropped", "warning": text, "count": count}).encode()
        if self._size + len(data) <= BUFFER:
            self._said, self._said_at = self.dropped, now
            self.write(data)

    def _break(self, error: Exception) -> None:
        self.breaks += 1
        self._forget()
        self._line = None
        self._from = self._to = self._at = 0
        if not self._again:
            self.broken, self.why = True, error
            self._chunk = bytearray(0)

    def _forget(self) -> None:
        """Drop all that waits."""
        self._queue.clear()
        self._size = self._whole = self._sent = 0
        self._skips = False
