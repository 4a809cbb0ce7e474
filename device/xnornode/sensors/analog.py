"""ADC pins of any board: a timer reads them into a buffer (RP2 chips have rp2_adc.py)."""

import sys
import time
from array import array

from machine import ADC, Pin, Timer

from xnornode.sensors.counts import copy
from xnornode.sensors.sensor import Sensor

FASTEST = 2000  # samples a second that timers of MicroPython keep up with
BUFFER_MS = 500


class Analog(Sensor):
    """Voltages at pins of the ADC.

    pins: GPIOs; the channels are in their order. rate: samples a second, up to 2000; see
    `rate_mhz`. reference: volts at full scale. timer: its number. Counts are 0 to 32767. A sample
    is late where the interpreter is busy, and lost where flash is written.
    """

    name = "adc"

    def __init__(
        self,
        pins: "tuple[int, ...] | list[int]",
        rate: float = 100,
        reference: float = 3.3,
        timer: int | None = None,
    ) -> None:
        if not pins or len(set(pins)) < len(pins):
            raise ValueError(f"pins {pins}: name GPIOs of the ADC, once each")
        if not 0.1 <= rate <= FASTEST:
            raise ValueError(f"rate {rate} Hz is not within 0.1 to {FASTEST}")
        self._period = period = round(1_000_000 / rate)  # microseconds
        self.rate_mhz = 1_000_000_000 // period
        self.channels = tuple(f"adc {pin} (V)" for pin in pins)
        self.scales = (round(reference * 1e9 / 32768),) * len(pins)
        self.overruns = 0
        self.gaps = 0
        self.ended = False
        self._inputs = [ADC(Pin(pin)) for pin in pins]
        self._size = max(16, BUFFER_MS * 1000 // period)  # samples in the buffer
        self._buffer = array("h", bytes(2 * self._size * len(pins)))
        self._written = self._read = 0  # samples, round and round; one place stays free
        self._lost = 0  # samples after the last one written: nothing is written until it is read
        self._last = time.ticks_us()
        if timer is None:
            timer = 0 if sys.platform == "esp32" else -1
        hertz = 1e6 / (period + 0.5)  # half a microsecond, as ports round the period down
        self._timer = Timer(  # type: ignore[call-overload]
            timer, mode=Timer.PERIODIC, freq=hertz, callback=self._take
        )

    def _take(self, _: Timer) -> None:
        now = time.ticks_us()
        missed = (time.ticks_diff(now, self._last) + self._period // 2) // self._period - 1
        self._last = now
        following = self._written + 1
        if following == self._size:
            following = 0
        if missed > 0:
            self._lost += missed
        if self._lost or following == self._read:
            self._lost += 1
            return
        at = self._written * len(self._inputs)
        for one in self._inputs:
            self._buffer[at] = one.read_u16() >> 1
            at += 1
        self._written = following

    def read_into(self, block: "array[int] | memoryview") -> int:
        """As of Sensor."""
        width = len(self._inputs)
        written = self._written
        if written == self._read and self._lost:
            self.overruns += self._lost
            self.gaps += 1
            self._lost = 0
            return 0
        wanted = len(block) // width
        done = 0
        while done < wanted and self._read != written:
            end = written if written > self._read else self._size
            count = min(end - self._read, wanted - done)
            copy(block, done * width, self._buffer, self._read * width, count * width)
            at = self._read + count
            self._read = at if at < self._size else 0
            done += count
        return done

    def close(self) -> None:
        """Stop the timer."""
        self._timer.deinit()
