"""Begins a roll-out, or finds the one to go on with; and says what will not happen."""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable, Sequence

from xnornode.errors import LinkError, XnorNodeError
from xnornode.fleet.payloads import Latest
from xnornode.fleet.rollout import HALTED, RUNNING, STALE, Before, Bounds, Rollout, to_rollout
from xnornode.fleet.rollout_stages import stages_of
from xnornode.fleet.view import FleetView, NodeView, now_ms
from xnornode.link.deadline import Deadline

UNSEEN = 30.0
"""Seconds without a further beat, after which a runner is gone whose clock is another one."""
GLANCE = 0.25
SHORT_TEXT = 100
"""Characters of why a node has failed, as a rule."""
SHOWN = 8
"""Names of nodes that a message has."""


def names_of(nodes: Sequence[NodeView] | Sequence[str]) -> str:
    """Some names for people; not all, where there are many.

    Examples
    --------
    >>> names_of(["a", "b"])
    'a, b'
    """
    names = [node if isinstance(node, str) else node.name for node in nodes]
    more = f" and {len(names) - SHOWN} more" if len(names) > SHOWN else ""
    return ", ".join(names[:SHOWN]) + more


class Unnamed(XnorNodeError):
    """A pattern that names no node."""


def targets(view: FleetView, patterns: Sequence[str], user: str = "") -> list[NodeView]:
    """The nodes of some patterns. Raises Unnamed where one of them names none."""
    if wrong := [pattern for pattern in patterns if not view.named([pattern])]:
        known = names_of(view.named(["*"]))
        raise Unnamed(
            f"no node is named {' or '.join(wrong)}: "
            + (f"known are {known}" if known else nobody(user))
        )
    return view.named(patterns)


def nobody(user: str) -> str:
    """What it means that no node is known."""
    # A broker takes a subscription of who may not read, and says nothing
    may_not = f", or the user {user} may not read: see the broker's access list" if user else ""
    return f"no node has been on this broker{may_not}"


def check_fit(nodes: Sequence[NodeView], latest: Latest, channels: Sequence[str]) -> None:
    """Check that no node is known to refuse a model.

    Parameters
    ----------
    nodes : sequence of NodeView
        Who is to get it. Nodes that do not say what they are pass.
    latest : Latest
        The model.
    channels : sequence of str
        Names of its channels, with units.

    Raises
    ------
    XnorNodeError
        If one surely refuses it: the format, the key, or the channels.
    """
    old = [n for n in nodes if n.state and n.state.format and n.state.format < latest.format]
    if old:
        raise XnorNodeError(
            f"{names_of(old)} cannot read model format {latest.format}: bring their library up to "
            "date with `xnornode update`, or leave them out of --to"
        )
    signed = [n for n in nodes if n.state and n.state.signed]
    if signed and not latest.signature:
        raise XnorNodeError(
            f"{names_of(signed)} have a key, and take signed models only: name it with --key FILE"
        )
    other = [
        n for n in nodes if n.state and n.state.channels and _lacks(n.state.channels, channels)
    ]
    if other:
        have = other[0].state.channels if other[0].state else None
        raise XnorNodeError(
            f"{names_of(other)} have other channels: {other[0].name} has {', '.join(have or ())}; "
            f"the model wants {', '.join(channels)}. Leave them out of --to"
        )


def _lacks(have: Sequence[str], wanted: Sequence[str]) -> bool:
    """Whether a channel is missing; units may differ, as nodes convert them."""
    names = {name.partition(" (")[0] for name in have}
    return any(name.partition(" (")[0] not in names for name in wanted)


def check_nodes(view: FleetView, nodes: Sequence[NodeView], say: Callable[[str], None]) -> None:
    """Check that somebody is there to put a model on nodes.

    Parameters
    ----------
    view : FleetView
        What the broker says.
    nodes : sequence of NodeView
        Who is to get it.
    say : callable
        Gets a line about each thing that will not happen.

    Raises
    ------
    XnorNodeError
        If nobody is there.
    """
    without = [n for n in nodes if not view.updated_by(n)]
    if len(without) == len(nodes):
        raise XnorNodeError(
            "no gateway is there to put models on nodes: start `xnornode gateway`, with "
            "`native = true` for nodes that speak MQTT themselves"
        )
    if without:
        say(
            f"no gateway is there to put models on {names_of(without)}: start theirs, or one "
            "with `native = true`"
        )
    away = [n for n in nodes if not view.there(n) and n not in without]
    if away:
        say(f"away now, and to get the model on coming back: {names_of(away)}")


def begin(
    view: FleetView,
    nodes: Sequence[NodeView],
    latest: Latest,
    stages: Sequence[str],
    wait: int,
    bounds: Bounds,
) -> Rollout:
    """A new roll-out. Nothing is published.

    Parameters
    ----------
    view : FleetView
        What the broker says.
    nodes : sequence of NodeView
        Who gets the model.
    latest : Latest
        The model; its `rollout` is the ID.
    stages : sequence of str
        As of `read_stages`.
    wait : int
        Seconds that each stage is watched.
    bounds : Bounds
        What it bears.

    Returns
    -------
    Rollout
        Its record.
    """
    assert latest.rollout
    rollout = Rollout(
        id=latest.rollout,
        sha256=latest.sha256,
        name=latest.name,
        revision=latest.revision,
        wait=wait,
        time=now_ms(),
        stages=staged(view, nodes, stages),
        bounds=bounds,
        latest=(latest,),
    )
    _check_room(rollout, nodes)
    return rollout


def _check_room(rollout: Rollout, nodes: Sequence[NodeView]) -> None:
    """Check that the record has room for what it will say. Raises LinkError."""
    told = {node.latest for node in nodes if node.latest}
    longest = Before(rollout.sha256, 10**9, "0" * 8, len(told))
    to_rollout(
        rollout.changed(
            latest=(*rollout.latest, *told),
            before=dict.fromkeys((node.name for node in nodes), longest),
            failed={node.name: "x" * SHORT_TEXT for node in nodes},
        )
    )


def staged(
    view: FleetView, nodes: Sequence[NodeView], stages: Sequence[str]
) -> tuple[tuple[str, ...], ...]:
    """Which nodes are in which stage; those that are away come last."""
    away = {node.name for node in nodes if not view.there(node)}
    return stages_of([node.name for node in nodes], stages, away)


def new_id() -> str:
    """An ID for a roll-out, drawn at random."""
    return secrets.token_hex(4)


def same(view: FleetView, sha256: str, names: set[str]) -> Rollout | None:
    """The roll-out of this model to these nodes that did not come to its end, if there is one.

    Raises
    ------
    XnorNodeError
        If another one is under way to some of these nodes.
    """
    running = [each for each in view.rollouts.values() if each.state == RUNNING]
    for each in running:
        # One whose stages end before all nodes has fewer
        if each.sha256 == sha256 and (names <= set(each.nodes) or set(each.nodes) <= names):
            return each
    for each in running:
        if both := names & set(each.nodes):
            raise XnorNodeError(
                f"the roll-out {each.id} of {each.name}, revision {each.revision}, is under way to "
                f"{names_of(sorted(both))}: {beaten(each)}. `xnornode fleet resume {each.id}` goes "
                f"on with it if no other program runs it, `xnornode fleet cancel {each.id}` ends it"
            )
    return None


def beaten(rollout: Rollout) -> str:
    """When the program that runs a roll-out gave its last sign of life, for people."""
    if not rollout.runner or rollout.beat is None:
        return "no program runs it now"
    age = max(0, now_ms() - rollout.beat) // 1000
    begun = time.strftime("%Y-%m-%d %H:%M", time.localtime((rollout.time or rollout.beat) / 1000))
    return f"begun {begun}, and the program that runs it gave its last sign of life {age} s ago"


def find(view: FleetView, name: str | None) -> Rollout:
    """The roll-out of an ID, or the only one that can go on. Raises XnorNodeError."""
    if name:
        if name not in view.rollouts:
            known = names_of(sorted(view.rollouts)) or "none"
            raise XnorNodeError(f"there is no roll-out {name}; known: {known}")
        return view.rollouts[name]
    open_ones = [each for each in view.rollouts.values() if each.state in (RUNNING, HALTED)]
    if not open_ones:
        raise XnorNodeError("no roll-out is under way or halted")
    if len(open_ones) > 1:
        said = "; ".join(f"{e.id} ({e.name}, {e.state})" for e in open_ones)
        raise XnorNodeError(f"more than one can go on: name its ID: {said}")
    return open_ones[0]


def claim(
    view: FleetView, rollout: Rollout, say: Callable[[str], None], unseen: float = UNSEEN
) -> None:
    """Wait until it is sure that no other program runs a roll-out.

    Parameters
    ----------
    view : FleetView
        Kept up to date.
    rollout : Rollout
        The one to go on with.
    say : callable
        Gets a line where that takes a while.
    unseen : float, default UNSEEN
        Seconds without a sign of life that are enough, whatever the clocks say.

    Raises
    ------
    LinkError
        If another program runs it.
    """
    wait, told = Deadline(unseen), False
    while True:
        now = view.rollouts.get(rollout.id, rollout)
        if not now.runner or now.state != RUNNING:
            return
        if now.beat != rollout.beat or now.runner != rollout.runner:
            raise LinkError(
                f"another program runs the roll-out {rollout.id} now: `xnornode fleet status` "
                f"shows it, `xnornode fleet cancel {rollout.id}` ends it"
            )
        if wait.passed or now_ms() - (now.beat or 0) > 1000 * STALE:
            return
        if not told:
            told = True
            say(f"{beaten(now)}: looking for up to {unseen:.0f} s whether it still runs")
        time.sleep(GLANCE)
