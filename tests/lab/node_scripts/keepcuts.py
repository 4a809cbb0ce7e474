# Runs in MicroPython: each power cut while windows are kept, overwritten and forgotten, on littlefs
# in a flash chip in RAM: before each operation, with half of it done, with any part of it done.
# micropython keepcuts.py [--careless] MODEL; prints a JSON object a step.
import json
import os
import sys
from array import array
from binascii import crc32

from keepparts import Heard, Playing
from ramflash import RamFlash, mount, power_cuts, vfs

from xnornode import Classifier
from xnornode.keeper import Keeper
from xnornode.kept import Kept

ROOT = "/flash"
FOLDER = ROOT + "/kept"
SETTINGS = {"bytes": 3 * 4096, "below": 1000, "per_hour": 60}
SECTORS = 48


class Power:
    """A node that keeps windows, from its start to the next power cut."""

    def __init__(self, flash, model):
        mount(flash, ROOT)
        self.kept = Kept(FOLDER)
        sensor = Playing(("accel x (g)", "accel y (g)"), (122_070, 122_070))
        classifier = Classifier(model, sensor)
        self.model = classifier.model
        self.link = Heard()
        self.keeper = Keeper(sensor, classifier, self.link, SETTINGS, self.kept)

    def keep(self, count):
        """Keep so many windows."""
        end, n = self.kept.next + count, 2 * self.model.length
        for turn in range(20 * count):  # of some windows the model is quite sure
            if self.kept.next == end:
                return
            self.keeper.ms += 3_600_000
            values = [(7919 * (i + turn + 100 * end)) % 4001 - 2000 for i in range(n)]
            self.keeper.feed(memoryview(array("h", values)))
            for _ in range(60):
                self.keeper.step()
        raise AssertionError((self.keeper.why, self.link.warned))

    def off(self):
        self.keeper.close()
        vfs.umount(ROOT)


def contents():
    """The CRC of each window that is whole, by its number. Raises AssertionError."""
    found = {}
    for name in os.listdir(FOLDER) if "kept" in os.listdir(ROOT) else []:
        if not name.endswith(".rec"):
            continue
        with open(FOLDER + "/" + name, "rb") as f:
            data = f.read()
        end = data.find(b"\n")
        said = data[end - 10 : end - 2]
        crc = crc32(data[end + 1 :], crc32(data[: end - 18]))
        assert said == b"%08x" % crc, "a window that is not whole: " + name
        found[int(name[:-4])] = crc
    return found


def step(name, flash, model, what):
    """Do something to a node, then look at each power cut within it."""
    mount(flash, ROOT)  # which formats a new one
    first, before = Kept(FOLDER), contents()
    vfs.umount(ROOT)
    start = bytes(flash.image)
    flash.log.clear()
    power = Power(flash, model)
    what(power)
    whole, last = contents(), Kept(FOLDER)
    power.off()
    erases = sum(data is None for _, data in flash.log)
    count, states = {}, set()
    for how, k, image in power_cuts(start, flash.log):
        try:
            states.add(check(RamFlash(image=image), model, first, last, before, whole))
        except Exception as error:
            print(f"{name}: power cut {how} operation {k} of {len(flash.log)}", file=sys.stderr)
            raise error
        count[how] = count.get(how, 0) + 1
    told = {"step": name, "operations": len(flash.log), "erases": erases, "cuts": count}
    print(json.dumps(dict(told, states=len(states))))


def check(flash, model, first, last, before, whole):
    """What a cut has left, and that the node goes on with it."""
    mount(flash, ROOT)
    there, kept = contents(), Kept(FOLDER)
    assert kept.numbers == sorted(there)
    assert first.next <= kept.next <= last.next, "a number that was used"
    assert first.total <= kept.total <= last.total
    assert kept.ring == first.ring or not first.ring
    for number, crc in there.items():
        for known in (before, whole):
            assert known.get(number, crc) == crc, "a number for two windows"
    vfs.umount(ROOT)
    power = Power(flash, model)
    power.keep(1)
    found = contents()
    assert kept.next in found and kept.next not in there
    assert len(found) <= SETTINGS["bytes"] // 4096
    power.off()
    return tuple(sorted(there))


def careless(self, size):
    """A ring that writes a window into its place."""
    with open(self.part, "rb") as f:
        data = f.read()
    with open(self.path(self.next), "wb") as f:
        f.write(data[:700])
        f.flush()
        f.write(data[700:])
    self.numbers.append(self.next)
    self._sizes.append(size)
    self.next += 1
    self.total += size


def main(path, *more):
    if path == "--careless":
        Kept.add = careless
        (path,) = more
    with open(path, "rb") as f:
        model = f.read()
    flash = RamFlash(SECTORS)
    step("first", flash, model, lambda power: power.keep(2))
    step("overwritten", flash, model, lambda power: power.keep(3))
    step("forgotten", flash, model, lambda power: power.kept.forget(10**6))
    step("after that", flash, model, lambda power: power.keep(2))
    power = Power(flash, model)
    flash.log.clear()
    power.keep(100)
    erases = [at for at, data in flash.log if data is None]
    worst = max([erases.count(at) for at in set(erases)])
    told = {"windows": 100, "erases": len(erases), "blocks": len(set(erases)), "most": worst}
    print(json.dumps(dict(told, step="wear", said=power.kept.facts()["erases"])))
    power.off()


main(*sys.argv[1:])
