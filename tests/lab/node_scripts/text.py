# Runs in MicroPython: a text model takes str and all that is bytes. Prints the scores of each line.
import sys
from array import array

import bnn


def main(path, lines):
    with open(path, "rb") as f:
        m = bnn.Model(f.read())
    assert m.selftest()
    out = array("i", bytes(4 * len(m.labels)))
    with open(lines, "rb") as f:
        for line in f.read().split(b"\n"):
            index = m.scores(line, out)
            expected = list(out)
            forms = [bytearray(line), memoryview(b"-" + line)[1:]]
            if all(ch < 0x80 for ch in line):
                forms.append(str(line, "ascii"))
            for form in forms:
                out[0] = 0
                assert m.scores(form, out) == m.predict(form) == index
                assert list(out) == expected
            print(expected)
    for wrong in (array("h", [1, 2]), None, 3):
        try:
            m.predict(wrong)
        except TypeError:
            continue
        raise AssertionError(f"taken as a text: {wrong}")


main(*sys.argv[1:])
