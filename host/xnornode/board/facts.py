"""What a board says of itself at its REPL, checked against types and ranges like a node's lines."""

from dataclasses import dataclass, fields
from typing import TypeVar

from xnornode.errors import LinkError
from xnornode.link.messages import Count, Word
from xnornode.link.repl import Board
from xnornode.link.schema import instance, read_json

T = TypeVar("T")


@dataclass(frozen=True)
class Room:
    """Its filesystem.

    Parameters
    ----------
    size, free : int
        Bytes.
    first : bool
        Whether `import` looks into / before it looks into /lib, and nothing is in the way there.
    """

    size: Count
    free: Count
    first: bool


@dataclass(frozen=True)
class Interpreter:
    """Its MicroPython.

    Parameters
    ----------
    mpy : int
        `sys.implementation._mpy`: what native modules it loads. 0 for none.
    version : str
        Of MicroPython.
    builtin : str or None
        Version of the module bnn that the firmware has built in.
    """

    mpy: Word
    version: str
    builtin: str | None


@dataclass(frozen=True)
class SelfTest:
    """A network that it has run.

    Parameters
    ----------
    passed : bool
        Whether the scores are right.
    version : str
        Of the module bnn.
    kernel : str
        That the module has chosen.
    """

    passed: bool
    version: str
    kernel: str


@dataclass(frozen=True)
class Obstacle:
    """Why something cannot be done; empty where it can.

    Parameters
    ----------
    problem : str
        For people.
    """

    problem: str


def ask(board: Board, kind: type[T], code: str) -> T:
    """What code on a board prints, as a dataclass.

    Parameters
    ----------
    board : Board
        The board, whose REPL has been entered.
    kind : type
        A dataclass, as `schema.instance` takes it.
    code : str
        Python that prints a JSON list of the fields, in their order.

    Returns
    -------
    object
        Of this kind. Its texts can be printed.

    Raises
    ------
    LinkError
        If the board prints anything else, and what `Board.run` raises.
    """
    said = board.run(code)
    try:
        values, names = read_json(said), [f.name for f in fields(kind)]  # type: ignore[arg-type]
        if not isinstance(values, list) or len(values) != len(names):
            raise ValueError(f"no list of {len(names)}")
        return instance(kind, dict(zip(names, values, strict=True)))
    except ValueError as error:
        raise LinkError(f"the board on {board.url} answers nonsense ({error}): try again") from None
