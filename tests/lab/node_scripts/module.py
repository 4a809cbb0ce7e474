# Runs in MicroPython: what `bnn.Model` promises besides right scores.
import gc
import sys
from array import array

import bnn


def raises(kind, text, call, *args):
    try:
        call(*args)
    except kind as error:
        assert text in str(error), error
        return
    raise AssertionError(f"no {kind.__name__}: {text}")


def main(path):
    with open(path, "rb") as f:
        data = f.read()
    m = bnn.Model(data)
    channels = len(m.channels)
    window = array("h", range(m.length * channels))
    out = array("i", bytes(4 * len(m.labels)))

    # All kinds of windows give the same answer.
    index = m.scores(window, out)
    expected = list(out)
    as_bytes = bytes(memoryview(window))
    odd = bytearray(1) + bytearray(as_bytes)
    for other in (as_bytes, bytearray(as_bytes), memoryview(window), memoryview(odd)[1:]):
        out[0] = 0
        assert m.scores(other, out) == m.predict(other) == index
        assert list(out) == expected

    # Nothing is allocated once the model is made.
    gc.collect()
    gc.disable()
    before = gc.mem_alloc()
    for _ in range(100):
        m.predict(window)
        m.scores(window, out)
        m.selftest()
    assert gc.mem_alloc() - before < 64, gc.mem_alloc() - before
    gc.enable()

    # The model holds the only reference to its file, and the file stays.
    m2 = bnn.Model(bytearray(data))
    for _ in range(50):
        gc.collect()
        bytearray(len(data))
    assert m2.predict(window) == index

    raises(ValueError, "bytes, model takes", m.predict, array("h", range(3)))
    raises(TypeError, "array('h')", m.predict, array("H", window))
    raises(TypeError, "array('h')", m.predict, array("f", window))
    raises(TypeError, "", m.predict, None)
    raises(ValueError, "must hold", m.scores, window, array("i", [0]))
    raises(TypeError, "array('i')", m.scores, window, bytearray(4 * len(m.labels)))
    raises(TypeError, "", m.scores, window, bytes(4 * len(m.labels)))
    raises(ValueError, "(crc)", bnn.Model, data[:-1] + bytes([data[-1] ^ 1]))
    raises(ValueError, "(size)", bnn.Model, b"")
    raises(ValueError, "(size)", bnn.Model, memoryview(bytearray(1) + bytearray(data))[1:])
    raises(AttributeError, "", setattr, m, "hop", 3)
    raises(AttributeError, "", getattr, m, "nothing")

    # A buffer that is resized moves: the model refuses to read where it was.
    grown = bytearray(data)
    m3 = bnn.Model(grown)
    grown.extend(bytes(4096))
    raises(ValueError, "resized", m3.predict, window)
    raises(ValueError, "resized", m3.selftest)
    raises(ValueError, "resized", getattr, m3, "notes")

    facts = (m.name, m.labels, m.channels, m.scales, m.length, m.hop, m.rate_mhz, m.revision)
    facts += (m.notes, m.crc, m.size, m.selftest(), bnn.FORMAT, bnn.__version__)
    print(repr(facts))

    # A model outlives its module.
    sys.modules.pop("bnn", None)  # MicroPython keeps no built-in one there
    del globals()["bnn"]
    gc.collect()
    kept = [bytes([255] * (size % 64 + 1)) for size in range(4000)]
    assert (m.name, m.crc, m.predict(window)) == (facts[0], facts[9], index)
    assert m.selftest() and kept


main(sys.argv[1])
