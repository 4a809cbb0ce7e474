# Runs in MicroPython: a Classifier with a sensor whose counts are others than the model's. Prints
# the scores of each window, and how the node refuses a model that does not match.
import json
import sys
from array import array

from xnornode import Classifier
from xnornode.model_manager import ModelManager
from xnornode.model_store import Store
from xnornode.push import Refused


class Sensor:
    channels = ("accel z (g)", "t (°C)", "accel y (g)", "accel x (mg)")
    scales = (1500, 1, 777, 10**6)


def read(name):
    with open(folder + "/" + name, "rb") as f:
        return bytearray(f.read())


folder = sys.argv[1]
clf = Classifier(folder + "/first.bnn")
clf.use(Sensor())
models = ModelManager(Store(folder + "/models"), clf)
block = array("h", read("samples"))
for p in clf.feed_block(memoryview(block)[: 30 * 4]):
    print(json.dumps(list(p.scores)))
other = models.load(read("second.bnn"), "")
assert other.sensor is clf.sensor
clf.swap(other)
assert clf.window.at == 0, "counts of the other model"
for at in range(30 * 4, 60 * 4, 4):
    p = clf.feed(tuple(block[at : at + 4]))
    if p:
        print(json.dumps(list(p.scores)))
window = clf.window
try:
    clf.use(type("Lame", (), {"channels": ("accel x (g)",), "scales": (1,)})())
except ValueError as error:
    assert "accel y (g)" in str(error)
else:
    raise AssertionError("a sensor of one channel was taken")
assert clf.window is window and clf.sensor is other.sensor
try:
    clf.feed((1, 2, 3))
except ValueError as error:
    assert "4: accel z (g), t" in str(error), error
try:
    models.load(read("other.bnn"), "")
except Refused as refused:
    print(refused.name, refused.message)
