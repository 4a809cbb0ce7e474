# An MPU6050, or MPU6500 by its identity, at the level of its registers.
# InvenSense RM-MPU-6000A-00 rev. 4.2; RM-MPU-6500A-00 rev. 2.1 (its FIFO has 512 bytes).
import struct

from registers import ByteFifo, Registers


class Model(Registers):
    ADDRESS = 0x68

    def __init__(self, identity=0x68):
        super().__init__()
        self.identity = identity
        self.fifo = ByteFifo(1024 if identity in (0x68, 0x72) else 512)
        self.reset()

    def reset(self):
        self.values = bytearray(256)
        self.values[0x6B] = 0x40  # asleep
        self.values[0x75] = self.identity
        self.fifo.clear()
        self.changed()

    def hertz(self):
        if self.values[0x6B] & 0x40:
            return 0
        base = 8000 if self.values[0x1A] & 7 in (0, 7) else 1000
        return base / (1 + self.values[0x19])

    def write(self, register, value):
        if register == 0x6B and value & 0x80:
            self.reset()
            return
        if register == 0x6A:
            if value & 0x04:
                self.fifo.clear()
                self.first = None
            value &= 0x40
        super().write(register, value)

    def read(self, register):
        if register == 0x3A:
            status = 0x10 if self.fifo.lost else 0
            self.fifo.lost = False
            return status
        if register == 0x72:
            return len(self.fifo.bytes) >> 8
        if register == 0x73:
            return len(self.fifo.bytes) & 0xFF
        if register == 0x74:
            return self.fifo.pop()
        return super().read(register)

    def after(self, register):
        return register if register == 0x74 else register + 1

    def sample(self, number):
        enabled = self.values[0x23]
        if not self.values[0x6A] & 0x40 or not enabled:
            return
        if self.first is None:
            self.first = number
        g = 16384 >> (self.values[0x1C] >> 3 & 3)
        degree = 131 / (1 << (self.values[0x1B] >> 3 & 3))
        values = self.counts(number, (g, g, g, degree, degree, degree))
        if self.values[0x6C] & 7:
            values[3:] = [0, 0, 0]  # these gyroscopes are off
        if enabled & 0x08:
            self.fifo.push(struct.pack(">3h", *values[:3]))
        for axis in range(3):
            if enabled & (0x40 >> axis):
                self.fifo.push(struct.pack(">h", values[3 + axis]))
