# Runs in MicroPython: a push takes all the heap that it can get. Then the program classifies, and
# writes predictions. Prints the bytes of the largest push that was let in.
import gc
import sys

sys.path.append(sys.argv[1])

from ramfiles import RamFiles

with open(sys.argv[2], "rb") as f:
    MODEL = f.read()
FILES = RamFiles()
FILES.mkdir("/models")
FILES.files["/models/1.bnn"] = bytearray(MODEL)
FILES.install()

from xnornode import Classifier, Link  # noqa: E402
from xnornode.push import Push, Refused  # noqa: E402

classifier = Classifier()
link = Link(classifier)
sample = (0,) * len(classifier.model.channels)


def predict():
    p = None
    while not p:
        p = classifier.feed(sample)
    link.prediction(p)


def let_in(length):
    begin = {"length": length, "sha256": "0" * 64}
    try:
        link._connection.receiver.push = Push(classifier.store, 1, begin)
    except MemoryError:
        return False
    except Refused as error:
        assert error.name == "ram", error.message
        return False
    return True


predict()
taken, size = [None] * 2000, 1 << 20
gc.collect()
island = bytearray(24_000)
for i in range(len(taken)):  # so that the island is all that is left
    while size > 32:
        try:
            taken[i] = bytearray(size)
            break
        except MemoryError:
            size //= 2
del island
gc.collect()
length = 24_000
while not let_in(length):
    gc.collect()
    length -= 16
for _ in range(20):
    predict()
print("largest", length)


def no_room(*_, **__):
    raise MemoryError


# A line that finds no room all the same is missing, and ends the push instead of the program
from xnornode import events  # noqa: E402

emit, events.emit = events.emit, no_room
predict()
events.emit = emit
assert link._connection.receiver.push is None
predict()
