"""What is wired to the emulated Pico's pins, and the signals that it measures.

Each class says the same as an entry of sensors.json; see pico/README.md.

>>> import numpy as np
>>> wave = Signal(np.sin(np.arange(500)[:, None] / [9, 8, 7]), rate=100)
>>> sensors = [Mpu6050(wave), Analog(26, Signal(np.full(10, 1.65), rate=1))]
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import ArrayLike


@dataclass(frozen=True, eq=False)
class Signal:
    """What a sensor measures over emulated time. Between two frames the first one holds.

    Parameters
    ----------
    source : Path, sequence of Path, or array_like of shape (frames,) or (frames, channels)
        A recording (.rec), a NumPy array (.npy), sound (.wav), or several files of one kind, to be
        played one after the other. Values are in the sensor's units: g and deg/s, volts. Sound is
        in parts of full scale if it is of floats, else full scale is that of the integers.
    rate : float, optional
        Frames per second. A recording and sound have their own.
    channels : sequence of str
        Per channel a name with its unit, as `accel x (g)`. Only for arrays. Without them, an
        MPU6050 takes three channels for acceleration, six for acceleration and rotation.
    loop : bool, default False
        Start again at the end. Otherwise the last frame holds.
    waits : bool, default False
        Begin when the first sample is taken. Otherwise at power-on, or when it is played.
    """

    source: Path | str | Sequence[Path] | ArrayLike = ()
    rate: float | None = None
    channels: Sequence[str] = ()
    loop: bool = False
    waits: bool = False

    def describe(self, folder: Path) -> dict[str, Any]:
        """The signal as JSON, for the emulator.

        Parameters
        ----------
        folder : Path
            An array is written into a file there.

        Returns
        -------
        dict
            The value of `signal` in sensors.json.
        """
        signal: dict[str, Any] = {"loop": self.loop, "waits": self.waits}
        if self.rate is not None:
            signal["rate"] = self.rate
        if self.channels:
            signal["channels"] = list(self.channels)
        files = _paths(self.source)
        if files:
            return {**signal, "file": [str(file.resolve()) for file in files]}
        array = np.asarray(self.source)
        if not array.size:
            return signal  # a stream: frames are appended
        if array.dtype not in (np.int16, np.int32, np.float32):
            array = array.astype(np.float64)
        file = folder / f"{uuid.uuid4().hex}.npy"
        np.save(file, np.ascontiguousarray(array))
        return {**signal, "file": [str(file)]}


def _paths(source: Any) -> list[Path]:
    """The files that a source names; none for an array."""
    parts = source if isinstance(source, (list, tuple)) else [source]
    named = [Path(part) for part in parts if isinstance(part, (str, Path))]
    return named if len(named) == len(parts) else []


def frames(values: ArrayLike) -> Any:
    """Frames as plain lists, for a line of JSON.

    Parameters
    ----------
    values : array_like, shape (frames,) or (frames, channels)

    Returns
    -------
    list
        Numbers, or lists of them.
    """
    return np.asarray(values).astype(float).tolist()


@dataclass(frozen=True)
class Mpu6050:
    """An accelerometer and gyroscope on an I2C bus.

    Parameters
    ----------
    signal : Signal, optional
        Acceleration in g, rotation in degrees per second. Without one it lies still, z upwards.
    sda, scl : int, default 4 and 5
        The GPIOs of its bus.
    address : int, default 0x68
        0x69 with AD0 high.
    identity : int, default 0x68
        What WHO_AM_I reads: 0x70 is an MPU6500, 0x71 an MPU9250.
    interrupt : int, optional
        The GPIO that INT is wired to.
    temperature : float, default 25
        In degrees Celsius.
    name : str, default "mpu6050"
        For `EmulatedPico.play`.
    """

    signal: Signal | None = None
    sda: int = 4
    scl: int = 5
    address: int = 0x68
    identity: int = 0x68
    interrupt: int | None = None
    temperature: float = 25.0
    name: str = "mpu6050"


@dataclass(frozen=True)
class Analog:
    """A voltage at an ADC pin.

    Parameters
    ----------
    pin : int
        GPIO 26 to 29.
    signal : Signal, optional
        In volts. Without one it is 0 V.
    name : str, default "analog"
        For `EmulatedPico.play`.
    """

    pin: int
    signal: Signal | None = None
    name: str = "analog"


@dataclass(frozen=True)
class Microphone:
    """An I2S microphone.

    Parameters
    ----------
    sck, sd : int
        The GPIOs of bit clock and data.
    signal : Signal, optional
        Sound. Without one it is silent.
    ws : int, optional
        The GPIO of word select, by default that after `sck`.
    channel : {"left", "right", "both"}, default "left"
        The half of the frame that it fills. "both" stands for two microphones.
    bits : int, default 24
        Of each sample, from 8 to 32. The others of the 32 are low.
    name : str, default "microphone"
        For `EmulatedPico.play`.
    """

    sck: int
    sd: int
    signal: Signal | None = None
    ws: int | None = None
    channel: str = "left"
    bits: int = 24
    name: str = "microphone"


@dataclass(frozen=True)
class Loopback:
    """A wire from a UART's TX to its RX.

    Parameters
    ----------
    uart : int
        0 or 1.
    """

    uart: int


Sensor = Mpu6050 | Analog | Microphone | Loopback


def describe(sensors: Sequence[Sensor], folder: Path) -> Path:
    """Write sensors.json and the arrays that it names.

    Parameters
    ----------
    sensors : sequence of Sensor
        What is wired to the pins.
    folder : Path
        Where the files go.

    Returns
    -------
    Path
        The file for `--sensors`.
    """
    entries = []
    for sensor in sensors:
        entry = {key: value for key, value in vars(sensor).items() if value is not None}
        entry["kind"] = type(sensor).__name__.lower()
        if "signal" in entry:
            entry["signal"] = entry["signal"].describe(folder)
        entries.append(entry)
    file = folder / "sensors.json"
    file.write_text(json.dumps(entries, default=float))
    return file
