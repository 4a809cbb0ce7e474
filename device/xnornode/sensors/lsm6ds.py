"""LSM6DS3, LSM6DSOX and ISM330DHCX: acceleration and rotation, through either kind of FIFO.

Registers: STMicroelectronics, "LSM6DS3 iNEMO inertial module", DocID026899, revision 10;
"LSM6DSOX iNEMO inertial module", DS12814, revision 4; "ISM330DHCX iNEMO inertial module", DS13012,
revision 7. The LSM6DS3's FIFO holds 16-bit words in a pattern that repeats: rotation, then
acceleration. That of the other two holds words of 7 bytes, the first of which says what follows.
"""

import time

import micropython

from xnornode.sensors.counts import copy, copy_turned
from xnornode.sensors.fifo_sensor import FifoSensor
from xnornode.sensors.i2c_device import I2CDevice
from xnornode.sensors.settings import choice, nearest

TYPE_CHECKING = False  # there is no `typing` on the node
if TYPE_CHECKING:
    from array import array
    from typing import Any

    def ptr8(buffer: object) -> "Any":
        """Viper's: bytes at a buffer's address."""

    def ptr16(buffer: object) -> "Any":
        """Viper's: halfwords at a buffer's address, unsigned."""


WHO_AM_I = 0x0F
CTRL1_XL = 0x10
CTRL2_G = 0x11
CTRL3_C = 0x12
FIFO_STATUS1 = 0x3A  # and 0x3b
PATTERN_CTRL3 = 0x08  # FIFO_CTRL3 and FIFO_CTRL5 of the LSM6DS3
PATTERN_CTRL5 = 0x0A
PATTERN_DATA_OUT_L = 0x3E
TAGGED_CTRL3 = 0x09  # FIFO_CTRL3 and FIFO_CTRL4 of the others
TAGGED_CTRL4 = 0x0A
TAGGED_DATA_OUT_TAG = 0x78

IDENTITIES = {
    0x69: "LSM6DS3",
    0x6A: "LSM6DS3TR-C or LSM6DSL",
    0x6B: "ISM330DHCX or LSM6DSR",
    0x6C: "LSM6DSOX or LSM6DSO",
}
TAGGED = (0x6B, 0x6C)
BLOCK_UPDATE, NEXT, RESET = 0x40, 0x04, 0x01  # of CTRL3_C
BOTH, ACCEL_ALONE = 0x09, 0x01  # of the LSM6DS3's FIFO_CTRL3: each sample
CONTINUOUS = 0x06  # mode of the FIFO
PATTERN_LOST, TAGGED_LOST = 0x60, 0x68  # of FIFO_STATUS2: overrun, or full
PATTERN_WORDS, TAGGED_WORDS = 0x0F, 0x03  # the upper bits of what it holds
RANGES = (2, 4, 8, 16)  # g
RANGE_BITS = (0, 2, 3, 1)
SCALES = (61_000, 122_000, 244_000, 488_000)
GYRO_RANGES = (125, 250, 500, 1000, 2000)  # deg/s
GYRO_BITS = (1, 0, 2, 4, 6)
GYRO_SCALES = (4_375_000, 8_750_000, 17_500_000, 35_000_000, 70_000_000)
RATES_MHZ = (12_500, 26_000, 52_000, 104_000, 208_000, 416_000, 833_000, 1_660_000)
START_MS = 100  # until the gyroscope turns steadily


class LSM6DS(FifoSensor):
    """An accelerometer and gyroscope at an I2C bus.

    sda, scl: GPIOs. rate: samples a second, 12.5 to 1660; it becomes the nearest of RATES_MHZ, see
    `rate_mhz`. range: 2, 4, 8 or 16 g. gyro_range: 125, 250, 500, 1000 or 2000 deg/s; 0 for
    acceleration alone. address: 0x6b with SA0 high. frequency: of the bus, in Hz. bus: its number.
    Attribute `identity`: which chip it is. Raises ValueError for a setting that the sensor does not
    have, OSError where it does not answer or is another device.
    """

    name = "lsm6ds"

    def __init__(
        self,
        sda: int = 4,
        scl: int = 5,
        rate: float = 104,
        range: int = 4,
        gyro_range: int = 500,
        address: int = 0x6A,
        frequency: int = 400_000,
        bus: int | None = None,
    ) -> None:
        at = choice("range", range, RANGES, "g")
        number = nearest(rate, RATES_MHZ)
        self.rate_mhz = RATES_MHZ[number]
        self._rate_code = number + 1
        self.channels = ("accel x (g)", "accel y (g)", "accel z (g)")
        self.scales = (SCALES[at],) * 3
        range_bits, gyro_bits = RANGE_BITS[at], 0
        self._gyro = gyro_range != 0
        if gyro_range:
            at = choice("gyro_range", gyro_range, GYRO_RANGES, "deg/s")
            gyro_bits = GYRO_BITS[at]
            self.channels += ("gyro x (deg/s)", "gyro y (deg/s)", "gyro z (deg/s)")
            self.scales += (GYRO_SCALES[at],) * 3
        device = I2CDevice(self.name, sda, scl, address, frequency, bus)
        self.identity = device.identify(WHO_AM_I, IDENTITIES)
        self._tagged = device.get(WHO_AM_I) in TAGGED
        self._words = 2 if gyro_range else 1  # of 6 or 7 bytes, in a sample
        self._open(device, self._words * (7 if self._tagged else 6))
        self._status = bytearray(2)
        self._set_up(range_bits, gyro_bits)
        self._go()

    def _set_up(self, range_bits: int, gyro_bits: int) -> None:
        put, rate = self.device.put, self._rate_code << 4
        put(CTRL3_C, RESET)
        time.sleep_ms(1)
        put(CTRL3_C, BLOCK_UPDATE | NEXT)
        put(CTRL1_XL, rate | range_bits << 2)
        if self._gyro:
            put(CTRL2_G, rate | gyro_bits << 1)
        if self._tagged:
            put(TAGGED_CTRL3, self._rate_code | (rate if self._gyro else 0))
        else:
            put(PATTERN_CTRL3, BOTH if self._gyro else ACCEL_ALONE)
        time.sleep_ms(START_MS)

    def _restart(self) -> None:
        device = self.device
        if self._tagged:
            device.put(TAGGED_CTRL4, 0)
            device.put(TAGGED_CTRL4, CONTINUOUS)
        else:
            device.put(PATTERN_CTRL5, 0)
            device.put(PATTERN_CTRL5, self._rate_code << 3 | CONTINUOUS)

    def _waiting(self) -> int:
        status = self._status
        self.device.read_into(FIFO_STATUS1, status)
        low, high = status[0], status[1]
        if self._tagged:
            words = low | (high & TAGGED_WORDS) << 8
            return -1 if high & TAGGED_LOST else words // self._words
        words = low | (high & PATTERN_WORDS) << 8
        return -1 if high & PATTERN_LOST else words // (3 * self._words)

    def _fetch(self, block: "array[int] | memoryview", at: int, count: int) -> bool:
        view = self._views[count - 1]
        if self._tagged:
            self.device.read_into(TAGGED_DATA_OUT_TAG, view)
            return bool(_copy_tagged(block, at, self._raw, count, self._words))
        self.device.read_into(PATTERN_DATA_OUT_L, view)
        if self._gyro:
            copy_turned(block, at, self._raw, count)
        else:
            copy(block, at, self._raw, 0, 3 * count)
        return True

    def _rest(self) -> None:
        self.device.put(CTRL2_G, 0)
        self.device.put(CTRL1_XL, 0)


@micropython.viper
def _copy_tagged(to: object, at: int, source: object, samples: int, words: int) -> bool:
    """Copy samples of tagged words; False if a sample's words are not of one time."""
    target = ptr16(to)
    data = ptr8(source)
    place = 0
    for _ in range(samples):
        tags = 0
        time_bits = data[place] & 6  # a counter of the times, between tag and parity
        for _ in range(words):
            tag = data[place] >> 3  # 1 is rotation, 2 acceleration
            if tag > 2 or data[place] & 6 != time_bits:
                return False
            tags += tag
            value = at + 3 if tag == 1 else at
            for j in range(3):
                target[value + j] = data[place + 1 + 2 * j] | data[place + 2 + 2 * j] << 8
            place += 7
        if tags != words + 1:  # one of each, or acceleration alone
            return False
        at += 3 * words
    return True
