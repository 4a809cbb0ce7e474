# Runs in MicroPython: drift.py HOW MODEL PLAIN WINDOWS. `bnn.Drift` of a model, windows in a file
# one after the other; HOW is module, classifier or background. Prints (level, flagged, [channel,
# statistic, moved ...]) for each window. PLAIN is a model without drift.
import gc
import sys
from array import array

import bnn

from xnornode import Classifier, second_core


def raises(kind, text, call, *args):
    try:
        call(*args)
    except kind as error:
        assert text in str(error), error
        return
    raise AssertionError(f"no {kind.__name__}: {text}")


def read(path):
    with open(path, "rb") as f:
        return bytearray(f.read())


def show(drift):
    watched = []
    i = 0
    while drift.moved(i) is not None:
        watched.append(drift.moved(i))
        i += 1
    assert drift.moved(-1) is None
    print((drift.level, drift.flagged, watched))


def check(model, plain, window):
    scores = array("i", bytes(4 * len(model.labels)))
    drift = bnn.Drift(model)
    assert model.drift and not plain.drift
    raises(ValueError, "no drift", bnn.Drift, plain)
    raises(TypeError, "bnn.Model", bnn.Drift, None)
    raises(TypeError, "bnn.Drift", model.scores, window, scores, model)
    raises(ValueError, "another model", plain.scores, window, scores, drift)
    raises(AttributeError, "", setattr, drift, "level", 0)
    raises(AttributeError, "", getattr, drift, "nothing")
    assert drift.ram <= 96  # with its type and its model, on 64 bits
    model.scores(window, scores, None)
    assert drift.level == 0
    gc.collect()
    gc.disable()
    before = gc.mem_alloc()
    for _ in range(100):
        model.scores(window, scores, drift)
    assert gc.mem_alloc() - before < 64, gc.mem_alloc() - before
    gc.enable()
    drift.clear()
    assert drift.level == 0 and not drift.flagged


def main(how, path, plain, windows_path):
    clf = second_core.Background(path) if how == "background" else Classifier(path)
    other = Classifier(plain)
    data = memoryview(read(windows_path))
    model = clf.model
    size = 2 * model.length * len(model.channels)
    if how == "module":
        check(model, other.model, data[:size])
        drift, scores = bnn.Drift(model), array("i", bytes(4 * len(model.labels)))
    for at in range(0, len(data), size):
        window = data[at : at + size]
        if how == "module":
            model.scores(window, scores, drift)
        else:
            assert model.hop == model.length  # windows do not overlap
            clf.feed_block(window)
            if how == "background":
                clf.finish()
            drift = clf.drift
        show(drift)
    if how != "module":
        ram = clf.ram
        clf.swap(other)
        assert clf.drift is None
        clf.swap(Classifier(path))
        assert clf.drift.level == 0 and (how == "background" or clf.ram == ram)


main(*sys.argv[1:])
