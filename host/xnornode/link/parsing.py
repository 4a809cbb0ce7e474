"""A node's lines to events, checked against types and ranges here and nowhere else."""

from collections.abc import Mapping
from typing import TypeVar

from xnornode.errors import LinkError
from xnornode.link.messages import (
    Ack,
    Answer,
    Begun,
    Button,
    Caution,
    Detected,
    Done,
    Drift,
    End,
    Error,
    Event,
    Hello,
    Kept,
    Models,
    Named,
    Piece,
    Prediction,
    Ready,
    Refusal,
    Running,
    Samples,
    Source,
    Streaming,
    Switched,
    Unknown,
)
from xnornode.link.schema import instance, printable

EVENTS: dict[str, type[Event]] = {
    kind.EVENT: kind
    for kind in (
        Hello,
        Ready,
        Prediction,
        Detected,
        Drift,
        Samples,
        Button,
        Source,
        End,
        Caution,
        Error,
        Ack,
    )
}
REPLIES: dict[str, type[Answer]] = {
    "error": Refusal,
    "part": Models,
    "push": Begun,
    "previous": Switched,
    "active": Running,
    "sensor": Streaming,
    "name": Named,
    "bound": Kept,
    "data": Piece,
}
"""What a `reply` is, by the first of these keys that it has; else it is `Done`."""

LONGEST_NAME = 64
"""Characters that are kept of the name of an event that is not known."""

A = TypeVar("A", bound=Answer)


def parse(line: Mapping[str, object]) -> Event:
    """The event that a line is. Keys that are not known are passed over.

    Parameters
    ----------
    line : mapping
        The JSON object of a line; `event` is a string.

    Returns
    -------
    Event
        `Unknown` where the event is not known, a key is missing, or a value has a wrong type or is
        out of its range.

    Examples
    --------
    >>> parse({"event": "source", "name": "r0", "later": 1})
    Source(name='r0')
    >>> parse({"event": "end", "count": "3"}).problem
    '`count` is not as it should be'
    """
    name = printable(str(line["event"])[:LONGEST_NAME])
    kind = EVENTS.get(name)
    if name == Answer.EVENT:
        kind = next((reply for key, reply in REPLIES.items() if key in line), Done)
    try:
        if kind is None:
            raise ValueError("no such event")
        return instance(kind, line)
    except ValueError as error:
        number = line.get("id")
        if type(number) is not int or not 0 <= number < 2**53:
            number = None
        return Unknown(name, str(error), number)


def expect(kind: type[A], answer: Answer) -> A:
    """The answer, if it is of this kind.

    Parameters
    ----------
    kind : type
        The answer that the command has by docs/reference/protocol.md.
    answer : Answer
        The answer that came.

    Returns
    -------
    Answer
        The same, as this kind.

    Raises
    ------
    LinkError
        If it is of another kind.

    Examples
    --------
    >>> expect(Begun, Begun(id=1, push=7, at=0)).push
    7
    """
    if isinstance(answer, kind):
        return answer
    raise outdated(f"{type(answer).__name__} where {kind.__name__} belongs")


def outdated(problem: str) -> LinkError:
    """The error for an answer that cannot be used.

    Parameters
    ----------
    problem : str
        What is wrong with it.

    Returns
    -------
    LinkError
        Not raised yet.
    """
    return LinkError(
        f"the node's answer is not one of this version's protocol ({problem}): bring its library "
        "up to date with `xnornode flash`"
    )
