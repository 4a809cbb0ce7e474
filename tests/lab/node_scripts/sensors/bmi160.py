# A BMI160 at the level of its registers. Bosch Sensortec BST-BMI160-DS000 rev. 1.0.
import struct

from registers import ByteFifo, Registers


class Model(Registers):
    ADDRESS = 0x68

    def __init__(self, identity=0xD1):
        super().__init__()
        self.identity = identity
        self.fifo = ByteFifo(1024)
        self.reset()

    def reset(self):
        self.values = bytearray(256)
        self.values[0x00] = self.identity
        self.values[0x40], self.values[0x41] = 0x28, 0x03
        self.values[0x42], self.values[0x43] = 0x28, 0x00
        self.values[0x47] = 0x10
        self.accel = self.gyro = False
        self.fifo.clear()
        self.changed()

    def hertz(self):
        return 100 * 2.0 ** ((self.values[0x40] & 15) - 8) if self.accel else 0

    def write(self, register, value):
        if register != 0x7E:
            super().write(register, value)
        elif value == 0xB6:
            self.reset()
        elif value == 0xB0:
            self.fifo.clear()
            self.first = None
        elif value in (0x10, 0x11):
            self.accel = value == 0x11
        elif value in (0x14, 0x15):
            self.gyro = value == 0x15
        self.changed()

    def read(self, register):
        if register == 0x22:
            return len(self.fifo.bytes) & 0xFF
        if register == 0x23:
            return len(self.fifo.bytes) >> 8
        if register == 0x24:
            return self.fifo.pop()
        return super().read(register)

    def after(self, register):
        return register if register == 0x24 else register + 1

    def sample(self, number):
        config = self.values[0x47]
        if config & 0x10 or not config & 0xC0:
            return
        if self.first is None:
            self.first = number
        g = 16384 / {3: 1, 5: 2, 8: 4, 12: 8}[self.values[0x41] & 15]
        degree = 16.4 * (1 << (self.values[0x43] & 7))
        values = self.counts(number, (g, g, g, degree, degree, degree))
        data = b""
        if config & 0x80:
            assert self.gyro and self.values[0x42] & 15 == self.values[0x40] & 15
            data += struct.pack("<3h", *values[3:])
        if config & 0x40:
            data += struct.pack("<3h", *values[:3])
        self.fifo.push(data)
