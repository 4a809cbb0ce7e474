# Runs in MicroPython: a model's buffer changes in place after the load, byte by byte and whole.
# Nothing but wrong scores may follow. Prints how many changes there were.
import sys
from array import array

import bnn


def main(path):
    with open(path, "rb") as f:
        data = f.read()
    changes = 0
    for fill in (0, 1, 0x7F, 0x80, 0xFF):
        buffer = bytearray(data)
        model = bnn.Model(buffer)
        window = b"any text at all, " * 9
        if model.channels != ("text",):
            window = array("h", range(model.length * len(model.channels)))
        expected = model.predict(window)
        for at in range(len(buffer)):
            buffer[at] = fill
            assert 0 <= model.predict(window) < len(model.labels)
            model.selftest()
            buffer[at] = data[at]
            changes += 1
        assert model.predict(window) == expected and model.selftest()
        for at in range(len(buffer)):
            buffer[at] = fill
        assert 0 <= model.predict(window) < len(model.labels)
        assert not model.selftest() or fill == 0
        try:
            assert len(model.notes) == len(bnn.Model(data).notes)
        except UnicodeError:  # they are no text any more
            assert fill & 0x80 and bnn.Model(data).notes
        assert (model.labels, model.size) == (bnn.Model(data).labels, len(data))
    print(changes)


main(sys.argv[1])
