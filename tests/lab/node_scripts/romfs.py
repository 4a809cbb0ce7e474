# Runs in MicroPython: what Classifiers of files take. The first argument is a ROMFS image to mount
# at /rom ("": there is one already), the others are paths. Prints a list for each path: bytes used
# in place, bytes of heap, Classifier.ram, microseconds of 20 predictions, scores.
import gc
import sys
import time
from array import array

from xnornode import Classifier
from xnornode.romfs import mapped

if sys.platform == "rp2":
    from machine import disable_irq, enable_irq
else:

    def disable_irq():
        pass

    def enable_irq(state):
        pass


def look(path):
    in_place = mapped(path)
    size = 0 if in_place is None else len(in_place)
    in_place = None
    gc.collect()
    before = gc.mem_free()
    clf = Classifier(path)
    gc.collect()
    taken = before - gc.mem_free()
    model = clf.model
    assert model.selftest()
    window = array("h", [37 * i % 4001 - 2000 for i in range(model.length * len(model.channels))])
    scores = array("i", bytes(4 * len(model.labels)))
    state = disable_irq()
    start = time.ticks_us()
    for _ in range(20):
        model.scores(window, scores)
    took = time.ticks_diff(time.ticks_us(), start)
    enable_irq(state)
    return [size, taken, clf.ram, took, list(scores)]


def main(image, *paths):
    if image:
        import vfs

        with open(image, "rb") as f:
            vfs.mount(vfs.VfsRom(f.read()), "/rom")
    look(paths[0])  # so that what is made only once is not counted
    for path in paths:
        print(look(path))


main(*(globals().get("ARGUMENTS") or sys.argv[1:]))
