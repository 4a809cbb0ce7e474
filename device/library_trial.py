"""The library `xnornode` while a new version of it is on trial (docs/reference/library.md).

On the node this is /lib/xnornode.py. A folder /lib/xnornode comes before it, so it runs only
between the switch to a new version and the end of its trial. Whole in itself, so that no version
of the library can break it.
"""

import gc
import os
import sys

HERE, NEW, OLD = "/lib/xnornode", "/lib/xnornode_new", "/lib/xnornode_old"
STARTS = 3  # after so many without `came_up` the previous version is back
RESET_MS = 60_000  # after which a version that hangs is started again, where there is a timer
__path__ = HERE
TIMERS = (-1, 3, 1) if sys.platform == "esp32" else (-1,)  # elsewhere others may be a program's
_timer = None
_on_trial = False
_threshold = gc.threshold()


def _names(folder: str) -> "list[str]":
    try:
        return os.listdir(folder)
    except OSError:
        return []


def _start() -> None:
    """Choose the version of this start, and count the start."""
    global __path__, _on_trial
    marks = [name for name in _names(NEW) if name.startswith("trial.")]
    mark = marks[0] if marks else ""
    count = int(mark[6:]) if mark[6:].isdigit() else STARTS
    if mark == "trial.up":
        _take(NEW)
    elif count < STARTS or not _names(OLD):
        __path__, _on_trial = NEW, True
        try:
            if count < STARTS:
                os.rename(NEW + "/" + mark, f"{NEW}/trial.{count + 1}")
        except OSError:
            pass  # a start that cannot be counted is one all the same
        _arm()
    else:
        _back(f"{STARTS} starts, and it did not come up")


def _take(folder: str) -> None:
    """Give a version the library's place, from now on."""
    global __path__
    try:
        os.rename(folder, HERE)
        if "trial.up" in _names(HERE):
            os.remove(HERE + "/trial.up")
    except OSError:
        pass  # it works where it is, too
    __path__ = HERE if _names(HERE) else folder


def _arm() -> None:
    global _timer
    for number in TIMERS:
        try:
            from machine import Timer, reset

            _timer = Timer(number, mode=Timer.ONE_SHOT, period=RESET_MS, callback=lambda _: reset())
            return
        except Exception:
            pass  # no such timer: without any, a watchdog or its owner starts the board again


def _back(why: str) -> None:
    """Use the previous version from now on."""
    global _on_trial
    _on_trial = False
    _take(OLD)
    _disarm()
    print("xnornode: back to the previous version:", why)
    try:
        for name in _names(NEW):
            if name.startswith("trial."):
                with open(NEW + "/" + name, "w", encoding="utf-8") as f:
                    f.write(why)
                os.rename(NEW + "/" + name, NEW + "/failed")
    except OSError:
        pass  # the next update finds what the last one left


def _disarm() -> None:
    global _timer
    if _timer:
        _timer.deinit()
    _timer = None  # a program may have this timer from now on


def _forget() -> None:
    """Take all parts of the new version out of memory."""
    for name in list(sys.modules):
        if name.startswith("xnornode."):
            del sys.modules[name]
            globals().pop(name[9:], None)
    gc.threshold(_threshold)  # which the version's `__init__` may have left changed
    gc.collect()


def _import() -> None:
    """Run the version's own `__init__`, and have its names here."""
    __import__("xnornode.__init__")
    init = sys.modules["xnornode.__init__"]
    for name in dir(init):
        if name == "__version__" or name[:2] != "__":
            globals()[name] = getattr(init, name)


def came_up() -> None:
    """End the trial: the version that runs is good. The library calls this."""
    _disarm()
    try:
        for name in _names(NEW) if _on_trial else ():
            if name.startswith("trial."):
                os.rename(NEW + "/" + name, NEW + "/trial.up")
    except OSError:
        pass  # at the next start then


_start()
try:
    _import()
except Exception as error:
    if not _on_trial or not _names(OLD):
        raise
    _forget()
    _back(f"{type(error).__name__}: {error}")
    _import()
