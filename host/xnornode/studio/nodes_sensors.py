"""The form of a node's sensor, from the kinds that have drivers, and the command that it makes."""

from __future__ import annotations

import json
from typing import Any

from xnornode.board.sensor_kinds import ADC_PINS, I2C_PINS, I2S_PINS, KINDS, OPTIONS, Kind, complete
from xnornode.board.sensor_wires import ESP32, OTHER, RP2, WIRES, Value, button_at, chip, option
from xnornode.errors import XnorNodeError
from xnornode.studio.requests import BadRequest

SETTINGS = 32
"""Settings of a sensor at most."""
LONGEST = 200
"""Characters of a setting."""
LABELS = {
    "sda": ("SDA", "GPIO number"),
    "scl": ("SCL", "GPIO number"),
    "bus": ("I2C controller", "number; the one that has these pins by default"),
    "frequency": ("I2C clock", "Hz"),
    "address": ("Address", "by the module's address pin"),
    "rate": ("Sample rate", "samples a second, Hz: take that of the recordings"),
    "range": ("Range of acceleration", "g"),
    "gyro_range": ("Range of rotation", "deg/s; 0 for acceleration alone"),
    "pins": ("Inputs", "GPIO numbers, such as 26,27"),
    "reference": ("Reference", "volts at the highest count"),
    "mean": ("Mean of", "readings in each sample"),
    "pio": ("PIO", "number of the state machine"),
    "timer": ("Timer", "number of the hardware timer"),
    "sck": ("SCK", "GPIO of the bit clock"),
    "ws": ("WS", "GPIO of the word select"),
    "sd": ("SD", "GPIO of the data"),
    "shift": ("Shift", "how many of the lowest bits go: 8 is loud, 16 is usual"),
    "channel": ("Channel", "by the microphone's pin L/R"),
    "ibuf": ("Buffer", "bytes"),
    "path": ("Folder", "on the node"),
    "realtime": ("At their own rate", ""),
    "repeat": ("Again and again", ""),
    "button": ("Button", "that begins a recording: a GPIO, such as GP15, or bootsel"),
}
"""A label and a help for each setting."""
RARE = ("bus", "frequency", "reference", "pio", "timer", "ibuf", "shift")
"""Settings that most people leave as they are."""
WHETHER = ("realtime", "repeat")
PICO = "Raspberry Pi Pico with RP2040"


def forms() -> list[dict[str, Any]]:
    """Each kind with its settings, for a form. A board's usual pins are in `pins`."""
    return [
        {
            "name": kind.name,
            "what": kind.what,
            "settings": [_setting(kind, name) for name in (*kind.settings, "button")],
        }
        for kind in KINDS.values()
    ]


def pins(machine: str) -> dict[str, Any]:
    """Where a board usually has its wires, by the names of the settings.

    machine: what it calls itself. Where that is not known yet, those of a Pico, which say so.
    """
    if not machine:
        return {name: f"{pin} on a Pico" for name, pin in pins(PICO).items()}
    on = chip(platform(machine), machine)
    found: dict[str, Any] = dict(zip(WIRES[:2], I2C_PINS.get(on, ()), strict=False))
    found |= dict(zip(WIRES[2:], I2S_PINS.get(on, ()), strict=False))
    if on in ADC_PINS:
        found["pins"] = ",".join(map(str, ADC_PINS[on]))
    return found


def platform(machine: str) -> str:
    """`sys.platform` of a board, from the name that it gives itself."""
    if "RP2" in machine:
        return RP2
    return ESP32 if "ESP32" in machine else OTHER


def _setting(kind: Kind, name: str) -> dict[str, Any]:
    label, about = LABELS[name]
    default = kind.defaults.get(name)
    choices: dict[str, list[Any]] = {
        "range": list(kind.ranges),
        "gyro_range": [*kind.gyro_ranges, 0] if kind.gyro_ranges else [],
        "channel": ["left", "right"],
        "address": [f"0x{address:02x}" for address in kind.addresses],
    }
    if name == "rate" and kind.rates[1]:
        about += f"; {kind.rates[0]:g} to {kind.rates[1]:,g}"
    return {
        "name": name,
        "label": label,
        "help": about,
        "option": option(name) if name in OPTIONS else f"--set {name}=",
        "default": f"0x{default:02x}" if name == "address" and default else default,
        "choices": choices.get(name, []),
        "whether": name in WHETHER,
        "rare": name in RARE,
    }


def sensor_arguments(kind: str, given: dict[str, Any], machine: str) -> list[str]:
    """What `xnornode sensor` gets for a kind and the settings that were filled in.

    Parameters
    ----------
    kind : str
        One of KINDS, or module.Class.
    given : dict of str to str
        Settings as they were typed; empty ones take the default.
    machine : str
        What the board calls itself; empty where that is not known, and then less is checked.

    Returns
    -------
    list of str
        KIND and its options.

    Raises
    ------
    XnorNodeError
        For a kind or a value that cannot be, in the words of the command.
    """
    if len(given) > SETTINGS or len(kind) > LONGEST or kind.startswith("-") or not kind:
        raise BadRequest("name the kind of sensor: " + ", ".join(KINDS))
    found, values = [kind], dict[str, Value]()
    for name, text in given.items():
        if not isinstance(text, str) or len(text) > LONGEST or not name.isidentifier():
            raise BadRequest(f"the sensor's {name[:LONGEST]} is no text")
        if not (text := text.strip()):
            continue
        values[name] = value_of(name, text)
        if name in OPTIONS:
            found += [option(name), text]
        else:
            found += ["--set", f"{name}={json.dumps(values[name])}"]
    if "." not in kind and (kind not in KINDS or platform(machine) != OTHER):
        complete(kind, values, platform(machine), machine)
    return found


def value_of(name: str, text: str) -> Value:
    """What was typed, as sensor.json has it. Raises XnorNodeError."""
    try:
        if name == "pins":
            return [int(part) for part in text.split(",")]
        if name in ("channel", "path"):
            return text
        if name == "button":
            return button_at(text)
        if name in WHETHER:
            return {"true": True, "false": False}[text]
        if name in LABELS and name not in ("rate", "reference"):
            return int(text, 0)
        number = float(text) if name in LABELS else json.loads(text)
    except (ValueError, KeyError) as error:
        if name not in LABELS:
            return text
        what = "GPIO numbers, such as 26,27" if name == "pins" else "a number"
        raise XnorNodeError(f"{LABELS[name][0]}: {text} is not {what}") from error
    return int(number) if isinstance(number, float) and number.is_integer() else number
