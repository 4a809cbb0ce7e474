"""What runs and counts the ESP32's instruction set: the ground under the tests of the module."""

import subprocess
from pathlib import Path

import numpy as np
import pytest

from tools.emulators.qemu_xtensa import XtensaMachine
from tools.firmware.build import build

FLOATS = """
import sys
from array import array
with open(sys.argv[1], 'rb') as f:
    data = array('f', f.read())
for i in range(0, len(data), 2):
    a, b = data[i], data[i + 1]
    out = array('f', (a + b, a - b, a * b, a / b if b else 0))
    print(*(hex(v) for v in array('I', bytes(out))), a < b, a <= b, a == b)
"""
CONVERSIONS = """
from array import array
for v in (0, 1, -1, 16777217, -16777219, 2147483647, -2147483648, 123456789):
    print(hex(array('I', bytes(array('f', (v,))))[0]), int(float(v)), float(v) // 3)
print(array('d', (1.5, -0.1))[0], '%.3f' % 2.25, int(-3.99), int(0.99), 1e10, 2.0 ** 0.5)
"""
RECURSION = """
import gc
def fall(n, kept):
    try:
        return fall(n - 1, [n, kept]) if n else 1 // 0
    finally:
        gc.collect()
for depth in (1, 2, 3, 7, 8, 9, 20, 60):
    kept = [bytes(range(i)) for i in range(50)]
    try:
        fall(depth, [bytearray(b'mark')])
        print('no error')
    except ZeroDivisionError:
        print(depth, all(len(k) == i for i, k in enumerate(kept)))
"""


def run(tmp_path: Path, script: str, *arguments: str) -> list[str]:
    path = tmp_path / "script.py"
    path.write_text(script)
    command = [str(build("xtensa")), str(path), *arguments]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()


def test_floats(tmp_path):
    """All of a float's bits, with subnormal, huge and infinite values and exact halves."""
    rng = np.random.default_rng(0)
    bits = rng.integers(0, 2**32, 4000, dtype=np.uint32)
    close = rng.integers(0x3F000000, 0x41000000, 4000, dtype=np.uint32)
    whole = rng.integers(-9, 9, 2000).astype(np.float32).view(np.uint32)
    values = np.concatenate([bits, close, whole]).view(np.float32)
    values = np.concatenate([values, np.float32([0, -0.0, np.inf, -np.inf, np.nan, 1e-45, 3e38])])
    values = values[: len(values) // 2 * 2].copy()
    (tmp_path / "values").write_bytes(values.tobytes())
    a, b = values[::2], values[1::2]
    with np.errstate(all="ignore"):
        results = [a + b, a - b, a * b, np.where(b == 0, np.float32(0), a / b)]
    facts = [a < b, a <= b, a == b]
    lines = run(tmp_path, FLOATS, str(tmp_path / "values"))
    assert len(lines) == len(a) > 5000
    for i, line in enumerate(lines):
        *got, less, at_most, equal = line.split()
        found = np.array([int(v, 16) for v in got], np.uint32)
        expected = np.array([r[i] for r in results], np.float32)
        same = (found == expected.view(np.uint32)) | (
            np.isnan(found.view(np.float32)) & np.isnan(expected)
        )
        assert same.all(), (a[i], b[i], got, expected)
        assert [less, at_most, equal] == [str(bool(fact[i])) for fact in facts], (a[i], b[i])


def test_float_conversions(tmp_path):
    *lines, last = run(tmp_path, CONVERSIONS)
    given = (0, 1, -1, 16777217, -16777219, 2147483647, -2147483648, 123456789)
    for line, v in zip(lines, given, strict=True):
        x = np.float32(v)
        word, back, third = line.split()
        assert int(word, 16) == int(x.view(np.uint32))
        assert int(back) == int(x)
        assert float(third) == pytest.approx(np.floor(x / np.float32(3)), rel=1e-6)
    assert last == "1.5 2.250 -3 0 1e+10 1.414214"


def test_exceptions_and_collector_across_windows(tmp_path):
    """Exceptions leave any depth of calls, and what only registers hold stays."""
    assert run(tmp_path, RECURSION) == [f"{n} True" for n in (1, 2, 3, 7, 8, 9, 20, 60)]


def test_counts_are_exact(tmp_path):
    """By the code as written here: an instruction is one, a call of nothing two."""
    source = tmp_path / "known.S"
    source.write_text(
        """
    .global loops
    .align 4
loops: // 3 + 4 * a2
    entry a1, 32
    movi a3, 0
1:  add a3, a3, a2
    nop
    addi a2, a2, -1
    bnez a2, 1b
    retw
    .global deep
    .align 4
deep:
    entry a1, 32
    movi a8, 1
    beqz a2, 1f
    addi a10, a2, -1
    call8 deep
    addi a8, a10, 1
1:  mov a2, a8
    retw
"""
    )
    with XtensaMachine([source]) as machine:
        machine.call("nothing")
        assert machine.count == 2
        for n in (1, 7, 100_000):
            machine.call("loops", n)
            assert machine.count == 3 + 4 * n
        for depth in (0, 1, 3, 10, 100):  # more windows than there are registers
            assert machine.call("deep", depth) == depth + 1
            assert machine.count == 8 * depth + 5
        machine.write(machine.FREE, bytes(range(256)))
        assert machine.read(machine.FREE + 3, 5) == bytes([3, 4, 5, 6, 7])


def test_a_machine_that_stops_says_so(tmp_path):
    source = tmp_path / "wrong.c"
    source.write_text("int wrong(int *at) { return *at; }")
    with XtensaMachine([source]) as machine, pytest.raises(RuntimeError, match="stopped"):
        machine.call("wrong", 3)
