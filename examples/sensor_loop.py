"""A sensor loop that classifies. Runs on the node, in MicroPython.

Copy it to the board as main.py and put your own sensor in the place of `sensor`:

    mpremote cp examples/sensor_loop.py :main.py
    mpremote reset
    xnornode monitor
"""

import time

import machine

from xnornode import Classifier, Link

# An MPU-6050 on I2C, as an example. Its 16-bit counts are what the model was trained on.
ADDRESS, POWER, ACCEL = 0x68, 0x6B, 0x3B
RATE = 50  # samples per second: the rate of the recordings


def signed(high, low):
    """Two bytes as an int16."""
    value = high << 8 | low
    return value - 65536 if value & 0x8000 else value


def sensor():
    """One sample after the other: accel x, y, z and gyro x, y, z, in counts."""
    i2c = machine.I2C(0, scl=machine.Pin(5), sda=machine.Pin(4), freq=400_000)
    i2c.writeto_mem(ADDRESS, POWER, b"\x00")  # wake it up
    due = time.ticks_ms()
    while True:
        due = time.ticks_add(due, 1000 // RATE)
        time.sleep_ms(max(0, time.ticks_diff(due, time.ticks_ms())))
        data = i2c.readfrom_mem(ADDRESS, ACCEL, 14)
        # Bytes 6 and 7 are the temperature.
        yield tuple(signed(data[i], data[i + 1]) for i in (0, 2, 4, 8, 10, 12))


clf = Classifier()  # the node's active model
link = Link(clf)  # takes new models, and writes the lines that `xnornode monitor` reads

for sample in sensor():
    prediction = clf.feed(sample)  # None, or at each hop a prediction
    if prediction:
        link.prediction(prediction)
    link.step()
