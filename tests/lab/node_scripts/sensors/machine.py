# In place of MicroPython's `machine`: an I2C bus with the devices that a test puts at it.
import micropython

devices = {}  # by address
breaks_after = None  # bytes after which a transfer breaks off, once
locked = False  # whether the program that calls has locked the heap, which these devices need
levels = {}  # of pins that were freed


class Pin:
    IN = "in"

    def __init__(self, number, mode=None):
        self.number = number
        if mode is not None:
            levels[number] = mode


def heap(on):
    if locked:
        micropython.heap_unlock() if on else micropython.heap_lock()


class I2C:
    def __init__(self, bus, sda, scl, freq=400_000):
        if sda.number == scl.number:
            raise ValueError("bad SCL pin")
        self.frequency = freq

    def scan(self):
        return sorted(devices)

    def readfrom_mem_into(self, address, register, buffer):
        heap(True)
        try:
            self._read(address, register, buffer)
        finally:
            heap(False)

    def writeto_mem(self, address, register, data):
        heap(True)
        try:
            self._write(address, register, data)
        finally:
            heap(False)

    def _read(self, address, register, buffer):
        global breaks_after
        device = self._device(address)
        device.begin()
        for at in range(len(buffer)):
            if breaks_after is not None and at == breaks_after:
                breaks_after = None
                raise OSError(5)
            buffer[at] = device.read(register)
            register = device.after(register)

    def _write(self, address, register, data):
        device = self._device(address)
        for value in data:
            device.write(register, value)
            register = device.after(register)

    def writeto(self, address, data):
        self._device(address).command(data)

    def readfrom_into(self, address, buffer):
        self._device(address).answer(buffer)

    def _device(self, address):
        if address not in devices:
            raise OSError(5)  # EIO: no acknowledge
        return devices[address]
