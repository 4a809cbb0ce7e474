"""Another version of the node's library, which has to prove itself (docs/reference/library.md)."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass

from xnornode.board import node_library
from xnornode.board.facts import Interpreter, Obstacle, ask
from xnornode.board.install import Progress, finish_code
from xnornode.board.library_places import COMMON
from xnornode.board.library_proof import failure
from xnornode.board.library_steps import (
    Version,
    came_up,
    on_trial,
    settle,
    stage,
    stage_previous,
    switch,
    version,
    version_of,
)
from xnornode.board.native_module import FACTS, architecture_of
from xnornode.errors import LinkError
from xnornode.link.connect import connect
from xnornode.link.deadline import Deadline
from xnornode.link.reach import Known, Say
from xnornode.link.repl import Board, wait_for_board

UP_SECONDS = 90.0
"""Seconds in which a version must answer once the board has started with it."""

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
            before, now = version(board, known), version_of(library)
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
            before, now = version(board, known), stage_previous(board, known)
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
        problem, node, running = "", Known(), False
        try:
            with connect(
                self._url,
                say=self._say,
                patient=True,
                known=node,
                limit=Deadline(UP_SECONDS),
                reset=self._reset,
            ) as session:
                running = session.hello.running
        except LinkError as error:
            problem = str(error)
        # A version that hangs may not even hear Ctrl-C: its timer starts the board again
        if problem:
            self._say(f"it does not answer: waiting up to {UP_SECONDS:.0f} s for the board's timer")
        try:
            board = wait_for_board(self._url, UP_SECONDS)
        except LinkError as error:
            raise LinkError(
                f"version {now}, on trial, seems to hang, and the board has no timer that ends it: "
                "run `xnornode update --reset`, or press its reset button up to three times, until "
                f"the version before is back ({error})"
            ) from error
        try:
            if not problem and not running and on_trial(board):
                problem = failure(board, node)
            if not problem:
                came_up(board)
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


def _leave(board: Board) -> None:
    with suppress(LinkError):
        board.restart()
