"""The steps of an update of the node's library, on a board at its REPL (docs/reference/library.md).

Everything that is done here leaves a whole version in charge, wherever it stops.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass

from xnornode.board import main_file
from xnornode.board.assets import LIBRARY_TRIAL
from xnornode.board.facts import ask
from xnornode.board.install import Installer, Progress, needed
from xnornode.board.library_places import COMMON, LIBRARY, NEW, OLD, SETTLE, TRIAL
from xnornode.errors import LinkError
from xnornode.link.messages import Count
from xnornode.link.reach import Say
from xnornode.link.repl import Board

_ROOM = (
    COMMON
    + """
known = set(%s)
own = sum(-(-os.stat(p)[6] // 4096) * 4096 for p in files(HERE) if p not in known)
s = os.statvfs('/')
def is_previous(path):
    with open(path) as f: return f.read() == 'previous'
was = [n for n in names(NEW) if n[:6] == 'trial.' and is_previous(NEW + '/' + n)]
print(json.dumps([bool(is_folder(HERE)), bool(is_folder(OLD)), bool(was), s[0] * s[3], own]))
"""
)
_CARRY = (
    COMMON
    + """
known = set(%s)
def folders(path):
    at = path.rfind('/')
    if not is_folder(path[:at]):
        folders(path[:at])
        os.mkdir(path[:at])
for path in files(HERE):
    if path not in known and path[-5:] != '.part':
        to = %r + path[len(HERE):]
        folders(to)
        with open(path, 'rb') as f, open(to, 'wb') as g:
            while True:
                b = f.read(512)
                if not b: break
                g.write(b)
"""
)
_MARK = COMMON + "remove(OLD)\nfor n in names(NEW):\n if n == 'failed' or n[:6] == 'trial.': "
_MARK += "os.remove(NEW + '/' + n)\nopen(NEW + '/trial.0', 'w').close()"
_SWITCH = COMMON + "os.rename(HERE, OLD)"
_MARK_OLD = COMMON + "remove(NEW)\nwith open(OLD + '/trial.0', 'w') as f: f.write('previous')\n"
_MARK_OLD += "os.rename(OLD, NEW)"
_CAME_UP = (
    COMMON
    + """
for n in names(NEW):
    if n[:6] == 'trial.' and not is_folder(HERE): os.rename(NEW + '/' + n, NEW + '/trial.up')
"""
)


@dataclass(frozen=True)
class State:
    """Versions of the library on a node.

    Parameters
    ----------
    here, old : bool
        Whether there is one in charge, and one before it.
    previous : bool
        Whether the one beside it is the one before, whose return was cut off.
    free : int
        Bytes of the filesystem.
    own : int
        Bytes of the files of the node's owner in the library's folder.
    """

    here: bool
    old: bool
    previous: bool
    free: Count
    own: Count


@dataclass(frozen=True)
class Version:
    """A version of the library.

    Parameters
    ----------
    name : str
        Such as 0.2.0.
    digest : str
        Eight hexadecimal digits of the SHA-256 of all its files.
    """

    name: str
    digest: str

    def __str__(self) -> str:
        return f"{self.name} ({self.digest})"


def settle(board: Board) -> None:
    """End a trial, of which the board is at its REPL: the best version gets the library's place."""
    board.run(SETTLE)


def on_trial(board: Board) -> bool:
    """Whether a board starts with a version that has not come up."""
    code = "print(any(n[:6] == 'trial.' and n != 'trial.up' for n in names(NEW)), is_folder(HERE))"
    return board.run(COMMON + code).split() == ["True", "0"]


def came_up(board: Board) -> None:
    """Say that the version on trial is good; `settle` gives it its place."""
    board.run(_CAME_UP)


def version(board: Board, known: list[str], folder: str = LIBRARY) -> Version:
    """The version in a folder on a board, which nothing of it runs for.

    Parameters
    ----------
    board : Board
        The board, whose REPL has been entered.
    known : list of str
        Paths that a library may have.
    folder : str, default LIBRARY
        One of LIBRARY, NEW and OLD.

    Raises
    ------
    LinkError
        If there is none.
    """
    paths = {folder + path[len(LIBRARY) :]: path for path in known}
    hashes = board.hashes(sorted(paths))
    there = {paths[path]: digest for path, digest in hashes.items() if digest}
    if not there:
        raise LinkError("the node has no library to update: set it up with `xnornode flash`")
    text = b""
    for path in (f"{folder}/__init__.py", f"{folder}/__init__.mpy"):
        text = text or main_file.read(board, path) or b""
    return Version(_name(text), _digest(there))


def stage(
    board: Board, library: Mapping[str, bytes], known: list[str], say: Say, progress: Progress
) -> int:
    """Put a version beside the one in charge, which stays; how many files were sent.

    Raises LinkError when there is no room, or the bytes on the board are not these.
    """
    files = {NEW + path[len(LIBRARY) :]: data for path, data in library.items()}
    state = ask(board, State, _ROOM % known)
    if not state.here:
        raise LinkError("the node has no library to update: set it up with `xnornode flash`")
    board.run(f"{COMMON}remove(NEW, {sorted(files)})")
    there = board.hashes(sorted(files))
    missing = {p: d for p, d in files.items() if there[p] != hashlib.sha256(d).hexdigest()}
    need = needed(missing) + state.own + needed({TRIAL: LIBRARY_TRIAL.read_bytes()})
    state = ask(board, State, _ROOM % known)
    if need > state.free and state.old:
        say("no room for three versions: the one before is removed now")
        board.run(f"{COMMON}remove(OLD)")
        state = ask(board, State, _ROOM % known)
    if need > state.free:
        raise LinkError(
            f"the node is full: two versions of its library need {need:,} bytes more, "
            f"{state.free:,} are free; remove files (mpremote fs rm), or let `xnornode flash` "
            "replace the library in its place"
        )
    Installer(board, say, progress).put_all(missing)
    board.run(_CARRY % (known, NEW))
    board.put(LIBRARY_TRIAL.read_bytes(), TRIAL)
    board.run(_MARK)
    return len(missing)


def stage_previous(board: Board, known: list[str]) -> Version:
    """Put the version before beside the one in charge; which it is. Raises LinkError."""
    state = ask(board, State, _ROOM % known)
    if not (state.old or state.previous):
        raise LinkError("the node has no previous version of its library to go back to")
    found = version(board, known, OLD if state.old else NEW)
    board.put(LIBRARY_TRIAL.read_bytes(), TRIAL)
    if state.old:
        board.run(_CARRY % (known, OLD))
        board.run(_MARK_OLD)
    return found


def switch(board: Board) -> None:
    """Have the board start with the version that is staged, on trial: one rename."""
    board.run(_SWITCH)


def version_of(library: Mapping[str, bytes]) -> Version:
    """The version of files by their paths on a board."""
    init = {path: data for path, data in library.items() if path.startswith(f"{LIBRARY}/__init__.")}
    hashes = {path: hashlib.sha256(data).hexdigest() for path, data in library.items()}
    return Version(_name(b"".join(init.values())), _digest(hashes))


def _name(init: bytes) -> str:
    """A library's version, of its compiled or readable `__init__`."""
    found = re.search(rb"(?<![\d.])\d+\.\d+\.\d+(?:(?:a|b|rc|\.dev|\.post)\d+)?(?![\d.])", init)
    return found[0].decode() if found else "of unknown number"


def _digest(hashes: Mapping[str, str]) -> str:
    text = "".join(f"{path} {digest}\n" for path, digest in sorted(hashes.items()))
    return hashlib.sha256(text.encode()).hexdigest()[:8]
