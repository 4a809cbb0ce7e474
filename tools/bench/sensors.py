"""What the node's sensors cost on an emulated Pico: time of a read, RAM, flash.

Usage: python -m tools.bench.sensors    prints a table
"""

import json
import sys
import tempfile
from pathlib import Path

from tools.emulators.emulated_pico import EmulatedPico
from tools.emulators.sensors import Analog, Microphone, Mpu6050, Sensor
from tools.firmware.build import build
from xnornode.board import node_library
from xnornode.board.install import Installer, Plan
from xnornode.link.repl import Board

SAMPLES = 20
CASES = {
    "MPU6050, 6 channels": {"sensor": "mpu6050", "rate": 200},
    "MPU6050, 3 channels": {"sensor": "mpu6050", "rate": 200, "gyro_range": 0},
    "ADC, 3 channels": {"sensor": "adc", "pins": [26, 27, 28], "rate": 200},
    "I2S": {"sensor": "i2s", "rate": 16_000},
}
MEASURE = """
import gc, json, time
from array import array
import xnornode
gc.collect()
free = gc.mem_free()
from xnornode.sensors.configured import open_configured
sensor = open_configured({config})
gc.collect()
ram = free - gc.mem_free()
block = array('h', bytes(2 * {samples} * len(sensor.channels)))
times = []
while len(times) < 5:
    time.sleep_us({samples} * 1_100_000_000 // sensor.rate_mhz)
    start = time.ticks_us()
    count = sensor.read_into(block)
    took = time.ticks_diff(time.ticks_us(), start)
    if count == {samples}: times.append(took)
idle = []
for _ in range(200):
    start = time.ticks_us()
    count = sensor.read_into(block)
    took = time.ticks_diff(time.ticks_us(), start)
    if not count: idle.append(took)
sensor.close()
print(json.dumps([ram, min(times), min(idle) if idle else 0]))
"""


def main() -> int:
    """Print the table. Returns the exit status."""
    library = node_library.files("armv6m")
    drivers = {name: data for name, data in library.items() if "/sensors/" in name}
    with tempfile.TemporaryDirectory() as folder:
        flash = Path(folder) / "flash.bin"
        wired: list[Sensor] = [
            Mpu6050(),
            *(Analog(pin, name=f"a{pin}") for pin in (26, 27, 28)),
            Microphone(10, 12),
        ]
        rows: list[tuple[str, int, int, int]] = []
        with EmulatedPico(flash, firmware=build("rp2"), sensors=wired) as pico:
            for name, config in CASES.items():
                with Board(pico.url) as board:
                    if not rows:
                        installer = Installer(board, lambda _: None, lambda *_: None)
                        list(installer.install(Plan(library)))
                    found = board.run(MEASURE.format(config=config, samples=SAMPLES))
                    rows.append((name, *json.loads(found)))
                    board.restart()
    print(f"{'':24}{'RAM':>10}{f'{SAMPLES} samples':>14}{'nothing yet':>14}")
    for name, ram, took, idle in rows:
        print(f"{name:24}{ram:8,} B{took:11,} us{f'{idle:,} us' if idle else '-':>14}")
    for what, files in (("library", library), ("sensors", drivers)):
        print(f"{what:24}{len(files)} files, {sum(map(len, files.values())):,} bytes")
    return 0


if __name__ == "__main__":
    sys.exit(main())
