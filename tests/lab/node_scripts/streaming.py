# Runs in MicroPython: a node whose sensor counts. Value c of sample n is 7 * n + 1000 * c.
# Arguments: "serve", or "loop" for a program that classifies; folder; channels; rate in millihertz;
# the sample before which some are lost, and how many; the one at which the sensor fails; bytes a
# second that the port carries, 0 for no limit; milliseconds from one press of the button to the
# next, 0 without a button.
import sys
import time

from xnornode import Classifier, Link, link
from xnornode.model_store import Store
from xnornode.sensors.sensor import Sensor
from xnornode.stream import Streamer

MODE, FOLDER = sys.argv[1:3]
CHANNELS, RATE, LOSES_AT, LOST, FAILS_AT, PORT, PRESSES = map(int, sys.argv[3:10])


class Pin:
    IN = PULL_UP = 0

    def __init__(self, *given):
        self.start = time.ticks_ms()

    def value(self):  # it is down in the second half of the time
        return time.ticks_diff(time.ticks_ms(), self.start) % PRESSES < PRESSES // 2


class Machine:
    Pin = Pin


class Counting(Sensor):
    name = "counting"
    channels = tuple(f"ch{c} (g)" for c in range(CHANNELS))
    scales = tuple(122070 + c for c in range(CHANNELS))
    rate_mhz = RATE
    button = 15 if PRESSES else None

    def __init__(self):
        self.at = 0
        self.start = time.ticks_us()

    def read_into(self, block):
        due = time.ticks_diff(time.ticks_us(), self.start) * (RATE // 1000) // 1000000
        if self.at == LOSES_AT and LOST and not self.overruns:
            self.overruns, self.gaps = LOST, 1
            self.at += LOST
        if 0 < FAILS_AT <= self.at:
            raise OSError(5, "the wire has come off")
        n = max(0, min(due - self.at, len(block) // CHANNELS))
        if self.at < LOSES_AT:
            n = min(n, LOSES_AT - self.at)
        i = 0
        for at in range(self.at, self.at + n):
            for c in range(CHANNELS):
                block[i] = ((7 * at + 1000 * c + 32768) & 65535) - 32768
                i += 1
        self.at += n
        return n


def loop():
    from array import array

    classifier = Classifier(Store(FOLDER + "/models", FOLDER + "/model.bnn"))
    line = Link(classifier)
    sensor = Counting()
    line.reads(sensor)
    block = array("h", bytes(2 * CHANNELS * 32))
    while True:
        n = sensor.read_into(block)
        view = memoryview(block)[: n * CHANNELS]
        if n and line.stream:
            line.stream.samples(view, sensor)
        if n and not (line.stream and line.stream.alone):
            for p in classifier.feed_block(view):
                line.prediction(p)
        line.step(0 if n else 1000)


if PRESSES:
    sys.modules["machine"] = Machine
link.Streamer = lambda open_sensor: Streamer(open_sensor, PORT or None)
if MODE == "loop":
    loop()
link.Store = lambda: Store(FOLDER + "/models", FOLDER + "/model.bnn")
while True:
    link.serve(Counting)
