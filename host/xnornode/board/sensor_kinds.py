"""The kinds of sensors that a node has drivers for: their settings, defaults and limits.

docs/reference/sensors.md has the settings in tables. What is wrong is found here, before the board
is touched; the drivers in device/xnornode/sensors have the same limits, which a test compares.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from xnornode.board.sensor_wires import (
    ESP32,
    RP2,
    WIRES,
    Config,
    Value,
    check_button,
    check_wires,
    chip,
    option,
)
from xnornode.errors import XnorNodeError

PATH = "/sensor.json"
"""Where it is on the node."""
I2C_PINS = {
    RP2: (4, 5),
    ESP32: (21, 22),
    "ESP32S2": (8, 9),
    "ESP32S3": (8, 9),
    "ESP32C3": (8, 9),
    "ESP32C6": (6, 7),
}
"""SDA and SCL, by family or chip: where most boards have them."""
ADC_PINS = {RP2: [26], ESP32: [34], "ESP32S2": [1], "ESP32S3": [1], "ESP32C3": [2], "ESP32C6": [2]}
I2S_PINS = {RP2: (10, 11, 12), ESP32: (14, 15, 32), "ESP32S3": (4, 5, 6), "ESP32C3": (4, 5, 6)}
"""SCK, WS and SD."""
OPTIONS = (
    *("sda", "scl", "bus", "frequency", "address", "sck", "ws", "sd", "shift", "channel"),
    *("pins", "rate", "range", "gyro_range", "button"),
)
"""Settings that are options of `xnornode sensor`; the others go by its --set NAME=VALUE."""


@dataclass(frozen=True)
class Kind:
    """A kind of sensor.

    Parameters
    ----------
    name : str
        As sensor.json has it.
    what : str
        Its devices, for people.
    settings : tuple of str
        That it takes.
    defaults : dict
        From a setting to its value; pins are not in it.
    addresses : tuple of int
        On its I2C bus; empty for other sensors.
    ranges, gyro_ranges : tuple of int
        In g and deg/s.
    rates : tuple of float
        The slowest and the fastest one, in Hz.
    """

    name: str
    what: str
    settings: tuple[str, ...]
    defaults: dict[str, Value] = field(default_factory=dict)
    addresses: tuple[int, ...] = ()
    ranges: tuple[int, ...] = ()
    gyro_ranges: tuple[int, ...] = ()
    rates: tuple[float, float] = (0.0, 0.0)


_I2C = ("sda", "scl", "bus", "frequency", "address", "rate", "range")
_G = (2, 4, 8, 16)
_ALL = (125, 250, 500, 1000, 2000)


def _i2c(
    name: str,
    what: str,
    addresses: tuple[int, ...],
    rates: tuple[float, float],
    gyro: tuple[int, ...] = (),
    rate: int = 100,
) -> Kind:
    """A kind of accelerometer, with a gyroscope if it has ranges of one."""
    settings = (*_I2C, "gyro_range") if gyro else _I2C
    defaults: dict[str, Value] = {"address": addresses[0], "rate": rate, "range": 4}
    if gyro:
        defaults["gyro_range"] = 500
    return Kind(name, what, settings, defaults, addresses, _G, gyro, rates)


KINDS = {
    kind.name: kind
    for kind in (
        _i2c("mpu6050", "MPU6050, MPU6500, MPU9250", (0x68, 0x69), (4, 1000), _ALL[1:]),
        _i2c("lsm6ds", "LSM6DS3, LSM6DSOX, ISM330", (0x6A, 0x6B), (12.5, 1660), _ALL, 104),
        _i2c("adxl345", "ADXL345", (0x53, 0x1D), (6.25, 800)),
        _i2c("lis3dh", "LIS3DH", (0x18, 0x19), (1, 1344)),
        _i2c("bmi160", "BMI160", (0x68, 0x69), (25, 1600), _ALL),
        Kind(
            "adc",
            "analog inputs",
            ("pins", "rate", "reference", "mean", "pio", "timer"),
            {"rate": 100},
            rates=(0.1, 250_000),
        ),
        Kind(
            "i2s",
            "INMP441 and other I2S microphones",
            ("sck", "ws", "sd", "rate", "shift", "channel", "pio", "bus", "ibuf"),
            {"rate": 16_000},
            rates=(1_000, 96_000),
        ),
        Kind("replay", "recordings in the node's flash", ("path", "realtime", "repeat")),
    )
}


def complete(kind: str, given: Mapping[str, Value], platform: str, machine: str) -> Config:
    """The configuration of a sensor: what was given, and defaults for the rest.

    Parameters
    ----------
    kind : str
        One of KINDS, or "module.Class" of the user's own, which may have any setting.
    given : mapping
        From the name of a setting to its value.
    platform : str
        `sys.platform` of the board, such as "rp2".
    machine : str
        The board and its chip, as MicroPython has it.

    Returns
    -------
    dict
        What sensor.json is to hold.

    Raises
    ------
    XnorNodeError
        If there is no such kind, or it has no such setting, or a value is not possible.

    Examples
    --------
    >>> complete("adxl345", {"rate": 200}, "rp2", "Raspberry Pi Pico with RP2040")["sda"]
    4
    """
    config: Config
    if "." in kind:
        config = {"sensor": kind, **given}
        check_button(config, platform, machine)
        return config
    if kind not in KINDS:
        raise XnorNodeError(
            f"there is no kind of sensor {kind}: it is one of {', '.join(KINDS)}, or module.Class "
            "of your own"
        )
    known = KINDS[kind]
    for name in given:
        if name not in known.settings and name != "button":
            raise XnorNodeError(
                f"{kind} has no {option(name)}: it takes "
                + ", ".join(option(name) for name in (*known.settings, "button"))
            )
    config = {"sensor": kind, **_pins(known, platform, machine)}
    config |= {**known.defaults, **given}
    check(config, platform, machine)
    return config


def check(config: Config, platform: str, machine: str) -> None:
    """Check the settings of one of KINDS. As `complete`."""
    known = KINDS[str(config["sensor"])]
    _check_values(known, config)
    check_button(config, platform, machine)
    check_wires(config, platform, machine)


def _pins(known: Kind, platform: str, machine: str) -> Config:
    """Where most boards have the wires of such a sensor; empty for boards that are not known."""
    board = chip(platform, machine)
    if "sda" in known.settings and board in I2C_PINS:
        return dict(zip(("sda", "scl"), I2C_PINS[board], strict=True))
    if "pins" in known.settings and board in ADC_PINS:
        return {"pins": list(ADC_PINS[board])}
    if "sck" in known.settings and board in I2S_PINS:
        return dict(zip(WIRES[2:], I2S_PINS[board], strict=True))
    return {}


def _check_values(known: Kind, config: Config) -> None:
    for name in (*WIRES, "address", "bus", "frequency"):
        if name in config and type(config[name]) is not int:
            raise XnorNodeError(
                f"{known.name}: {option(name)} is a whole number, not {config[name]!r}"
            )
    for name in (*WIRES, "pins"):
        if name in known.settings and name not in config:
            raise XnorNodeError(f"{known.name}: say with {option(name)} which GPIO it is at")
    for name, choices, unit in (
        ("range", known.ranges, "g"),
        ("gyro_range", (0, *known.gyro_ranges), "deg/s"),
    ):
        if name in config and config[name] not in choices:
            words = ", ".join(map(str, choices))
            raise XnorNodeError(
                f"{known.name}: {option(name)} {config[name]} {unit} is not one of {words}"
            )
    rate, (slowest, fastest) = config.get("rate"), known.rates
    if isinstance(rate, (int, float)) and not slowest <= rate <= fastest:
        raise XnorNodeError(
            f"{known.name}: --rate {rate:g} Hz is not within {slowest:g} to {fastest:g}"
        )
    address = config.get("address")
    if isinstance(address, int) and not 0x08 <= address <= 0x77:
        raise XnorNodeError(
            f"--address 0x{address:02x}: an I2C device has 0x08 to 0x77; a {known.name} has "
            + " or ".join(f"0x{a:02x}" for a in known.addresses)
        )
