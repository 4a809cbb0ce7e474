"""A buffer that an RP2 chip's DMA fills round and round, while the program does something else.

Registers: Raspberry Pi, "RP2040 Datasheet", section 2.5. It goes on where interrupts are off, as
they are while flash is written.
"""

import sys
import time
from array import array

from rp2 import DMA
from uctypes import addressof

from xnornode.sensors.sensor import Sensor

TYPE_CHECKING = False  # there is no `typing` on the node
if TYPE_CHECKING:
    from typing import Any

DMA_BASE = 0x50000000
CHANNEL_BYTES = 0x40
AL1_TRANS_COUNT_TRIG, AL2_WRITE_ADDR_TRIG = 0x1C, 0x2C  # set this, and start the channel
NO_REQUEST = 0x3F  # as fast as it can
PIO_BASE, PIO_BYTES = 0x50200000, 0x100000
RXF0 = 0x20
REQUEST_RX0, REQUESTS = 4, 8  # of the first state machine of a PIO block, and of each block
RP2350 = "RP2350" in sys.implementation._machine
BUFFER_MS = 250  # a push writes flash for some 60 ms at a time, and switches models in 100
MOST_BYTES = 32768


def received(machine: int) -> "tuple[int, int]":
    """Address of the words that a state machine pushes, and the number of its DMA request."""
    block, number = machine >> 2, machine & 3
    return PIO_BASE + PIO_BYTES * block + RXF0 + 4 * number, REQUESTS * block + REQUEST_RX0 + number


def _channel() -> "Any":
    """A free channel, which may still be busy with what a program before did not end."""
    channel = DMA()
    channel.active(0)
    return channel


class EndlessCopy:
    """A DMA channel that copies as often as it is asked to, and another that has it begin again.

    source, request: an address, and the number of the DMA request that says a value is there.
    target: an address, or an array that is filled round and round. size: 1 for halfwords, 2 for
    words. What asks must stop at a soft reset, as PIO does: else the DMA would go on to write where
    the array was.
    """

    def __init__(
        self, source: int, request: int, target: "int | array[int]", size: int, count: int
    ) -> None:
        self._copy, self._again = _channel(), _channel()
        to_array = not isinstance(target, int)
        start = AL2_WRITE_ADDR_TRIG if to_array else AL1_TRANS_COUNT_TRIG
        self._begin = array("I", [addressof(target) if to_array else count])
        again = self._again.pack_ctrl(size=2, inc_read=False, inc_write=False, treq_sel=NO_REQUEST)
        self._again.config(
            read=self._begin,
            write=DMA_BASE + CHANNEL_BYTES * self._copy.channel + start,
            count=1,
            ctrl=again,
        )
        copy = self._copy.pack_ctrl(
            size=size,
            inc_read=False,
            inc_write=to_array,
            treq_sel=request,
            chain_to=self._again.channel,
        )
        self._copy.config(read=source, write=target, count=count, ctrl=copy, trigger=True)

    def left(self) -> int:
        """How many copies are left of this round."""
        return self._copy.count

    def close(self) -> None:
        """Stop, and free the channels."""
        self._copy.ctrl = 0  # so that the other one cannot start it
        for channel in (self._again, self._copy):
            channel.active(0)
            channel.close()


class DmaRing:
    """Values that come from one address, as EndlessCopy takes them.

    code: type of the values, "H" or "I"; length: of the buffer, in values. `values`: the buffer.
    """

    def __init__(self, source: int, request: int, code: str, length: int) -> None:
        size = 1 if code == "H" else 2
        self.length = length
        self.values = array(code, bytes(length << size))
        self._dma = EndlessCopy(source, request, self.values, size, length)

    def position(self) -> int:
        """Where the next value goes."""
        at = self.length - self._dma.left()
        return at if at < self.length else 0

    def close(self) -> None:
        """Stop."""
        self._dma.close()


class RingSensor(Sensor):
    """A sensor whose samples are in a DmaRing.

    A driver sets the attributes of Sensor and calls `_open`; its `_copy` does what it says below.
    """

    def _open(self, ring: DmaRing, per_sample: int) -> None:
        """per_sample: values of the ring in a sample."""
        self.overruns = 0
        self.gaps = 0
        self.ended = False
        self._ring = ring
        self._per_sample = per_sample
        self._samples = ring.length // per_sample  # that the ring holds
        self._period = max(1, 1_000_000_000 // self.rate_mhz)  # microseconds
        self._limit = 3 * self._samples * self._period // 4
        self._next = ring.position() // per_sample  # the sample to be read next
        self._last = time.ticks_us()  # its time

    def _copy(self, block: object, at: int, first: int, count: int) -> None:
        """Put `count` samples of the ring, from number `first` on, to value `at` of a block."""
        raise NotImplementedError

    def read_into(self, block: "array[int] | memoryview") -> int:
        """As of Sensor. When the ring may have gone round, all that it holds is lost."""
        head = self._ring.position() // self._per_sample
        now = time.ticks_us()
        waiting = head - self._next
        if waiting < 0:
            waiting += self._samples
        passed = time.ticks_diff(now, self._last)
        if passed > self._limit:
            rounds = (passed // self._period - waiting + self._samples // 2) // self._samples
            self.overruns += waiting + max(0, rounds) * self._samples
            self.gaps += 1
            self._next, self._last = head, now
            return 0
        width = len(self.channels)
        wanted = min(waiting, len(block) // width)
        done = 0
        while done < wanted:
            count = min(wanted - done, self._samples - self._next)  # up to the ring's end
            self._copy(block, done * width, self._next, count)
            self._next += count
            if self._next == self._samples:
                self._next = 0
            done += count
        self._last = time.ticks_add(now, (done - waiting) * self._period)
        return done


def samples_of(rate: float, sample_bytes: int) -> int:
    """How many samples a ring is to hold."""
    return min(max(64, int(rate * BUFFER_MS / 1000)), MOST_BYTES // sample_bytes)
