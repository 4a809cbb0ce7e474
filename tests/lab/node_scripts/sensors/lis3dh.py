# A LIS3DH at the level of its registers. STMicroelectronics DocID17530 rev. 2.
import struct

from registers import Registers, SampleFifo

RATES = (0, 1, 10, 25, 50, 100, 200, 400, 0, 1344)


class Model(Registers):
    ADDRESS = 0x18

    def __init__(self, identity=0x33):
        super().__init__()
        self.values[0x0F] = identity
        self.values[0x20] = 0x07
        self.fifo = SampleFifo(32)

    def hertz(self):
        return RATES[self.values[0x20] >> 4] if self.values[0x20] & 7 else 0

    def write(self, register, value):
        super().write(register, value)
        if register == 0x2E and not value & 0xC0:
            self.fifo.clear()
            self.first = None

    def read(self, register):
        address = register & 0x7F
        if address == 0x2F:
            held = len(self.fifo.samples)
            full = held == self.fifo.size
            return (0x40 if full else 0) | (0x20 if not held else 0) | min(held, 31)
        if 0x28 <= address <= 0x2D:
            if not self.fifo.samples:
                return 0
            value = self.fifo.samples[0][address - 0x28]
            if address == 0x2D:
                self.fifo.samples.pop(0)
            return value
        return super().read(address)

    def after(self, register):
        if not register & 0x80:
            return register
        return 0xA8 if register == 0xAD else register + 1

    def sample(self, number):
        if self.values[0x2E] & 0xC0 != 0x80 or not self.values[0x24] & 0x40:
            return
        if self.first is None:
            self.first = number
        bits = 12 if self.values[0x23] & 8 else 10
        # 1, 2, 4, 12 mg for a digit of 12 bits
        per_g = 1000 / (1, 2, 4, 12)[self.values[0x23] >> 4 & 3]
        values = self.counts(number, (per_g,) * 3)
        if self.still:
            values = [value << 4 for value in values]
        self.fifo.push(
            struct.pack("<3h", *[value >> (16 - bits) << (16 - bits) for value in values])
        )
