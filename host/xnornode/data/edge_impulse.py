"""Edge Impulse's data acquisition format, JSON or CBOR: one recording per file.

The format: https://docs.edgeimpulse.com/reference/data-acquisition-format.
"""

import json
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from xnornode._extras import load_extra
from xnornode._files import read_most
from xnornode._typing import Int16
from xnornode._words import because
from xnornode.data.arrays import pick_channels
from xnornode.data.dataset import Dataset
from xnornode.data.read_options import ReadOptions
from xnornode.data.reading import ColumnUse, Guess, Reading, Timing
from xnornode.data.single import one_recording
from xnornode.data.sound import CHANNEL, SCALE
from xnornode.errors import DataError, XnorNodeError
from xnornode.model.limits import INT16

SUFFIXES = (".json", ".cbor")
LONGEST = 1 << 28
"""Bytes of a file."""
EMPTY = "", "0", "none", "unknown"
"""Names of devices that name nothing."""


def read_acquisition(path: Path, options: ReadOptions, label: str) -> Dataset:
    """Read a file as one recording.

    Parameters
    ----------
    path : Path
        A .json or .cbor file. CBOR needs cbor2.
    options : ReadOptions
        Its channels and sample rate.
    label : str
        The label that the path says; the files hold none, unless their payload has one.

    Returns
    -------
    Dataset
        One recording; the device's name is its group.

    Raises
    ------
    DataError
        The file is damaged, or not in this format.
    """
    payload = _payload(path)
    try:
        sensors = [(str(s["name"]), str(s.get("units", ""))) for s in payload["sensors"]]
        names = tuple(_channel(*sensor) for sensor in sensors)
        interval = float(payload.get("interval_ms") or 0)
        values = np.array(payload["values"], np.float64)
    except (TypeError, KeyError, ValueError, AttributeError, OverflowError) as error:
        raise DataError(
            f"{path} is not in Edge Impulse's acquisition format: its payload needs interval_ms, "
            "sensors and values"
        ) from error
    if values.ndim == 1 and len(names) == 1:
        values = values[:, None]
    if values.ndim != 2 or not len(values) or values.shape[1] != len(names):
        raise DataError(
            f"{path} has values of the shape {values.shape} for {len(names)} sensors: each row "
            "needs a value per sensor"
        )
    if not 0 <= interval < 1e9:
        raise DataError(f"{path}: interval_ms is {interval}: it must be above 0")
    picked = pick_channels(names, options, str(path))
    rate = options.sample_rate or (1000 / interval if interval else 0.0)
    device = str(payload.get("device_name") or "").strip()
    group = "" if device.lower() in EMPTY else device
    found = str(payload.get("label", "") or label)
    guesses: tuple[Guess, ...] = ()
    if label and found != label:
        text = f"{path} says the label {found}, its path {label}: what it says is taken"
        guesses = (Guess(text, "--label-all", True),)
    columns = [ColumnUse(names[i], "channel") for i in picked]
    samples: npt.NDArray[Any] = values[:, picked]
    kept: dict[str, Any] = {"channels": tuple(names[i] for i in picked)}
    if [unit.lower() for _, unit in sensors] == ["wav"]:
        samples, kept = _sound(samples), {"channels": (CHANNEL,), "scales": (SCALE,)}
    columns += [ColumnUse("device_name", "group")] if group else []
    return one_recording(
        path,
        samples,
        options.label_all or found,
        group,
        **kept,
        rate_mhz=round(1000 * rate),
        reading=Reading(1, "Edge Impulse's format", tuple(columns), (Timing(rate),), guesses),
    )


def _sound(values: npt.NDArray[np.float64]) -> Int16:
    """Sound as counts, full scale at 32768; some files have it from -1 to 1."""
    parts = bool((np.abs(values) <= 1).all() and (values != np.rint(values)).any())
    counts = np.rint(values * 32768 if parts else values)
    return np.clip(counts, INT16.min, INT16.max).astype(np.int16)


def _payload(path: Path) -> dict[str, Any]:
    with path.open("rb") as file:
        data = read_most(file, LONGEST + 1)
    if len(data) > LONGEST:
        raise DataError(f"{path} is longer than {LONGEST:,} bytes: split the recording")
    try:
        if path.suffix.lower() == ".cbor":
            content = load_extra("cbor2", "cbor").loads(data)
        else:
            content = json.loads(data.decode("utf-8-sig"))
        payload = content["payload"]
        if not isinstance(payload, dict):
            raise TypeError
    except (KeyError, TypeError) as error:
        raise DataError(
            f"{path} is not in Edge Impulse's acquisition format: no payload. Write other "
            "data as JSON lines (.jsonl), an object per line, or as CSV"
        ) from error
    except XnorNodeError:
        raise
    except Exception as error:  # a damaged file fails in many ways
        raise DataError(f"{path} is damaged{because(error)}") from error
    return payload


def _channel(name: str, unit: str) -> str:
    return f"{name} ({unit})" if unit and unit.lower() not in ("n/a", "wav", "none") else name
