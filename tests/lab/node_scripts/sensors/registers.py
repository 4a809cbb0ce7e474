# What the models of sensors have in common: registers, and samples as time passes.
import time


def frame(number, channel):
    """A value of int16 for each sample and channel; tests compute the same."""
    return (number * 7919 + channel * 10007 + 12345) % 65536 - 32768


class Registers:
    """Registers of 8 bits. `still`: values in units (accel in g, gyro in deg/s) for all samples."""

    def __init__(self):
        self.values = bytearray(256)
        self.still = None
        self.taken = 0  # samples so far
        self.first = None  # number of the first one that came into the emptied FIFO
        self.since = 0.0  # microseconds at which samples began to be counted
        self.counted = 0
        self.rate = 0.0
        time.clocked.append(self)

    def read(self, register):
        return self.values[register]

    def write(self, register, value):
        self.values[register] = value
        self.changed()

    def after(self, register):
        return register + 1

    def begin(self):
        """A transfer begins."""

    def hertz(self):
        """Samples a second by the registers; 0 for none."""
        raise NotImplementedError

    def changed(self):
        rate = self.hertz()
        if rate != self.rate:
            self.rate, self.since, self.counted = rate, time.now, 0

    def run(self, now):
        if not self.rate:
            return
        count = int((now - self.since) * self.rate / 1e6)
        while self.counted < count:
            self.counted += 1
            self.sample(self.taken)
            self.taken += 1

    def sample(self, number):
        """Take a sample."""
        raise NotImplementedError

    def counts(self, number, per_unit):
        """Counts of a sample. per_unit: counts per unit of each channel."""
        if self.still:
            return [round(self.still[c] * n) for c, n in enumerate(per_unit)]
        return [frame(number, c) for c in range(len(per_unit))]


class ByteFifo:
    """A FIFO of bytes: a full one loses its oldest byte."""

    def __init__(self, size):
        self.size = size
        self.lost = False
        self.clear()

    def clear(self):
        self.bytes = bytearray()

    def push(self, data):
        self.bytes.extend(data)
        if len(self.bytes) > self.size:
            self.lost = True
            self.bytes = self.bytes[len(self.bytes) - self.size :]

    def pop(self):
        if not self.bytes:
            return 0
        value = self.bytes[0]
        self.bytes = self.bytes[1:]
        return value


class SampleFifo:
    """A FIFO of samples: a full one loses its oldest sample."""

    def __init__(self, size):
        self.size = size
        self.lost = False
        self.samples = []

    def clear(self):
        self.samples = []
        self.lost = False

    def push(self, sample):
        self.samples.append(sample)
        if len(self.samples) > self.size:
            self.samples.pop(0)
            self.lost = True
