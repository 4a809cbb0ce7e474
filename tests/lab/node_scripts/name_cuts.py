# Runs in MicroPython: every power cut while a node gets a name, another one, and none, on littlefs
# in a flash chip in RAM. Prints for each step which names were there after the cuts.
from ramflash import RamFlash, mount, power_cuts, vfs

from xnornode.identity import read_name, write_name

ROOT = "/flash"
FILE = ROOT + "/node.json"
flash = RamFlash()
mount(flash, ROOT)
vfs.umount(ROOT)
for before, after in (("", "kitchen"), ("kitchen", "attic"), ("attic", "")):
    start = bytes(flash.image)
    flash.log.clear()
    mount(flash, ROOT)
    write_name(FILE, after)
    vfs.umount(ROOT)
    found = set()
    for _, _, image in power_cuts(start, flash.log):
        chip = RamFlash(image=image)
        mount(chip, ROOT)
        name = read_name(FILE)
        assert name in (before, after), name
        found.add(name)
        write_name(FILE, "cellar")  # and it goes on
        assert read_name(FILE) == "cellar"
        vfs.umount(ROOT)
    print(before or "-", after or "-", len(flash.log), sorted(found) == sorted((before, after)))
