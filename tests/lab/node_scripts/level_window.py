# Runs in MicroPython: what tests/lab/stream_sessions.py has made up, on bnn.Window of a model.
# Prints for each session a line of states.
import json
import sys
from array import array
from binascii import a2b_base64, crc32

import bnn


def state(model, window):
    held, scores = 0, array("i")
    if window.complete:
        held = crc32(memoryview(window))
        scores = array("i", bytes(4 * len(model.labels)))
        model.scores(window, scores)
    return [window.at, int(window.complete), window.saturated, held, list(scores)]


def run(first, second, samples, ratios, width, operations):
    models = [bnn.Model(a2b_base64(text)) for text in (first, second)]
    windows = [bnn.Window(model, ratios, width, "names") for model in models]
    samples = memoryview(array("h", a2b_base64(samples)))
    which, states = 0, []
    for name, count in operations:
        while True:
            window, taken = windows[which], 0
            if name == "f":
                taken = window.fill(samples[: count * width])
            elif name == "a":
                while taken < count:
                    taken += 1
                    if window.add(tuple(samples[(taken - 1) * width : taken * width])):
                        break
            elif name == "c":
                window.clear()
            else:
                fresh = windows[1 - which]
                fresh.take(window)
                # What a classifier does: its window stays the same object
                window.trade(fresh)
                windows.reverse()
                which = 1 - which
            samples, count = samples[taken * width :], count - taken
            states.append(state(models[which], windows[which]))
            if count <= 0:
                break
    return states


def refused(text, function, *given):
    try:
        function(*given)
    except (TypeError, ValueError) as error:
        assert text in str(error), error
    else:
        raise AssertionError(f"{given} was taken")


def check_errors(file):
    """What is refused leaves the window as it was."""
    model, other = bnn.Model(a2b_base64(file)), bnn.Model(a2b_base64(file))
    window = bnn.Window(model)
    channels = len(model.channels)
    window.fill(array("h", [i % 999 for i in range(model.length * channels)]))
    before = bytes(memoryview(window))
    assert window.complete and any(before) and window.ram > len(before)
    refused("another model", other.predict, window)
    refused("takes", model.predict, memoryview(window))
    refused("channels", bnn.Window(4, channels + 1, 1).take, window)
    refused("width other", bnn.Window, model, None, channels + 1)
    refused("", bnn.Window, model, None, None)
    refused("", bnn.Window, model, None, 1, "", 5)
    refused("", bnn.Window, 4, 1)
    refused("values", window.add, (1,) * (channels + 1))
    refused("not whole", window.fill, bytes(2 * channels - 2 or 1))
    assert window.complete and bytes(memoryview(window)) == before
    assert 0 <= model.predict(window) < len(model.labels)
    window.add(None)
    assert (window.at, window.complete) == (0, False)


def main(path):
    with open(path) as f:
        check_errors(f.readline())
        for line in f:
            print(json.dumps(run(*json.loads(line))))


main(sys.argv[1])
