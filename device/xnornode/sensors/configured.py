"""Open the sensor that /sensor.json names (docs/reference/sensors.md)."""

import json
import os
import sys

from xnornode.sensors.sensor import Sensor

TYPE_CHECKING = False  # there is no `typing` on the node
if TYPE_CHECKING:
    from typing import Any

CONFIG = "/sensor.json"
RECORDINGS = "/recordings"
KINDS = {
    "mpu6050": "xnornode.sensors.mpu6050.MPU6050",
    "lsm6ds": "xnornode.sensors.lsm6ds.LSM6DS",
    "adxl345": "xnornode.sensors.adxl345.ADXL345",
    "lis3dh": "xnornode.sensors.lis3dh.LIS3DH",
    "bmi160": "xnornode.sensors.bmi160.BMI160",
    "adc": "xnornode.sensors.analog.Analog",
    "i2s": "xnornode.sensors.i2s.I2SMicrophone",
    "replay": "xnornode.sensors.replay.Replay",
}
"""The classes of the kinds. Only the one that is asked for is loaded."""
if sys.platform == "rp2":  # its DMA goes on while flash is written
    KINDS["adc"] = "xnornode.sensors.rp2_adc.RP2ADC"
    KINDS["i2s"] = "xnornode.sensors.rp2_i2s.RP2I2S"


def open_sensor(path: str = CONFIG, recordings: str = RECORDINGS, **replay: bool) -> Sensor:
    """The sensor of a sensor.json; without that file the recordings in flash, if there are any.

    replay: how these are played, as of Replay. Raises OSError where there is neither or the sensor
    does not answer, ValueError for a file that is wrong; both say what to do.
    """
    try:
        with open(path, "rb") as f:
            text = f.read()
    except OSError:
        return _recordings(path, recordings, replay)
    try:
        config = json.loads(text)
    except ValueError:
        raise ValueError(f"{path} is no JSON: write it with `xnornode sensor`") from None
    try:
        return open_configured(config)
    except ValueError as error:
        raise ValueError(f"{path}: {error}") from None


def _recordings(path: str, recordings: str, replay: "dict[str, bool]") -> Sensor:
    try:
        found = os.listdir(recordings)
    except OSError:
        found = []
    if not found:
        raise OSError(
            2,
            f"no sensor: there is no {path} (`xnornode sensor` writes it) and nothing in "
            f"{recordings} (`xnornode flash --recording`)",
        )
    from xnornode.sensors.replay import Replay

    return Replay(recordings, **replay)


def open_configured(config: "dict[str, Any]") -> Sensor:
    """The sensor of a configuration, as sensor.json has it. Raises as `open_sensor` does."""
    if not isinstance(config, dict) or not isinstance(config.get("sensor"), str):
        raise ValueError('not an object with a key "sensor"')
    settings = dict(config)
    kind = settings.pop("sensor")
    button = settings.pop("button", None)
    make = find(kind)
    try:
        sensor = make(**settings)
    except TypeError as error:  # a key that the class does not take
        raise ValueError(f"{kind}: {error}; its keys are in docs/reference/sensors.md") from None
    if button is not None:
        sensor.button = button  # of the node, whatever the kind of its sensor
    return sensor


def find(kind: str) -> "Any":
    """The class of a kind, or "module.Class" of the user's own. Raises ValueError."""
    name = KINDS.get(kind, kind)
    if "." not in name:
        raise ValueError(
            f'"sensor" is {kind}, not one of {", ".join(sorted(KINDS))} or your own module.Class'
        )
    module, _, of = name.rpartition(".")
    try:
        return getattr(__import__(module, None, None, (of,)), of)
    except ImportError as error:
        raise ValueError(f"{kind}: {error}; put {module}.py on the node, into /lib") from None
    except AttributeError:
        raise ValueError(f"{kind}: the module {module} has no class {of}") from None
