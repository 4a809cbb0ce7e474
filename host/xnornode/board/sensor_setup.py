"""Set a node's sensor up over its REPL: look at the bus, read samples, write sensor.json."""

from __future__ import annotations

import json
from dataclasses import dataclass

from xnornode.board.facts import ask
from xnornode.board.sensor_kinds import PATH
from xnornode.board.sensor_wires import Config
from xnornode.errors import LinkError
from xnornode.link.messages import Count
from xnornode.link.repl import Board
from xnornode.link.schema import read_json

SAMPLES = 10
"""That are shown."""
SECONDS = 5.0
"""How long they are waited for, at most, beyond the time in which they come."""

_PLATFORM = """
import json, sys
try:
    import xnornode.sensors.configured
    there = True
except ImportError:
    there = False
print(json.dumps([sys.platform, sys.implementation._machine, there]))
"""
_READ_CONFIG = f"""
import json
try:
    with open({PATH!r}) as f: text = f.read()
except OSError:
    text = ''
print(json.dumps([text]))
"""
_REMOVE = f"import os\ntry: os.remove({PATH!r})\nexcept OSError as e:\n if e.errno != 2: raise"
_WIRES = """
import json, sys, time
from machine import I2C, Pin, SoftI2C
def level(n):
    try:
        pin = Pin(n, Pin.IN, Pin.PULL_DOWN)
    except (ValueError, AttributeError):
        return 1
    time.sleep_ms(2)
    return pin.value()
def scan(sda, scl):
    try:
        sda, scl = Pin(sda, Pin.IN, Pin.PULL_UP), Pin(scl, Pin.IN, Pin.PULL_UP)
        return SoftI2C(sda=sda, scl=scl, freq=100000, timeout=2000).scan()
    except (OSError, ValueError):
        return []
def look(sda, scl):
    found = [level(sda), level(scl), scan(sda, scl)]
    found.append([] if found[2] else scan(scl, sda))
    for n in (sda, scl):
        Pin(n, Pin.IN, None)
    return found
print(json.dumps(look({sda}, {scl})))
"""
_SAMPLES = """
import json, time
from array import array
from xnornode.sensors.configured import open_configured
def read(config, wanted, ms):
    try:
        sensor = open_configured(config)
    except (OSError, ValueError) as error:
        args = error.args  # MicroPython puts the number of an OSError before what it says
        text = args[-1] if args and isinstance(args[-1], str) else str(error)
        return [text, '', '', [], [], 0, []]
    rows, problem = [], ''
    width = len(sensor.channels)
    block = array('h', bytes(2 * width * 16))
    rate = sensor.rate_mhz
    start = time.ticks_ms()
    ms += wanted * 1000000 // max(1, rate)
    try:
        while len(rows) < wanted and time.ticks_diff(time.ticks_ms(), start) < ms:
            n = sensor.read_into(block)
            for i in range(n):
                if len(rows) < wanted:
                    rows.append(list(block[i * width:(i + 1) * width]))
            if sensor.ended:
                break
            time.sleep_ms(1)
        if not rows:
            problem = 'it answers, but no sample came in ' + str(ms // 1000) + ' s'
    except OSError as error:
        problem = 'it stopped answering: ' + str(error)
    identity = getattr(sensor, 'identity', '')
    said = [problem, sensor.name, identity, list(sensor.channels), list(sensor.scales), rate, rows]
    try:
        sensor.close()
    except OSError:
        pass
    return said
print(json.dumps(read(json.loads(%r), %d, %d)))
"""


@dataclass(frozen=True)
class Platform:
    """A board that is to have a sensor.

    Parameters
    ----------
    platform : str
        As MicroPython's `sys.platform`.
    machine : str
        The board and its chip.
    library : bool
        Whether it has XnorNode's library with the drivers.
    """

    platform: str
    machine: str
    library: bool


@dataclass(frozen=True)
class Wires:
    """What a look at two wires of an I2C bus found.

    Parameters
    ----------
    sda, scl : int
        Their levels against a weak pull-down: 0 without a pull-up.
    addresses : tuple of int
        That answer.
    swapped : tuple of int
        That answer with SDA and SCL swapped, where none answers else.
    """

    sda: Count
    scl: Count
    addresses: tuple[Count, ...]
    swapped: tuple[Count, ...]


@dataclass(frozen=True)
class Reading:
    """What a sensor gave.

    Parameters
    ----------
    problem : str
        Why not; empty where all is well.
    name, identity : str
        What it calls itself; which chip it is, as far as it says.
    channels : tuple of str
        A name with its unit each.
    scales : tuple of int
        Billionths of the unit per count; 0 if unknown.
    rate_mhz : int
        That the sensor has, in millihertz.
    rows : tuple of tuple of int
        Samples, in counts.
    """

    problem: str
    name: str
    identity: str
    channels: tuple[str, ...]
    scales: tuple[Count, ...]
    rate_mhz: Count
    rows: tuple[tuple[int, ...], ...]


@dataclass(frozen=True)
class _Text:
    text: str


def platform(board: Board) -> Platform:
    """What kind of board it is. Raises LinkError where it lacks the library."""
    found = ask(board, Platform, _PLATFORM)
    if not found.library:
        raise LinkError(
            f"the board on {board.url} lacks XnorNode's drivers: run `xnornode flash` first"
        )
    return found


def read_config(board: Board) -> Config | None:
    """What its sensor.json holds; None without one. Raises LinkError where it is none."""
    text = ask(board, _Text, _READ_CONFIG).text
    if not text:
        return None
    try:
        config = read_json(text)
    except ValueError:
        config = None
    if not isinstance(config, dict) or not isinstance(config.get("sensor"), str):
        raise LinkError(
            f"{PATH} on the node is no sensor's: set it with `xnornode sensor KIND`, or take it "
            "away with `xnornode sensor --remove`"
        )
    return config


def write_config(board: Board, config: Config) -> None:
    """Write sensor.json: a power cut leaves the old one or the new one. Raises LinkError."""
    board.put(json.dumps(config).encode(), PATH)


def remove_config(board: Board) -> None:
    """Remove sensor.json, if there is one. Raises LinkError."""
    board.run(_REMOVE)


def read_samples(board: Board, config: Config) -> Reading:
    """SAMPLES samples of a sensor. Raises LinkError."""
    code = _SAMPLES % (json.dumps(config), SAMPLES, round(1000 * SECONDS))
    return ask(board, Reading, code)


def look_at_wires(board: Board, sda: int, scl: int) -> Wires:
    """Who answers on an I2C bus. sda, scl: its GPIOs. Raises LinkError."""
    return ask(board, Wires, _WIRES.format(sda=sda, scl=scl))


def advice(wires: Wires, config: Config, known: tuple[int, ...]) -> list[str]:
    """What to check where a sensor does not answer.

    Parameters
    ----------
    wires : Wires
        What `look_at_wires` found.
    config : dict
        The configuration that was tried.
    known : tuple of int
        Addresses that such a sensor may have.

    Returns
    -------
    list of str
        One thing a line, the likeliest first.
    """
    sda, scl, address = config["sda"], config["scl"], config["address"]
    others = [a for a in wires.addresses if a != address]
    if wires.swapped:
        return [
            f"SDA and SCL are swapped: {_addresses(wires.swapped)} answers so. The sensor's SDA "
            f"goes to GPIO {sda}, its SCL to GPIO {scl}"
        ]
    if address in wires.addresses:
        return [f"{_addresses([int(str(address))])} answers, but is another device or disturbed"]
    if others:
        fits = [a for a in others if a in known]
        hint = f"take --address 0x{fits[0]:02x}" if fits else "is it another kind of sensor?"
        return [f"{_addresses(others)} answers on this bus: {hint}"]
    levels = (("SDA", sda, wires.sda), ("SCL", scl, wires.scl))
    low = [f"{name} (GPIO {gpio})" for name, gpio, level in levels if not level]
    lines = ["no address answers on this bus"]
    if low:
        lines.append(
            f"no pull-up at {' and '.join(low)}: the sensor's module is not connected or has no "
            "power, or it needs 4.7 kilohms from each of both wires to 3.3 V"
        )
    lines += [
        f"wiring: the sensor's SDA at GPIO {sda}, SCL at GPIO {scl}, GND at GND, VCC at 3.3 V "
        "(GPIO numbers, not numbers of the board's pins)",
        "address: " + " or ".join(f"0x{a:02x}" for a in known) + ", by the module's address pin",
    ]
    return lines


def _addresses(addresses: tuple[int, ...] | list[int]) -> str:
    return ", ".join(f"0x{a:02x}" for a in addresses)
