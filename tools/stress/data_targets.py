"""Targets of fuzz_parsers for files of data beside tables and arrays: sound, images, logs."""

from __future__ import annotations

import io
import json
import wave

import numpy as np

LOG = b"".join(b"12:34:5%d.%03d -> %d,%d\n" % (i // 25, 40 * (i % 25), i, i * i) for i in range(50))
PAIRS = b"".join(b"ax:%d.5,ay:%d\n" % (i, -i) for i in range(40))
OBJECTS = b"".join(
    b'{"t": %d, "acc": {"x": %d.5}, "label": "a"}\n' % (20 * i, i) for i in range(40)
)


def sound(width: int = 2, channels: int = 1) -> bytes:
    """A small WAV file."""
    out = io.BytesIO()
    with wave.open(out, "wb") as file:
        file.setparams((channels, width, 8000, 0, "NONE", ""))
        file.writeframes(bytes(range(240)))
    return out.getvalue()


def image(kind: str, mode: str = "L") -> bytes:
    """A small image file."""
    from PIL import Image

    out = io.BytesIO()
    pixels = np.random.default_rng(0).integers(0, 255, (12, 8, 3)).astype(np.uint8)
    Image.fromarray(pixels).convert(mode).save(out, kind)
    return out.getvalue()


def acquisition() -> dict[str, object]:
    """A recording in Edge Impulse's format."""
    return {
        "protected": {"ver": "v1", "alg": "none"},
        "signature": "0" * 64,
        "payload": {
            "device_name": "a",
            "interval_ms": 16,
            "sensors": [{"name": "accX", "units": "m/s2"}, {"name": "accY", "units": "m/s2"}],
            "values": [[i, -0.5 * i] for i in range(20)],
        },
    }


def as_json() -> bytes:
    """The recording as a .json file."""
    return json.dumps(acquisition()).encode()


def as_cbor() -> bytes:
    """The recording as a .cbor file."""
    import cbor2

    data: bytes = cbor2.dumps(acquisition())
    return data
