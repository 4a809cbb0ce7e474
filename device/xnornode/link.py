"""The node's end of the serial line: predictions go out, commands and models come in.

In a program of one's own (docs/reference/protocol.md)::

    clf = Classifier()  # the active model of the node's store
    link = Link(clf)
    for sample in sensor():
        p = clf.feed(sample)
        if p:
            link.prediction(p)
        link.step()
"""

import gc
import os
import select
import sys
import time

import micropython

from xnornode.classifier import Classifier, Prediction
from xnornode.lines import Lines, emit
from xnornode.node import Node
from xnornode.receiver import Receiver
from xnornode.store import Store

TYPE_CHECKING = False  # there is no `typing` on the node
if TYPE_CHECKING:
    from typing import Any

FRAME = 4160  # bytes in a line to the node where the port holds back what there is no room for
WINDOW = 2
UART_FRAME = 256  # a little less than the ESP32's UART buffer
UART_WINDOW = 1
HOLDS_BACK = ("rp2", "linux")  # platforms whose standard port does

UNFINISHED_MS = 500  # after which a line that does not go on is dropped
LET_GO_MS = 10_000  # after which a push that does not go on is let go
SERVE_MS = 30_000  # after which the receiver at the REPL ends
SHARE = 7  # the program has so many times the time that the link takes
SLICE_US = 2000  # how long a step reads, when the program has no time to spare
PAUSE_US = 1000  # between two looks at a line on which nothing comes
CTRL_C = 3


class Port:
    """Reads lines from a stream that can be polled, never waiting.

    frame: bytes that a line may have, its end included.
    """

    def __init__(self, frame: int, stream: "Any" = sys.stdin) -> None:
        self._line = bytearray(frame - 1)
        self._view = memoryview(self._line)
        self._at = 0  # bytes of the line so far; more than fit are counted, not kept
        self._one = bytearray(1)
        self._last = time.ticks_ms()
        self._readinto = stream.readinto
        self._poll = select.poll()
        self._poll.register(stream, select.POLLIN)
        self.takes_ctrl_c = False
        self.damaged = False

    @micropython.native
    def read(self, until: int) -> "memoryview | None":
        """The next line without its end; None when it has not come by `until` (ticks_us).

        `damaged` is set where a line was too long, unfinished or ended by Ctrl-C. A Ctrl-C at the
        start of a line raises KeyboardInterrupt.
        """
        ipoll, readinto, one, line = self._poll.ipoll, self._readinto, self._one, self._line
        at, size = self._at, len(line)
        self.damaged = False
        while True:
            char = -1
            for _ in ipoll(0):
                if readinto(one):
                    char = one[0]
            if char > 13:
                if at < size:
                    line[at] = char
                at += 1
                if at & 31:
                    continue
            elif char == 10 or char == 13:
                self._at = 0
                if at > size:
                    self.damaged = True
                    return None
                if at:
                    self._last = time.ticks_ms()
                    return self._view[:at]
                continue
            elif char == CTRL_C:
                self._at = 0
                if not at:
                    raise KeyboardInterrupt
                self.damaged = True
                return None
            elif char >= 0:
                line[0] = 0  # no line has control characters: damaged
                at += 1
                continue
            now = time.ticks_ms()
            if char >= 0:
                self._last = now
            elif at and time.ticks_diff(now, self._last) > UNFINISHED_MS:
                self._at = 0
                self.damaged = True
                return None
            self._at = at
            if char < 0 or time.ticks_diff(until, time.ticks_us()) < 0:
                return None


class Link(Lines):
    """The line of a program that classifies: its predictions, and what comes from the PC.

    classifier: of the store (`Classifier()`). channels: names of the sensor's channels; a model for
    others is refused. frame, window: of lines to the node, by default by the platform.
    """

    def __init__(
        self,
        classifier: Classifier,
        channels: "tuple[str, ...] | None" = None,
        frame: int | None = None,
        window: int | None = None,
    ) -> None:
        if classifier.store is None:
            raise ValueError("a Link needs a classifier of the store: Classifier()")
        self._ends = Ends(Node(classifier.store, classifier, channels), classifier.store)
        super().__init__(classifier)
        self._ends.open(self.session, frame, window)
        self._next = time.ticks_us()

    def prediction(self, p: Prediction) -> None:
        """A window has been classified."""
        super().prediction(p)
        self._ends.node.confirm()

    def step(self, spare_us: int = 0) -> None:
        """Read what has come, and answer. To be called between two samples, and while waiting.

        spare_us: time that the program has no use for. Without it a step takes some milliseconds
        (60 where it writes flash, some 100 where it switches to a new model) and the link an eighth
        of the time in all. Raises KeyboardInterrupt on Ctrl-C.
        """
        start = time.ticks_us()
        if spare_us <= 0 and time.ticks_diff(start, self._next) < 0:
            return
        before = self._ends.node.number
        idle = self._ends.step(max(spare_us, SLICE_US))
        took = time.ticks_diff(time.ticks_us(), start)
        self._next = time.ticks_add(time.ticks_us(), max(PAUSE_US if idle else 0, SHARE * took))
        if self._ends.node.number != before:
            self.classifier.note = ""
            self.ready()

    def close(self) -> None:
        """Give the port back to the REPL."""
        self._ends.let_go()


class Ends:
    """Port and receiver together."""

    def __init__(self, node: Node, store: Store) -> None:
        self.node = node
        first = int.from_bytes(os.urandom(3), "little")
        self.receiver = Receiver(store, node, first)
        self._heard = time.ticks_ms()

    def open(self, session: str, frame: int | None = None, window: int | None = None) -> None:
        """Begin to listen."""
        holds_back = sys.platform in HOLDS_BACK
        self.node.session = session
        self.node.frame = frame or (FRAME if holds_back else UART_FRAME)
        self.node.window = window or (WINDOW if holds_back else UART_WINDOW)
        self._port = Port(self.node.frame)

    def step(self, us: int) -> bool:
        """Read for at most so many microseconds; whether nothing came."""
        until = time.ticks_add(time.ticks_us(), us)
        idle = True
        while True:
            line = self._port.read(until)
            if line is None and not self._port.damaged:
                break
            idle = False
            self._heard = time.ticks_ms()
            try:
                answer = self.receiver.damaged() if line is None else self.receiver.line(line)
                if answer:
                    event, fields = answer
                    emit(event, **fields)
            except MemoryError:  # the program that classifies needs what there is
                self.receiver.let_go()
                gc.collect()
            self._set_ctrl_c()
            if self.receiver.quit or time.ticks_diff(until, time.ticks_us()) < 0:
                break
        if self.receiver.push and self.silent(LET_GO_MS):
            self.let_go()
        return idle

    def silent(self, ms: int) -> bool:
        """Whether no line has come for so long."""
        return time.ticks_diff(time.ticks_ms(), self._heard) > ms

    def let_go(self) -> None:
        """End a push that is under way."""
        self.receiver.let_go()
        self._set_ctrl_c()

    def _set_ctrl_c(self) -> None:
        """During a push noise may be a Ctrl-C, so the port looks for it instead of the system."""
        wanted = bool(self.receiver.push)
        if wanted != self._port.takes_ctrl_c:
            self._port.takes_ctrl_c = wanted
            micropython.kbd_intr(-1 if wanted else CTRL_C)


def serve() -> None:
    """Take commands at the REPL, until `quit`, Ctrl-C, or 30 seconds without a line."""
    store = Store()
    ends = Ends(Node(store), store)
    ends.open(os.urandom(4).hex())
    emit("hello", id=None, **ends.node.facts())
    try:
        while not ends.receiver.quit and not ends.silent(SERVE_MS):
            if ends.step(20_000):
                time.sleep_ms(1)
    except KeyboardInterrupt:
        pass
    finally:
        ends.let_go()
