"""The samples of the studio's node for who takes them in a thread of its own."""

from __future__ import annotations

import threading
import time
from collections import deque

from xnornode.errors import LinkError, LinkLost
from xnornode.link.deadline import Deadline
from xnornode.link.messages import Event, Streaming
from xnornode.link.recording import Block
from xnornode.studio.node_link import NodeLink
from xnornode.studio.node_threads import Heard

MOST = 10_000
"""Blocks that wait at most: minutes of samples, while a disk is slow."""
OPENING = 30.0
"""Seconds in which a node begins to send."""
NO_NODE = "no node is chosen: plug one in and choose it on the Node page"


class Stopped(LinkError):
    """Whoever takes the samples was told to stop."""


class NodeSource:
    """A Source of samples that the node link hands on.

    Parameters
    ----------
    link : NodeLink
        Where they come from, from now until `close`.
    heard : callable
        Gets what the node says in between, in the thread that reads.
    """

    def __init__(self, link: NodeLink, heard: Heard) -> None:
        self._link, self._heard = link, heard
        self._items: deque[Block | Event | None] = deque()
        self._came = threading.Condition()
        self._stopped = False
        self._info: Streaming | None = None
        self._dropped = 0
        self._close = link.listen(self._put, self._put_event)

    @property
    def info(self) -> Streaming:
        """What the node says of its sensor; waits for its first samples. Raises LinkError."""
        wait = Deadline(OPENING)
        while self._info is None:
            self._check()
            if problem := self._link.state().get("stream_problem"):
                raise LinkError(str(problem))
            if wait.passed:
                raise LinkError(f"the node has sent no samples for {OPENING:.0f} s")
            time.sleep(0.05)
        return self._info

    def read(self, seconds: float) -> Block | None:
        """The next samples; None if none come in time. Raises LinkError, and Stopped."""
        wait = Deadline(seconds)
        while True:
            with self._came:
                while not self._items and not self._stopped and not wait.passed:
                    self._came.wait(wait.left)
                self._check()
                if not self._items:
                    return None
                item = self._items.popleft()
            if isinstance(item, Block):
                return item
            if item is None:
                problem = self._link.state().get("stream_problem")
                raise LinkLost(str(problem or "another node was chosen"))
            self._heard(item)

    def stop(self) -> None:
        """Have whoever reads get Stopped."""
        with self._came:
            self._stopped = True
            self._came.notify_all()

    def close(self) -> None:
        """Take no more samples."""
        self._close()

    def _check(self) -> None:
        if self._stopped:
            raise Stopped("stopped")
        if self._link.port is None:
            raise LinkError(NO_NODE)

    def _put(self, info: Streaming, block: Block | None) -> None:
        with self._came:
            if block is None:
                if self._info:  # else it is of a stream whose samples were never taken
                    self._items.append(None)
            elif len(self._items) < MOST:
                self._info = self._info or info
                if self._dropped:
                    lost = block.lost + self._dropped
                    block = Block(block.samples, True, lost, block.taken, block.ms)
                    self._dropped = 0
                self._items.append(block)
            else:
                self._dropped += len(block.samples) + block.lost
            self._came.notify_all()

    def _put_event(self, event: Event) -> None:
        with self._came:
            if len(self._items) < MOST:
                self._items.append(event)
