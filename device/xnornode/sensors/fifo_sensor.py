"""What sensors with a FIFO behind I2C have in common."""

import time

from xnornode.sensors.i2c_device import I2CDevice
from xnornode.sensors.sensor import Sensor

TYPE_CHECKING = False  # there is no `typing` on the node
if TYPE_CHECKING:
    from array import array

BURST = 32  # samples of one transfer, at most: some 9 ms with six channels at 400 kHz


class FifoSensor(Sensor):
    """A sensor that keeps its samples until somebody reads them.

    A driver sets the attributes of Sensor and calls `_open`, sets its registers, and calls `_go`.
    Its `_restart`, `_waiting` and `_fetch` do what they say below.
    """

    identity = ""  # which chip it is

    def _open(self, device: I2CDevice, sample_bytes: int) -> None:
        """device: its registers; sample_bytes: what a sample takes in the FIFO."""
        self.device = device
        self.overruns = 0
        self.gaps = 0
        self.ended = False
        self._width = len(self.channels)
        self._period = max(1, 1_000_000_000 // self.rate_mhz)  # microseconds
        self._raw = bytearray(BURST * sample_bytes)
        whole = memoryview(self._raw)
        self._views = [whole[: n * sample_bytes] for n in range(1, BURST + 1)]

    def _go(self) -> None:
        """Begin with an empty FIFO."""
        self._restart()
        self._last = time.ticks_us()
        self._left = 0  # samples that the last call left in the FIFO
        self._torn = False  # whether a transfer broke off, so that the FIFO may begin in a sample

    def _restart(self) -> None:
        """Empty the FIFO, and have it fill again. Allocates nothing, as the next two."""
        raise NotImplementedError

    def _waiting(self) -> int:
        """Samples in the FIFO; -1 when it has run over."""
        raise NotImplementedError

    def _fetch(self, block: "array[int] | memoryview", at: int, count: int) -> bool:
        """Read `count` samples, at most BURST, to value `at` of a block.

        False for what cannot be samples.
        """
        raise NotImplementedError

    def read_into(self, block: "array[int] | memoryview") -> int:
        """As of Sensor. A FIFO that has run over is emptied: what it held is lost."""
        if self._torn:
            self._lose()
        waiting = self._waiting()
        now = time.ticks_us()
        if waiting < 0:
            self._lose()
            return 0
        wanted = min(waiting, len(block) // self._width)
        done = 0
        self._torn = True
        while done < wanted:
            count = min(wanted - done, BURST)
            if not self._fetch(block, done * self._width, count):
                self._lose()
                return 0
            done += count
        self._torn = False
        self._last = now
        self._left = waiting - done
        return done

    def _lose(self) -> None:
        """Count the samples that have come since the last ones were read, and start again."""
        lost = self._left + time.ticks_diff(time.ticks_us(), self._last) // self._period
        self._go()
        self.overruns += max(1, lost)
        self.gaps += 1

    def _rest(self) -> None:
        """Have the sensor sleep."""
        raise NotImplementedError

    def close(self) -> None:
        """Put the sensor to sleep, and free its pins."""
        try:
            self._rest()
        except OSError:
            pass  # it does not answer any more; why was said where it was read
        finally:
            self.device.close()
