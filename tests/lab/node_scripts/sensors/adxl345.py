# An ADXL345 at the level of its registers. Analog Devices data sheet, rev. E.
import struct

from registers import Registers, SampleFifo


class Model(Registers):
    ADDRESS = 0x53

    def __init__(self, identity=0xE5):
        super().__init__()
        self.values[0x00] = identity
        self.values[0x2C] = 0x0A
        self.fifo = SampleFifo(32)
        self.output = bytes(6)

    def hertz(self):
        return 3200 / (1 << (15 - (self.values[0x2C] & 15))) if self.values[0x2D] & 8 else 0

    def write(self, register, value):
        super().write(register, value)
        if register == 0x38 and not value & 0xC0:
            self.fifo.clear()
            self.first = None

    def begin(self):
        self.popped = False

    def read(self, register):
        if register == 0x39:
            return len(self.fifo.samples)
        if 0x32 <= register <= 0x37:
            if not self.popped and self.fifo.samples:
                self.output = self.fifo.samples.pop(0)
                self.popped = True
            return self.output[register - 0x32]
        return super().read(register)

    def sample(self, number):
        if self.values[0x38] & 0xC0 != 0x80:
            return
        if self.first is None:
            self.first = number
        full = self.values[0x31] & 0x08
        bits = 10 + (self.values[0x31] & 3 if full else 0)
        per_g = 256 if full else 256 >> (self.values[0x31] & 3)
        values = self.counts(number, (per_g,) * 3)
        if not self.still:
            values = [value >> (16 - bits) for value in values]
        self.fifo.push(struct.pack("<3h", *values))
