"""The GPIOs that a sensor's wires and a node's button are at: which ones a chip has for them."""

from __future__ import annotations

import re

from xnornode.errors import XnorNodeError

Value = int | float | str | bool | list[int]
Config = dict[str, Value]
"""What sensor.json holds: `sensor`, and settings by their names."""

RP2, ESP32, OTHER = "rp2", "esp32", "other"
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


def option(name: str) -> str:
    """The option of `xnornode sensor` for a setting."""
    return {"bus": "--i2c"}.get(name, "--" + name.replace("_", "-"))


def chip(platform: str, machine: str) -> str:
    """What I2C_PINS has a line for: the family, or the chip where it differs from the first one."""
    if platform == ESP32:
        for name in ("ESP32S2", "ESP32S3", "ESP32C3", "ESP32C6"):
            if name in machine.replace("-", ""):
                return name
    return platform


def _gpios(config: Config) -> dict[str, int]:
    """The GPIOs of the wires, by the names of the settings."""
    return {name: gpio for name in WIRES if isinstance(gpio := config.get(name), int)}


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


def check_wires(config: Config, platform: str, machine: str) -> None:
    """Check which GPIOs the wires of a sensor are at. Raises XnorNodeError."""
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


def check_button(config: Config, platform: str, machine: str) -> None:
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
