"""Where the versions of the node's library are on a board (docs/reference/library.md)."""

LIBRARY = "/lib/xnornode"
"""Where the node's library is."""
NEW, OLD = LIBRARY + "_new", LIBRARY + "_old"
"""Where the version that arrives is, and the one before."""
TRIAL = LIBRARY + ".py"
"""What is imported as `xnornode` while there is no folder LIBRARY."""

COMMON = f"""
import json, os
HERE, NEW, OLD = {LIBRARY!r}, {NEW!r}, {OLD!r}
def names(path):
    try: return os.listdir(path)
    except OSError: return []
def is_folder(path):
    try: return os.stat(path)[0] & 0x4000
    except OSError: return 0
def files(folder):
    for name in names(folder):
        path = folder + '/' + name
        if is_folder(path): yield from files(path)
        else: yield path
def remove(folder, keep=()):
    for name in names(folder):
        path = folder + '/' + name
        if is_folder(path): remove(path, keep)
        elif path not in keep: os.remove(path)
    if is_folder(folder) and not names(folder): os.rmdir(folder)
"""
"""Functions for code that goes to a board."""
SETTLE = (
    COMMON
    + f"""
if not is_folder(HERE):
    if 'trial.up' in names(NEW): os.rename(NEW, HERE)
    elif is_folder(OLD):
        os.rename(OLD, HERE)
        for n in names(NEW):
            if n[:6] == 'trial.': os.remove(NEW + '/' + n)
if 'trial.up' in names(HERE): os.remove(HERE + '/trial.up')
if is_folder(HERE) and {TRIAL[5:]!r} in names('/lib'): os.remove({TRIAL!r})
"""
)
"""Ends a trial, of which the board is at its REPL: the best version gets the library's place."""
