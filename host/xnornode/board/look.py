"""A look at what is on a port that says nothing of itself. It interrupts no program."""

from __future__ import annotations

from contextlib import closing
from dataclasses import dataclass

from xnornode.board.facts import ask
from xnornode.link.deadline import Deadline
from xnornode.link.ports import open_port
from xnornode.link.protocol import Session
from xnornode.link.raw_repl import RawRepl
from xnornode.link.repl import Board
from xnornode.link.stream import Stream

TRIES = 3
"""How often a node is greeted."""
SECONDS = 1.0
"""Seconds for its answer, and for the REPL."""
LIMIT = 20.0
"""Seconds for all of it."""
NODE, PROMPT, TALKS, SILENT = "node", "prompt", "talks", "silent"

_FACTS = """
import json, sys
def has(name):
    try:
        __import__(name)
    except Exception:
        return False
    return True
version = '.'.join(map(str, sys.implementation.version[:3]))
machine = getattr(sys.implementation, '_machine', sys.platform)
print(json.dumps([machine, version, has('bnn'), has('xnornode')]))
"""


@dataclass(frozen=True)
class AtPrompt:
    """A board at its REPL.

    Parameters
    ----------
    machine : str
        The board and its chip.
    version : str
        Of MicroPython.
    module, library : bool
        Whether it has the module bnn, and the package xnornode.
    """

    machine: str
    version: str
    module: bool
    library: bool


@dataclass(frozen=True)
class Look:
    """What is on a port.

    Parameters
    ----------
    kind : str
        NODE: its program answers. PROMPT: a REPL waits for commands. TALKS: something else comes.
        SILENT: nothing comes.
    board : AtPrompt or None, default None
        What a board at its prompt has.
    """

    kind: str
    board: AtPrompt | None = None


def look(url: str) -> Look:
    """What is on a port.

    A node is greeted. Where the REPL waits, no program runs, and a few lines of Python ask what is
    there. Else nothing is done.

    Parameters
    ----------
    url : str
        Serial port or pyserial URL.

    Returns
    -------
    Look
        What was found.

    Raises
    ------
    LinkError
        If the port cannot be opened, or the board goes away.

    Examples
    --------
    >>> look("/dev/ttyACM0").kind  # doctest: +SKIP
    'prompt'
    """
    with closing(Stream(open_port(url))) as stream:
        stream.limit = Deadline(LIMIT)
        session = Session(stream)
        for _ in range(TRIES):
            if session.greet(SECONDS):
                return Look(NODE)
            if session.at_prompt:
                break
        else:
            return Look(TALKS if stream.recent else SILENT)
        repl = RawRepl(url, stream)
        if not repl.interrupt(SECONDS):
            return Look(PROMPT)
        with Board(url, repl) as board:
            return Look(PROMPT, ask(board, AtPrompt, _FACTS))
