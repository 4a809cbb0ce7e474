"""Raw samples of a node, as they come (docs/reference/protocol.md, "A stream")."""

import time
from base64 import b64decode
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass

import numpy as np

from xnornode._typing import Int16
from xnornode.errors import LinkError, LinkLost, NodeError
from xnornode.link.connect import connect
from xnornode.link.deadline import NEVER, Deadline
from xnornode.link.hints import with_last_lines
from xnornode.link.messages import Done, End, Error, Event, Refusal, Samples, Streaming
from xnornode.link.parsing import expect, outdated
from xnornode.link.protocol import Session
from xnornode.link.reach import Say
from xnornode.link.timing import CLEANUP, COMMAND, USUAL, Timing

ASKED = 10
"""Seconds that a stream goes on when its PC has gone away."""
RENEW = 3.0
"""Seconds from one `stream` to the next, by this clock or by the node's."""
SILENCE = 5.0
"""Seconds without samples after which a stream has ended; more where they come seldom."""
SILENT_SAMPLES = 10
"""Samples that may be missing at once, in a stream of few samples a second."""
LINE_BYTES = 1200
"""Bytes of samples in a line of a node at most."""
LINES = 10
"""Lines a second, or more where they are full."""
FRAME_BYTES = 150
"""Bytes of a line beside its samples, at most."""
USABLE = 0.9
"""Share of a port that samples may take: predictions and answers go over it, too."""


@dataclass(frozen=True, eq=False)
class Block:
    """Samples of one line.

    Parameters
    ----------
    samples : ndarray of int16, shape (n, channels)
        Counts, as the sensor gave them.
    broken : bool
        Whether samples are missing between the block before and this one.
    lost : int
        How many, as far as that is known: not read by the node in time, or lost on the line.
        Between two streams, as where the node has started again, an estimate by time and rate.
    taken : int
        Samples that the sensor had taken since the stream's start, up to the last one of these.
    ms : int
        When it was sent, in milliseconds of the node's clock.
    """

    samples: Int16
    broken: bool
    lost: int
    taken: int
    ms: int


class SampleStream:
    """A stream of a node. `streaming` makes one.

    Parameters
    ----------
    session : Session
        A session that is greeted.
    on_event : callable, optional
        Gets every event that has no samples, such as predictions.

    Attributes
    ----------
    info : Streaming
        What the node says of its sensor.
    """

    def __init__(self, session: Session, on_event: Callable[[Event], None] | None = None) -> None:
        self._session, self._on_event = session, on_event
        self._events: deque[Event] = deque()  # that came while an answer was waited for
        session.on_event = self._events.append
        try:
            self.info = expect(Streaming, session.request("stream", seconds=ASKED))
        except NodeError as error:
            if error.name == "unknown":
                raise outdated("it does not know `stream`") from error
            raise
        self._pass_on_earlier()
        self._renewed = self._heard = time.monotonic()
        self._ms = self._renewed_ms = 0  # of the node's clock
        self._seq, self._at, self._broken = 0, self.info.at, False
        # Of a stream that was on already, what was lost before is not known
        self._lost: tuple[int, int] | None = (0, 0) if self.info.at == 0 else None
        rate = self.info.rate_mhz / 1000
        self._silence = max(SILENCE, SILENT_SAMPLES / rate)

    def read(self, seconds: float) -> Block | None:
        """The next samples.

        Parameters
        ----------
        seconds : float
            How long to wait for them.

        Returns
        -------
        Block or None
            None if none come in time.

        Raises
        ------
        LinkLost
            If the port went away, or the samples have stopped.
        LinkError
            If the node's sensor fails, or has no more samples.
        """
        wait = Deadline(seconds)
        while True:
            now = time.monotonic()
            if now - self._renewed > RENEW or self._ms - self._renewed_ms > 1000 * RENEW:
                self._session.tell("stream", seconds=ASKED)
                self._renewed, self._renewed_ms = now, self._ms
            event = self._events.popleft() if self._events else None
            event = event or self._session.receive(min(wait.left, RENEW))
            block = self._take(event) if event else None
            if block:
                self._heard = time.monotonic()
                return block
            if time.monotonic() - self._heard > self._silence:
                text = f"no samples have come for {self._silence:.0f} s"
                raise LinkLost(with_last_lines(text, self._session.stream.recent))
            if wait.passed and not event:
                return None

    def _pass_on_earlier(self) -> None:
        """A program that ended before the answer, such as one without a model, ends no stream."""
        for event in [*self._events]:
            if isinstance(event, Error | End):
                self._events.remove(event)
                if self._on_event:
                    self._on_event(event)

    def _take(self, event: Event) -> Block | None:
        """The samples of an event, if it has some."""
        match event:
            case Samples():
                return self._block(event)
            case Streaming() if event.channels != self.info.channels:
                raise LinkError(f"the node has changed its sensor, to {event.sensor}")
            case Refusal(error=name) if name != "damaged":
                raise NodeError(name, event.message)
            case Error():
                raise LinkError(f"the node says: {event.error}")
            case End():
                raise LinkError("the node's sensor has no more samples")
            case _ if self._on_event:
                self._on_event(event)
        return None

    def _block(self, line: Samples) -> Block | None:
        width = len(self.info.channels)
        data = b64decode(line.data)
        if not data or len(data) % (2 * width):
            self._broken = True
            return None
        samples = np.frombuffer(data, "<i2").reshape(-1, width).astype(np.int16)
        lost = (line.overruns, line.gaps)
        before, self._lost = self._lost or lost, lost
        if another := line.at < self._at or line.seq < self._seq:
            missing = self._between(line.ms, len(samples))
        else:
            missing = max(0, line.at - self._at) + max(0, lost[0] - before[0])
        broken = self._broken or another or line.at != self._at or lost != before
        self._ms = line.ms
        self._seq, self._at, self._broken = line.seq + 1, line.at + len(samples), False
        return Block(samples, broken, missing, self._at + line.overruns, line.ms)

    def _between(self, ms: int, came: int) -> int:
        """About how many samples are missing before the first line of another stream."""
        seconds = (ms - self._ms) / 1000
        if seconds < 0:  # the node's clock has begun again, too
            seconds = time.monotonic() - self._heard
        return max(0, round(seconds * self.info.rate_mhz / 1000) - came)

    def stop(self) -> None:
        """End the stream. Raises LinkError where the node does not say so."""
        expect(Done, self._session.request("stop"))


@contextmanager
def streaming(
    url: str,
    timing: Timing = USUAL,
    say: Say = lambda text: None,
    on_event: Callable[[Event], None] | None = None,
    reset: bool = False,
) -> Iterator[SampleStream]:
    """The raw samples of a node's sensor; a context manager.

    The stream is ended on every way out, and the node left as it was: a program that ran goes on
    or is started again, and a REPL is a REPL again.

    Parameters
    ----------
    url : str
        Serial port or pyserial URL.
    timing : Timing, default USUAL
        How long is waited for answers.
    say : callable, optional
        Gets a line of talk when a program is interrupted.
    on_event : callable, optional
        Gets every event that has no samples, such as predictions.
    reset : bool, default False
        Whether a board whose program cannot be interrupted may be reset.

    Yields
    ------
    SampleStream
        To be read at least once in ASKED seconds.

    Raises
    ------
    LinkError
        If no node answers, or it has no sensor.

    Examples
    --------
    >>> with streaming("/dev/ttyACM0") as stream:  # doctest: +SKIP
    ...     print(stream.info.channels, stream.read(1.0).samples)
    """
    with connect(url, timing, say, limit=Deadline(COMMAND), reset=reset) as session:
        try:
            stream = SampleStream(session, on_event)
            session.stream.limit = NEVER  # a recording takes as long as it takes
            yield stream
        finally:
            if not session.stream.gone:
                session.stream.limit = Deadline(CLEANUP)
                with suppress(LinkError):
                    session.request("stop")


def needed_bytes(channels: int, rate: float) -> float:
    """Bytes a second that a stream takes on the line.

    Parameters
    ----------
    channels : int
        Values of a sample.
    rate : float
        Samples a second.

    Returns
    -------
    float
        The samples in base64, and what stands around them in lines.

    Examples
    --------
    >>> round(needed_bytes(6, 100.0)), round(needed_bytes(1, 16000.0))
    (3100, 46667)
    """
    raw = 2 * channels * rate
    return 4 / 3 * raw + FRAME_BYTES * max(raw / LINE_BYTES, min(LINES, rate))


def fastest_rate(channels: int, port: int) -> float:
    """The highest sample rate whose stream a port carries with something to spare.

    Parameters
    ----------
    channels : int
        Values of a sample.
    port : int
        Bytes a second that the port carries.

    Returns
    -------
    float
        Samples a second, to two digits.

    Examples
    --------
    >>> fastest_rate(1, 11520), fastest_rate(6, 11520)
    (3300.0, 550.0)
    """
    room = USABLE * port
    full = room / (2 * channels * (4 / 3 + FRAME_BYTES / LINE_BYTES))
    seldom = (room - LINES * FRAME_BYTES) / (2 * channels * 4 / 3)
    few = room / (2 * channels * 4 / 3 + FRAME_BYTES)
    rate = max(min(full, seldom), min(few, LINES))
    digits = 10 ** max(0, int(np.floor(np.log10(max(rate, 1)))) - 1)
    return float(rate // digits * digits)
