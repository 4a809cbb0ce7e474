"""The kinds of sensors that a node has drivers for: their settings, defaults and limits.

docs/reference/sensors.md has the settings in tables. What is wrong is found here, before the board
is touched; the drivers in device/xnornode/sensors have the same limits, which a test compares.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from xnornode.errors import XnorNodeError

Value = int | float | str | bool | list[int]
Config = dict[str, Value]
"""What sensor.json holds: `sensor`, and settings by their names."""

PATH = "/sensor.json"
"""Where it is on the node."""
RP2, ESP32, OTHER = "rp2", "esp32", "other"
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
WIRES = ("sda", "scl", "sck", "ws", "sd")
"""Settings that are one GPIO each."""
RP2_I2C = ("SDA of I2C0", "SCL of I2C0", "SDA of I2C1", "SCL of I2C1")
"""By the GPIO's number modulo 4 (RP2040 datasheet, 1.4.3, "GPIO Functions")."""
RP2_GPIOS = range(30)
BOOTSEL = "bootsel"
"""As `button`: the button of that name on an RP2 board."""
RP2_ADC = range(26, 30)
ESP32_INPUTS = range(34, 40)
"""GPIOs of the first ESP32 that can only be inputs."""
ESP32_FLASH = range(6, 12)
"""GPIOs of the first ESP32 that its flash is at."""


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
        _check_button(config, platform, machine)
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


def button_at(text: str) -> int | str:
    """Where a button is, as `button` of sensor.json has it.

    Parameters
    ----------
    text : str
        As people write it.

    Returns
    -------
    int or str
        The number of a GPIO, or BOOTSEL.

    Raises
    ------
    XnorNodeError
        If it is neither.

    Examples
    --------
    >>> button_at("GP15"), button_at("bootsel")
    (15, 'bootsel')
    """
    if text.lower() == BOOTSEL:
        return BOOTSEL
    found = re.fullmatch(r"(?:gp|gpio)? *(\d{1,3})", text.lower())
    if not found:
        raise XnorNodeError(f"{text}: say a GPIO, such as GP15, or {BOOTSEL}")
    return int(found[1])


def check(config: Config, platform: str, machine: str) -> None:
    """Check the settings of one of KINDS. As `complete`."""
    known = KINDS[str(config["sensor"])]
    _check_values(known, config)
    _check_button(config, platform, machine)
    wires = _gpios(config)
    if len({*wires.values()}) < len(wires):
        raise XnorNodeError("two wires cannot be at one GPIO")
    if platform == RP2:
        _check_rp2(config, wires)
    elif chip(platform, machine) == ESP32:
        for name, gpio in wires.items():
            if gpio in ESP32_FLASH:
                raise XnorNodeError(f"{option(name)} {gpio}: the flash is at GPIO 6 to 11")
            if gpio in ESP32_INPUTS and name != "sd":
                raise XnorNodeError(f"{option(name)} {gpio}: GPIO 34 to 39 are only inputs")


def chip(platform: str, machine: str) -> str:
    """What I2C_PINS has a line for: the family, or the chip where it differs from the first one."""
    if platform == ESP32:
        for name in ("ESP32S2", "ESP32S3", "ESP32C3", "ESP32C6"):
            if name in machine.replace("-", ""):
                return name
    return platform


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


def _gpios(config: Config) -> dict[str, int]:
    """The GPIOs of the wires, by the names of the settings."""
    return {name: gpio for name in WIRES if isinstance(gpio := config.get(name), int)}


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


def _check_button(config: Config, platform: str, machine: str) -> None:
    """Check `button`, which any kind may have. Raises XnorNodeError."""
    at = config.get("button")
    if at is None:
        return
    if at == BOOTSEL:
        if platform not in ("", RP2):
            raise XnorNodeError(f"--button {BOOTSEL}: only RP2 boards have that button")
        return
    if type(at) is not int or at < 0:
        raise XnorNodeError(f"--button {at}: say the number of a GPIO, or {BOOTSEL}")
    inputs = config.get("pins", [])
    if at in _gpios(config).values() or (isinstance(inputs, list) and at in inputs):
        raise XnorNodeError(f"--button {at}: the sensor is at that GPIO")
    if platform == RP2 and at not in RP2_GPIOS:
        raise XnorNodeError(f"--button {at}: an RP2 chip has GPIO 0 to 29")
    if chip(platform, machine) == ESP32:
        if at in ESP32_FLASH:
            raise XnorNodeError(f"--button {at}: the flash is at GPIO 6 to 11")
        if at in ESP32_INPUTS:
            raise XnorNodeError(f"--button {at}: GPIO 34 to 39 have no pull-up")


def _check_rp2(config: Config, wires: dict[str, int]) -> None:
    for gpio in wires.values():
        if gpio not in RP2_GPIOS:
            raise XnorNodeError(f"there is no GPIO {gpio}: an RP2 chip has 0 to 29")
    inputs = config.get("pins", [])
    for gpio in inputs if isinstance(inputs, list) else []:
        if gpio not in RP2_ADC:
            raise XnorNodeError(f"GPIO {gpio} is no analog input: an RP2 chip has 26 to 29")
    if "sda" in wires and "scl" in wires:
        _check_rp2_i2c(wires["sda"], wires["scl"], config.get("bus"))
    if "sck" in wires and wires["ws"] != wires["sck"] + 1:
        raise XnorNodeError(
            f"--ws {wires['ws']}: on an RP2 chip, WS is at the GPIO after SCK, here "
            f"{wires['sck'] + 1}"
        )


def _check_rp2_i2c(sda: int, scl: int, bus: Value | None) -> None:
    said = f"GPIO {sda} is {RP2_I2C[sda % 4]} and GPIO {scl} is {RP2_I2C[scl % 4]}"
    if sda % 4 in (1, 3) and scl % 4 == sda % 4 - 1:
        raise XnorNodeError(
            f"{said}: take --sda {scl} --scl {sda}, and see that the wires are so too"
        )
    if sda % 4 not in (0, 2) or scl % 4 != sda % 4 + 1:
        raise XnorNodeError(
            f"{said} on an RP2 chip: take a pair of one controller, such as --sda 4 --scl 5 (I2C0) "
            "or --sda 6 --scl 7 (I2C1)"
        )
    if bus is not None and bus != sda // 2 % 2:
        raise XnorNodeError(f"--i2c {bus}: GPIO {sda} and GPIO {scl} are at I2C{sda // 2 % 2}")


def option(name: str) -> str:
    """The option of `xnornode sensor` for a setting."""
    return {"bus": "--i2c"}.get(name, "--" + name.replace("_", "-"))
