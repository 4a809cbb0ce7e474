# Runs in MicroPython: starts a board from its flash, and after every power cut of what was done to
# it and of the starts themselves. micropython library_cuts.py FOLDER MODEL STARTS [KIND...]
# KIND: "before", "shreds of" (tests/lab/node_scripts/ramflash.py), or "deaf": never ready.
# Prints a JSON object a start: what version classified, or what went wrong.
import gc
import json
import os
import sys

from ramflash import PAGE, RamFlash, power_cuts, vfs

HOST = "/host"


def read(path):
    with open(HOST + path, "rb") as f:
        return f.read()


def operations(path):
    data, at, found = read(path), 0, []
    while at < len(data):
        offset, is_page = int.from_bytes(data[at : at + 4], "little"), data[at + 4]
        at += 5
        found.append((offset, data[at : at + PAGE] if is_page else None))
        at += PAGE * is_page
    return found


def start(image, model, come_up=True):
    """Power on: the version that classifies. The flash afterwards, and what was done to it."""
    gc.disable()  # the library has garbage collected all the time as it is imported
    flash = RamFlash(image=image)
    vfs.mount(vfs.VfsLfs2(flash, readsize=PAGE, progsize=PAGE), "/")
    os.chdir("/")
    for name in list(sys.modules):
        if name == "xnornode" or name.startswith("xnornode."):
            del sys.modules[name]
    try:
        import xnornode
        from xnornode.own import OWN
        from xnornode.sensors.own import PART

        assert xnornode.Classifier(model).model.selftest() and OWN + PART == "owners"
        from xnornode.events import emit

        emit("ready" if come_up else "hello")
        import xnornode.sensors.sensor

        return xnornode.__version__, flash
    except (Exception, KeyboardInterrupt) as error:
        return f"{type(error).__name__}: {error}", flash
    finally:
        vfs.umount("/")
        gc.collect()


def main(folder, model, starts, *kinds):
    model = read(model)
    image, log = read(folder + "/image"), operations(folder + "/log")
    steps = []
    if "before" in kinds:
        before = read(folder + "/before")
        steps.append(("update", before, log))
    for n in range(int(starts)):
        version, flash = start(image, model, "deaf" not in kinds)
        print(json.dumps({"start": n, "version": version}))
        steps.append(("start", image, list(flash.log)))
        image = bytes(flash.image)
    for name, before, log in steps if "before" in kinds else ():
        for how, k, cut in power_cuts(before, log):
            if how not in kinds:
                continue
            first, flash = start(cut, model)
            versions = [first]
            if name == "start" and how == "before":
                versions.append(start(bytes(flash.image), model)[0])
            said = {"step": name, "cut": how, "at": k, "of": len(log), "versions": versions}
            print(json.dumps(said))


vfs.umount("/")
vfs.mount(vfs.VfsPosix("/"), HOST)
sys.path[:] = ["", "/lib"]
main(*sys.argv[1:])
