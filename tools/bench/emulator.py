"""What sensors cost the emulated Pico: processor time of this computer per emulated second.

    python -m tools.bench.emulator

MicroPython on the emulated Pico is always busy: it counts, or reads a sensor and counts. A figure
below 1 is faster than a real Pico. It depends on the computer; compare the rows with each other.
"""

from __future__ import annotations

import math
import os
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from tools.emulators.emulated_pico import EmulatedPico
from tools.emulators.sensors import Analog, Microphone, Mpu6050, Sensor, Signal
from tools.firmware.build import build
from xnornode.link.repl import Board

MILLISECONDS = 1500
"""Emulated, for each run."""
RUNS = 5
"""The least of them counts: other work on the computer makes a run longer, never shorter."""

COUNT = f"""
import time
def run(every, work):
    n, begun = 0, time.ticks_us()
    due = begun
    while (took := time.ticks_diff(time.ticks_us(), begun)) < {MILLISECONDS} * 1000:
        if time.ticks_diff(time.ticks_us(), due) >= 0:
            due = time.ticks_add(due, every * 1000)
            work()
        n += 1
    print(took)
"""
MOTION = """
from machine import I2C, Pin
i2c = I2C(0, sda=Pin(4), scl=Pin(5), freq=400000)
def put(r, *v): i2c.writeto_mem(0x68, r, bytes(v))
put(0x6b, 0x80)
put(0x6b, 0x01)
put(0x19, {divider}, 1)
put(0x23, 0x78)
put(0x6a, 0x44)
def work():
    n = int.from_bytes(i2c.readfrom_mem(0x68, 0x72, 2), 'big')
    i2c.readfrom_mem(0x68, 0x74, n // 12 * 12 or 1)
"""
SOUND = """
from machine import I2S, Pin
i2s = I2S(0, sck=Pin(10), ws=Pin(11), sd=Pin(12), mode=I2S.RX, bits=16, format=I2S.MONO,
          rate=16000, ibuf=20000)
buffer = bytearray(512)
def work(): i2s.readinto(buffer)
"""
VOLTS = "from machine import ADC\na = ADC(26)\nwork = a.read_u16\n"
NOTHING = "def work(): pass\n"


@dataclass(frozen=True)
class Row:
    """One measurement: what is wired, the program that reads it, and how often, in ms."""

    name: str
    sensors: tuple[Sensor, ...]
    program: str
    every: int


def rows() -> list[Row]:
    """All measurements; the first is the Pico with nothing wired to it."""
    rng = np.random.default_rng(0)
    motion = Signal(rng.normal(size=(1000, 6)), rate=1000, loop=True)
    sound = Signal(rng.integers(-9000, 9000, 16_000).astype(np.int16), rate=16_000, loop=True)
    volts = Signal(rng.uniform(0, 3.3, 1000), rate=1000, loop=True)
    return [
        Row("nothing wired", (), NOTHING, 10),
        Row("MPU6050, FIFO at 100 Hz", (Mpu6050(motion),), MOTION.format(divider=9), 100),
        Row("MPU6050, FIFO at 1 kHz", (Mpu6050(motion),), MOTION.format(divider=0), 20),
        Row("ADC at 1 kHz", (Analog(26, volts),), VOLTS, 1),
        Row("I2S at 16 kHz", (Microphone(10, 12, sound),), SOUND, 10),
    ]


def processor_seconds(pid: int) -> float:
    """What a process has used of the processor so far."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def measure(row: Row, firmware: Path, folder: Path) -> float:
    """Processor seconds per emulated second, of the best run."""
    flash = folder / "flash.bin"
    with (
        EmulatedPico(flash, firmware=firmware, sensors=row.sensors) as pico,
        Board(pico.url) as board,
    ):
        board.run(COUNT + row.program)
        assert pico.pid is not None
        least = math.inf
        for _ in range(RUNS):
            before = processor_seconds(pico.pid)
            took = int(board.run(f"run({row.every}, work)", seconds=600))
            least = min(least, (processor_seconds(pico.pid) - before) * 1e6 / took)
        return least


def main() -> int:
    """The command. Returns the exit status."""
    firmware = build("rp2")
    print(f"{'':24} seconds per emulated second")
    for row in rows():
        with tempfile.TemporaryDirectory() as folder:
            print(f"{row.name:24} {measure(row, firmware, Path(folder)):.2f}", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
