"""A sensor of one's own: BH1750, a light sensor without a FIFO, at an I2C bus.

Copy it to the node (`mpremote cp examples/bh1750.py :/lib/`), and choose it in /sensor.json:

    {"sensor": "bh1750.BH1750", "sda": 4, "scl": 5, "rate": 5}

Commands: ROHM BH1750FVI data sheet, revision D.
"""

import time

from machine import I2C, Pin

from xnornode.sensors.sensor import Sensor

ADDRESS = 0x23
CONTINUOUSLY = b"\x10"  # a measurement each 120 ms; 1.2 counts per lux


class BH1750(Sensor):
    name = "bh1750"
    channels = ("light (lx)",)
    scales = (1_666_666_667,)  # of half a count, as a sample has 15 bits and its sign

    def __init__(self, sda, scl, rate=5):
        self._i2c = I2C(0, sda=Pin(sda), scl=Pin(scl))
        self._i2c.writeto(ADDRESS, CONTINUOUSLY)
        self._two = bytearray(2)
        self.rate_mhz = round(1000 * rate)
        self._period = 1_000_000_000 // self.rate_mhz
        self._due = time.ticks_add(time.ticks_us(), self._period)
        self.overruns = self.gaps = 0

    def read_into(self, block):
        late = time.ticks_diff(time.ticks_us(), self._due)
        if late < 0:
            return 0
        missed = late // self._period
        if missed:
            self.overruns += missed
            self.gaps += 1
        self._due = time.ticks_add(self._due, (missed + 1) * self._period)
        self._i2c.readfrom_into(ADDRESS, self._two)
        block[0] = (self._two[0] << 8 | self._two[1]) >> 1
        return 1
