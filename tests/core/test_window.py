"""The core's window against the Python reference, without MicroPython."""

import math
import struct
from fractions import Fraction

import numpy as np
import pytest

from tests.lab.core import core
from xnornode.model.window import Window, clip

MANY = 20_000


@pytest.mark.quick
def test_floats_are_rounded_as_fractions_are():
    rng = np.random.default_rng(0)
    scales = (2.0 ** rng.uniform(0, 32, MANY)).astype(np.uint32).tolist()
    halves = rng.integers(-70_000, 70_000, MANY) / 2 * np.array(scales) * 1e-9
    bits = np.concatenate([
        halves.astype(np.float32).view(np.uint32)[: MANY // 2],
        rng.integers(0, 2**32, MANY // 2, np.uint32),
    ]).tolist()  # fmt: skip
    differ = beyond = 0
    for number, scale in zip(bits, scales, strict=True):
        value = struct.unpack("<f", struct.pack("<I", number))[0]
        if math.isnan(value):
            continue
        exact = Fraction(value) if math.isfinite(value) else int(math.copysign(2**70, value))
        count = math.floor(exact * 10**9 / scale + Fraction(1, 2))
        clipped = clip(count) != count
        beyond += clipped
        differ += core().window_round(number, scale) != (clip(count), clipped)
    assert differ == 0
    assert 1000 < beyond < MANY - 5000


@pytest.mark.quick
@pytest.mark.parametrize("odd", [0, 1])
def test_blocks_of_any_size(odd):
    rng = np.random.default_rng(odd)
    differ = clipped = 0
    for _ in range(300):
        length, channels = int(rng.integers(1, 40)), int(rng.integers(1, 8))
        width = channels if rng.random() < 0.7 else int(rng.integers(1, 9))
        hop = int(rng.integers(1, length + 1))
        ratios = None
        if width != channels or rng.random() < 0.8:
            shifts = rng.integers(0, 31, channels)
            ratios = [
                (int(rng.integers(1, 1 + min(32767, 2 ** (s + 1)))), int(s), int(i))
                for s, i in zip(shifts, rng.integers(0, width, channels), strict=True)
            ]
        samples = rng.integers(-(2**15), 2**15, (int(rng.integers(1, 200)), width), np.int16)
        twin = Window(length, channels, hop, ratios, None, width)
        taken = []
        while sum(taken) < len(samples):
            taken.append(twin.fill(samples, sum(taken)))
        got = core().window_fill(length, channels, hop, ratios, width, samples, odd)
        wanted = (taken, twin.samples.tolist(), twin.saturated)
        differ += got != wanted
        clipped += twin.saturated
    assert differ == 0
    assert clipped > 5000
