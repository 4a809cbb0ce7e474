# Runs in MicroPython: whatever bnn.Window refuses, it says why, and is as it was.
from array import array

import bnn


def refused(kind, text, function, *given):
    try:
        function(*given)
    except kind as error:
        assert text in str(error), error
    else:
        raise AssertionError(f"{given} was taken")


def state(window):
    held = bytes(memoryview(window))[: 4 * window.at]
    return window.at, window.complete, window.saturated, held


for given in (
    (0, 1, 1),
    (65536, 1, 1),
    (4, 0, 1),
    (4, 256, 1),
    (4, 2, 0),
    (4, 2, 5),
    (4, 2, -1),
    (4, 2, 2, [(0, 0), (1, 0)]),
    (4, 2, 2, [(32768, 0), (1, 0)]),
    (4, 2, 2, [(1, 31), (1, 0)]),
    (4, 2, 2, [(1, 0, 2), (1, 0)]),
    (4, 2, 2, [(1, 0)]),
    (4, 2, 2, [(1,), (1, 0)]),
    (4, 2, 2, [(1, 0), (1, 0)], None, 1),
    (4, 2, 2, None, [1]),
    (4, 2, 2, None, None, 3),
):
    refused(ValueError, "", bnn.Window, *given)
refused(TypeError, "", bnn.Window, 4, 2)
refused(TypeError, "", bnn.Window, "4", 2, 1)
refused(TypeError, "", bnn.Window, 4, 2, 2, 7)
refused(TypeError, "", bnn.Window, 4, 2, 2, [1, 2])

nan = float("nan")
for filled in range(4):
    for scales in (None, (1000, 0)):
        window = bnn.Window(3, 2, 2, None, scales)
        for n in range(filled):
            window.add((n, 70_000))
        before = state(window)
        refused(ValueError, "sample of 1 values, the window takes 2", window.add, (1,))
        refused(ValueError, "sample of 3 values", window.add, [1, 2, 3])
        refused(ValueError, "sample of 3 values", window.add, array("h", [1, 2, 3]))
        refused(ValueError, "sample of 0 values", window.add, ())
        refused(ValueError, "even", window.add, bytes(3))
        refused(ValueError, "not a number", window.add, (1, nan))
        refused(ValueError, "its scale is unknown", window.add, (99, 1.5))
        refused(ValueError, "its scale is unknown", window.add, array("f", [1, 1.5]))
        refused(TypeError, "", window.add, (99, None))
        refused(TypeError, "", window.add, (99, "1"))
        refused(TypeError, "", window.add, "abcd")
        refused(TypeError, "", window.add, 5)
        refused(ValueError, "block of 3 values", window.fill, array("h", [1, 2, 3]))
        refused(ValueError, "", window.fill, bytes(7))
        refused(ValueError, "start must be 0 to 2", window.fill, bytes(8), 3)
        refused(ValueError, "start", window.fill, bytes(8), -1)
        refused(TypeError, "array('h') or bytes", window.fill, array("i", [1, 2]))
        refused(TypeError, "not str", window.fill, "abcd")
        refused(TypeError, "", window.fill, [1, 2])
        refused(TypeError, "", window.take, 7)
        refused(ValueError, "3 channels", window.take, bnn.Window(3, 3, 1))
        assert window.fill(b"") == window.fill(bytes(8), 2) == 0
        assert state(window) == before

window = bnn.Window(3, 2, 2)
refused(AttributeError, "", lambda: window.nothing)
for sample in ((True, False), array("H", [40_000, 1]), array("i", [-40_000, 2]), range(2)):
    window.add(sample)
assert list(memoryview(window)) == [-32768, 2, 0, 1, -32768, 2]
assert (window.at, window.saturated) == (2, 2)
# A window takes its own samples as a block, whatever that gives.
window.fill(window)
window.take(window)
print("ok")
