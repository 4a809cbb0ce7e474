"""Raw samples of a sensor on the line, while a PC asks for them (docs/reference/protocol.md).

Runs in CPython too, where its tests drive it.
"""

import sys
import time
from array import array
from binascii import b2a_base64, crc32

# Relative, as in CPython `xnornode` is the host's package.
from .line_writer import LineWriter
from .push import Refused

TYPE_CHECKING = False  # there is no `typing` on the node
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from .button import Button
    from .kept import Kept
    from .sensors.sensor import Sensor

    Block = array[int] | memoryview

LONGEST_S = 60  # that a stream goes on without another `stream`
RAW_BYTES = 1200  # of samples in a line at most: whole samples of 1 to 6 channels
LINE_MS = 100  # a line has the samples of this long, if it is not full before
ALONE_BYTES = 8000  # of samples a second from which on a program does not classify meanwhile
UART_BYTES = 11520  # a second, of a port of 115200 baud
HOLDS_BACK = ("rp2", "linux")  # platforms whose standard port is no UART


class Streamer:
    """Sends the samples of a sensor, until its time is over.

    open_sensor: gives the sensor when a stream begins, and it is closed at the end; None where a
    program reads the sensor itself, which sets `sensor` then. port: bytes a second that the port
    carries, None if that is no limit. write: takes bytes for the line; standard output by default.

    Attributes: `sensor`, the Sensor, or None; `on`, whether a stream is on; `alone`, whether the
    program leaves its time to it, and does not classify; `locked`, whether no stream may begin;
    `kept`, the Kept of windows in flash, once it is needed.
    """

    def __init__(
        self,
        open_sensor: "Callable[[], Sensor] | None" = None,
        port: int | None = None if sys.platform in HOLDS_BACK else UART_BYTES,
        write: "Callable[[Any], Any] | None" = None,
    ) -> None:
        self.sensor: Sensor | None = None
        self.on = False
        self.alone = False
        self.locked = False
        self.kept: Kept | None = None
        self._open = open_sensor
        self._button: Button | None = None
        self._port = port
        self._standard = self._out = write or LineWriter(sys.stdout.buffer).write
        self._values = memoryview(array("h"))  # the line that is being filled
        self._block = memoryview(array("h"))  # what the sensor gives, where it is read here
        self._fill = 0  # values in it
        self._channels = 1
        self._described: tuple[object, ...] = ()
        self._end = self._ticks = self._line = 0  # ticks: of the end, of `ms`, of the line's begin
        self._ms = self._seq = self._at = 0
        self._lost = (0, 0)  # overruns and gaps of the samples in the line
        self._before = (0, 0)  # what the sensor had of them when the stream began

    def start(self, seconds: int, out: "Callable[[Any], Any] | None" = None) -> "dict[str, Any]":
        """Begin a stream, or give the one that is on more time; the keys of the answer.

        out: takes the lines instead of `write`. Raises Refused.
        """
        out = out or self._standard
        if self.on and out is not self._out:
            raise Refused("busy", "another link of the node records")
        if not self.on:
            if self.locked:
                raise Refused("locked", "a node whose port is locked sends no samples")
            if self._open and not self.sensor:
                self.sensor = self._opened(self._open)
            if not self.sensor:
                raise Refused("sensor", "the program that runs has named no sensor")
            if not self.sensor.rate_mhz or not self.sensor.channels:
                raise Refused("sensor", "the sensor has no rate or no channels")
            self._begin(self.sensor)
            self._out = out
        self._end = time.ticks_add(time.ticks_ms(), 1000 * min(seconds, LONGEST_S))
        sensor = self.sensor
        assert sensor
        return {
            "sensor": sensor.name,
            "channels": list(sensor.channels),
            "scales": list(sensor.scales),
            "rate_mhz": sensor.rate_mhz,
            "device": device(),
            "at": self._at,
            "port": self._port if out is self._standard else None,
            "classifies": not (self.alone or self._open),
            "limit": getattr(sensor, "limit", 32767),
            "button": self._button is not None,
        }

    def stop_for(self, out: "Callable[[Any], Any] | None") -> None:
        """End the stream that one link has begun. out: as of `start`."""
        if (out or self._standard) is self._out:
            self.stop()

    def streams_to(self, out: "Callable[[Any], Any]") -> bool:
        """Whether a stream is on for one link. out: as of `start`."""
        return self.on and out is self._out

    def stop(self) -> None:
        """End the stream, if one is on. The samples that are not sent yet go out."""
        on, self.on, self.alone = self.on, False, False
        self._button = None
        try:
            if on:
                self._flush()
        finally:
            sensor = self.sensor
            if self._open and sensor:
                self.sensor = None
                try:  # noqa: SIM105 (no contextlib on the node)
                    sensor.close()
                except OSError:
                    pass  # it does not answer any more

    def samples(self, view: "Block", sensor: "Sensor") -> None:
        """Send samples that the sensor gave.

        view: array('h') or its memoryview, whole samples.
        """
        if self.over:
            self.stop()
            return
        lost = (sensor.overruns - self._before[0], sensor.gaps - self._before[1])
        if lost != self._lost:
            self._flush()  # no gap is within a line
            self._lost = lost
            if self._described != _description(sensor):  # another recording is replayed
                self.stop()
                return
        values, size = self._values, len(self._values)
        at, count = 0, len(view)
        while at < count:
            fill = self._fill
            if not fill:
                self._line = time.ticks_ms()
            n = min(size - fill, count - at)
            values[fill : fill + n] = view[at : at + n]
            self._fill = fill + n
            at += n
            if self._fill == size:
                self._flush()
        if self._fill and time.ticks_diff(time.ticks_ms(), self._line) >= LINE_MS:
            self._flush()

    def pump(self) -> bool:
        """Read the sensor that was opened here, and send; whether something came. Raises OSError.

        Ends the stream where the sensor has no more samples, or fails.
        """
        sensor = self.sensor
        if not sensor or not self._open:
            return False
        try:
            count = sensor.read_into(self._block)
            if count:
                self.samples(self._block[: count * self._channels], sensor)
            elif sensor.ended or self.over:
                self.stop()
        except Exception:
            self.stop()
            raise
        return count > 0

    def look(self) -> None:
        """See whether the node's button was pressed, and say so. To be called often."""
        if self._button and self._button.pressed():
            self._flush()  # what comes after the press begins with a line
            text = f'{{"event":"button","at":{self._at},"ms":{self._now()}'.encode()
            self._out(text + f',"crc":"{crc32(text):08x}"}}\r\n'.encode())

    @property
    def over(self) -> bool:
        """Whether the time has passed that the last `stream` gave."""
        return time.ticks_diff(self._end, time.ticks_ms()) < 0

    def _opened(self, open_sensor: "Callable[[], Sensor]") -> "Sensor":
        try:
            return open_sensor()
        except (OSError, ValueError, ImportError, AttributeError) as error:
            # MicroPython puts the number of an OSError before what it says
            said = error.args[-1] if error.args else ""
            raise Refused("sensor", said if isinstance(said, str) else str(error)) from None

    def _begin(self, sensor: "Sensor") -> None:
        at = getattr(sensor, "button", None)
        if at is not None:
            from .button import Button

            try:
                self._button = Button(at)
            except ValueError as error:
                raise Refused("sensor", str(error)) from None
        channels = len(sensor.channels)
        most = max(1, RAW_BYTES // (2 * channels)) * channels
        self._values = memoryview(array("h", bytes(2 * most)))
        self._fill = self._ms = self._seq = self._at = 0
        self._lost, self._before = (0, 0), (sensor.overruns, sensor.gaps)
        self._ticks = time.ticks_ms()
        self._channels = channels
        self._described = _description(sensor)
        if self._open:
            self._block = memoryview(array("h", bytes(2 * most)))
        self.alone = 2 * channels * sensor.rate_mhz >= 1000 * ALONE_BYTES
        self.on = True

    def _now(self) -> int:
        """Milliseconds since the stream's start."""
        now = time.ticks_ms()
        self._ms += time.ticks_diff(now, self._ticks)
        self._ticks = now
        return self._ms

    def _flush(self) -> None:
        """Write the line of what is in the buffer."""
        if not self._fill:
            return
        overruns, gaps = self._lost
        head = (
            f'{{"event":"samples","seq":{self._seq},"at":{self._at},"ms":{self._now()},'
            f'"overruns":{overruns},"gaps":{gaps},"data":"'
        ).encode()
        values: Any = self._values[: self._fill]
        self._seq += 1
        self._at += self._fill // self._channels
        self._fill = 0  # also where there is no memory for the line, which is lost then
        data = b2a_base64(values, newline=False)  # type: ignore[call-arg]  # the stubs lack it
        crc = crc32(b'"', crc32(data, crc32(head)))
        end = f'","crc":"{crc:08x}"}}\r\n'.encode()
        # The pieces as they are: a line as a whole would be one more copy
        self._out(head)
        self._out(data)
        self._out(end)


def _description(sensor: "Sensor") -> "tuple[object, ...]":
    """What the samples of one stream have in common."""
    return (sensor.channels, sensor.scales, sensor.rate_mhz)


def device() -> str:
    """The board's own number in hexadecimal digits; "" where it has none."""
    try:
        from machine import unique_id
    except ImportError:
        return ""
    return unique_id().hex()
