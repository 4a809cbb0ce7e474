# Runs in MicroPython: a line on which one byte comes without an end. A read whose time is up
# returns. Prints how many bytes it took for each.
import io
import time

from xnornode.line_reader import LineReader

MOST = 100


class Flood(io.IOBase):
    """One byte, again and again."""

    def __init__(self, byte):
        self.byte, self.taken = byte, 0

    def ioctl(self, request, arg):
        return arg & 1 if request == 3 else 0  # poll: can be read

    def readinto(self, one):
        self.taken += 1
        if self.taken > MOST:
            raise OverflowError(f"0x{self.byte:02x} keeps the program from its work")
        one[0] = self.byte
        return 1


for byte in range(256):
    flood = Flood(byte)
    try:
        LineReader(64, flood).read(time.ticks_add(time.ticks_us(), -1))
    except KeyboardInterrupt:
        assert byte == 3
    print(flood.taken)
