"""The node's end of its lines: predictions go out, commands and models come in.

In a program of one's own (docs/reference/protocol.md)::

    clf = Classifier()  # the active model of the node's store
    link = Link(clf)
    for sample in sensor():
        p = clf.feed(sample)
        if p:
            link.prediction(p)
        link.step()

`Link(clf, stream=uart)` has a second line, or several (wires.py).
"""

import gc
import os
import sys
import time

import micropython

from xnornode import line_reader, line_writer
from xnornode.classifier import Classifier, Prediction
from xnornode.events import Events, emit, line
from xnornode.line_reader import LineReader
from xnornode.matching import unknown_scale
from xnornode.model_manager import ModelManager
from xnornode.model_store import Store
from xnornode.receiver import Receiver
from xnornode.stream import Streamer
from xnornode.watchdog import feed

TYPE_CHECKING = False  # there is no `typing` on the node
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from xnornode.kept import Kept
    from xnornode.sensors.sensor import Sensor

FRAME = 4160  # bytes in a line to the node where the port holds back what there is no room for
WINDOW = 2
UART_FRAME = 256  # a little less than the ESP32's UART buffer
UART_WINDOW = 1
HOLDS_BACK = ("rp2", "linux")  # platforms whose standard port does

LET_GO_MS = 10_000  # after which a push that does not go on is let go
SERVE_MS = 30_000  # after which the receiver at the REPL ends
SHARE = 7  # the program has so many times the time that the link takes
SLICE_US = 2000  # how long a step reads, when the program has no time to spare
PAUSE_US = 1000  # between two looks at a line on which nothing comes

_wires: "Any" = None  # the module, once a stream has been given: others need not load it


def use(stream: "Any") -> None:
    """Talk over further streams from the next Link on, and in the pauses of `supervise`.

    stream: as of Link; all that were given before are left alone from now on.
    """
    global _wires
    from xnornode import wires

    _wires = wires
    wires.use(stream)


class Link(Events):
    """The line of a program that classifies: its events, and what comes from the PC.

    classifier: of the store (`Classifier()`). channels: names of the sensor's channels; a model for
    others is refused. frame: bytes that a line to the node may have; window: lines that may be
    under way; both by default by the platform. stream: with `read` and `write`, such as a UART, a
    socket, or what xnornode.net gives, beside the standard port; several in a list; None leaves
    those that are in use. Raises ValueError for a classifier of a file.
    """

    def __init__(
        self,
        classifier: Classifier,
        channels: "tuple[str, ...] | None" = None,
        frame: int | None = None,
        window: int | None = None,
        stream: "Any" = None,
    ) -> None:
        if classifier.store is None:
            raise ValueError("a Link needs a classifier of the store: Classifier()")
        if stream is not None:
            use(stream)
        models = ModelManager(classifier.store, classifier, channels)
        self._connection = Connection(models, classifier.store)
        super().__init__(classifier)
        self._connection.open(self.session, frame, window)
        self._next = time.ticks_us()

    @property
    def stream(self) -> Streamer | None:
        """Takes the samples of each block while a PC records them; None while none does."""
        streamer = self._connection.streamer
        return streamer if streamer.on else None

    def reads(self, sensor: "Sensor | None") -> None:
        """Say which sensor the program reads, so that a PC can record it. None: none any more."""
        streamer = self._connection.streamer
        streamer.stop()
        streamer.sensor = sensor

    def keeps(self, kept: "Kept") -> None:
        """Say in which ring the program keeps windows, so that a PC can fetch them."""
        self._connection.streamer.kept = kept

    def prediction(self, p: Prediction) -> None:
        """Write the event of a Prediction. A model's first one ends its trial."""
        try:
            super().prediction(p)
        except MemoryError:
            self.no_room()
        self._connection.models.confirm()

    def step(self, spare_us: int = 0) -> bool:
        """Read what has come, and answer; whether nothing came.

        To be called between two samples, and while waiting. spare_us: microseconds that the program
        has no use for. Without them a step takes some milliseconds (60 where it writes flash, some
        100 where it switches to a new model) and the link an eighth of the time in all. Raises
        KeyboardInterrupt on Ctrl-C.
        """
        feed()
        start = time.ticks_us()
        if spare_us <= 0 and time.ticks_diff(start, self._next) < 0:
            return True
        before = self._connection.models.number
        idle = self._connection.step(max(spare_us, SLICE_US))
        took = time.ticks_diff(time.ticks_us(), start)
        self._next = time.ticks_add(time.ticks_us(), max(PAUSE_US if idle else 0, SHARE * took))
        if self._connection.models.number != before:
            classifier = self.classifier
            sensor = classifier.sensor
            classifier.note = unknown_scale(sensor, classifier.model) if sensor else ""
            self.ready()
        return idle

    def no_room(self) -> None:
        """The program goes on without a push that may be under way, with the heap that it had."""
        self._connection.close()
        gc.collect()

    def close(self) -> None:
        """Give the port back to the REPL."""
        try:
            self.reads(None)
        finally:
            self._connection.close()


class Connection:
    """Standard input, the receiver that answers its lines, and the models that it is about.

    Attribute `others`: the Connections of further streams.
    """

    others: "tuple[Connection, ...]" = ()

    def __init__(
        self,
        models: ModelManager,
        store: Store,
        open_sensor: "Callable[[], Sensor] | None" = None,
    ) -> None:
        streamer = Streamer(open_sensor)
        streamer.locked = not line_reader.CTRL_C
        self._set_up(models, store, streamer)

    def _set_up(self, models: ModelManager, store: Store, streamer: Streamer) -> None:
        self.models, self.store, self.streamer = models, store, streamer
        first = int.from_bytes(os.urandom(3), "little")
        self.receiver = Receiver(store, models, first, streamer)
        self._heard = self._moved = time.ticks_ms()
        self._number = self._at = 0  # of the push, and its bytes, when it moved
        self._takes_ctrl_c = False

    def open(self, session: str, frame: int | None = None, window: int | None = None) -> None:
        """Begin to listen. session: the program's random word; frame, window: as of Link."""
        holds_back = sys.platform in HOLDS_BACK
        self.models.session = session
        self.models.frame = frame or (FRAME if holds_back else UART_FRAME)
        self.models.window = window or (WINDOW if holds_back else UART_WINDOW)
        self._reader: Any = LineReader(self.models.frame)
        self._write: Callable[[str], object] = line_writer.write
        if _wires:
            self.others = _wires.connections(self)

    def step(self, us: int) -> bool:
        """Read for at most so many microseconds; whether nothing came."""
        try:
            self.streamer.look()
        except MemoryError:
            gc.collect()  # the press is lost
        us //= 1 + len(self.others)
        idle = self._step(us)
        for other in self.others:
            idle = other._step(us) and idle
        return idle

    def _step(self, us: int) -> bool:
        until = time.ticks_add(time.ticks_us(), us)
        idle = True
        while True:
            feed()
            taken = self._reader.read(until)
            if taken is None and not self._reader.damaged:
                break
            idle = False
            self._heard = time.ticks_ms()
            try:
                answer = self.receiver.damaged() if taken is None else self.receiver.line(taken)
                if answer:
                    self._write(line(*answer))
            except Exception as error:  # the program that classifies goes on, whatever it is
                self._failed(error)
            self._set_ctrl_c()
            if self.receiver.quit or time.ticks_diff(until, time.ticks_us()) < 0:
                break
        if self._stands_still():
            self.let_go()
        self._set_ctrl_c()  # another link may have ended the push
        return idle

    def _stands_still(self) -> bool:
        """Whether a push has not gone on for LET_GO_MS, whatever else has come."""
        push, now = self.receiver.push, time.ticks_ms()
        if not push or (push.number == self._number and push.at == self._at):
            return bool(push) and time.ticks_diff(now, self._moved) > LET_GO_MS
        self._number, self._at, self._moved = push.number, push.at, now
        return False

    def _failed(self, error: Exception) -> None:
        fields = self.receiver.failed(error)
        gc.collect()
        try:
            fields["id"] = None
            self._write(line("reply", fields))
        except Exception:
            pass  # not even so much can be said

    def silent(self, ms: int) -> bool:
        """Whether no line has come for so many milliseconds."""
        return time.ticks_diff(time.ticks_ms(), self._heard) > ms

    def let_go(self) -> None:
        """End a push that is under way."""
        self.receiver.let_go()
        self._set_ctrl_c()

    def close(self) -> None:
        """Let go of a push, over whatever link it comes."""
        self.let_go()
        for other in self.others:
            other.let_go()

    def busy(self, ms: int) -> bool:
        """Whether a push or a stream is under way, or a line came in the last milliseconds.

        Lines of further links do not count: a client must not keep the program from its start.
        """
        if self.streamer.on or self.receiver.push or not self.silent(ms):
            return True
        return any([other.receiver.push for other in self.others])

    def _set_ctrl_c(self) -> None:
        """During a push noise may be a Ctrl-C, so the reader looks for it instead of the system."""
        wanted = self.receiver.push is not None
        if wanted != self._takes_ctrl_c and line_reader.CTRL_C:
            self._takes_ctrl_c = wanted
            micropython.kbd_intr(-1 if wanted else line_reader.CTRL_C)


def serve(open_sensor: "Callable[[], Sensor] | None" = None) -> None:
    """Take commands at the REPL, until `quit`, Ctrl-C, or 30 seconds without a line.

    open_sensor: gives the sensor that `stream` reads. Default: the one of sensor.json.
    """
    connection = Unattended(Store(), open_sensor or configured)
    emit("hello", id=None, **connection.models.facts())
    try:
        while not connection.receiver.quit and connection.busy(SERVE_MS):
            connection.turn()
    except KeyboardInterrupt:
        pass
    finally:
        connection.close()


class Unattended(Connection):
    """A Connection while no program classifies: it reads the sensor itself, for a stream."""

    def __init__(self, store: Store, open_sensor: "Callable[[], Sensor]") -> None:
        super().__init__(ModelManager(store), store, open_sensor)
        self.open(os.urandom(4).hex())

    def turn(self) -> None:
        """Answer what has come, and send what a stream has; sleeps a little where there is none."""
        streamer = self.streamer
        idle = self.step(SLICE_US if streamer.on else 20_000)
        try:
            if streamer.on and streamer.pump():
                return
        except OSError as error:
            emit("error", error=f"the sensor failed: {error}")
        if idle:
            time.sleep_ms(1)

    def close(self) -> None:
        """End a stream and a push that are under way."""
        try:
            self.streamer.stop()
        finally:
            super().close()


def configured() -> "Sensor":
    """The sensor of sensor.json. Raises OSError, ValueError."""
    from xnornode.sensors.configured import open_sensor

    return open_sensor()
