"""Put files and a model on a board at its REPL; what is there already is left alone."""

import hashlib
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from functools import partial

from xnornode.board.facts import Room, ask
from xnornode.board.library_places import LIBRARY, SETTLE
from xnornode.errors import LinkError
from xnornode.link.connect import receiver
from xnornode.link.protocol import Session
from xnornode.link.push import Push
from xnornode.link.reach import Say
from xnornode.link.repl import Board

BLOCK = 4096
"""Bytes of a block of the board's filesystem: a file takes whole ones."""
SPARE = 4 * BLOCK
"""Bytes that must stay free: littlefs copies its folders' blocks when it changes them."""
STAGED = LIBRARY + ".new"
"""Where another version of it is put, until it is whole."""
FIRST = "/xnornode"
"""Where it is while the old version is removed: `import` looks here before it looks in /lib."""
MARK = "installing"
"""A file in FIRST that tells it from a folder of the board's owner."""

_FACTS = f"""
import json, os, sys
s = os.statvfs('/')
first = sys.path[0] == '' and os.getcwd() == '/' and {FIRST[1:]!r} not in os.listdir('/')
print(json.dumps([s[0] * s[2], s[0] * s[3], first]))
"""
_SWITCH = f"""
import os
open({STAGED!r} + '/' + {MARK!r}, 'w').close()
os.rename({STAGED!r}, {FIRST!r})
"""
_FINISH = f"""
import os
def names(path):
    try:
        return os.listdir(path)
    except OSError:
        return []
def is_folder(path):
    try:
        os.listdir(path)
        return True
    except OSError:
        return False
def empty(folder, known):
    for path in [folder + '/' + n for n in names(folder)]:
        if is_folder(path) and (not known or any(k.startswith(path + '/') for k in known)):
            empty(path, known)
        elif not known or path in known:
            os.remove(path)
        else:
            os.rename(path, {FIRST!r} + path[len({LIBRARY!r}):])
    try:
        os.rmdir(folder)
    except OSError as e:
        if e.errno != 2: raise  # 2 is ENOENT
if {MARK!r} in names({FIRST!r}):
    empty({LIBRARY!r}, %s)
    os.rename({FIRST!r}, {LIBRARY!r})
if {MARK!r} in names({LIBRARY!r}):
    os.remove({LIBRARY!r} + '/' + {MARK!r})
empty({STAGED!r}, None)
"""

Progress = Callable[[str, int, int], None]
"""Gets what is written, the bytes done, and the bytes in all."""


@dataclass
class Plan:
    """What a board is to have.

    Parameters
    ----------
    files : dict of str to bytes, optional
        Files by their path on the board.
    model : bytes or None, default None
        A valid `.bnn` file.
    obsolete : list of str, optional
        Paths on the board that go, once the files are there.
    key : bytes or None, default None
        Signs the model, for a board that has this key. 32 bytes.

    Examples
    --------
    >>> Plan({"/main.py": b"print(42)"}).model is None
    True
    """

    files: dict[str, bytes] = field(default_factory=dict)
    model: bytes | None = None
    obsolete: list[str] = field(default_factory=list)
    key: bytes | None = None


class Installer:
    """Installs a plan on a board.

    Parameters
    ----------
    board : Board
        The board, whose REPL has been entered.
    say : callable
        Gets one line of talk.
    progress : callable
        Gets what is written (a path, or "model"), the bytes done, and the bytes in all.
    """

    def __init__(self, board: Board, say: Say, progress: Progress) -> None:
        self.board, self._say, self._progress = board, say, progress

    def install(self, plan: Plan) -> Iterator[str]:
        """Install it. What is there already is not written again.

        Another version of the library is replaced as a whole: whenever the power goes, the node has
        the old one or the new one.

        Parameters
        ----------
        plan : Plan
            What the board is to have.

        Yields
        ------
        str
            A line of account for each part.

        Raises
        ------
        LinkError
            When the board is full, refuses, or cannot be reached. What was there stays.
        """
        known = {p for p in (*plan.files, *plan.obsolete) if p.startswith(LIBRARY + "/")}
        if known:
            self.board.run(SETTLE)
        self.board.run(finish_code(known))
        there = self.board.hashes([*plan.files, *plan.obsolete])
        missing = {p: d for p, d in plan.files.items() if there[p] != hashlib.sha256(d).hexdigest()}
        gone = [path for path in plan.obsolete if there[path]]
        written = len(missing)
        if any(there[path] for path in known.intersection([*missing, *gone])):
            library = {p: d for p, d in plan.files.items() if p in known}
            if self._can_stage({**missing, **library}):
                self.put_all({STAGED + p[len(LIBRARY) :]: d for p, d in library.items()})
                self.board.run(_SWITCH)
                self.board.run(finish_code(known))
                written = len({*missing, *library})
                missing = {p: d for p, d in missing.items() if p not in known}
                gone = [path for path in gone if path not in known]
        need, room = needed(missing), ask(self.board, Room, _FACTS)
        if missing and need > room.free:
            raise LinkError(
                f"the board is full: {need:,} bytes are needed, {room.free:,} of {room.size:,} are "
                "free; "
                "remove files (mpremote fs rm) or install fewer recordings"
            )
        self.put_all(missing)
        self.board.run(f"import os\nfor _p in {gone}: os.remove(_p)")
        if plan.files:
            yield (
                f"files      {written} written, {len(plan.files) - written} were there "
                f"already, {sum(map(len, plan.files.values())):,} bytes in all"
            )
        if plan.model:
            yield self._push(plan.model, plan.key)

    def _push(self, data: bytes, key: bytes | None) -> str:
        """The model goes the way of every push (docs/reference/protocol.md), also the first one."""
        session = Session(self.board.stream)
        with receiver(self.board, session):
            push = Push(data, key, say=self._say, progress=self._show_push)
            active = push.over(session)
        what = "installed, self-test passed on the board" if push.sent else "was there already"
        return (
            f"model      {active.name}, {len(data):,} bytes, SHA-256 {active.sha256[:12]}: "
            f"{what} (bnn {session.hello.bnn})"
        )

    def _show_push(self, done: int, total: int) -> None:
        self._progress("model", done, total)

    def put_all(self, files: dict[str, bytes]) -> None:
        """Write files, and the folders that they are in. Raises LinkError."""
        self._make_folders(files)
        for path, data in files.items():
            self._say(f"writing {path}, {len(data):,} bytes")
            self.board.put(data, path, partial(self._progress, path))

    def _can_stage(self, files: dict[str, bytes]) -> bool:
        """Whether two versions of the library can be on the board for a while."""
        room = ask(self.board, Room, _FACTS)
        can = room.first and needed(files) <= room.free
        if not can:
            self._say(
                "no room for two versions of the library: leave the power on until it is done"
            )
        return can

    def _make_folders(self, files: dict[str, bytes]) -> None:
        folders = {path[:at] for path in files for at, ch in enumerate(path) if ch == "/" and at}
        for folder in sorted(folders):
            self.board.run(
                f"import os\ntry: os.mkdir({folder!r})\n"
                "except OSError as e:\n if e.errno != 17: raise"  # 17 is EEXIST
            )


def finish_code(known: Iterable[str]) -> str:
    """Code for a board that ends an exchange of the library that was cut off.

    known: paths of the library; all else in its folder is its owner's, and stays.
    """
    return _FINISH % sorted(known)


def needed(files: dict[str, bytes]) -> int:
    """Bytes of the filesystem that files need."""
    return sum(-(-len(d) // BLOCK) * BLOCK for d in files.values()) + SPARE
