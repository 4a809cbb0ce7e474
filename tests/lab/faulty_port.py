"""A board in this process at the end of a line on which things go wrong, in a time of its own."""

from collections import deque
from collections.abc import Sequence
from contextlib import suppress

from tests.lab.board_with_program import BoardWithProgram
from tests.lab.faults import TO_HOST, TO_NODE, Event, Fault, Kind, Stall, Way
from tests.lab.interloper import Interloper
from tests.lab.talkers import PREDICTION, RATE, READ_COST, Clock, Says, TalkingPort
from xnornode.link.framing import seal
from xnornode.link.raw_repl import CTRL_C

BUFFER = 4096
"""Bytes on their way to the host, above which the board and what talks beside it wait."""
PERIOD = 0.1
"""Seconds from one prediction to the next."""


class ClassifyingBoard(BoardWithProgram):
    """A board whose program says a prediction again and again."""

    def says(self) -> Says:
        number = 0
        while True:
            runs = self.state == "program" and self.answers
            yield PERIOD, seal(b'{"event":"prediction",' + PREDICTION % number) if runs else b""
            number += runs
            if runs and self.node.active and self.node.active["trial"] is not None:
                self.node.store.confirm(self.node.number)
                self.node.active["trial"] = None

    def restart(self) -> None:
        """Take its power and give it back."""
        self.node.restart()
        self.node.running = True
        self._start()


class FaultyPort(TalkingPort):
    """The host's port, on which faults (faults.py) and an interloper are at work."""

    def __init__(
        self,
        board: ClassifyingBoard,
        clock: Clock,
        faults: Sequence[Fault] = (),
        noise: float = 0.0,
        seed: int = 0,
        interloper: Interloper | None = None,
    ) -> None:
        self.board, self._started = board, clock.monotonic()
        self.ways = {
            way: Way([f for f in faults if f.way == way], noise, 2 * seed + i)
            for i, way in enumerate((TO_NODE, TO_HOST))
        }
        self._queues: dict[str, deque[tuple[float, Event]]] = {w: deque() for w in self.ways}
        self._free = dict.fromkeys(self.ways, self._started)
        self._interloper = interloper or Interloper()
        self._talk = self._interloper.says()
        self._speaks, self._said = self._started, b""
        self._interrupted = False  # whether the host has sent Ctrl-C
        super().__init__(board, clock)

    @property
    def fired(self) -> list[Fault]:
        """The faults that have happened."""
        return [fault for way in self.ways.values() for fault in way.fired]

    def write(self, data: bytes) -> None:
        self._listen()
        self._interrupted |= CTRL_C in data
        self._passes(TO_NODE, data)
        self._listen()

    def read(self, size: int) -> bytes:
        self.clock.sleep(READ_COST)
        end = self.clock.monotonic() + self.timeout
        self._listen()
        while not self._came and self.clock.monotonic() < end:
            due = [queue[0][0] for queue in self._queues.values() if queue]
            soon = min([end, self._due, self._speaks, *due])
            self.clock.sleep(max(READ_COST, soon - self.clock.monotonic()))
            self._listen()
        data, self._came = self._came[:size], self._came[size:]
        self.clock.sleep(len(data) / RATE)
        return data

    def open(self) -> "FaultyPort":
        self.is_open, self._came = True, b""
        return self

    def settle(self, seconds: int = 2) -> None:
        """Let what is under way arrive, with nobody at the host's side."""
        for _ in range(10 * seconds):
            self.open()
            self.clock.sleep(0.1)
            with suppress(OSError):
                self._listen()

    def _listen(self) -> None:
        if not self.is_open:
            raise OSError("the port is gone")
        now = self.clock.monotonic()
        while self._due <= now and self._room():
            self._passes(TO_HOST, self._next)
            self._advance()
        while self._speaks <= now and self._room():
            self._send(TO_HOST, self._said)
            gap, self._said = next(self._talk, (float("inf"), b""))
            self._speaks = max(now, self._speaks + gap)
        for way, queue in self._queues.items():
            while queue and queue[0][0] <= now:
                self._arrives(way, queue.popleft()[1])

    def _room(self) -> bool:
        waiting = (len(e) for _, e in self._queues[TO_HOST] if isinstance(e, bytes))
        return len(self._came) + sum(waiting) < BUFFER

    def _passes(self, way: str, data: bytes) -> None:
        now = self.clock.monotonic() - self._started
        self._send(way, self._interloper.passes(way, data, now))

    def _send(self, way: str, data: bytes) -> None:
        for event in self.ways[way].feed(data):
            now = max(self.clock.monotonic(), self._free[way])
            if isinstance(event, Stall):
                self._free[way] = now + event.seconds
            else:
                self._queues[way].append((now, event))

    def _arrives(self, way: str, event: Event) -> None:
        if event in (Kind.DISCONNECT, Kind.RESTART):
            if event is Kind.RESTART:
                self.board.restart()
            for queue in self._queues.values():
                queue.clear()
            self._free = dict.fromkeys(self.ways, self.clock.monotonic())
            self._came, self.is_open = b"", False
            raise OSError("the port went away")
        assert isinstance(event, bytes)
        if way == TO_HOST:
            self._came += event
        else:
            if not self._interrupted:  # what the line makes of itself is a key that was pressed
                event = event.replace(CTRL_C, b"")
            self._passes(TO_HOST, self.board.hears(event, self.clock.monotonic()))
