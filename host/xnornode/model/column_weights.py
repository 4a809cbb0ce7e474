"""Weights in columns and the bases of their thresholds, as bytes and back (FORMAT.md, "Columns").

Rows here are int8 (m, n), each -1 or +1, with the inputs in the order of the columns.
"""

import numpy as np
import numpy.typing as npt

from xnornode._typing import Int8, Int64
from xnornode.model.geometry import check_layer

Bits = npt.NDArray[np.bool_]


def strips(outputs: int) -> list[tuple[int, int]]:
    """Per strip its outputs, and the bits of its unit: 32 or 16."""
    parts = []
    while outputs:
        unit = 32 if outputs > 16 else 16
        parts.append((min(outputs, unit), unit))
        outputs -= parts[-1][0]
    return parts


def planes(inputs: int) -> int:
    """Binary digits of a base: it lies from -(inputs + 1) to inputs."""
    return (inputs + 1).bit_length() + 1


def columns_size(outputs: int, inputs: int) -> int:
    """Bytes of the columns of all strips, without the planes."""
    return sum(_padded(inputs * unit // 8) for _, unit in strips(outputs))


def strips_size(outputs: int, inputs: int) -> int:
    """Bytes of all strips."""
    digits = planes(inputs)
    bases = sum(_padded(digits * unit // 8) for _, unit in strips(outputs))
    return columns_size(outputs, inputs) + bases


def pack_strips(rows: Int8, thresholds: Int64, counted: int) -> bytes:
    """The strips of a layer. thresholds: int64 (m,), 0 to n + 1; counted: 0 or 1."""
    ones = rows == 2 * counted - 1
    bases = ones.sum(axis=1) - thresholds
    digits = bases >> np.arange(planes(rows.shape[1]))[:, None] & 1  # (digit, output)
    parts, at = [], 0
    for size, unit in strips(len(rows)):
        parts.append(_pack(ones[at : at + size].T, unit))
        parts.append(_pack(digits[:, at : at + size] > 0, unit))
        at += size
    return b"".join(parts)


def unpack_strips(data: bytes, outputs: int, inputs: int, counted: int) -> tuple[Int8, Int64]:
    """Inverse of `pack_strips`, of `strips_size` bytes: rows and thresholds.

    Raises ModelError for a bit without an output or a pad byte that is not 0. Thresholds are not
    checked.
    """
    ones = np.empty((outputs, inputs), np.bool_)
    digits = np.empty((planes(inputs), outputs), np.bool_)
    at = first = 0
    for size, unit in strips(outputs):
        for count, of in ((inputs, ones.T), (len(digits), digits)):
            end = at + _padded(count * unit // 8)
            of[:, first : first + size] = _unpack(data[at:end], count, size, unit)
            at = end
        first += size
    weight = 2 ** np.arange(len(digits))
    weight[-1] *= -1  # two's complement
    bases = weight @ digits
    rows = np.where(ones, 2 * counted - 1, 1 - 2 * counted).astype(np.int8)
    return rows, ones.sum(axis=1) - bases


def _padded(size: int) -> int:
    return size + -size % 4


def _pack(bits: Bits, unit: int) -> bytes:
    """Units of `unit` bits, one per row of bits (count, outputs), padded."""
    wide = np.pad(bits, [(0, 0), (0, unit - bits.shape[1])])
    data = np.packbits(wide, axis=1, bitorder="little").tobytes()
    return data + bytes(-len(data) % 4)


def _unpack(data: bytes, count: int, outputs: int, unit: int) -> npt.NDArray[np.uint8]:
    size = count * unit // 8
    octets = np.frombuffer(data, np.uint8, size).reshape(count, unit // 8)
    bits = np.unpackbits(octets, axis=1, bitorder="little")
    ok = not any(data[size:]) and not bits[:, outputs:].any()
    check_layer(ok, "a strip has a bit without an output, or a pad byte that is not 0")
    return bits[:, :outputs]
