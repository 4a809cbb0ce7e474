# Runs in MicroPython: a loop of one's own whose samples come too fast, by a clock of its own, and a
# sensor that loses samples and is clipped. Prints the node's events, for test_supervisor.py.
import sys
from array import array

from xnornode import Classifier, events
from xnornode.classifier import Prediction
from xnornode.runner import Losses


class Clock:
    now = 0

    def ticks_ms(self):
        return self.now

    def ticks_diff(self, a, b):
        return a - b


class Thing:
    name = "mine"
    overruns = saturated = 0


clock = Clock()
events.time = clock
clf = Classifier(sys.argv[1])
hop_ms = 1_000_000 * clf.model.hop // clf.model.rate_mhz
link = events.Events(clf)
thing = Thing()
losses = Losses(thing, thing, link)
scores = array("i", [1] * len(clf.model.labels))
while clock.now < 180_000:
    clock.now += hop_ms // 2
    thing.overruns += 1
    thing.saturated += 2
    link.prediction(Prediction("a", 0, scores, 1, "a", None, False, False))
    losses.check()
