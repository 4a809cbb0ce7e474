"""What an updater knows of one node. No port, no broker, no thread."""

from __future__ import annotations

import math
import time
from collections import deque
from dataclasses import dataclass, field

from xnornode.fleet.payloads import Latest, State, Update
from xnornode.fleet.updater_push import Done
from xnornode.link.messages import Prediction, Ready

LOST = 3
"""Attempts in a row without a byte of progress; then it is said that a node is not reached."""
ECHOES = 64
"""Of one's own messages, how many may still come back."""
CRC = slice(-4, None)
"""Bytes of a model file that are its CRC-32 (FORMAT.md, "Layout")."""


@dataclass
class Job:
    """The latest model of one node, and how far it is.

    Attributes
    ----------
    latest : Latest or None
        What the node should have.
    state : State or None
        The last that the node has said of itself.
    there : bool
        Whether the node is there, and this updater's.
    told : Update or None
        The last that anybody has said of its update.
    verified : float or None
        When the node has taken the model, while it has not classified with it yet.
    met : bool
        Whether the node's state has named the model since.
    heard : bool
        Whether a state has come since the push began.
    """

    latest: Latest | None = None
    state: State | None = None
    there: bool = False
    told: Update | None = None
    verified: float | None = None
    met: bool = False
    heard: bool = False
    _session: str = ""
    _crc: str = ""  # of the model of the last `ready`
    _classified_crc: str = ""  # of the model that has classified since
    _wanted_crc: str = ""
    _wanted: bool = False
    _over: bool = False
    _again: float = 0.0
    _pause: float = 0.0
    _lost: int = 0
    _missed: int = 0
    _at: int = 0
    _progress: int = 0
    _previous: str = ""
    _told_at: float = 0.0
    _mine: deque[Update] = field(default_factory=lambda: deque(maxlen=ECHOES))

    def announce(self, latest: Latest | None, retained: bool) -> bool:
        """Take a `model/latest`; whether it says something new."""
        same = latest == self.latest and latest is not None
        if same and latest and (retained or latest.time is not None):
            return False  # it comes again after each break, and QoS 1 may bring it twice
        self.latest, self.verified, self.met = latest, None, False
        self._wanted, self._over = bool(latest and latest.install), False
        self._again, self._pause, self._lost = 0.0, 0.0, 0
        self._at = self._progress = self._missed = 0
        self._wanted_crc = self._session = ""
        if self.told:
            self._recall(self.told)
        return True

    def install(self) -> None:
        """Somebody has asked for it, whatever became of it before."""
        if self.verified is None:
            self._wanted, self._over, self._again = True, False, 0.0
            self._lost = self._missed = 0

    def hear(self, update: Update | None, retained: bool = True) -> None:
        """Take a `model/update`: of an updater before this one, or of another one beside it."""
        if update in self._mine or update == self.told:
            return  # one's own comes back, and what is retained comes after each break
        first, self.told = self.told is None and not self._mine, update
        if update and ((first and retained) or _is_end(update)):
            self._recall(update)

    def _recall(self, update: Update) -> None:
        """Go on from what was said of this very `latest`."""
        latest = self.latest
        if not latest or (update.sha256, update.latest) != (latest.sha256, latest.time):
            return
        self._previous = update.previous
        if _is_end(update):
            self._over = True
        else:
            self._wanted = True
            if update.state in ("VERIFIED", "UPDATING"):
                self.verified = -math.inf  # no state of before it is under way

    def seen(self, state: State, pause: float) -> None:
        """Take a state of the node; one that comes back is tried at once."""
        if not self.there:
            self._again, self._pause = 0.0, pause
        self.state, self.there, self.heard = state, True, True

    def due(self, now: float) -> bool:
        """Whether a push should begin."""
        return (
            self.there
            and self._wanted
            and not self._over
            and self.verified is None
            and now >= self._again
        )

    def runs(self, sha256: str) -> bool:
        """Whether the node has said that it runs this model."""
        return bool(self.state and self.state.model and self.state.model.sha256 == sha256)

    def says(self, event: Prediction | Ready) -> bool:
        """Take an event of the node; whether it classifies with the model that was sent."""
        if isinstance(event, Ready):
            self._crc = event.model_crc
            return False
        self._classified_crc = self._crc
        return self.classifies

    @property
    def classifies(self) -> bool:
        """Whether the node has classified with the model that was sent, since it came."""
        return bool(self._wanted_crc) and self._classified_crc == self._wanted_crc

    @property
    def restarted(self) -> bool:
        """Whether the node has started again since the push."""
        said = self.state.session if self.state and self.heard else None
        return bool(said and self._session) and said != self._session

    def begin(self) -> None:
        """A push begins."""
        self.heard = False
        self._crc, self._classified_crc, self._told_at = "", "", 0.0
        if self.state and self.state.model:
            self._previous = self.state.model.sha256

    def reached(self, at: int, total: int, each: float) -> bool:
        """The node has so many bytes; whether that is to be said now."""
        if at > self._at:
            self._lost = 0
        now = time.monotonic()
        self._at, progress = at, 100 * at // max(total, 1)
        changed = progress != self._progress or not self._told_at
        self._progress = progress
        if not changed or (progress < 100 and now - self._told_at < each):
            return False
        self._told_at = now
        return True

    def verify(self, done: Done, data: bytes) -> None:
        """The node has taken the model."""
        previous, self._session = done.previous, done.session
        self.verified, self.met = time.monotonic(), False
        self._wanted_crc = f"{int.from_bytes(data[CRC], 'little'):08x}"
        if previous and self.latest and previous.sha256 != self.latest.sha256:
            self._previous = previous.sha256

    def carried_out(self) -> None:
        """It has ended, well or not: this `latest` is not tried again."""
        self._over, self.verified = True, None

    def later(self, first: float, longest: float) -> None:
        """Wait, twice as long as the last time."""
        self._again = time.monotonic() + max(first, self._pause)
        self._pause = min(longest, 2 * max(first, self._pause))

    def lost(self, first: float, longest: float) -> bool:
        """An attempt has failed; whether that is to be said."""
        self.later(first, longest)
        self._lost += 1
        return self._lost == LOST

    def misses(self, first: float, longest: float) -> bool:
        """The broker did not have the model's bytes; whether that is the end of it."""
        self.later(first, longest)
        self._missed += 1
        return self._missed >= LOST

    def update(self, state: str, error: str, message: str, now: int) -> Update | None:
        """What is to be published; None where it was said already."""
        latest, told = self.latest, self.told
        if not latest:
            return None
        if state in ("VERIFIED", "UPDATING", "UPDATED"):
            self._progress = 100
        previous = "" if self._previous == latest.sha256 else self._previous
        made = Update(
            state,
            latest.sha256,
            previous,
            self._progress,
            error,
            message,
            latest.rollout,
            latest.time,
            now,
        )
        if told and (told.state, told.sha256, told.latest, told.progress, told.error) == (
            made.state,
            made.sha256,
            made.latest,
            made.progress,
            made.error,
        ):
            return None
        return self._say(made)

    def overtaken(self, latest: Latest, now: int) -> Update:
        """What is to be published of a model that was put on the node, and is not wanted now."""
        previous = "" if self._previous == latest.sha256 else self._previous
        return self._say(
            Update(
                "VERIFIED",
                latest.sha256,
                previous,
                100,
                rollout=latest.rollout,
                latest=latest.time,
                time=now,
            )
        )

    def _say(self, update: Update) -> Update:
        self.told = update
        self._mine.append(update)
        return update


def _is_end(update: Update) -> bool:
    """Whether it says that a `latest` was carried out."""
    return update.state == "UPDATED" or (update.state == "FAILED" and update.error != "unreachable")
