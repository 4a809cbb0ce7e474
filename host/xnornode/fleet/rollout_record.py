"""The record of a roll-out under way: kept at the broker by the one program that runs it."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from xnornode.errors import LinkError
from xnornode.fleet.rollout import BEAT, CANCELLED, RUNNING, STALE, Rollout, to_rollout
from xnornode.fleet.view import FleetView, now_ms
from xnornode.link.mqtt_broker import Broker
from xnornode.link.mqtt_topics import Topics, client_word

CONFIRM_SECONDS = 120.0
"""Seconds for the broker to take what is published; it may be restarting."""

Messages = list[tuple[str, bytes]]


class TakenOver(LinkError):
    """Another program runs this roll-out now."""


class Record:
    """Publishes for a roll-out, as long as no other program runs it.

    Parameters
    ----------
    broker : Broker
        A connection, at which `view` is subscribed.
    topics : Topics
        Its topics.
    view : FleetView
        Kept up to date.
    rollout : Rollout
        The roll-out as it is now.
    put_back : callable
        Gets the roll-out; what is to be published where it was cancelled.
    beat : float, default BEAT
        Seconds between two signs of life.
    """

    def __init__(
        self,
        broker: Broker,
        topics: Topics,
        view: FleetView,
        rollout: Rollout,
        put_back: Callable[[Rollout], Messages],
        beat: float = BEAT,
    ) -> None:
        self._broker, self._view, self._put_back = broker, view, put_back
        self.rollout = rollout.changed(state=RUNNING, why="", runner=client_word())
        self._topic, self._beat = topics.shared("_rollout", rollout.id), beat
        self._beaten = 0.0
        self._begun = False
        self._lost, self._wall = broker.lost, time.time()

    def begin(self) -> None:
        """Take the roll-out. Raises LinkError where the broker does not pass on what is said."""
        self.keep()
        self.await_told(self._is_told, self._topic)
        self._begun = True
        self.check_alone()

    def keep(self, **fields: Any) -> None:
        """Change the record, and have the broker keep it. Raises LinkError."""
        self._ensure()
        self.rollout = self.rollout.changed(**fields, beat=now_ms())
        self._publish([(self._topic, to_rollout(self.rollout))])
        self._beaten, self._wall = time.monotonic(), time.time()

    def publish(self, messages: Messages) -> None:
        """Publish for nodes. Raises LinkError."""
        self._ensure()
        self._publish(messages)

    def release(self) -> None:
        """Let another program go on at once; unless one may have done so already."""
        if self._is_known() and self._is_told():
            self.rollout = self.rollout.changed(runner="")
            self._broker.publish(self._topic, to_rollout(self.rollout), retain=True)

    def await_told(self, told: Callable[[], bool], topic: str) -> None:
        """Wait until something has come back, or the roll-out was cancelled. Raises LinkError."""
        self._view.await_told(lambda: self._cancelled or told(), topic, self._broker.settings.user)

    def check_alone(self) -> None:
        """See that nobody has cancelled it, or runs it instead. Raises TakenOver."""
        if self._cancelled:
            # What was given since the other one looked is known here alone
            self._publish(self._put_back(self.rollout))
            self.rollout = self.rollout.changed(state=CANCELLED, why="cancelled", beat=now_ms())
            self._publish([(self._topic, to_rollout(self.rollout))])
            raise TakenOver("the roll-out was cancelled")
        if self._begun and not self._is_told():
            raise TakenOver("another program has taken this roll-out over")

    def live(self) -> None:
        """Give a sign of life, and see that nobody else does."""
        if not self._broker.connected:
            return
        self._ensure()
        self.check_alone()
        if time.monotonic() - self._beaten > self._beat:
            self.keep()

    @property
    def _cancelled(self) -> bool:
        return self.rollout.id in self._view.cancelled

    def _is_told(self) -> bool:
        said = self._view.rollouts.get(self.rollout.id)
        return bool(said and said.runner == self.rollout.runner)

    def _publish(self, messages: Messages) -> None:
        self._broker.publish_all(messages, CONFIRM_SECONDS)

    # A computer that slept, or was cut off, may have been taken for gone

    def _is_known(self) -> bool:
        """Whether what another program has said would have come."""
        return self._broker.lost == self._lost and abs(time.time() - self._wall) <= STALE

    def _ensure(self) -> None:
        """Publish nothing before what the broker has was read again. Raises TakenOver."""
        if not self._is_known():
            lost, wall = self._broker.lost, time.time()
            self._view.settle_surely(CONFIRM_SECONDS)
            self._lost, self._wall = lost, wall
            self.check_alone()


__all__ = ["CONFIRM_SECONDS", "Record", "TakenOver"]
