"""One node of a roll-out under watch: whether it still does what it did before. No broker."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

from xnornode.fleet.hour_items import Past
from xnornode.fleet.rollout import Before, Bounds, kind_of
from xnornode.fleet.rollout_mix import Change, change
from xnornode.fleet.shown import bounded, count, shown
from xnornode.fleet.view import NodeView

ENOUGH = 300
"""Predictions of before that are enough to compare with: the newest hours that have them."""
SILENT = 5
"""Predictions that a node would have made before, in a time in which it makes none now."""
BACK = 120.0
"""Seconds in which all are back after the broker was away: nodes and gateways try it ever less."""
AWAY, WAITING, UPDATED, FAILED = "away", "waiting", "updated", "failed"


def mix_before(node: NodeView, seen: Counter[str]) -> dict[str, int]:
    """The mix of labels that a node's model gives, from its hours or from what was seen of it.

    Parameters
    ----------
    node : NodeView
        With its hours.
    seen : Counter
        Labels that were counted since the program began to watch.

    Returns
    -------
    dict
        From each label to its count.
    """
    if sum(seen.values()) >= ENOUGH:
        return bounded(seen)
    return bounded(_newest(node.hours, node.sha256, seen))


def _newest(hours: Past, sha256: str, seen: Counter[str]) -> dict[str, int]:
    found: Counter[str] = Counter()
    for (_, model), hour in sorted(hours.items(), reverse=True):
        if model == sha256:
            found.update(hour.labels)
            if sum(found.values()) >= ENOUGH:
                break
    return dict(found if sum(found.values()) >= sum(seen.values()) else seen)


@dataclass
class NodeWatch:
    """What is watched of one node.

    Attributes
    ----------
    state : str
        `away`, `waiting` (for its update), `updated` or `failed`.
    why : str
        Why it has failed.
    word : str
        The state of its update, such as DOWNLOADING; empty before.
    progress : int
        Per cent of it.
    seen : Counter
        Labels of its predictions before.
    after : Counter
        Labels of its predictions with the new model.
    change : Change or None
        How the mixes differ, as far as it is known.
    given : bool
        Whether it was told of the new model.
    """

    name: str
    state: str = WAITING
    why: str = ""
    word: str = ""
    progress: int = 0
    seen: Counter[str] = field(default_factory=Counter)
    after: Counter[str] = field(default_factory=Counter)
    change: Change | None = None
    given: bool = False
    _kind: str = ""
    _first: float | None = None
    _count: int = 0
    _began: float = 0.0
    _session: str = ""
    _last: float = 0.0
    _restart: bool = False
    _excused: float = 0.0

    @property
    def over(self) -> bool:
        """Whether it is not waited for."""
        return self.state != WAITING

    def prediction(self, label: str, session: str | None, now: float) -> None:
        """A prediction has come.

        Parameters
        ----------
        label : str
            Its answer, or its label where the model gives no answers.
        session : str or None
            The random word of the node's program.
        now : float
            When, in seconds.
        """
        self._last, self._excused = now, 0.0
        self._count += 1
        if self._first is None:
            self._first, self._count = now, 0
        if self.state == UPDATED:
            count(self.after, label)
            self._started(session)
        elif self.state != FAILED and not self.given:
            count(self.seen, label)

    @property
    def said(self) -> str:
        """How it is, for people."""
        if self.state == FAILED:
            return f"failed: {self.why}"
        return AWAY if self.state == AWAY else (self.word or self.state).lower()

    @property
    def rate_mhz(self) -> int:
        """Predictions in 1000 s, as they came; 0 where they are too few."""
        took = self._last - self._first if self._first is not None else 0.0
        return round(1000 * self._count / took) if self._count >= SILENT and took else 0

    def _started(self, session: str | None) -> None:
        if session and self._session and session != self._session:
            self._restart = True
        self._session = session or self._session

    def updated(self, node: NodeView, now: float) -> None:
        """It classifies with the new model: it is watched from now on."""
        self.state, self.word, self.progress = UPDATED, "UPDATED", 100
        self._last, self._session, self._restart, self._began = now, "", False, now
        if node.state:
            self._kind = kind_of(node.state.labels)
            self._started(node.state.session)

    def failed(self, why: str) -> None:
        """It is not well with the new model, or has refused it."""
        self.state, self.why = FAILED, shown(why)

    def look(self, node: NodeView, sha256: str) -> None:
        """Take its state. An updated one that runs another model has lost the new one."""
        if not node.state or self.state != UPDATED:
            return
        self._kind = kind_of(node.state.labels) or self._kind
        self._started(node.state.session)
        if node.sha256 and node.sha256 != sha256:
            note = node.state.note or "somebody has given it another one"
            self.failed(f"it runs another model: {note}")

    def excuse(self, now: float) -> None:
        """It could not be heard, and that is not its fault; it has some time to come back."""
        self._last, self._excused = now, now + BACK

    def judge(self, before: Before, bounds: Bounds, now: float) -> None:
        """Whether it is as it was before.

        Parameters
        ----------
        before : Before
            What it had.
        bounds : Bounds
            What may change.
        now : float
            In seconds.
        """
        if self.state != UPDATED:
            return
        if self._restart:
            self.failed("it has restarted with the new model")
            return
        rate = before.rate_mhz / 1000
        if rate and now >= self._excused:
            silent = max(SILENT / rate, bounds.silent / 1000)
            if now - self._last > silent:
                self.failed(f"it is silent: no prediction for {silent:.0f} s")
                return
        if bounds.labels >= 100 or (before.kind and self._kind and before.kind != self._kind):
            return  # with other labels, mixes cannot be compared
        since = now - self._began
        each = max(rate, sum(self.after.values()) / since if since else 0) * bounds.apart / 1000
        self.change = change(before.labels, self.after, each)
        if self.change.least > bounds.labels / 100:
            c = self.change
            self.failed(
                f"its mix of labels has changed by {c.distance:.0%} (chance makes {c.chance:.0%}): "
                f"{c.label} was {c.before:.0%} and is {c.after:.0%}"
            )
