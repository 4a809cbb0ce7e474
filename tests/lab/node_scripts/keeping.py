# Runs in MicroPython: a Keeper that gets samples from a file, and what becomes of it.
# Argument: a folder, with keep.json, and plan.json: channels, scales, and what happens in turn:
# ["block", samples], ["gap"], ["step", times], ["hour"], ["model", path], ["start"],
# ["forget", number]; ["second core"] first of all for a Background. Prints JSON: the facts, then
# what was warned of, then each prediction's answer and confidence.
import json
import sys
from array import array

from keepparts import Heard, Playing

from xnornode import Classifier
from xnornode.keeper import Keeper, open_keeper
from xnornode.kept import Kept

FOLDER = sys.argv[1]
with open(FOLDER + "/plan.json") as f:
    CHANNELS, SCALES, PLAN = json.load(f)


def begin(link):
    return open_keeper(sensor, classifier, link, FOLDER + "/keep.json", FOLDER + "/kept")


sensor = Playing(CHANNELS, SCALES)
if PLAN[0] == ["second core"]:
    from xnornode.second_core import Background

    classifier = Background(FOLDER + "/first.bnn")
    classifier.use(sensor)
else:
    classifier = Classifier(FOLDER + "/first.bnn", sensor)
link = Heard()
keeper = begin(link)
width = len(CHANNELS)
with open(FOLDER + "/samples.bin", "rb") as f:
    for what, *given in PLAN:
        if what == "block":
            view = memoryview(array("h", f.read(2 * width * given[0])))
            if keeper:
                keeper.feed(view)
            else:
                for p in classifier.feed_block(view):
                    link.prediction(p)
        elif what == "gap":
            classifier.feed(None)
            keeper.clear()
        elif what == "step":
            for _ in range(given[0]):
                keeper.step()
        elif what == "hour":
            keeper.ms += 3_600_000
        elif what == "model":
            classifier.swap(Classifier(FOLDER + given[0], sensor))
        elif what == "start":
            keeper.close()
            keeper = begin(link)
        elif what == "forget":
            keeper.kept.forget(given[0])
facts = keeper.kept.facts() if keeper else Kept(FOLDER + "/kept", FOLDER + "/keep.json").facts()
assert keeper is None or isinstance(keeper, Keeper)
print(json.dumps(facts))
print(json.dumps(link.warned))
print(json.dumps(link.said))
