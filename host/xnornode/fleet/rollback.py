"""Has nodes go back to the model that they had before, by the protocol's own command."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass

from xnornode.errors import LinkError, NodeError
from xnornode.fleet.shown import shown
from xnornode.fleet.updater_push import Open, greeted
from xnornode.link.messages import Models, NodeModel, Switched
from xnornode.link.parsing import expect
from xnornode.link.timing import USUAL, Timing

AT_ONCE = 8
"""Nodes at once."""


@dataclass(frozen=True)
class Went:
    """What became of one node.

    Parameters
    ----------
    node : str
        Its name.
    active : NodeModel or None
        What it runs now; None if nothing has changed.
    why : str
        Why nothing has changed; empty if something has.
    before : NodeModel or None
        What it ran before.
    lost : bool
        Whether it did not answer.
    """

    node: str
    active: NodeModel | None
    why: str = ""
    before: NodeModel | None = None
    lost: bool = False


def roll_back(
    open_node: Open,
    nodes: Iterable[str],
    to: Mapping[str, str] | None = None,
    tell: Callable[[Went], None] = lambda went: None,
    timing: Timing = USUAL,
    left: Mapping[str, str] | None = None,
) -> list[Went]:
    """Have nodes go back.

    Parameters
    ----------
    open_node : callable
        Opens a port to a node.
    nodes : iterable of str
        Their names.
    to : mapping, optional
        From each to the SHA-256 of the model that it should run; default: the one before.
    tell : callable, optional
        Gets each node that is done, as they come.
    timing : Timing, default USUAL
        How long is waited for answers.
    left : mapping, optional
        From nodes to the SHA-256 of a model that they were rolled back from: they do not go
        forward to it.

    Returns
    -------
    list of Went
        One a node.
    """
    done = []
    with ThreadPoolExecutor(AT_ONCE) as pool:
        jobs = [
            pool.submit(
                _one, open_node, node, to[node] if to else None, timing, (left or {}).get(node)
            )
            for node in nodes
        ]
        for job in as_completed(jobs):
            done.append(job.result())
            tell(done[-1])
    return done


def _one(
    open_node: Open, node: str, to: str | None, timing: Timing, left: str | None = None
) -> Went:
    try:
        with greeted(node, open_node, timing) as session:
            models = expect(Models, session.request("list"))
            wanted = to or (models.previous.sha256 if models.previous else "")
            if not wanted:
                return Went(node, None, "it has no model to go back to")
            if models.active and models.active.sha256 == wanted:
                return Went(node, models.active, before=models.active)
            if wanted == left and models.previous:
                name = f"{shown(models.previous.name or '')}, revision {models.previous.revision}"
                return Went(node, None, f"it was rolled back from {name}: --again goes there")
            went = expect(Switched, session.request("rollback", to=wanted)).active
            return Went(node, went, before=models.active)
    except NodeError as error:
        return Went(node, None, shown(str(error)))
    except (LinkError, OSError) as error:
        return Went(node, None, shown(str(error).partition("\n")[0]), lost=True)
