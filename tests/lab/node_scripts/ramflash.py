# Runs in MicroPython: a flash chip in RAM, as an rp2 port hands it to littlefs, that remembers what
# was done to it; and what a power cut at any of these operations leaves.
import os

try:
    import vfs
except ImportError:  # MicroPython before 1.23
    vfs = os

SECTOR = 4096
PAGE = 256


class RamFlash:
    """The block device. image: what is in it, else it is new."""

    def __init__(self, sectors=64, image=None):
        self.image = bytearray(image) if image else bytearray(b"\xff" * (SECTOR * sectors))
        self.view = memoryview(self.image)
        self.log = []  # (offset, bytes of one page), or (offset, None): a sector erased

    def readblocks(self, block, buf, offset=0):
        at = block * SECTOR + offset
        buf[:] = self.view[at : at + len(buf)]

    def writeblocks(self, block, buf, offset=0):
        assert offset % PAGE == 0 and len(buf) % PAGE == 0
        at = block * SECTOR + offset
        for i in range(0, len(buf), PAGE):
            self.do(at + i, bytes(buf[i : i + PAGE]))

    def ioctl(self, op, arg):
        if op == 4:
            return len(self.image) // SECTOR
        if op == 5:
            return SECTOR
        if op == 6:
            self.do(arg * SECTOR, None)
            return 0

    def do(self, at, data):
        self.log.append((at, data))
        apply(self.image, at, data)


def apply(image, at, data, size=None):
    """Carry out an operation, or its first `size` bytes. Programming only clears bits."""
    if data is None:
        n = size or SECTOR
        image[at : at + n] = b"\xff" * n
    else:
        for i in range(size or PAGE):
            image[at + i] &= data[i]


def scatter(image, at, data, random):
    """An operation that stopped anywhere: of the bits that it was to change, some are."""
    for i in range(SECTOR if data is None else PAGE):
        old = image[at + i]
        new = 0xFF if data is None else old & data[i]
        image[at + i] = old ^ ((old ^ new) & random())


def power_cuts(start, log):
    """(how, k, image) for a cut before operation k, with half of it done, and in shreds of it."""
    state = [1]

    def random():
        state[0] = (state[0] * 1664525 + 1013904223) & 0xFFFFFFFF
        return state[0] >> 24

    image = bytearray(start)
    for k, (at, data) in enumerate(log):
        yield "before", k, bytes(image)
        torn = bytearray(image)
        apply(torn, at, data, (SECTOR if data is None else PAGE) // 2)
        yield "half of", k, torn
        torn = bytearray(image)
        scatter(torn, at, data, random)
        yield "shreds of", k, torn
        apply(image, at, data)
    yield "before", len(log), bytes(image)


def mount(flash, where):
    """Mount it as boot does: format what is no filesystem."""
    try:
        fs = vfs.VfsLfs2(flash, progsize=PAGE)
    except OSError:
        vfs.VfsLfs2.mkfs(flash, progsize=PAGE)
        fs = vfs.VfsLfs2(flash, progsize=PAGE)
    vfs.mount(fs, where)
