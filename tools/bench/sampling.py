"""How late samples are while models come: a loop that polls its sensor, and sensors that keep them.

    python -m tools.bench.sampling

On the emulated Pico, whose sensor counts milliseconds, so each sample says when it was taken. A
push, a rollback and another push come meanwhile. By the chip's clock: the computer does not matter.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

import numpy as np

from tests.lab.samplinglab import Kind, Outcome, motion, sampling_node
from tools.firmware.build import build

LATE = 10  # milliseconds: the time of a sample
SPEED = 4  # so many times faster than in real time the Pico sleeps
POLLED = """
import time
import tap
from machine import I2C, Pin
from xnornode import Classifier, Link

PERIOD_MS = {period}

class Registers:
    # the newest sample, whatever its time: what a loop of one's own reads
    overruns = 0
    rate_mhz = 0
    channels = (0,) * 6
    def __init__(self):
        self.i2c = I2C(0, sda=Pin(4), scl=Pin(5), freq=400_000)
        for register, value in ((0x6B, 0x80), (0x6B, 1), (0x1A, 1), (0x1C, 0x10), (0x1B, 0x18)):
            self.i2c.writeto_mem(0x68, register, bytes((value,)))
            time.sleep_ms(10)

def signed(high, low):
    value = high << 8 | low
    return value - 65536 if value & 0x8000 else value

tap.sensor = sensor = Registers()
clf = Classifier()
link = Link(clf)
due = time.ticks_ms()
while True:
    due = time.ticks_add(due, PERIOD_MS)
    time.sleep_ms(max(0, time.ticks_diff(due, time.ticks_ms())))
    data = sensor.i2c.readfrom_mem(0x68, 0x3B, 14)
    sample = tuple(signed(data[i], data[i + 1]) for i in (0, 2, 4, 8, 10, 12))
    count = tap.state[0]
    tap.times[count % len(tap.times)] = sample[0]
    tap.state = count + 1, 0, 1
    p = clf.feed(sample)
    if p:
        link.prediction(p)
    link.step()
"""


def measure(kind: Kind, program: str = "") -> Outcome:
    """Two pushes and a rollback to a node with this program, by default device/classify.py."""
    first, second = kind.model(1), kind.model(2, hidden=(200, 40))
    with (
        tempfile.TemporaryDirectory() as folder,
        sampling_node(Path(folder), build("rp2"), kind, first, program, SPEED) as (node, outcomes),
    ):
        node.busy_line(first, second)
    return outcomes[0]


def row(name: str, outcome: Outcome) -> str:
    """A line of the table."""
    late = outcome.lateness - outcome.lateness.min()
    many = int(np.count_nonzero(late > LATE))
    lost = outcome.overruns
    return f"{name:36}{len(late):9,}{lost:6,}{many:16,}{late.max():13,}{outcome.most:10,}"


def main() -> int:
    """The command. Returns the exit status."""
    print(
        f"{'':36}{'samples':>9}{'lost':>6}{'over 10 ms late':>16}{'latest, ms':>13}{'waiting':>10}"
    )
    for rate in (50, 100):
        kind = motion(rate)
        polled = measure(kind, POLLED.format(period=1000 // rate))
        print(row(f"MPU6050 at {rate} Hz, polled", polled), flush=True)
        print(row(f"MPU6050 at {rate} Hz, its FIFO", measure(kind)), flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
