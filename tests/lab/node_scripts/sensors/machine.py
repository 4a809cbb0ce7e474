# In place of MicroPython's `machine`: an I2C bus with the devices that a test puts at it, voltages
# at pins, timers, and a microphone. `time` has them all run.
import time

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


volts = {}  # functions of the time in microseconds, by pin


class ADC:
    def __init__(self, pin):
        self.pin = pin.number

    def read_u16(self):
        return int(volts[self.pin](time.now) / 3.3 * 65535)


busy_until = 0  # while the interpreter is busy no callback comes


class Timer:
    PERIODIC = 1

    def __init__(self, number, mode, freq, callback):
        self.period = int(1e6 / freq)
        self.callback = callback
        self.due = time.now + self.period
        time.clocked.append(self)

    def run(self, now):
        while self.due <= now:
            due = self.due
            self.due += self.period
            if due >= busy_until:
                time.now, after = due, time.now
                self.callback(self)
                time.now = after

    def deinit(self):
        time.clocked.remove(self)


sound = None  # a function of the number of a sample


class I2S:
    """Frames of 8 bytes go into `ibuf`; what it has no room for is lost."""

    RX, MONO = 1, 2

    def __init__(self, bus, sck, ws, sd, mode, bits, format, rate, ibuf):
        assert (mode, bits, format) == (self.RX, 32, self.MONO)
        self.rate, self.room = rate, ibuf // 8
        self.begun, self.number = time.now, 0
        self.held = []
        self.wanted = None
        time.clocked.append(self)

    def irq(self, handler):
        self.handler = handler

    def readinto(self, buffer):
        self.wanted, self.at = buffer, 0

    def run(self, now):
        """In steps of 16 frames, of which each copies up to 64, as on a Pico."""
        while self.begun + (self.number + 16) * 1_000_000 // self.rate <= now:
            frames = [sound(self.number + n) for n in range(16)]
            self.number += 16
            if len(self.held) + 16 <= self.room:
                self.held += frames
            at = self.begun + self.number * 1_000_000 // self.rate
            if self.wanted is None or at < busy_until:
                continue
            count = min(64, len(self.held), len(self.wanted) - self.at)
            for n in range(count):
                self.wanted[self.at + n] = self.held[n]
            self.held = self.held[count:]
            self.at += count
            if self.at == len(self.wanted):
                self.wanted = None
                time.now, after = at, time.now
                self.handler(self)
                time.now = after

    def deinit(self):
        time.clocked.remove(self)
