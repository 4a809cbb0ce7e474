# Runs in MicroPython with -i: a board at its REPL whose filesystem is littlefs in RAM. `save` hands
# its flash to the host.
import os
import sys

from ramflash import RamFlash, vfs

SECTORS = 64
flash = RamFlash(SECTORS)
vfs.VfsLfs2.mkfs(flash, progsize=256)
fs = vfs.VfsLfs2(flash, progsize=256)
vfs.umount("/")
vfs.mount(fs, "/")
vfs.mount(vfs.VfsPosix("/"), "/host")
os.mkdir("/lib")
os.chdir("/")
sys.path[:] = ["", "/lib"]


def load(folder):
    """Give it another flash."""
    global fs
    with open("/host" + folder + "/image", "rb") as f:
        flash.image[:] = f.read()
    flash.log.clear()
    vfs.umount("/")
    fs = vfs.VfsLfs2(flash, progsize=256)
    vfs.mount(fs, "/")


def save(folder):
    """What is in the flash, and what was done to it since the last time."""
    with open("/host" + folder + "/image", "wb") as f:
        f.write(flash.image)
    with open("/host" + folder + "/log", "wb") as f:
        for at, data in flash.log:
            f.write(at.to_bytes(4, "little") + bytes([data is not None]) + (data or b""))
    flash.log.clear()
