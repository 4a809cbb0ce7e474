# Runs in MicroPython: every power cut of a set-up, pushes, starts and a rollback, on littlefs in a
# flash chip in RAM: before each operation, with half of it done, and with any part of it done.
# micropython powercuts.py [--careless] WINDOW MODEL MODEL MODEL; prints a JSON object a step.
import gc
import hashlib
import json
import os
import sys

from host_lines import escape, seal
from ramflash import RamFlash, mount, power_cuts, vfs

from xnornode import Classifier
from xnornode.model_manager import ModelManager
from xnornode.model_store import Store, read
from xnornode.receiver import Receiver

ROOT = "/flash"
CHUNK = 1024


def digest(data):
    return hashlib.sha256(data).digest().hex()


class Power:
    """A node from its start to the next power cut. flash: what its chip holds."""

    def __init__(self, flash, running=True):
        self.flash = flash
        mount(flash, ROOT)
        self.store = Store(ROOT + "/models", ROOT + "/model.bnn")
        self.classifier = Classifier(self.store) if running else None
        self.node = ModelManager(self.store, self.classifier)
        self.receiver = Receiver(self.store, self.node, 7)

    def off(self):
        self.receiver.let_go()
        vfs.umount(ROOT)

    def send(self, body):
        _, fields = self.receiver.line(memoryview(seal(body)))
        return fields

    def command(self, **fields):
        answer = self.send(json.dumps(fields)[:-1].encode())
        assert "error" not in answer, answer
        return answer

    def push(self, data):
        about = {"length": len(data), "sha256": digest(data), "revision": 0, "name": "m"}
        answer = self.command(cmd="begin", id=1, protocol=1, **about)
        if "active" in answer:
            return
        push, at = answer["push"], answer["at"]
        while at < len(data):
            chunk = escape(data[at : at + CHUNK])
            answer = self.send(b'{"push":%d,"at":%d,"data":"%s"' % (push, at, chunk))
            assert answer["at"] > at, answer
            at = answer["at"]
        self.command(cmd="end", id=2, push=push)

    def rollback(self, data):
        self.command(cmd="rollback", id=3, to=digest(data))

    def classify(self, models, window):
        """The model that classifies: its file, its scores."""
        c = self.classifier
        data = read(next(slot for slot in self.store.slots() if slot.number == c.number).path)
        assert data in models, "a model that nobody made"
        samples = [window[i : i + len(c.model.channels)] for i in range(0, 32, 2)]
        found = None
        for sample in samples:
            found = c.feed(sample) or found
        assert found.scores == Classifier(bytes(data)).feed_all(samples).scores
        return bytes(data)


def feed_all(self, samples):
    found = None
    for sample in samples:
        found = self.feed(sample) or found
    return found


Classifier.feed_all = feed_all


def check(image, allowed, window, goal):
    """The node starts from an image of its flash, classifies, and takes the push once more."""
    flash = RamFlash(image=image)
    power = Power(flash)
    active = power.classify(allowed, window)
    power.node.confirm()
    power.push(goal)
    assert power.classify([goal], window) == goal
    power.off()
    return active


def step(name, flash, what, allowed, window, goal, empty=False):
    """Do something to a node, then look at each power cut within it."""
    start = bytes(flash.image)
    flash.log.clear()
    what(flash)
    seen, count = {}, {}
    for how, k, image in power_cuts(start, flash.log):
        try:
            set_up = not empty or has_model(image)
            active = check(image, allowed, window, goal) if set_up else None
        except Exception as error:
            print(f"{name}: power cut {how} operation {k} of {len(flash.log)}", file=sys.stderr)
            raise error
        seen[active] = seen.get(active, 0) + 1
        count[how] = count.get(how, 0) + 1
    gc.collect()
    found = [seen.get(None, 0)]
    found.extend(seen.get(model, 0) for model in allowed)
    n = len(flash.log)
    print(json.dumps({"step": name, "operations": n, "cuts": count, "active": found}))


def has_model(image):
    """Whether a node that is being set up for the first time has its model yet."""
    flash = RamFlash(image=image)
    mount(flash, ROOT)
    store = Store(ROOT + "/models", ROOT + "/model.bnn")
    found = bool(store.slots())
    vfs.umount(ROOT)
    return found


def remove_first(self, sha256):
    """A store that makes room before it has the new model."""
    for slot in self.slots():
        os.remove(slot.path)
    return commit(self, sha256)


commit = Store.commit


def main(window, *files):
    if window == "--careless":
        Store.commit = remove_first
        window, *files = files
    window = json.loads(window)
    models = []
    for file in files:
        with open(file, "rb") as f:
            models.append(f.read())
    one, two, three = models

    def first(flash):
        power = Power(flash, running=False)
        power.push(one)
        power.off()

    def pushes(data):
        def push(flash):
            power = Power(flash)
            power.push(data)
            power.classify([data], window)
            power.node.confirm()
            power.off()

        return push

    def starts(flash):
        for _ in range(5):
            Power(flash).off()

    def roll(flash):
        power = Power(flash)
        power.rollback(two)
        power.off()

    flash = RamFlash()
    step("set-up", flash, first, [one], window, one, empty=True)
    step("push", flash, pushes(two), [one, two], window, two)
    step("third push", flash, pushes(three), [two, three], window, three)
    step("rollback", flash, roll, [two, three], window, two)
    step("push again", flash, pushes(one), [two, one], window, one)
    trial = RamFlash(image=flash.image)
    power = Power(trial)
    power.push(three)
    power.off()
    step("starts without a window", trial, starts, [three, one], window, two)


main(*sys.argv[1:])
