"""BMI160: acceleration and rotation, through the FIFO without headers.

Registers: Bosch Sensortec BST-BMI160-DS000, "BMI160 Small, low power inertial measurement unit",
data sheet, revision 1.0.
"""

import time

from xnornode.sensors.counts import copy, copy_turned
from xnornode.sensors.fifo_sensor import FifoSensor
from xnornode.sensors.i2c_device import I2CDevice
from xnornode.sensors.settings import choice, nearest

TYPE_CHECKING = False  # there is no `typing` on the node
if TYPE_CHECKING:
    from array import array

CHIP_ID = 0x00
FIFO_LENGTH_0 = 0x22  # and 0x23: 11 bits, bytes
FIFO_DATA = 0x24
ACC_CONF = 0x40
ACC_RANGE = 0x41
GYR_CONF = 0x42
GYR_RANGE = 0x43
FIFO_CONFIG_1 = 0x47
CMD = 0x7E

IDENTITIES = {0xD1: "BMI160"}
SOFT_RESET, FIFO_FLUSH = 0xB6, 0xB0  # of CMD
ACC_NORMAL, GYR_NORMAL, ACC_SUSPEND, GYR_SUSPEND = 0x11, 0x15, 0x10, 0x14
NORMAL_FILTER = 0x20  # of ACC_CONF and GYR_CONF
FIFO_GYR, FIFO_ACC = 0x80, 0x40  # of FIFO_CONFIG_1; without its bit for headers
FIFO_BYTES = 1024
RANGES = (2, 4, 8, 16)  # g
RANGE_CODES = (0x03, 0x05, 0x08, 0x0C)
GYRO_RANGES = (125, 250, 500, 1000, 2000)  # deg/s
GYRO_CODES = (4, 3, 2, 1, 0)
GYRO_COUNTS = 32_800  # at the end of a range: 16.4 counts per deg/s at 2000
RATES_MHZ = (25_000, 50_000, 100_000, 200_000, 400_000, 800_000, 1_600_000)
FIRST_RATE = 6  # code of the first of them
RESET_MS = 10
ACC_START_MS, GYR_START_MS = 10, 100


class BMI160(FifoSensor):
    """An accelerometer and gyroscope at an I2C bus.

    sda, scl: GPIOs. rate: samples a second, 25 to 1600; it becomes the nearest 25 * 2^n, see
    `rate_mhz`. range: 2, 4, 8 or 16 g. gyro_range: 125, 250, 500, 1000 or 2000 deg/s; 0 for
    acceleration alone. address: 0x69 with SDO high. frequency: of the bus, in Hz. bus: its number.
    Attribute `identity`: which chip it is. Raises ValueError for a setting that the sensor does not
    have, OSError where it does not answer or is another device.
    """

    name = "bmi160"

    def __init__(
        self,
        sda: int = 4,
        scl: int = 5,
        rate: float = 100,
        range: int = 4,
        gyro_range: int = 500,
        address: int = 0x68,
        frequency: int = 400_000,
        bus: int | None = None,
    ) -> None:
        range_code = RANGE_CODES[choice("range", range, RANGES, "g")]
        number = nearest(rate, RATES_MHZ)
        self.rate_mhz = RATES_MHZ[number]
        self.channels = ("accel x (g)", "accel y (g)", "accel z (g)")
        self.scales = ((range * 1_000_000_000 + 16384) // 32768,) * 3
        if gyro_range:
            gyro_code = GYRO_CODES[choice("gyro_range", gyro_range, GYRO_RANGES, "deg/s")]
            self.channels += ("gyro x (deg/s)", "gyro y (deg/s)", "gyro z (deg/s)")
            self.scales += ((gyro_range * 1_000_000_000 + GYRO_COUNTS // 2) // GYRO_COUNTS,) * 3
        self._gyro = gyro_range != 0
        self._open(I2CDevice(self.name, sda, scl, address, frequency, bus), 2 * len(self.channels))
        self._length = bytearray(2)
        self.identity = self.device.identify(CHIP_ID, IDENTITIES)
        put = self.device.put
        put(CMD, SOFT_RESET)
        time.sleep_ms(RESET_MS)
        put(CMD, ACC_NORMAL)
        time.sleep_ms(ACC_START_MS)
        put(ACC_CONF, NORMAL_FILTER | (FIRST_RATE + number))
        put(ACC_RANGE, range_code)
        if gyro_range:
            put(CMD, GYR_NORMAL)
            time.sleep_ms(GYR_START_MS)
            put(GYR_CONF, NORMAL_FILTER | (FIRST_RATE + number))
            put(GYR_RANGE, gyro_code)
        put(FIFO_CONFIG_1, FIFO_ACC | (FIFO_GYR if gyro_range else 0))
        self._go()

    def _restart(self) -> None:
        self.device.put(CMD, FIFO_FLUSH)

    def _waiting(self) -> int:
        length = self._length
        self.device.read_into(FIFO_LENGTH_0, length)
        held = length[0] | (length[1] & 7) << 8
        size = 2 * self._width
        return held // size if held <= FIFO_BYTES - size else -1

    def _fetch(self, block: "array[int] | memoryview", at: int, count: int) -> bool:
        self.device.read_into(FIFO_DATA, self._views[count - 1])
        if self._gyro:
            copy_turned(block, at, self._raw, count)
        else:
            copy(block, at, self._raw, 0, 3 * count)
        return True

    def _rest(self) -> None:
        self.device.put(CMD, GYR_SUSPEND)
        self.device.put(CMD, ACC_SUSPEND)
