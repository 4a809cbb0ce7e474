"""Set up over a node's REPL which windows it keeps: what its flash has room for, keep.json."""

import json
from dataclasses import dataclass

from xnornode.board.facts import ask
from xnornode.errors import LinkError
from xnornode.link.messages import Count
from xnornode.link.repl import Board

PATH = "/keep.json"
BLOCK = 4096
"""Bytes of flash that are erased at once."""

_ROOM = """
import json
try:
    from xnornode.kept import RESERVE, Kept
    kept = Kept()
    print(json.dumps([True, kept.free(), kept.taken, RESERVE] + list(kept.life({per_hour}))))
except ImportError:
    print(json.dumps([False, 0, 0, 0, 0, 0, 0]))
"""
_REMOVE = f"import os\ntry: os.remove({PATH!r})\nexcept OSError as e:\n if e.errno != 2: raise"


@dataclass(frozen=True)
class Room:
    """What a node's flash has room for.

    Parameters
    ----------
    library : bool
        Whether the node's library can keep windows.
    free, taken : int
        Blocks of the filesystem: free ones, and those of windows that are there.
    reserve : int
        Bytes that the node leaves free beyond the windows.
    per_hour : int
        Windows in an hour that the flash stands for years, at most as many as were asked for.
    blocks, years : int
        Over how many blocks their erases spread, and how long these last.
    """

    library: bool
    free: Count
    taken: Count
    reserve: Count
    per_hour: Count
    blocks: Count
    years: Count

    @property
    def most(self) -> int:
        """Bytes that the windows can take."""
        return max(0, BLOCK * (self.free + self.taken) - self.reserve)


def room(board: Board, per_hour: int) -> Room:
    """What a node's flash has room for.

    Parameters
    ----------
    board : Board
        The node, at its REPL.
    per_hour : int
        Windows that are to be kept in an hour.

    Returns
    -------
    Room
        For windows of one block, or as they are already.

    Raises
    ------
    LinkError
        Its library is older than kept windows.
    """
    found = ask(board, Room, _ROOM.format(per_hour=per_hour))
    if not found.library:
        raise LinkError("the node's library keeps no windows: run `xnornode update`")
    return found


def write_settings(board: Board, settings: dict[str, int]) -> None:
    """Write keep.json: a power cut leaves the old one or the new one. Raises LinkError."""
    board.put(json.dumps(settings).encode(), PATH)


def remove_settings(board: Board) -> None:
    """Remove keep.json, if there is one. Raises LinkError."""
    board.run(_REMOVE)
