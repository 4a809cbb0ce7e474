"""LIS3DH: acceleration, through the FIFO of 32 samples.

Registers: STMicroelectronics, "LIS3DH MEMS digital output motion sensor", DocID17530, revision 2;
scales: its table 4.
"""

from xnornode.sensors.counts import copy
from xnornode.sensors.fifo_sensor import FifoSensor
from xnornode.sensors.i2c_device import I2CDevice
from xnornode.sensors.settings import choice, nearest

TYPE_CHECKING = False  # there is no `typing` on the node
if TYPE_CHECKING:
    from array import array

WHO_AM_I = 0x0F
CTRL_REG1 = 0x20
CTRL_REG4 = 0x23
CTRL_REG5 = 0x24
OUT_X_L = 0x28
FIFO_CTRL_REG = 0x2E
FIFO_SRC_REG = 0x2F

IDENTITIES = {0x33: "LIS3DH"}
NEXT = 0x80  # of a register's address: those after it follow
AXES = 0x07  # of CTRL_REG1
BLOCK_UPDATE, HIGH_RESOLUTION = 0x80, 0x08  # of CTRL_REG4
FIFO_ENABLE = 0x40  # of CTRL_REG5
FIFO_BYPASS, FIFO_STREAM = 0x00, 0x80
OVERRUN, UNREAD = 0x40, 0x1F  # of FIFO_SRC_REG
RANGES = (2, 4, 8, 16)  # g
SCALES = (62_500, 125_000, 250_000, 750_000)  # of 12 bits, which are the upper ones of 16
RATES_MHZ = (1_000, 10_000, 25_000, 50_000, 100_000, 200_000, 400_000, 1_344_000)
RATE_CODES = (1, 2, 3, 4, 5, 6, 7, 9)


class LIS3DH(FifoSensor):
    """An accelerometer at an I2C bus.

    sda, scl: GPIOs. rate: samples a second, 1 to 1344; it becomes the nearest of RATES_MHZ, see
    `rate_mhz`. range: 2, 4, 8 or 16 g. address: 0x19 with SDO high. frequency: of the bus, in Hz.
    bus: its number. Attribute `identity`: which chip it is. Raises ValueError for a setting that
    the sensor does not have, OSError where it does not answer or is another device.
    """

    name = "lis3dh"
    channels = ("accel x (g)", "accel y (g)", "accel z (g)")

    def __init__(
        self,
        sda: int = 4,
        scl: int = 5,
        rate: float = 100,
        range: int = 4,
        address: int = 0x18,
        frequency: int = 400_000,
        bus: int | None = None,
    ) -> None:
        range_bits = choice("range", range, RANGES, "g")
        number = nearest(rate, RATES_MHZ)
        self.rate_mhz = RATES_MHZ[number]
        self.scales = (SCALES[range_bits],) * 3
        self._open(I2CDevice(self.name, sda, scl, address, frequency, bus), 6)
        self._status = bytearray(1)
        self.identity = self.device.identify(WHO_AM_I, IDENTITIES)
        put = self.device.put
        put(CTRL_REG1, RATE_CODES[number] << 4 | AXES)
        put(CTRL_REG4, BLOCK_UPDATE | HIGH_RESOLUTION | range_bits << 4)
        put(CTRL_REG5, FIFO_ENABLE)
        self._go()

    def _restart(self) -> None:
        self.device.put(FIFO_CTRL_REG, FIFO_BYPASS)
        self.device.put(FIFO_CTRL_REG, FIFO_STREAM)

    def _waiting(self) -> int:
        self.device.read_into(FIFO_SRC_REG, self._status)
        status = self._status[0]
        return -1 if status & OVERRUN else status & UNREAD

    def _fetch(self, block: "array[int] | memoryview", at: int, count: int) -> bool:
        # After the last of the six registers comes the first one again, with the next sample
        self.device.read_into(OUT_X_L | NEXT, self._views[count - 1])
        copy(block, at, self._raw, 0, 3 * count)
        return True

    def _rest(self) -> None:
        self.device.put(CTRL_REG1, 0)
