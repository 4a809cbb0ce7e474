"""Whether a stage has lasted long enough to compare what nodes say before and after."""

from __future__ import annotations

import math
from collections.abc import Sequence

from xnornode.fleet.rollout import Before, Rollout
from xnornode.fleet.rollout_mix import Change
from xnornode.fleet.rollout_watch import UPDATED, NodeWatch


def needed(found: Change, n: int, m: int, bound: float) -> int | None:
    """How many predictions of the new model chance is as small as the bound with.

    Parameters
    ----------
    found : Change
        Of `n` predictions before and `m` after.
    n, m : int
        Their counts, not 0.
    bound : float
        By how much a mix may change, 0 to 1.

    Returns
    -------
    int or None
        Predictions after; None if there are too few before.

    Examples
    --------
    >>> found = Change(0.0, 0.2, "walk", 0.5, 0.5)
    >>> needed(found, 900, 100, 0.2), needed(found, 900, 100, 0.1), needed(found, 900, 100, 0.01)
    (100, 600, None)
    """
    rest = bound**2 * (1 / n + 1 / m) / found.chance**2 - 1 / n
    return math.ceil(1 / rest - 1e-6) if rest > 1e-9 else None


def compared(watched: Sequence[NodeWatch], rollout: Rollout) -> str:
    """What is said at a stage's end of its nodes' mixes of labels.

    Parameters
    ----------
    watched : sequence of NodeWatch
        The nodes of the stage.
    rollout : Rollout
        With what was before.

    Returns
    -------
    str
        For people; empty if there is nothing to say.
    """
    bound = rollout.bounds.labels / 100
    updated = [each for each in watched if each.state == UPDATED]
    if bound >= 1 or not updated:
        return ""
    fine, lacks = 0, []
    for each in updated:
        before = sum(rollout.before.get(each.name, Before()).labels.values())
        after, found = sum(each.after.values()), each.change
        if not found or not before:
            lacks.append(f"{each.name} has nothing of before")
        elif found.chance <= bound:
            fine += 1
        elif not after:
            lacks.append(f"{each.name} has said nothing yet")
        else:
            most = needed(found, before, after, bound)
            need = f"of about {most:,} predictions needed" if most else "and too few of before"
            lacks.append(f"{each.name} has {after:,} {need}")
    if not lacks:
        return f"labels: compared on {fine} of {len(updated)} nodes"
    more = f", and {len(lacks) - 1} more nodes have too few" if len(lacks) > 1 else ""
    return f"labels: compared on {fine} of {len(updated)} nodes: {lacks[0]}{more}"
