"""MPU6050, MPU6500 and MPU9250: acceleration and rotation, through the FIFO.

Registers: InvenSense RM-MPU-6000A-00, "MPU-6000 and MPU-6050 Register Map and Descriptions",
revision 4.2; RM-MPU-6500A-00, "MPU-6500 Register Map and Descriptions", revision 2.1, which the
MPU9250 shares (RM-MPU-9250A-00, revision 1.6).
"""

import time

from xnornode.sensors.counts import copy_big_endian
from xnornode.sensors.fifo_sensor import FifoSensor
from xnornode.sensors.i2c_device import I2CDevice
from xnornode.sensors.settings import choice

TYPE_CHECKING = False  # there is no `typing` on the node
if TYPE_CHECKING:
    from array import array

SMPLRT_DIV = 0x19
CONFIG = 0x1A
GYRO_CONFIG = 0x1B
ACCEL_CONFIG = 0x1C
ACCEL_CONFIG_2 = 0x1D  # of the MPU6500 and MPU9250
FIFO_EN = 0x23
INT_ENABLE = 0x38
INT_STATUS = 0x3A
USER_CTRL = 0x6A
PWR_MGMT_1 = 0x6B
PWR_MGMT_2 = 0x6C
FIFO_COUNTH = 0x72
FIFO_R_W = 0x74
WHO_AM_I = 0x75

FIFO_GYROS, FIFO_ACCEL = 0x70, 0x08  # of FIFO_EN
FIFO_OFLOW = 0x10  # of INT_ENABLE and INT_STATUS
USER_FIFO_EN, USER_FIFO_RESET = 0x40, 0x04
DEVICE_RESET, SLEEP = 0x80, 0x40
CLOCK_OF_GYRO, CLOCK_OWN = 0x01, 0x00
GYROS_OFF = 0x07

IDENTITIES = {
    0x68: "MPU6050",
    0x70: "MPU6500",
    0x71: "MPU9250",
    0x72: "a clone of the MPU6050",
    0x73: "MPU9255",
    0x74: "MPU6515",
    0x98: "a clone of the MPU6050",
}
LIKE_6050 = (0x68, 0x72, 0x98)
FIFO_BYTES, FIFO_BYTES_6500 = 1024, 512
RANGES = (2, 4, 8, 16)  # g
GYRO_RANGES = (250, 500, 1000, 2000)  # deg/s
GYRO_SCALES = (7_633_588, 15_267_176, 30_487_805, 60_975_610)  # 131, 65.5, 32.8, 16.4 counts
BANDWIDTHS = (184, 94, 44, 21, 10, 5)  # Hz, of the low-pass filter's settings 1 to 6
FASTEST = 1000  # samples a second with the filter; the slowest rate is its 256th part
RESET_MS = 100  # what a reset takes
SETTLE_MS = 50  # until the gyroscope's clock and the filter are steady


class MPU6050(FifoSensor):
    """An accelerometer and gyroscope at an I2C bus.

    sda, scl: GPIOs. rate: samples a second, 4 to 1000; it becomes the nearest 1000 / n, see
    `rate_mhz`. range: 2, 4, 8 or 16 g. gyro_range: 250, 500, 1000 or 2000 deg/s; 0 for acceleration
    alone. address: 0x69 with AD0 high. frequency: of the bus, in Hz. bus: its number.
    Attribute `identity`: which chip it is. Raises ValueError for a setting that the sensor does not
    have, OSError where it does not answer or is another device.
    """

    name = "mpu6050"

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
        range_bits = choice("range", range, RANGES, "g")
        gyro_bits = choice("gyro_range", gyro_range, GYRO_RANGES, "deg/s") if gyro_range else 0
        if not FASTEST / 256 <= rate <= FASTEST:
            raise ValueError(f"rate {rate} Hz is not within 4 to {FASTEST}")
        divider = round(FASTEST / rate)
        self.rate_mhz = (1000 * FASTEST + divider // 2) // divider
        self.channels = ("accel x (g)", "accel y (g)", "accel z (g)")
        self.scales = ((range * 1_000_000_000 + 16384) // 32768,) * 3
        if gyro_range:
            self.channels += ("gyro x (deg/s)", "gyro y (deg/s)", "gyro z (deg/s)")
            self.scales += (GYRO_SCALES[gyro_bits],) * 3
        self._open(I2CDevice(self.name, sda, scl, address, frequency, bus), 2 * len(self.channels))
        self._count = bytearray(2)
        self.identity = self.device.identify(WHO_AM_I, IDENTITIES)
        self._set_up(divider, range_bits, gyro_bits)
        self._go()

    def _set_up(self, divider: int, range_bits: int, gyro_bits: int) -> None:
        put, gyro = self.device.put, self._width > 3
        like_6050 = self.device.get(WHO_AM_I) in LIKE_6050
        self._full = FIFO_BYTES if like_6050 else FIFO_BYTES_6500
        put(PWR_MGMT_1, DEVICE_RESET)
        time.sleep_ms(RESET_MS)
        put(PWR_MGMT_1, CLOCK_OF_GYRO if gyro else CLOCK_OWN)
        put(PWR_MGMT_2, 0 if gyro else GYROS_OFF)
        low_pass = 1  # the widest that has nothing above half the rate
        while low_pass < 6 and 2 * divider * BANDWIDTHS[low_pass - 1] > FASTEST:
            low_pass += 1
        put(CONFIG, low_pass)
        if not like_6050:
            put(ACCEL_CONFIG_2, low_pass)
        put(SMPLRT_DIV, divider - 1)
        put(ACCEL_CONFIG, range_bits << 3)
        put(GYRO_CONFIG, gyro_bits << 3)
        put(INT_ENABLE, FIFO_OFLOW)
        put(FIFO_EN, FIFO_ACCEL | (FIFO_GYROS if gyro else 0))
        time.sleep_ms(SETTLE_MS)

    def _restart(self) -> None:
        device = self.device
        device.put(USER_CTRL, 0)
        device.put(USER_CTRL, USER_FIFO_RESET)
        device.put(USER_CTRL, USER_FIFO_EN)
        device.get(INT_STATUS)  # reading clears it

    def _waiting(self) -> int:
        count = self._count
        self.device.read_into(FIFO_COUNTH, count)
        held = count[0] << 8 | count[1]
        if held >= self._full:
            return -1
        if 2 * held > self._full and self.device.get(INT_STATUS) & FIFO_OFLOW:
            return -1
        return held // (2 * self._width)

    def _fetch(self, block: "array[int] | memoryview", at: int, count: int) -> bool:
        self.device.read_into(FIFO_R_W, self._views[count - 1])
        copy_big_endian(block, at, self._raw, count * self._width)
        return True

    def _rest(self) -> None:
        self.device.put(PWR_MGMT_1, SLEEP)
