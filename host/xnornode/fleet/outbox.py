"""From the gateway to the broker: by memory while all is well, by disk while it is not."""

from __future__ import annotations

import sqlite3
from collections import Counter, deque
from collections.abc import Callable
from typing import Any

from xnornode.fleet.queue import Message, Queue
from xnornode.link.deadline import Deadline
from xnornode.link.mqtt_broker import Broker
from xnornode.link.reactor import Reactor

INSIDE = 2000
"""Messages that the broker has not confirmed; further ones wait on disk."""
IN_MEMORY = 20_000
"""Messages that wait where the disk takes none; then the oldest are dropped."""
COMMIT_SECONDS = 0.1
"""Seconds until what waits is on disk: the price of fewer writes to an SD card."""
PUMP_SECONDS = 0.05
"""Seconds between two looks what the broker has confirmed, while messages wait on disk."""


class Outbox:
    """Publishes messages at QoS 1, each at least once, those of a node in their order.

    All methods but `close` are for the reactor's thread.

    Parameters
    ----------
    broker : Broker
        The connection.
    queue : Queue
        Where messages wait.
    reactor : Reactor
        Whose thread it is.
    say : callable
        Gets a line where the disk fails, or is well again.

    Attributes
    ----------
    published : int
        Messages that the broker has confirmed.
    """

    def __init__(
        self, broker: Broker, queue: Queue, reactor: Reactor, say: Callable[[str], None]
    ) -> None:
        self._broker, self.queue, self._reactor, self._say = broker, queue, reactor, say
        self.published = 0
        self._dropped: Counter[str] = Counter()
        self._confirmed: deque[int] = deque()
        self._inside: dict[int, tuple[Message, int]] = {}  # by mid; the number on disk, or 0
        self._pending: deque[Message] = deque()  # on their way to the disk
        self._done: list[int] = []  # to be removed from the disk
        self._numbered = 0  # messages inside that are on disk, too
        self._last = 0  # the last number on disk that is inside
        self._backlog = queue.count > 0
        self._due = self._failed = False
        broker.client.on_publish = self._published
        broker.on_connected.append(lambda: reactor.call(self.work))
        broker.on_lost.append(lambda: reactor.call(self.work))

    def _published(self, client: Any, data: Any, mid: int, reason: Any, more: Any) -> None:
        self._confirmed.append(mid)  # in paho's thread

    def dropped(self, node: str) -> int:
        """Messages of a node that were dropped."""
        return self.queue.dropped[node] + self._dropped[node]

    @property
    def all_dropped(self) -> int:
        """Messages that were dropped, of all nodes."""
        return self.queue.dropped.total() + self._dropped.total()

    @property
    def waiting(self) -> int:
        """Messages that wait on disk."""
        return self.queue.count + len(self._pending)

    def publish(self, message: Message) -> None:
        """Publish a message, now or when the broker takes it."""
        if self._confirmed:
            self._settle()
        if (
            self._backlog
            or self._pending
            or not self._broker.connected
            or len(self._inside) >= INSIDE
        ):
            self._pending.append(message)
            self._soon(COMMIT_SECONDS)
        else:
            self._send(message, 0)

    def _send(self, message: Message, number: int) -> None:
        try:
            info = self._broker.publish(message.topic, message.payload, 1, message.retain)
        except ValueError as error:  # no topic, or too long: it would never go, nor what follows
            self._dropped[message.node] += 1
            if number:
                self._done.append(number)
            if self._dropped[message.node] == 1:
                self._say(f"a message cannot be published, and is dropped: {error}")
            return
        self._inside[info.mid] = (message, number)
        self._numbered += number > 0

    def _settle(self) -> None:
        """Forget what the broker has confirmed."""
        while self._confirmed:
            if found := self._inside.pop(self._confirmed.popleft(), None):
                self.published += 1
                if found[1]:
                    self._numbered -= 1
                    self._done.append(found[1])

    def _soon(self, seconds: float) -> None:
        if not self._due:
            self._due = True
            self._reactor.later(seconds, self._work)

    def _work(self) -> None:
        self._due = False
        self.work()

    def work(self) -> None:
        """Put on disk what waits, take from there what the broker takes."""
        self._settle()
        away = not self._broker.connected
        try:
            if self._pending or (away and self._inside):
                self._keep()
            if not away and self._backlog:
                self._pump()
            if self._done:
                self.queue.remove(self._done)
                self._done.clear()
        except sqlite3.Error as error:
            self._disk_failed(error)
        else:
            if self._failed:
                self._failed = False
                self._say("the queue's disk takes messages again")
        if self._pending or self._done or ((self._backlog or self._numbered) and not away):
            self._soon(1.0 if self._failed else PUMP_SECONDS)

    def _keep(self) -> None:
        """Put on disk what is inside without a number, then what waits."""
        bare = [mid for mid, (_, number) in self._inside.items() if not number]
        if bare:
            messages = [self._inside[mid][0] for mid in bare]
            numbers = self.queue.add(messages)
            for mid, message, number in zip(bare, messages, numbers, strict=True):
                self._inside[mid] = (message, number)
            self._numbered += len(bare)
            if not self._backlog:  # else they follow it on disk, and may come twice
                self._last = self.queue.floor = numbers[-1]
        if self._pending:
            self.queue.add(self._pending)
            self._pending.clear()
            self._backlog = True

    def _pump(self) -> None:
        """Give the broker what waits on disk."""
        room = INSIDE - len(self._inside)
        if room <= 0:
            return
        rows = self.queue.after(self._last, room)
        for number, message in rows:
            self._send(message, number)
            self._last = self.queue.floor = number
        if len(rows) < room:
            self._backlog = False

    def save(self) -> None:
        """Put on disk what the broker has not confirmed, as the gateway may be killed now."""
        self._settle()
        try:
            self._keep()
        except sqlite3.Error as error:
            self._disk_failed(error)

    def _disk_failed(self, error: sqlite3.Error) -> None:
        """Go on in memory, as far as it goes."""
        if not self._failed:
            self._failed = True
            self._say(f"the queue cannot be written: {error}; messages wait in memory")
        while len(self._pending) > IN_MEMORY:
            self._dropped[self._pending.popleft().node] += 1
        if self._pending and self._broker.connected and not self._inside:
            # Better out of the disk's order than lost
            for _ in range(min(INSIDE, len(self._pending))):
                self._send(self._pending.popleft(), 0)

    def close(self, seconds: float) -> int:
        """Wait for the broker, and keep the rest on disk; how many messages that are.

        The reactor has ended by then.
        """
        wait = Deadline(seconds)
        while self._broker.connected and not wait.passed and (self._inside or self._confirmed):
            self._settle()
            wait.pause(0.005)
        self._settle()
        try:
            self._keep()
            self.queue.remove(self._done)
        except sqlite3.Error as error:
            self._say(f"the queue cannot be written: {error}; {len(self._pending)} messages lost")
        left = self.queue.count
        self.queue.close()
        return left
