"""Programs that read the emulated Pico's MPU6050, and what it feels."""

import numpy as np

AXES = ("accel x (g)", "accel y (g)", "accel z (g)", "gyro x (deg/s)", "gyro y (deg/s)",
        "gyro z (deg/s)")  # fmt: skip

# What the tests' programs have at hand. `on` wakes the sensor at 1000 / (1 + n) samples a second.
START = """
from machine import I2C, SoftI2C, Pin
import time, struct, binascii
i2c = I2C(0, sda=Pin(4), scl=Pin(5), freq=400000)
def get(r, n=1): return i2c.readfrom_mem(0x68, r, n)
def put(r, *v): i2c.writeto_mem(0x68, r, bytes(v))
def reset(): put(0x6b, 0x80)
def on(n, accel=0, gyro=0):
    reset()
    put(0x6b, 0x01)
    put(0x19, n, 1, gyro << 3, accel << 3)
def fifo(enable):
    put(0x23, enable)
    put(0x6a, 0x44)
def held(): return struct.unpack('>H', get(0x72, 2))[0]
"""

READ_FIFO = """
buffer = bytearray(84 * {size})
begun = time.ticks_us()
wanted = {samples}
while wanted:
    n = min(held() // {size}, 84, wanted)
    if n:
        part = memoryview(buffer)[:n * {size}]
        i2c.readfrom_mem_into(0x68, 0x74, part)
        print(binascii.b2a_base64(part).decode(), end='')
        wanted -= n
    else:
        time.sleep_ms({pause})
took = time.ticks_diff(time.ticks_us(), begun)
"""


def unlike_frames(count: int) -> tuple[np.ndarray, np.ndarray]:
    """Frames in g and deg/s, no two alike, and their counts in the smallest ranges."""
    rng = np.random.default_rng(5)
    counts = rng.integers(-32768, 32768, (count, 6))
    counts[:, 0] = np.arange(count) - 500
    scales = np.repeat([2 / 32768, 1 / 131], 3)
    return counts * scales, counts
