# Runs in MicroPython: what tests/lab/window_sessions.py has made up, on bnn.Window. Prints for each
# session a line of what each operation returned, and of the window's state after it.
import json
import sys
from array import array
from binascii import a2b_base64, crc32, unhexlify
from struct import unpack

import bnn


def number(value):
    return unpack("<f", unhexlify(value))[0] if isinstance(value, str) else value


def sample_of(kind, values):
    if kind == "tuple":
        return tuple([number(v) for v in values])
    if kind == "list":
        return [number(v) for v in values]
    counts = array("h", values)
    return counts if kind == "array" else bytes(counts)


def block_of(kind, text):
    data = a2b_base64(text)
    if kind == "bytes":
        return data
    if kind == "odd":
        return memoryview(bytearray(b"\0" + data))[1:]
    counts = array("h", [0]) + array("h", data)
    return memoryview(counts)[1:]


def begin(given):
    global window, channels
    window = bnn.Window(*given)
    channels = given[1]


def do(name, kind, given, start=0):
    """What an operation returns, and the window's state after it."""
    global window
    result = 0
    if name == "add":
        result = int(window.add(sample_of(kind, given)))
    elif name == "fill":
        result = window.fill(block_of(kind, given), start)
    elif name == "gap":
        result = int(window.add(None))
    elif name == "clear":
        window.clear()
    else:
        fresh = bnn.Window(*given)
        fresh.take(window)
        window = fresh
    held = bytes(memoryview(window))[: 2 * window.at * channels]
    return [result, window.at, int(window.complete), window.saturated, crc32(held)]


def main(path):
    with open(path) as f:
        for line in f:
            session = json.loads(line)
            begin(session["window"])
            print(json.dumps([do(*operation) for operation in session["operations"]]))


if getattr(sys, "argv", ())[1:]:
    main(sys.argv[1])
