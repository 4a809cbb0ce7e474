"""`.bnn` bytes from a model and back (FORMAT.md). Twin of the loader in `bnn_load.c`."""

import os
import struct
import zlib
from pathlib import Path

import numpy as np
import numpy.typing as npt

from xnornode.encode import MAX_BITS, Thermometer
from xnornode.errors import ModelError
from xnornode.files import write_whole
from xnornode.model import (
    MAX_CLASSES,
    MAX_LAYERS,
    MAX_STRING,
    DenseLayer,
    Model,
    ScoresLayer,
    Signs,
    Window,
)

MAGIC = b"\x89BNN"
VERSION = 1
THERMOMETER = 1
DENSE, SCORES = 1, 2
HEADER = struct.Struct("<4s4BII2HIIB3s")
LAYER = struct.Struct("<BBHI")
CRC = struct.Struct("<I")
SHORTEST = 48
LONGEST = 2**31 - 1


def pack_rows(signs: Signs) -> npt.NDArray[np.uint32]:
    """Rows of -1 and +1, (..., n), as words, uint32 (..., ceil(n / 32)), little end first."""
    pad = -signs.shape[-1] % 32
    bits = np.pad(signs > 0, [(0, 0)] * (signs.ndim - 1) + [(0, pad)])
    return np.packbits(bits, axis=-1, bitorder="little").view("<u4")


def unpack_rows(words: npt.NDArray[np.uint32], n: int) -> Signs:
    """Inverse of `pack_rows`: int8 (..., n). Raises ModelError for a pad bit that is 1."""
    octets = np.ascontiguousarray(words, dtype="<u4").view(np.uint8)
    bits = np.unpackbits(octets, axis=-1, bitorder="little")
    if bits[..., n:].any():
        raise ModelError("layer", "a pad bit of the weights is 1")
    return 2 * bits[..., :n].astype(np.int8) - 1


def _pad4(data: bytes) -> bytes:
    return data + bytes(-len(data) % 4)


def to_bytes(model: Model) -> bytes:
    """The model as the bytes of a `.bnn` file."""
    w, t = model.window, model.encoder.thresholds
    body = [struct.pack(f"<{len(w.scales)}I", *w.scales)]
    body.append(_pad4(struct.pack("<B3x", t.shape[1]) + t.astype("<i2").tobytes()))
    for layer in model.layers:
        body.append(_rows(DENSE, layer.weights))
        body.append(_pad4(layer.limits.astype("<u2").tobytes()))
    head = model.head
    body.append(_rows(SCORES, head.weights))
    body.append(head.offsets.astype("<i4").tobytes())
    body.append(_pad4(head.scales.astype("<i2").tobytes()))
    body.append(model.selftest_scores().astype("<i4").tobytes())
    texts = (model.name, *model.labels, *w.channels)
    body.append(_pad4(b"".join(bytes([len(s)]) + s.encode("ascii") for s in texts)))
    rest = b"".join(body)
    length = HEADER.size + len(rest) + CRC.size
    if length > LONGEST:
        raise ModelError("size", f"a model of {length} bytes is larger than the format allows")
    header = HEADER.pack(
        *(MAGIC, VERSION, len(w.channels), THERMOMETER, len(model.layers) + 1),
        *(length, model.revision, w.length, w.hop, w.rate_mhz, model.seed, model.shift, bytes(3)),
    )
    return header + rest + CRC.pack(zlib.crc32(header + rest))


def _rows(kind: int, weights: Signs) -> bytes:
    outputs, inputs = weights.shape
    return LAYER.pack(kind, 0, outputs, inputs) + pack_rows(weights).tobytes()


class _Reader:
    """Takes sections off the front of `data`; ModelError("end") when it is too short."""

    def __init__(self, data: bytes) -> None:
        self.data, self.at = data, 0

    def take(self, size: int) -> bytes:
        if size > len(self.data) - self.at:
            raise ModelError("end", "the file ends before all of its parts: write it anew")
        self.at += size
        return self.data[self.at - size : self.at]

    def array(self, dtype: str, *shape: int) -> npt.NDArray[np.generic]:
        size = np.dtype(dtype).itemsize
        for n in shape:
            size *= n
        return np.frombuffer(self.take(size), dtype).reshape(shape)

    def pad4(self, reason: str) -> None:
        if any(self.take(-self.at % 4)):
            raise ModelError(reason, "a pad byte is not 0")


def from_bytes(data: bytes) -> Model:
    """The model that the bytes of a `.bnn` file hold. Raises ModelError with the reason."""
    if not SHORTEST <= len(data) <= LONGEST:
        raise ModelError("size", f"{len(data)} bytes is no size of a model file")
    if data[:4] != MAGIC:
        raise ModelError("magic", "this is not a .bnn model file")
    if data[4] != VERSION:
        raise ModelError("version", f"format version {data[4]}: this xnornode reads {VERSION}")
    if struct.unpack_from("<I", data, 8)[0] != len(data) or len(data) % 4:
        raise ModelError("length", "the file is cut short or too long: copy it again")
    if CRC.unpack(data[-CRC.size :])[0] != zlib.crc32(data[: -CRC.size]):
        raise ModelError("crc", "the file is damaged (CRC-32): copy it again")
    return _parse(_Reader(data[: -CRC.size]))


def _parse(r: _Reader) -> Model:
    _, _, channels, encoder, count, _, revision, length, hop, rate, seed, shift, zero = (
        HEADER.unpack(r.take(HEADER.size))
    )
    bad = not channels or not 1 <= count <= MAX_LAYERS or not length or not 1 <= hop <= length
    if bad or not seed or shift > 15 or any(zero):
        raise ModelError("header", "a header field is outside what the format allows")
    scales = tuple(int(s) for s in r.array("<u4", channels))
    if encoder != THERMOMETER:
        raise ModelError("encoder", f"encoder {encoder}: this xnornode knows {THERMOMETER}")
    thermometer = _parse_thermometer(r, channels)
    layers: list[DenseLayer] = []
    width = length * channels * thermometer.bits
    for _ in range(count - 1):
        weights = _parse_rows(r, DENSE, width, 65535)
        limits = r.array("<u2", len(weights)).astype(np.int64)
        r.pad4("layer")
        layers.append(DenseLayer(weights, limits))
        width = len(weights)
    weights = _parse_rows(r, SCORES, width, MAX_CLASSES)
    offsets = r.array("<i4", len(weights)).astype(np.int64)
    factors = r.array("<i2", len(weights)).astype(np.int64)
    r.pad4("layer")
    head = ScoresLayer(weights, factors, offsets)
    expected = r.array("<i4", len(weights)).astype(np.int32)
    texts = [_parse_string(r) for _ in range(1 + len(weights) + channels)]
    r.pad4("strings")
    if r.at != len(r.data):
        raise ModelError("end", "bytes are left after the last string: write the file anew")
    name, labels, names = texts[0], texts[1 : 1 + len(weights)], texts[1 + len(weights) :]
    window = Window(tuple(names), length, hop, rate, scales)
    parts = (name, tuple(labels), window, thermometer, tuple(layers), head)
    return Model(*parts, revision, seed, shift, expected)


def _parse_thermometer(r: _Reader, channels: int) -> Thermometer:
    bits, *zero = r.take(4)
    if not 1 <= bits <= MAX_BITS or any(zero):
        raise ModelError("encoder", "the encoder's fields are outside what the format allows")
    thresholds = r.array("<i2", channels, bits).astype(np.int16)
    r.pad4("encoder")
    return Thermometer(thresholds)


def _parse_rows(r: _Reader, kind: int, width: int, most: int) -> Signs:
    got, zero, outputs, inputs = LAYER.unpack(r.take(LAYER.size))
    if got != kind or zero or not 1 <= outputs <= most:
        raise ModelError("layer", "a layer's kind or count is not allowed where it stands")
    if inputs != width or not 1 <= inputs <= 65534:
        raise ModelError("layer", f"a layer of {inputs} inputs is given {width} bits")
    words = r.array("<u4", outputs, -(-inputs // 32))
    return unpack_rows(words.astype(np.uint32), inputs)


def _parse_string(r: _Reader) -> str:
    (size,) = r.take(1)
    if not 1 <= size <= MAX_STRING:
        raise ModelError("strings", f"a string of {size} characters")
    text = r.take(size)
    if not all(0x20 <= ch <= 0x7E for ch in text):
        raise ModelError("strings", "a character that is not printable ASCII")
    return text.decode("ascii")


def save(model: Model, path: str | os.PathLike[str]) -> int:
    """Write the model to `path`, whole or not at all; the file's size in bytes."""
    data = to_bytes(model)
    write_whole(path, data)
    return len(data)


def load(path: str | os.PathLike[str]) -> Model:
    """The model in the file `path`. Raises ModelError, or OSError when it cannot be read."""
    return from_bytes(Path(path).read_bytes())
