"""`.bnn` bytes from a model and back (FORMAT.md). Twin of the loader in `bnn_load.c`."""

import struct
import zlib
from collections.abc import Callable
from math import prod

import numpy as np
import numpy.typing as npt

from xnornode._typing import Activation, Int8, Int64
from xnornode.errors import ModelError
from xnornode.model.answers import Answers, section_size
from xnornode.model.column_weights import pack_strips, strips_size, unpack_strips
from xnornode.model.drift import Drift
from xnornode.model.features import Features, Raw, Take
from xnornode.model.geometry import Geometry, check_layer, in_columns
from xnornode.model.input_encoding import BitPlanes, InputEncoding, Int8Encoding, Thermometer
from xnornode.model.layers import IntLayer, Output, Requantize, Scores, Thresholds
from xnornode.model.limits import MAX_BITS, MAX_LAYERS, MAX_NOTES, MAX_PLANES, MAX_STRING
from xnornode.model.model import Model, Window, drift_fits
from xnornode.model.names import REFUSED
from xnornode.model.ngrams import NGrams
from xnornode.model.spectrum import Spectrum
from xnornode.model.statistics import Statistics
from xnornode.model.work import work

MAGIC = b"\x89BNN"
VERSION = 5
"""The newest that is read and written."""
ANSWERING = 4
"""Of files with answers, and nothing more."""
PLAIN = 3
"""Of files with neither answers nor drift."""
ANSWERS, DRIFT = 1, 2  # sections that not every file has
SECTIONS = {PLAIN: (0,), ANSWERING: (ANSWERS,), VERSION: (DRIFT, ANSWERS | DRIFT)}
FEATURES: dict[int, Callable[[Take, int, int], Features]] = {
    features.KIND: features.from_bytes for features in (Raw, Statistics, NGrams, Spectrum)
}
KINDS: dict[int, Activation] = {1: "binary", 2: "int8"}  # outputs may be SCORES too
SCORES = 3
HEADER = struct.Struct("<4s4BII2HII4B")
ENCODING = struct.Struct("<2B2s")
LAYER = struct.Struct("<2B5H10B2s")
CRC = struct.Struct("<I")
SHORTEST = 48
LONGEST = 2**31 - 1
# Shapes stand before their bytes in a file: they are checked before the bytes are taken.


def pack_rows(signs: Int8) -> npt.NDArray[np.uint32]:
    """Rows of -1 and +1, (..., n), as words, uint32 (..., ceil(n / 32)), little end first."""
    pad = -signs.shape[-1] % 32
    bits = np.pad(signs > 0, [(0, 0)] * (signs.ndim - 1) + [(0, pad)])
    return np.packbits(bits, axis=-1, bitorder="little").view("<u4")


def unpack_rows(words: npt.NDArray[np.uint32], n: int) -> Int8:
    """Inverse of `pack_rows`: int8 (..., n). Raises ModelError for a pad bit that is 1."""
    octets = np.ascontiguousarray(words, dtype="<u4").view(np.uint8)
    bits = np.unpackbits(octets, axis=-1, bitorder="little")
    check_layer(not bits[..., n:].any(), "a pad bit of the weights is 1")
    return 2 * bits[..., :n].astype(np.int8) - 1


def _pad4(data: bytes) -> bytes:
    return data + bytes(-len(data) % 4)


def version(model: Model) -> int:
    """The version of the format that a model's file has."""
    return next(made for made, allowed in SECTIONS.items() if _sections(model) in allowed)


def _sections(model: Model) -> int:
    return (ANSWERS if model.answers else 0) | (DRIFT if model.drift else 0)


def to_bytes(model: Model) -> bytes:
    """The model as the bytes of a `.bnn` file."""
    w = model.window
    body = [struct.pack(f"<{len(w.scales)}I", *w.scales), model.features.to_bytes()]
    if model.encoding:
        body.append(_encoding_bytes(model.encoding))
    body += [_layer_bytes(layer) for layer in model.layers]
    body.append(model.selftest_scores().astype("<i4").tobytes())
    if model.answers:
        body.append(model.answers.to_bytes(len(model.labels)))
    if model.drift:
        body.append(model.drift.to_bytes())
    texts = [text.encode() for text in (model.name, *model.labels, *w.channels)]
    strings = b"".join(bytes([len(text)]) + text for text in texts)
    notes = model.notes.encode()
    body.append(_pad4(strings + struct.pack("<H", len(notes)) + notes))
    rest = b"".join(body)
    length = HEADER.size + len(rest) + CRC.size
    if length > LONGEST:
        raise ModelError("size", f"a model of {length} bytes is larger than the format allows")
    encoding = model.encoding.KIND if model.encoding else 0
    header = HEADER.pack(
        *(MAGIC, version(model), len(w.channels), model.features.KIND, len(model.layers)),
        *(length, model.revision, w.length, w.hop, w.rate_mhz, model.seed, model.shift, encoding),
        *(_sections(model), 0),
    )
    return header + rest + CRC.pack(zlib.crc32(header + rest))


def _encoding_bytes(encoding: InputEncoding) -> bytes:
    if isinstance(encoding, Thermometer):
        return _pad4(
            struct.pack("<B3x", encoding.bits) + encoding.thresholds.astype("<i2").tobytes()
        )
    return ENCODING.pack(encoding.bits, encoding.shift, bytes(2)) + _affine(
        encoding.offsets, encoding.factors
    )


def _affine(offsets: Int64, factors: Int64) -> bytes:
    return _pad4(offsets.astype("<i4").tobytes() + factors.astype("<i2").tobytes())


def _layer_bytes(layer: IntLayer) -> bytes:
    g, shift, counted = layer.geometry, 0, 0
    weights = pack_rows(layer.weights.reshape(g.outputs, -1)).tobytes()
    match layer.output:
        case Thresholds(values) if layer.in_columns:
            rows = layer.weights.transpose(0, 2, 1, 3).reshape(g.outputs, -1)
            kind, counted = 1, layer.counted
            weights, tail = pack_strips(rows, values, counted), b""
        case Thresholds(values):
            kind = 1
            tail = _pad4(values.astype("<u2" if layer.inputs == "binary" else "<i4").tobytes())
        case Requantize(factors, offsets, shift):
            kind, tail = 2, _affine(offsets, factors)
        case Scores(scales, offsets):
            kind, tail = SCORES, _affine(offsets, scales)
    counts = (*g.kernel, *g.stride, *g.padding, *g.pool)
    first = (1 if layer.inputs == "binary" else 2, kind, g.outputs, *g.input_shape, g.groups)
    return LAYER.pack(*first, *counts, shift, counted, bytes(2)) + weights + tail


class _Reader:
    """Takes sections off the start of `data`; ModelError("end") when it is too short."""

    def __init__(self, data: bytes) -> None:
        self.data, self.at = data, 0

    def take(self, size: int) -> bytes:
        if size > len(self.data) - self.at:
            raise ModelError("end", "the file ends too early: write it again")
        self.at += size
        return self.data[self.at - size : self.at]

    def array(self, dtype: str, *shape: int) -> npt.NDArray[np.generic]:
        size = np.dtype(dtype).itemsize
        for n in shape:
            size *= n
        return np.frombuffer(self.take(size), dtype).reshape(shape)

    def affine(self, rows: int, reason: str) -> tuple[Int64, Int64]:
        """Factors and offsets, as they stand in memory: offsets first."""
        offsets = self.array("<i4", rows).astype(np.int64)
        factors = self.array("<i2", rows).astype(np.int64)
        self.pad4(reason)
        return factors, offsets

    def pad4(self, reason: str) -> None:
        if any(self.take(-self.at % 4)):
            raise ModelError(reason, "a pad byte is not 0")


def from_bytes(data: bytes) -> Model:
    """The model that the bytes of a `.bnn` file hold. Raises ModelError with the reason."""
    if not SHORTEST <= len(data) <= LONGEST:
        raise ModelError(
            "size", f"a model file has {SHORTEST} to {LONGEST} bytes, this one {len(data)}"
        )
    if data[:4] != MAGIC:
        raise ModelError("magic", "this is not a .bnn model file")
    if not PLAIN <= data[4] <= VERSION:
        known = f"{PLAIN} to {VERSION}"
        raise ModelError("version", f"format version {data[4]}: this xnornode reads {known}")
    if struct.unpack_from("<I", data, 8)[0] != len(data) or len(data) % 4:
        raise ModelError("length", "the file is cut short or too long: copy it again")
    if CRC.unpack(data[-CRC.size :])[0] != zlib.crc32(data[: -CRC.size]):
        raise ModelError("crc", "the file is damaged (CRC-32): copy it again")
    return _parse(_Reader(data[: -CRC.size]))


def _parse(r: _Reader) -> Model:
    fields = HEADER.unpack(r.take(HEADER.size))
    _, made, channels, kind, count, _, revision, length, hop, rate, seed, shift, *rest = fields
    encoded, sections, zero = rest
    bad = not channels or not 1 <= count <= MAX_LAYERS or not length or not 1 <= hop <= length
    bad = bad or (kind == NGrams.KIND and (channels != 1 or hop != length))
    if bad or not seed or shift > 15 or sections not in SECTIONS[made] or zero:
        raise ModelError("header", "a header field is outside what the format allows")
    scales = tuple(int(s) for s in r.array("<u4", channels))
    if kind not in FEATURES:
        raise ModelError("encoder", f"features {kind}: this xnornode knows {sorted(FEATURES)}")
    features = FEATURES[kind](r.take, length, channels)
    values = features.count(length, channels)
    encoding = _parse_encoding(r, encoded, features, length, channels)
    given: str = encoding.output if encoding else "binary"
    width = encoding.width(values) if encoding else values
    layers: list[IntLayer] = []
    for left in reversed(range(count)):
        layer = _parse_layer(r, width, given, last=not left)
        layers.append(layer)
        width, given = prod(layer.output_shape), layer.outputs
    work(features, encoding, layers, length, channels)
    classes = len(layers[-1].weights)
    expected = r.array("<i4", classes).astype(np.int32)
    answers = drift = None
    if sections & ANSWERS:
        answers = Answers.from_bytes(r.take(section_size(classes)))
        answers.check_classes(classes)
    if sections & DRIFT:
        drift = Drift.from_bytes(r.take)
        drift_fits(drift, features, length, channels)
    texts = [_parse_string(r) for _ in range(1 + classes + channels)]
    notes = _parse_notes(r)
    r.pad4("strings")
    if r.at != len(r.data):
        raise ModelError("end", "bytes are left after the last string: write the file again")
    name, labels, names = texts[0], tuple(texts[1 : 1 + classes]), tuple(texts[1 + classes :])
    window = Window(names, length, hop, rate, scales)
    parts = (name, labels, window, features, encoding, tuple(layers))
    return Model(*parts, revision, seed, shift, expected, notes, answers, drift)


def _parse_encoding(
    r: _Reader, kind: int, features: Features, length: int, channels: int
) -> InputEncoding | None:
    rows = features.rows(length, channels)
    if not rows:
        if kind:
            raise ModelError("encoder", "features of texts have no input encoding after them")
        return None
    most = {Thermometer.KIND: MAX_BITS, BitPlanes.KIND: MAX_PLANES, Int8Encoding.KIND: 8}
    if kind not in most:
        raise ModelError("encoder", f"encoding {kind}: this xnornode knows {sorted(most)}")
    bits, shift, zero = ENCODING.unpack(r.take(ENCODING.size))
    ok = 1 <= bits <= most[kind] and shift <= (0 if kind == Thermometer.KIND else 31)
    if not ok or any(zero) or (kind == Int8Encoding.KIND and bits != 8):
        raise ModelError(
            "encoder", "the input encoding's fields are outside what the format allows"
        )
    if kind == Thermometer.KIND:
        thresholds = r.array("<i2", rows, bits).astype(np.int16)
        r.pad4("encoder")
        return Thermometer(thresholds)
    factors, offsets = r.affine(rows, "encoder")
    if kind == BitPlanes.KIND:
        return BitPlanes(factors, offsets, shift, bits)
    return Int8Encoding(factors, offsets, shift)


def _parse_layer(r: _Reader, width: int, given: str, last: bool) -> IntLayer:
    fields = LAYER.unpack(r.take(LAYER.size))
    got, kind, m, *rest, shift, counted, zero = fields
    h, w, c, groups, kh, kw, sh, sw, ph, pw, qh, qw = rest
    inputs = KINDS.get(got)
    if inputs is None or inputs != given or not 1 <= kind <= 3 or (kind == SCORES) != last:
        raise ModelError("layer", "a layer's input or output is not allowed where it stands")
    check_layer(shift <= (31 if kind == 2 else 0) and not any(zero), "a layer's fields")
    options = (groups, (sh, sw), (ph, pw), (qh, qw))
    geometry = Geometry(m, (h, w, c), (kh, kw), *options, last)
    check_layer(h * w * c == width, f"a layer of {h * w * c} inputs is given {width}")
    n = geometry.inputs
    if in_columns(inputs, KINDS.get(kind, "scores"), geometry):
        check_layer(counted <= 1, f"counted value {counted}: 0 or 1")
        rows, values = unpack_strips(r.take(strips_size(m, n)), m, n, counted)
        weights = rows.reshape(m, kw, kh, c).transpose(0, 2, 1, 3)
        return IntLayer(weights, (h, w, c), inputs, Thresholds(values), *options, counted)
    check_layer(not counted, f"counted value {counted} of weights in rows")
    words = r.array("<u4", m, -(-n // 32)).astype(np.uint32)
    weights = unpack_rows(words, n).reshape(m, kh, kw, c // groups)
    return IntLayer(weights, (h, w, c), inputs, _parse_output(r, inputs, kind, m, shift), *options)


def _parse_output(r: _Reader, inputs: Activation, kind: int, m: int, shift: int) -> Output:
    if kind == 1:
        values = r.array("<u2" if inputs == "binary" else "<i4", m).astype(np.int64)
        r.pad4("layer")
        return Thresholds(values)
    factors, offsets = r.affine(m, "layer")
    return Scores(factors, offsets) if kind == SCORES else Requantize(factors, offsets, shift)


def _parse_string(r: _Reader) -> str:
    (size,) = r.take(1)
    if not 1 <= size <= MAX_STRING:
        raise ModelError("strings", f"a string of {size} bytes")
    return _parse_text(r, size)


def _parse_notes(r: _Reader) -> str:
    (size,) = struct.unpack("<H", r.take(2))
    if size > MAX_NOTES:
        raise ModelError("strings", f"notes of {size} bytes")
    return _parse_text(r, size)


def _parse_text(r: _Reader, size: int) -> str:
    data = r.take(size)
    try:
        text = data.decode()
    except UnicodeDecodeError:
        raise ModelError("strings", f"{data!r} is no UTF-8: write the file again") from None
    if REFUSED.search(text):
        raise ModelError("strings", f"{text!r} holds a character that is not allowed")
    return text
