"""ADXL345: acceleration, through the FIFO of 32 samples.

Registers: Analog Devices, "ADXL345 Digital Accelerometer", data sheet, revision E.
"""

from xnornode.sensors.counts import copy
from xnornode.sensors.fifo_sensor import FifoSensor
from xnornode.sensors.i2c_device import I2CDevice
from xnornode.sensors.settings import choice, nearest

TYPE_CHECKING = False  # there is no `typing` on the node
if TYPE_CHECKING:
    from array import array

DEVID = 0x00
BW_RATE = 0x2C
POWER_CTL = 0x2D
DATA_FORMAT = 0x31
DATAX0 = 0x32
FIFO_CTL = 0x38
FIFO_STATUS = 0x39

IDENTITIES = {0xE5: "ADXL345"}
MEASURE, STANDBY = 0x08, 0x00  # of POWER_CTL
FULL_RES = 0x08  # of DATA_FORMAT: the same scale in all ranges
FIFO_BYPASS, FIFO_STREAM = 0x00, 0x80
ENTRIES = 0x3F  # of FIFO_STATUS
FIFO_SAMPLES = 32
RANGES = (2, 4, 8, 16)  # g
SCALE = 3_906_250  # billionths of a g per count: 256 counts
RATES_MHZ = (6_250, 12_500, 25_000, 50_000, 100_000, 200_000, 400_000, 800_000)  # I2C's limit
FIRST_RATE = 0x06  # code of the first of them


class ADXL345(FifoSensor):
    """An accelerometer at an I2C bus.

    sda, scl: GPIOs. rate: samples a second, 6.25 to 800; it becomes the nearest 100 * 2^n, see
    `rate_mhz`. range: 2, 4, 8 or 16 g. address: 0x1d with ALT ADDRESS high. frequency: of the bus,
    in Hz. bus: its number. Attribute `identity`: which chip it is. Raises ValueError for a setting
    that the sensor does not have, OSError where it does not answer or is another device.
    """

    name = "adxl345"
    channels = ("accel x (g)", "accel y (g)", "accel z (g)")
    scales = (SCALE, SCALE, SCALE)

    def __init__(
        self,
        sda: int = 4,
        scl: int = 5,
        rate: float = 100,
        range: int = 4,
        address: int = 0x53,
        frequency: int = 400_000,
        bus: int | None = None,
    ) -> None:
        range_bits = choice("range", range, RANGES, "g")
        number = nearest(rate, RATES_MHZ)
        self.rate_mhz = RATES_MHZ[number]
        self.limit = (512 << range_bits) - 1  # 256 counts are 1 g in all ranges
        self._open(I2CDevice(self.name, sda, scl, address, frequency, bus), 6)
        self._status = bytearray(1)
        self.identity = self.device.identify(DEVID, IDENTITIES)
        put = self.device.put
        put(POWER_CTL, STANDBY)
        put(BW_RATE, FIRST_RATE + number)
        put(DATA_FORMAT, FULL_RES | range_bits)
        put(POWER_CTL, MEASURE)
        self._go()

    def _restart(self) -> None:
        self.device.put(FIFO_CTL, FIFO_BYPASS)
        self.device.put(FIFO_CTL, FIFO_STREAM)

    def _waiting(self) -> int:
        self.device.read_into(FIFO_STATUS, self._status)
        held = self._status[0] & ENTRIES
        return held if held < FIFO_SAMPLES else -1

    def _fetch(self, block: "array[int] | memoryview", at: int, count: int) -> bool:
        device, one, raw = self.device, self._views[0], self._raw
        for number in range(count):  # each read of all six bytes takes one sample from the FIFO
            device.read_into(DATAX0, one)
            copy(block, at + 3 * number, raw, 0, 3)
        return True

    def _rest(self) -> None:
        self.device.put(POWER_CTL, STANDBY)
