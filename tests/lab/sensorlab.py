"""Runs the node's drivers in MicroPython against models of sensors' registers."""

import json
import subprocess
from pathlib import Path
from typing import Any

import numpy as np

from tools.firmware.build import build
from tools.firmware.sources import ROOT

MODELS = ROOT / "tests" / "lab" / "node_scripts" / "sensors"
"""In place of the modules `machine` and `time`, and a model of each sensor."""

START = """
import sys
sys.path[:0] = {path}
import json, machine, micropython, time
from array import array
from xnornode.sensors.configured import open_configured, open_sensor

def say(**fields): print(json.dumps(fields))

def wire(name, address=None, **settings):
    model = __import__(name).Model(**settings)
    machine.devices[address or model.ADDRESS] = model
    return model

def about(sensor):
    say(name=sensor.name, channels=sensor.channels, scales=sensor.scales, rate=sensor.rate_mhz,
        overruns=sensor.overruns, gaps=sensor.gaps, ended=sensor.ended)

def read(sensor, room=64):
    width = len(sensor.channels)
    block = memoryview(array("h", bytes(2 * room * width)))
    machine.locked = True
    micropython.heap_lock()
    try:
        count = sensor.read_into(block)
    finally:
        micropython.heap_unlock()
        machine.locked = False
    return list(block[:count * width])

def tries(call):
    try:
        call()
    except (OSError, ValueError) as error:
        say(kind=type(error).__name__, text=str(error))
    else:
        say(kind=None, text="")
"""


def run(code: str) -> list[Any]:
    """What a program says, a JSON value a line. It has what START defines."""
    path = [str(MODELS), str(ROOT / "device"), str(ROOT / "examples")]
    done = subprocess.run(
        [str(build("unix")), "-X", "heapsize=2M", "-c", START.format(path=path) + code],
        capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-4000:]
    return [json.loads(line) for line in done.stdout.splitlines()]


def frames(first: int, count: int, channels: int) -> np.ndarray:
    """The counts that the models take, shape (count, channels): registers.py has the same."""
    number = np.arange(first, first + count)[:, None]
    values = (number * 7919 + np.arange(channels) * 10007 + 12345) % 65536 - 32768
    return values.astype(np.int16)


def example(name: str) -> Path:
    """A file of examples/."""
    return ROOT / "examples" / name
