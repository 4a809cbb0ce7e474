# Runs in MicroPython: what the link to a broker takes of the heap, by stages, and the time that a
# step takes while nothing comes. Arguments: folder, port of the broker.
import gc
import sys
import time

from xnornode import Classifier, Link
from xnornode.model_store import Store

folder, port = sys.argv[1], int(sys.argv[2])
store = Store(folder + "/models", folder + "/model.bnn")
clf = Classifier(store)
link = Link(clf)
at = 0


def say(what):
    global at
    gc.collect()
    now = gc.mem_alloc()
    print("STAGE", now - at, what)
    at = now


def classify(link, count):
    made = 0
    sample = 0
    while made < count:
        sample += 1
        p = clf.feed((sample * 37 % 2000 - 1000, sample * 91 % 2000 - 1000))
        if p:
            link.prediction(p)
            made += 1
        link.step(2000)


def turns(link, count):
    start = time.ticks_us()
    for _ in range(count):
        link.step(1)
    return time.ticks_diff(time.ticks_us(), start)


classify(link, 5)
link.close()
del link
say("the program without a link over the network")
from xnornode import net, wires  # noqa: E402

say("code of links over TCP, `net` and `wires`")
from xnornode import mqtt  # noqa: E402

say("code of `mqtt`")
net.FIRST_MS = net.LONGEST_MS = 20
link = Link(clf, stream=mqtt.connect("127.0.0.1", port, ("push",), "kitchen"))
say("three streams, before the broker is there")
client = wires.WIRES[0].stream._client
while not client._let_in:
    link.step(2000)
classify(link, 50)
say("connected, 50 predictions later")
print("TURN", turns(link, 2000) // 2000)
print("READY")
while not client.places[0].word or client.places[0].goes:
    link.step(2000)
while client.places[0].word:
    link.step(2000)
say("after a client's push (the model is another one)")
sys.stdin.readline()
while client._let_in:
    link.step(2000)
classify(link, 200)
say("the broker is away, and the queue is full")
print("DROPPED", client.queue.dropped)
