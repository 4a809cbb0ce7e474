"""Another version of the node's library beside the one that runs (docs/reference/library.md).

Everything that is done here leaves a whole version in charge, wherever it stops.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass

from xnornode.board import main_file, node_library
from xnornode.board.assets import LIBRARY_TRIAL
from xnornode.board.facts import Interpreter, Obstacle, ask
from xnornode.board.install import Installer, Progress, finish_code, needed
from xnornode.board.library_places import COMMON, LIBRARY, NEW, OLD, SETTLE, TRIAL
from xnornode.board.native_module import FACTS, architecture_of
from xnornode.errors import LinkError
from xnornode.link.connect import Say, connect
from xnornode.link.deadline import Deadline
from xnornode.link.messages import Count
from xnornode.link.repl import Board

UP_SECONDS = 90.0
"""Seconds in which a version must answer once the board has started with it."""

_ROOM = (
    COMMON
    + """
known = set(%s)
own = sum(-(-os.stat(p)[6] // 4096) * 4096 for p in files(HERE) if p not in known)
s = os.statvfs('/')
trial = [n for n in names(NEW) if n.startswith('trial.')]
print(json.dumps([bool(is_folder(HERE)), bool(is_folder(OLD)), bool(trial), s[0] * s[3], own]))
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
_MARK_OLD = COMMON + "remove(NEW)\nopen(OLD + '/trial.0', 'w').close()\nos.rename(OLD, NEW)"
_WHY = (
    COMMON
    + """
def why():
    try:
        with open(NEW + '/failed') as f: return f.read()[:200]
    except OSError: return ''
print(json.dumps([why()]))
remove(NEW)
"""
)


@dataclass(frozen=True)
class State:
    """Versions of the library on a node.

    Parameters
    ----------
    here, old : bool
        Whether there is one in charge, and one before it.
    trial : bool
        Whether the one that arrives is whole.
    free : int
        Bytes of the filesystem.
    own : int
        Bytes of the files of the node's owner in the library's folder.
    """

    here: bool
    old: bool
    trial: bool
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


@dataclass(frozen=True)
class Updated:
    """What an update did.

    Parameters
    ----------
    before, now : Version
        The same where there was nothing to do.
    files : int
        That were sent.
    """

    before: Version
    now: Version
    files: int


class LibraryUpdate:
    """Puts another version of the library on a node, and has it prove itself.

    Parameters
    ----------
    url : str
        Serial port or pyserial URL.
    say : callable
        Gets one line of talk.
    progress : callable
        Gets what is written (a path), the bytes done, and the bytes in all.
    reset : bool, default False
        Whether a board whose program cannot be interrupted may be reset.

    Examples
    --------
    >>> LibraryUpdate("/dev/ttyACM0", print, print).update()  # doctest: +SKIP
    """

    def __init__(self, url: str, say: Say, progress: Progress, reset: bool = False) -> None:
        self._url, self._say, self._progress, self._reset = url, say, progress, reset
        self.switched = False
        """Whether the node starts with the other version now."""

    def update(self, files: Mapping[str, bytes] | None = None) -> Updated:
        """Put this computer's version on the node.

        Parameters
        ----------
        files : mapping of str to bytes, optional
            The version, by paths on the node. Default: this computer's, for the node's chip.

        Returns
        -------
        Updated
            What was done.

        Raises
        ------
        LinkError
            When the node is full, refuses, cannot be reached, or the new version does not come up.
            The version that was there stays in charge.
        """
        board = self._enter()
        try:
            library = dict(files or library_for(board))
            known = sorted({*library, *node_library.obsolete([])})
            before, now = version(board, known), _version(library)
            if before == now:
                board.restart()
                return Updated(before, now, 0)
            sent = stage(board, library, known, self._say, self._progress)
            switch(board)
            self.switched = True
        except BaseException:
            _leave(board)
            raise
        self._prove(board, before, now, known)
        return Updated(before, now, sent)

    def rollback(self) -> Updated:
        """Go back to the version that the node had before. Returns and raises like `update`."""
        board = self._enter()
        try:
            known = node_library.obsolete([])
            state = ask(board, State, _ROOM % known)
            if not (state.old or state.trial):
                raise LinkError("the node has no previous version of its library to go back to")
            before, now = version(board, known), version(board, known, OLD if state.old else NEW)
            board.put(LIBRARY_TRIAL.read_bytes(), TRIAL)
            if state.old:
                board.run(_CARRY % (known, OLD))
                board.run(_MARK_OLD)
            switch(board)
            self.switched = True
        except BaseException:
            _leave(board)
            raise
        self._prove(board, before, now, known)
        return Updated(before, now, 0)

    def _enter(self) -> Board:
        board = Board(self._url, reset=self._reset)
        try:
            board.clear()
            board.run(finish_code(node_library.obsolete([])))
            settle(board)
        except BaseException:
            _leave(board)
            raise
        return board

    def _prove(self, board: Board, before: Version, now: Version, known: list[str]) -> None:
        """Start the board with the new version, and see whether it comes up."""
        self._say(f"the node starts with version {now.name}")
        board.restart()
        problem = ""
        try:
            with connect(
                self._url,
                say=self._say,
                patient=True,
                limit=Deadline(UP_SECONDS),
                reset=self._reset,
            ):
                pass
        except LinkError as error:
            problem = str(error)
        board = Board(self._url, reset=self._reset)
        try:
            settle(board)
            runs = version(board, known)
            if runs != now:
                why = ask(board, Obstacle, _WHY).problem or problem or "it has not said `ready`"
            board.restart()
        except BaseException:
            _leave(board)
            raise
        if runs != now:
            raise LinkError(
                f"version {now} does not come up on the node, which has {runs} again: {why}"
            )


def library_for(board: Board) -> dict[str, bytes]:
    """This computer's version of the library for a board's chip, by paths on the board.

    Raises LinkError if the board's MicroPython cannot load it.
    """
    found = ask(board, Interpreter, FACTS)
    library = node_library.files(architecture_of(found.mpy, found.version))
    for path, data in library.items():
        if path.endswith(".mpy") and data[1] != found.mpy & 0xFF:
            raise LinkError(
                f"MicroPython {found.version} on {board.url} loads compiled files of version "
                f"{found.mpy & 0xFF}, and the library's are of {data[1]}: install another "
                "MicroPython on the board, or another xnornode on this computer"
            )
    return library


def settle(board: Board) -> None:
    """End a trial, of which the board is at its REPL: the best version gets the library's place."""
    board.run(SETTLE)


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


def switch(board: Board) -> None:
    """Have the board start with the version that is staged, on trial: one rename."""
    board.run(_SWITCH)


def _leave(board: Board) -> None:
    with suppress(LinkError):
        board.restart()


def _version(library: Mapping[str, bytes]) -> Version:
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
