"""Model files built by hand from FORMAT.md's tables, without the writer."""

import struct
from dataclasses import replace

import numpy as np
import pytest

from tests.lab.core import core
from tests.lab.driftlab import plain_model
from tests.lab.nets import random_model, sealed
from xnornode.model.answers import Answers
from xnornode.model.drift import Drift
from xnornode.model.file_format import from_bytes, to_bytes

pytestmark = pytest.mark.quick


def test_the_layout_of_the_specification():
    """A file built by hand from FORMAT.md's tables, without the writer, is read as it says.

    Three samples of one channel, in two bits each; a convolution over 3 x 1 x 2 with a kernel of 2
    rows and a row of padding, two outputs, pooled by 2 rows; a dense layer to int8; scores.
    """
    thresholds = [-5, 10]
    body = struct.pack("<4sBBBBII", b"\x89BNN", 3, 1, 1, 3, 0, 77)
    body += struct.pack("<HHIIBB2x", 3, 2, 50_000, 9, 4, 1)
    body += struct.pack("<I", 488_281)
    body += struct.pack("<B3x2h", 2, *thresholds)
    body += struct.pack("<BBHHHHH", 1, 1, 2, 3, 1, 2, 1) + bytes([2, 1, 1, 1, 1, 0, 2, 1])
    # Counted are the 1s. The bases, 2 - 3 and 3 - 3, have bits(5) + 1 digits.
    body += bytes([0, 1, 0, 0]) + struct.pack("<8H", 0b10, 0b11, 0b10, 0b01, *[0b01] * 4)
    body += struct.pack("<BBHHHHH", 1, 2, 1, 1, 1, 4, 1) + bytes([1, 1, 1, 1, 0, 0, 1, 1, 2])
    body += bytes(3) + struct.pack("<I", 0b1110) + struct.pack("<ihxx", 9, 30)
    body += (
        struct.pack("<BBHHHHH", 2, 3, 2, 1, 1, 1, 1) + bytes([1, 1, 1, 1, 0, 0, 1, 1]) + bytes(4)
    )
    body += struct.pack("<II", 1, 0) + struct.pack("<ii", 100, -100) + struct.pack("<hh", 7, -3)
    # The window's bits are 1 0, 1 1, 0 0, between two rows of padding that are 0 0.
    window = np.array([[[-5], [10], [-6]]], np.int16)
    input_shape = [[0, 0], [1, 0], [1, 1], [0, 0], [0, 0]]
    fires = []
    for y in range(4):
        patch = [*input_shape[y], *input_shape[y + 1]]
        fires.append([sum(a != b for a, b in zip(patch, row, strict=True)) < threshold
                      for row, threshold in (([0, 1, 0, 1], 3), ([1, 1, 1, 0], 3))])  # fmt: skip
    assert fires == [[False, True], [False, True], [True, True], [True, False]]
    pooled = [False, True, True, True]  # by position, then output
    z = sum(1 if a == b else -1 for a, b in zip(pooled, [0, 1, 1, 1], strict=True))
    byte = (30 * z + 9) >> 2
    scores = [7 * byte + 100, -3 * -byte - 100]
    body += struct.pack("<ii", 0, 0)
    body += b"\x02hi\x03yes\x02no\x01x" + struct.pack("<H", 3) + b"abc" + bytes(-17 % 4)
    data = sealed(body + bytes(4))
    model = from_bytes(data)
    assert model.scores(window).tolist() == [scores] == [[324, -4]]
    assert (model.name, model.labels, model.window.channels) == ("hi", ("yes", "no"), ("x",))
    assert (model.window.length, model.window.hop, model.window.rate_mhz) == (3, 2, 50_000)
    assert (model.revision, model.seed, model.shift, model.notes) == (77, 9, 4, "abc")
    assert core().classify(data, window, 2).scores.tolist() == [scores]


def test_the_encodings_of_the_specification():
    """Bit planes and int8 built by hand, their bits seen through a layer of one input a class."""
    values, factors, offsets = [-3, 100, 7, 40], [3, -2], [5, 81]
    for encoding, bits, shift in ((2, 3, 2), (3, 8, 1)):
        width = len(values) * (bits if encoding == 2 else 1)
        body = struct.pack("<4sBBBBII", b"\x89BNN", 3, 2, 1, 1, 0, 0)
        body += struct.pack("<HHIIBB2x", 2, 2, 0, 1, 0, encoding) + struct.pack("<II", 0, 0)
        body += bytes([bits, shift, 0, 0]) + struct.pack("<ii", *offsets)
        body += struct.pack("<hh", *factors)
        body += struct.pack("<BBHHHHH", encoding - 1, 3, width, 1, 1, width, 1)
        body += bytes([1, 1, 1, 1, 0, 0, 1, 1]) + bytes(4)
        # Class i has only weight i at +1, so the scores differ by twice the inputs.
        body += b"".join(struct.pack("<I", 1 << i) for i in range(width))
        body += struct.pack(f"<{width}i", *[0] * width)
        body += struct.pack(f"<{width}h", *[1] * width) + bytes(2 * width % 4)
        body += struct.pack(f"<{width}i", *[0] * width)
        strings = b"\x01m" + b"\x01c" * width + b"\x01x\x01y" + bytes(2)
        data = sealed(body + strings + bytes(-len(strings) % 4) + bytes(4))
        v = [(x * factors[i % 2] + offsets[i % 2]) >> shift for i, x in enumerate(values)]
        if encoding == 2:
            assert v == [-1, -30, 6, 0]
            inputs = [2 * (max(0, min(7, n)) >> j & 1) - 1 for n in v for j in range(3)]
        else:
            assert v == [-2, -60, 13, 0]
            inputs = v
        expected = [2 * n - sum(inputs) for n in inputs]
        window = np.array(values, np.int16).reshape(1, 2, 2)
        assert from_bytes(data).scores(window).tolist() == [expected]
        assert core().classify(data, window, width).scores.tolist() == [expected]


def test_the_answers_of_the_specification():
    """The section lies behind the self-test's scores; without it the file has version 3."""
    plain = random_model(1, 2, 1, 1, (40,))
    answers = Answers(0x1234, 15, 32, 0xABCD, 0x0102, (0, 33))
    data, without = to_bytes(replace(plain, answers=answers)), to_bytes(plain)
    assert (without[4], without[30:32]) == (3, b"\0\0") and (data[4], data[30:32]) == (4, b"\1\0")
    section = struct.pack("<HBBHHII", 0x1234, 15, 32, 0xABCD, 0x0102, 1, 2)
    expected = plain.selftest_scores().astype("<i4").tobytes()
    at = without.index(expected) + len(expected)
    body = data[:4] + b"\3" + data[5:8] + without[8:12] + data[12:30] + b"\0\0" + data[32:at]
    assert body == without[:at]
    assert data[at : at + len(section)] == section
    assert data[at + len(section) : -4] == without[at:-4]
    assert from_bytes(data).answers == answers and from_bytes(without).answers is None


def test_the_drift_of_the_specification():
    """The section lies behind the answers, or where they would lie; the file has version 5."""
    plain = plain_model()
    drift = Drift(
        ((3, 9), (1, 2, 3, 4, 5, 6)),
        np.array([0x0007, 19]),
        np.array([32767, -2]),
        np.array([-300, 0x0123]),
        np.array([0xABCD, 1]),
        np.array([[1, -2, 3], [-128, 127, 0]], np.int8),
        np.array([1, -1, 2**30, -(2**30)]),
        (0, 15, 1, 2),
        200,
        0x0180,
        0x0060,
        ((2, 14), (0, 64)),
    )
    section = bytes([2, 2, 3, 2]) + struct.pack("<HHB3x", 0x0180, 0x0060, 200)
    section += struct.pack("<4i", 1, -1, 2**30, -(2**30)) + bytes([0, 15, 1, 2])
    section += struct.pack("<6H", 3, 9, *[0xFFFF] * 4) + struct.pack("<6H", 1, 2, 3, 4, 5, 6)
    section += struct.pack("<HhhH", 7, 32767, -300, 0xABCD)
    section += struct.pack("<HhhH", 19, -2, 0x0123, 1)
    section += bytes([1, 0x80, 0xFE, 127, 3, 0]) + bytes(2)
    section += bytes([2, 14, 0, 64])
    answers = Answers(0x1234, 15)
    for rules, flags in ((None, 2), (answers, 3)):
        data = to_bytes(replace(plain, answers=rules, drift=drift))
        assert data[4] == 5 and data[30:32] == bytes([flags, 0])
        scores = plain.selftest_scores().astype("<i4").tobytes()
        at = data.index(scores) + len(scores) + (len(answers.to_bytes(40)) if rules else 0)
        assert data[at : at + len(section)] == section
        read = from_bytes(data)
        assert read.drift.to_bytes() == section and read.answers == rules
        assert read.drift.names(read.window.channels) == ("ch2 asymmetry", "ch0 band 1")
        assert core().classify(data, np.zeros((1, 16, 3), np.int16), 40).reason == "ok"
