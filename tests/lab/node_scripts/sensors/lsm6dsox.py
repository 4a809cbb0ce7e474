# An LSM6DSOX at the level of its registers. STMicroelectronics DS12814 rev. 4.
import struct

import lsm6ds3


def tag(sensor, count):
    """A tag's byte: what follows, two bits of the time, and even parity."""
    byte = sensor << 3 | (count & 3) << 1
    return byte | bin(byte).count("1") & 1


class Model(lsm6ds3.Model):
    FIFO_BYTES = 7 * 512

    def __init__(self, identity=0x6C):
        super().__init__(identity)

    def fifo_mode(self):
        if self.values[0x0A] & 7 == 0:
            self.clear()

    def read(self, register):
        words = len(self.fifo.bytes) // 7
        if register == 0x3A:
            return words & 0xFF
        if register == 0x3B:
            return (0x48 if self.fifo.lost else 0) | words >> 8
        if 0x78 <= register <= 0x7E:
            return self.fifo.pop()
        return super().read(register)

    def after(self, register):
        return {0x7E: 0x78}.get(register, register + 1)

    def sample(self, number):
        if self.values[0x0A] & 7 != 6:
            return
        if self.first is None:
            self.first = number
        values = self.values_of(number)
        batched = self.values[0x09]
        words = []
        if batched >> 4:
            assert batched >> 4 == self.values[0x11] >> 4
            words.append(bytes([tag(1, number)]) + struct.pack("<3h", *values[3:]))
        if batched & 15:
            assert batched & 15 == self.values[0x10] >> 4
            words.append(bytes([tag(2, number)]) + struct.pack("<3h", *values[:3]))
        if number % 3 == 0:  # the data sheet promises no order within one time
            words.reverse()
        for word in words:
            self.fifo.push(word)
