"""What happens, to the pages that asked for it: bounded queues between threads and WebSockets."""

from __future__ import annotations

import asyncio
import json
import threading
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from typing import Any

QUEUE = 512
"""Messages that wait for a page at most. Beyond that the oldest is dropped."""
QUEUE_BYTES = 8 << 20
"""Characters of messages that wait for a page at most."""
CHEAP = ("signal", "live", "text")
"""Topics whose messages are dropped before those of others."""


class Page:
    """An open page: the topics that it asked for, and the messages that wait for it.

    Attributes
    ----------
    topics : set of str
        What it asked for.
    dropped : int
        Messages that it was too slow for.
    """

    def __init__(self) -> None:
        self.topics: set[str] = set()
        self.dropped = 0
        self._waiting: deque[tuple[str, str]] = deque()
        self._bytes = 0
        self._loop = asyncio.get_running_loop()
        self._came = asyncio.Event()
        self._lock = threading.Lock()

    def put(self, topic: str, text: str) -> None:
        """Add a message; runs in any thread."""
        with self._lock:
            self._waiting.append((topic, text))
            self._bytes += len(text)
            while len(self._waiting) > QUEUE or (
                self._bytes > QUEUE_BYTES and len(self._waiting) > 1
            ):
                self._drop()
        with suppress(RuntimeError):  # the loop has ended, and this page with it
            self._loop.call_soon_threadsafe(self._came.set)

    def _drop(self) -> None:
        oldest = next((m for m in self._waiting if m[0] in CHEAP), self._waiting[0])
        self._waiting.remove(oldest)
        self._bytes -= len(oldest[1])
        self.dropped += 1

    async def get(self) -> str:
        """The next message, once it is there."""
        while True:
            with self._lock:
                if self._waiting:
                    _, text = self._waiting.popleft()
                    self._bytes -= len(text)
                    return text
                self._came.clear()
            await self._came.wait()


class Bus:
    """Carries messages from any thread to the pages.

    Examples
    --------
    >>> bus = Bus()
    >>> bus.publish("node", {"state": {}}, keep=True)
    >>> bus.wanted("node")
    False
    """

    def __init__(self) -> None:
        self._pages: set[Page] = set()
        self._kept: dict[str, str] = {}
        self._watches: dict[str, Callable[[bool], None]] = {}
        self._lock = threading.RLock()
        self._telling = threading.RLock()  # the watchers hear in the order of what happens

    def publish(self, topic: str, message: dict[str, Any], keep: bool = False) -> None:
        """Give a message to each page that asked for its topic.

        Parameters
        ----------
        topic : str
            Which pages get it.
        message : dict
            What JSON can hold.
        keep : bool, default False
            Whether pages that ask later get it, too: the state of something.
        """
        with self._lock:
            pages = [page for page in self._pages if topic in page.topics]
            if not (pages or keep):
                return
            text = json.dumps({"topic": topic, **message}, allow_nan=False)
            if keep:
                self._kept[topic] = text
            for page in pages:
                page.put(topic, text)

    def wanted(self, topic: str) -> bool:
        """Whether a page has asked for the topic."""
        with self._lock:
            return any(topic in page.topics for page in self._pages)

    def watch(self, topic: str, changed: Callable[[bool], None]) -> None:
        """Have a function called when the first page asks for a topic, and when the last leaves."""
        self._watches[topic] = changed

    def add(self, page: Page) -> None:
        """A page was opened."""
        with self._lock:
            self._pages.add(page)

    def remove(self, page: Page) -> None:
        """A page was closed."""
        self.subscribe(page, set())
        with self._lock:
            self._pages.discard(page)

    def subscribe(self, page: Page, topics: set[str]) -> None:
        """Have a page get these topics, and no others."""
        with self._telling:
            with self._lock:
                before = {topic: self.wanted(topic) for topic in self._watches}
                new = topics - page.topics
                page.topics = set(topics)
                for topic in sorted(new & self._kept.keys()):
                    page.put(topic, self._kept[topic])
                after = {topic: self.wanted(topic) for topic in self._watches}
            for topic, changed in self._watches.items():  # without the lock that `publish` takes
                if before[topic] != after[topic]:
                    changed(after[topic])
