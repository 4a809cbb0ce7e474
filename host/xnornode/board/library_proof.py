"""Whether a version of the node's library has come up, where no program said so."""

from __future__ import annotations

import re

from xnornode.board import main_file
from xnornode.link.raw_repl import RemoteError
from xnornode.link.reach import Known
from xnornode.link.repl import Board

_IMPORT = re.compile(r"^(?:from|import) +xnornode\b.*$", re.MULTILINE)
_SENSOR = """
try:
    from xnornode.link import configured
    configured()
except (ImportError, SyntaxError):
    raise
except Exception:
    pass
"""


def failure(board: Board, node: Known) -> str:
    """Why a version does not count as one that came up.

    Parameters
    ----------
    board : Board
        Whose REPL has been entered, after the start on trial.
    node : Known
        How the node answered after that start.

    Returns
    -------
    str
        Empty where it came up.
    """
    program, of_wrapper = (
        (main_file.read(board, path) or b"").decode(errors="replace")
        for path in (main_file.MAIN, main_file.PROGRAM)
    )
    if not node.at_repl:
        return _raised(board, _SENSOR)  # a program rests: what it could not load is not its model
    if not _IMPORT.search(program):
        return _raised(board, _imports(of_wrapper))  # a locked port's program, if there is one
    if node.stopped and not re.search(r"\b(?:Link|supervise)\b", program):
        return ""  # it ran, and has no link to say so
    why = _raised(board, _imports(program))
    state = "does not answer" if node.stopped else "ended before it was ready"
    return f"{main_file.MAIN} {state}" + (f": {why}" if why else "")


def _imports(program: str) -> str:
    return "\n".join(_IMPORT.findall(program))


def _raised(board: Board, code: str) -> str:
    """The exception of code on the board, as the last line of its traceback."""
    try:
        board.run(code)
    except RemoteError as error:
        return error.last_line
    return ""
