# An LSM6DS3 at the level of its registers. STMicroelectronics DocID026899 rev. 10.
import struct

from registers import ByteFifo, Registers

RATES = (0, 12.5, 26, 52, 104, 208, 416, 833, 1660, 3330, 6660)


class Model(Registers):
    ADDRESS = 0x6A
    FIFO_BYTES = 8192

    def __init__(self, identity=0x69):
        super().__init__()
        self.identity = identity
        self.fifo = ByteFifo(self.FIFO_BYTES)
        self.reset()

    def reset(self):
        self.values = bytearray(256)
        self.values[0x0F] = self.identity
        self.values[0x12] = 0x04
        self.fifo.clear()
        self.changed()

    def hertz(self):
        return RATES[self.values[0x10] >> 4]

    def write(self, register, value):
        if register == 0x12 and value & 1:
            self.reset()
            return
        super().write(register, value)
        self.fifo_mode()

    def fifo_mode(self):
        if self.values[0x0A] & 7 == 0:
            self.clear()

    def clear(self):
        self.fifo.clear()
        self.fifo.lost = False
        self.first = None

    def read(self, register):
        words = len(self.fifo.bytes) // 2
        if register == 0x3A:
            return words & 0xFF
        if register == 0x3B:
            full = 0x20 if 2 * words == self.fifo.size else 0
            return (0x40 if self.fifo.lost else 0) | full | (words >> 8 & 15)
        if register in (0x3E, 0x3F):
            return self.fifo.pop()
        return super().read(register)

    def after(self, register):
        return {0x3F: 0x3E}.get(register, register + 1)

    def values_of(self, number):
        g = 1 / (0.061e-3, 0.488e-3, 0.122e-3, 0.244e-3)[self.values[0x10] >> 2 & 3]
        full = self.values[0x11] >> 1 & 7
        degree = 1 / {0: 8.75e-3, 1: 4.375e-3, 2: 17.5e-3, 4: 35e-3, 6: 70e-3}[full]
        return self.counts(number, (g, g, g, degree, degree, degree))

    def sample(self, number):
        control = self.values[0x0A]
        if control & 7 != 6:
            return
        assert control >> 3 & 15 == self.values[0x10] >> 4
        if self.first is None:
            self.first = number
        values = self.values_of(number)
        data = b""
        if self.values[0x08] >> 3 & 7 == 1:
            assert self.values[0x11] >> 4 == self.values[0x10] >> 4
            data += struct.pack("<3h", *values[3:])
        if self.values[0x08] & 7 == 1:
            data += struct.pack("<3h", *values[:3])
        self.fifo.push(data)
