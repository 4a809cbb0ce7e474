"""The stages of a roll-out: what a user says, and which nodes that are."""

from __future__ import annotations

import hashlib
import math
import re
from collections.abc import Collection, Sequence
from itertools import pairwise

from xnornode.errors import XnorNodeError

_STAGE = re.compile(r"([0-9]{1,6}|[0-9]{1,3}(\.[0-9]{1,3})?%)")


def read_stages(text: str) -> tuple[str, ...]:
    """The stages that a user has named.

    Parameters
    ----------
    text : str
        Counts and per cent of all nodes, each with those before it, such as "1,10%,100%".

    Returns
    -------
    tuple of str
        One by one. Nodes that are in none of them are left out of the roll-out.

    Raises
    ------
    XnorNodeError
        If they cannot be stages.

    Examples
    --------
    >>> read_stages("1, 10%"), read_stages("100%")
    (('1', '10%'), ('100%',))
    """
    given = [part.strip() for part in text.split(",")]
    for part in given:
        if not _STAGE.fullmatch(part) or float(part.rstrip("%")) <= 0 or _share(part) > 1:
            raise XnorNodeError(
                f"{part!r} is no stage: take counts of nodes and per cent of them, such as "
                "1,10%,100%"
            )
    for kind in (True, False):
        alike = [float(part.rstrip("%")) for part in given if part.endswith("%") == kind]
        if any(b <= a for a, b in pairwise(alike)):
            raise XnorNodeError(f"{text!r}: each stage has those before it, so it is larger")
    return tuple(given)


def _share(part: str) -> float:
    return float(part[:-1]) / 100 if part.endswith("%") else 0.0


def stages_of(
    nodes: Sequence[str], stages: Sequence[str], last: Collection[str] = ()
) -> tuple[tuple[str, ...], ...]:
    """Which nodes are in which stage.

    They are shuffled, always in the same way, so that a stage is not of one room.

    Parameters
    ----------
    nodes : sequence of str
        Their names.
    stages : sequence of str
        As `read_stages` gives them.
    last : collection of str, default ()
        Nodes that come behind all others: those that are away.

    Returns
    -------
    tuple of tuple of str
        By stage. Stages in which none would be are left out.

    Examples
    --------
    >>> [len(stage) for stage in stages_of([f"n{k}" for k in range(200)], ("1", "10%", "100%"))]
    [1, 19, 180]
    """
    shuffled = sorted(
        nodes, key=lambda name: (name in last, hashlib.sha256(name.encode()).digest())
    )
    made, at = [], 0
    for part in stages:
        share = _share(part)
        end = min(math.ceil(share * len(nodes) - 1e-9) if share else int(part), len(nodes))
        if end > at:
            made.append(tuple(shuffled[at:end]))
            at = end
    return tuple(made)
