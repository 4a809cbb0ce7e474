"""A roll-out's record: which nodes get a model in which stage, and how far that is."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import Annotated, Any

from xnornode.errors import LinkError
from xnornode.fleet.payloads import (
    LARGEST,
    Hash,
    HashOrNone,
    Latest,
    PayloadError,
    from_object,
    read_object,
)
from xnornode.fleet.shown import MOST_LABELS, bounded, shown
from xnornode.link.messages import Count, Word
from xnornode.link.mqtt_topics import VERSION, is_name
from xnornode.link.schema import Range

RUNNING, HALTED, DONE, CANCELLED = "running", "halted", "done", "cancelled"
BEAT = 10.0
"""Seconds between two signs of life of a roll-out's runner."""
STALE = 60.0
"""Seconds after which another one takes over."""


@dataclass(frozen=True)
class Bounds:
    """What a roll-out bears.

    Parameters
    ----------
    labels : int, default 20
        Per cent by which a node's mix of labels may change; 100: any change.
    failures : int, default 0
        Nodes that may fail.
    apart : int, default 2000
        Milliseconds: predictions that are closer than this count as one, where mixes are compared.
    silent : int, default 30000
        Milliseconds without a prediction that a node may be silent at least.
    patience : int, default 900000
        Milliseconds without any progress of a stage after which it is stuck.
    """

    labels: Annotated[int, Range(0, 100)] = 20
    failures: Count = 0
    apart: Count = 2000
    silent: Count = 30_000
    patience: Count = 900_000


@dataclass(frozen=True)
class Before:
    """What a node had before.

    Parameters
    ----------
    sha256 : str
        Of its model; empty if it had none.
    labels : dict
        From each label to its count: the mix that is compared with.
    rate_mhz : int
        Predictions in 1000 s.
    kind : str
        As of `kind_of`: which labels its model has.
    latest : int or None
        Index in `Rollout.latest` of what it should have had, not 0; None if nothing was said.
    """

    sha256: HashOrNone = ""
    rate_mhz: Count = 0
    kind: str = ""
    latest: Count | None = None
    labels: dict[str, int] = field(default_factory=dict)


def kind_of(labels: Sequence[str] | None) -> str:
    """A word that is another one for a model with other labels; empty if they are not known.

    Examples
    --------
    >>> kind_of(("walk", "rest")) == kind_of(("rest", "walk")) != kind_of(("rest",))
    True
    """
    text = "\n".join(sorted(labels or ()))
    return hashlib.sha256(text.encode()).hexdigest()[:8] if labels else ""


@dataclass(frozen=True)
class Rollout:
    """A roll-out, as `_rollout/ID` has it. docs/reference/mqtt.md has the fields.

    The first one of `latest` is the roll-out's own; the others are what nodes should have had.
    """

    id: str
    sha256: Hash
    name: str
    revision: Word
    state: str = RUNNING
    why: str = ""
    runner: str = ""
    beat: Count | None = None
    stage: Count = 0
    since: Count | None = None
    wait: Count = 600
    forgiven: Count = 0
    time: Count | None = None
    stages: tuple[tuple[str, ...], ...] = ()
    bounds: Bounds = Bounds()
    before: dict[str, Before] = field(default_factory=dict)
    failed: dict[str, str] = field(default_factory=dict)
    latest: tuple[Latest, ...] = ()

    @property
    def nodes(self) -> tuple[str, ...]:
        """All of them, by stage."""
        return tuple(node for stage in self.stages for node in stage)

    @property
    def begun(self) -> tuple[str, ...]:
        """Nodes of the stages up to the one that is under way."""
        return tuple(node for stage in self.stages[: self.stage + 1] for node in stage)

    def changed(self, **fields: Any) -> Rollout:
        """The same with other fields."""
        return replace(self, **fields)


def to_rollout(rollout: Rollout) -> bytes:
    """A record as payload.

    Parameters
    ----------
    rollout : Rollout
        What is said.

    Returns
    -------
    bytes
        JSON. Where it would have more than LARGEST bytes, it is without the largest mixes of
        labels: another program that goes on does not judge these nodes by them.

    Raises
    ------
    LinkError
        If it has more all the same: there are too many nodes.

    Examples
    --------
    >>> latest = Latest("0" * 64, 2048, "m", 1, 4, True, rollout="0123abcd")
    >>> made = Rollout("0123abcd", "0" * 64, "m", 1, stages=(("a",),), latest=(latest,))
    >>> read_rollout("0123abcd", to_rollout(made)) == made
    True
    """
    return _fitting(rollout)[0]


def without_mix(rollout: Rollout) -> int:
    """Nodes whose mix of labels the record has no room for."""
    return _fitting(rollout)[1]


def _fitting(rollout: Rollout) -> tuple[bytes, int]:
    given = {"mqtt": VERSION} | asdict(rollout)
    del given["id"]
    payload = _dumped(given)
    sizes = {node: len(_dumped(each["labels"])) for node, each in given["before"].items()}
    over, left_out = len(payload) - LARGEST, 0
    for node in sorted(sizes, key=lambda node: -sizes[node]):
        if over > 0:
            given["before"][node]["labels"] = {}
            over -= sizes[node] - len("{}")
            left_out += 1
    if over > 0:
        raise LinkError(
            f"the record of {len(rollout.nodes):,} nodes has more than {LARGEST:,} bytes: take "
            "fewer nodes at once, with --to"
        )
    return (_dumped(given) if left_out else payload), left_out


def _dumped(given: Any) -> bytes:
    return json.dumps(given, separators=(",", ":")).encode()


def read_rollout(name: str, payload: bytes) -> Rollout:
    """The record of a payload.

    Parameters
    ----------
    name : str
        Its ID.
    payload : bytes
        What came.

    Returns
    -------
    Rollout
        Checked.

    Raises
    ------
    PayloadError
        If it is not as docs/reference/mqtt.md has it.
    """
    given = read_object(payload, LARGEST)
    parts = {key: given.pop(key, None) for key in _READERS}
    try:
        # Lists may be longer than a line's, and objects have keys of their own
        values: dict[str, Any] = {
            key: read(parts[key]) for key, read in _READERS.items() if parts[key] is not None
        }
    except (AttributeError, TypeError, ValueError) as error:
        if isinstance(error, PayloadError):
            raise
        raise PayloadError("schema", str(error)) from None
    made = from_object(Rollout, {"id": name} | given)
    if made.state not in (RUNNING, HALTED, DONE, CANCELLED):
        raise PayloadError("schema", "`state` is none of a roll-out's")
    made = replace(made, **values, name=shown(made.name), why=shown(made.why))
    count = len(made.latest)
    named = [each.latest for each in made.before.values() if each.latest is not None]
    if not count or max(named, default=0) >= count:
        raise PayloadError("schema", "`latest` does not have what `before` names")
    if made.stage >= len(made.stages):
        raise PayloadError("schema", "`stage` is none of the stages")
    return made


def _stages(given: Any) -> tuple[tuple[str, ...], ...]:
    if not isinstance(given, list) or not all(isinstance(stage, list) for stage in given):
        raise ValueError("`stages` is no list of lists")
    made = tuple(tuple(stage) for stage in given)
    if not all(isinstance(node, str) and is_name(node) for stage in made for node in stage):
        raise ValueError("`stages` has what is no node's name")
    return made


def _before(given: Any) -> dict[str, Before]:
    made = {}
    for node, each in given.items():
        labels = each.pop("labels", {})
        counts = labels.values()
        if len(labels) > MOST_LABELS or not all(type(n) is int and 0 <= n < 2**53 for n in counts):
            raise ValueError("`before` has labels without counts")
        made[node] = replace(from_object(Before, each), labels=bounded(labels))
    return made


def _failed(given: Any) -> dict[str, str]:
    if not all(isinstance(why, str) for why in given.values()):
        raise ValueError("`failed` has no texts")
    return {node: shown(why) for node, why in given.items()}


def _latest(given: Any) -> tuple[Latest, ...]:
    return tuple(from_object(Latest, each) for each in given)


def _bounds(given: Any) -> Bounds:
    return from_object(Bounds, given)


_READERS = {
    "stages": _stages,
    "before": _before,
    "failed": _failed,
    "latest": _latest,
    "bounds": _bounds,
}
