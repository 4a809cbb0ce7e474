"""An I2S microphone at machine.I2S (RP2 chips have rp2_i2s.py, which loses nothing in a push)."""

import time
from array import array

from machine import I2S, Pin

from xnornode.sensors.counts import copy_upper
from xnornode.sensors.sensor import Sensor
from xnornode.sensors.settings import choice

CHUNK = 256  # samples that are taken from I2S's own buffer at once
FRAME_BYTES = 8  # in that buffer: both halves


class I2SMicrophone(Sensor):
    """A microphone with 32 clocks for a sample, such as INMP441, ICS-43434 or SPH0645.

    sck, ws, sd: GPIOs. rate: samples a second. shift: 0 to 8 bits by which it is made louder; what
    is too loud then is clipped. bus: number of the controller. ibuf: bytes of its buffer, 8 a
    sample. The microphone's L/R pin is low. One that is not there is silent. Raises ValueError for
    what the port cannot do.
    """

    name = "i2s"
    channels = ("sound (FS)",)

    def __init__(
        self,
        sck: int,
        ws: int,
        sd: int,
        rate: int = 16_000,
        shift: int = 0,
        bus: int = 0,
        ibuf: int = 20_000,
    ) -> None:
        lowest = 16 - choice("shift", shift, range(9), "bits")
        if not 1000 <= rate <= 96_000:
            raise ValueError(f"rate {rate} Hz is not within 1000 to 96000")
        self.rate_mhz = 1000 * rate
        self.scales = (((1_000_000_000 << lowest) + (1 << 30)) >> 31,)
        self.overruns = 0
        self.gaps = 0
        self.ended = False
        self._lowest = lowest
        self._period = CHUNK * 1_000_000 // rate  # microseconds of a chunk
        self._holds = ibuf // FRAME_BYTES * 1_000_000 // rate  # microseconds of I2S's own buffer
        self._chunk = array("i", bytes(4 * CHUNK))
        self._ready = False  # whether the chunk is complete; samples of it that have been read:
        self._taken = 0
        self._asked = 0
        self._i2s = I2S(
            bus,
            sck=Pin(sck),
            ws=Pin(ws),
            sd=Pin(sd),
            mode=I2S.RX,
            bits=32,
            format=I2S.MONO,
            rate=rate,
            ibuf=ibuf,
        )
        self._lost = 0  # samples before the chunk
        self._drops = False  # whether there is a loss somewhere in what the buffer holds
        self._due = time.ticks_us()  # when the last chunk was complete, by the rate
        self._i2s.irq(self._filled)  # type: ignore[arg-type]
        self._ask()

    def _ask(self) -> None:
        """Have the next chunk filled in the background."""
        self._ready = False
        self._taken = 0
        self._asked = time.ticks_us()
        self._i2s.readinto(self._chunk)

    def _filled(self, _: I2S) -> None:
        """Called by the port. A loss shows by the time that passed and the samples that came."""
        now = time.ticks_us()
        self._due = time.ticks_add(self._due, self._period)
        late = time.ticks_diff(now, self._due)
        if late > self._holds:
            self._drops = True
        if 4 * time.ticks_diff(now, self._asked) > 3 * self._period:  # the buffer was empty
            if 2 * late > self._period:
                self._lost += late * CHUNK // self._period
            self._due = now  # the two clocks differ a little
            self._drops = False
        self._ready = True

    def read_into(self, block: "array[int] | memoryview") -> int:
        """As of Sensor. After a loss, what I2S's own buffer holds is dropped: it is not whole."""
        if not self._ready:
            return 0
        if self._drops:
            self._lost += CHUNK - self._taken
            self._ask()
            return 0
        if self._lost:
            self.overruns += self._lost
            self.gaps += 1
            self._lost = 0
            return 0
        count = min(CHUNK - self._taken, len(block))
        copy_upper(block, 0, self._chunk, self._taken, count, self._lowest)
        self._taken += count
        if self._taken == CHUNK:
            self._ask()
        return count

    def close(self) -> None:
        """Stop the clock, and free the pins."""
        self._i2s.deinit()
